"""Only so many dial at a time (POOL-10), some of them ahead of need (POOL-11): nobody is forgotten behind."""

from __future__ import annotations

from poolproof.reference.idle import Limits
from poolproof.reference.pool import DIAL, WAIT, PoolCore

Core = PoolCore[int, int]


def core(*, size: int = 9, dialling: int = 1, idle: int = 0) -> Core:
    return Core(Limits(max_size=size, max_dialling=dialling, min_idle=idle))


def test_pool_10_who_would_be_one_too_many_to_dial_waits() -> None:
    made = core(dialling=2)
    assert [made.acquire(caller, 0) for caller in range(3)] == [DIAL, DIAL, WAIT]


def test_pool_10_a_dial_that_succeeds_lets_the_next_one_dial() -> None:
    made = core()
    assert [made.acquire(caller, 0) for caller in range(3)] == [DIAL, WAIT, WAIT]
    assert made.opened(0, 100, 0, 0.0) == 1
    assert made.resume(1, 0) is DIAL


def test_pool_10_a_dial_that_fails_lets_the_next_one_dial() -> None:
    made = core()
    assert [made.acquire(caller, 0) for caller in range(3)] == [DIAL, WAIT, WAIT]
    assert made.abandon(0, 0) == 1
    assert made.resume(1, 0) is DIAL


def test_pool_10_a_dial_that_ends_wakes_nobody_where_there_is_no_room() -> None:
    made = core(size=1)
    assert [made.acquire(caller, 0) for caller in range(2)] == [DIAL, WAIT]
    assert made.opened(0, 100, 0, 0.0) is None


def test_pool_10_a_waiter_takes_what_comes_back_before_its_turn_to_dial() -> None:
    made = core()
    made.acquire(0, 0)
    made.opened(0, 100, 0, 0.0)
    assert [made.acquire(caller, 0) for caller in (1, 2)] == [DIAL, WAIT]
    assert made.release(0, 0) == 2
    assert made.resume(2, 0) == 100
    assert made.dialling == {1}


def test_pool_10_a_waiter_that_was_to_dial_next_and_left_passes_it_on() -> None:
    made = core()
    assert [made.acquire(caller, 0) for caller in range(3)] == [DIAL, WAIT, WAIT]
    assert made.abandon(0, 0) == 1
    assert made.abandon(1, 0) == 2


def test_pool_10_who_replaces_a_dead_connection_waits_as_the_first_to_dial() -> None:
    made = core(size=2)
    made.acquire(0, 0)
    made.opened(0, 100, 0, 0.0)
    assert [made.acquire(caller, 0) for caller in (1, 2)] == [DIAL, WAIT]
    made.lost(100)
    assert made.replace(0, 0) is WAIT
    assert made.opened(1, 101, 0, 0.0) == 0


def test_pool_10_a_loss_gives_room_that_the_next_dial_to_end_hands_on() -> None:
    made = core(size=2)
    made.acquire(0, 0)
    made.opened(0, 100, 0, 0.0)
    assert [made.acquire(caller, 0) for caller in (1, 2)] == [DIAL, WAIT]
    made.lost(100)
    assert made.release(0, 0) is None, "there is room, but somebody dials"
    assert made.abandon(1, 0) == 2


def test_pool_11_as_many_are_dialled_ahead_of_need_as_are_to_be_idle() -> None:
    made = core(dialling=9, idle=3)
    assert [made.warm(caller) for caller in range(5)] == [True, True, True, False, False]


def test_pool_11_what_is_dialled_ahead_of_need_is_idle_after_its_release() -> None:
    made = core(idle=1)
    assert made.warm(0)
    made.opened(0, 100, 0, 0.0)
    made.release(0, 0)
    assert (made.acquire(1, 0), made.warm(2)) == (100, True)


def test_pool_11_of_two_behind_a_dial_ahead_of_need_one_dials_and_the_other_gets_its_connection() -> None:
    made = core(idle=1)
    assert made.warm(0)
    assert [made.acquire(caller, 0) for caller in (1, 2)] == [WAIT, WAIT]
    assert made.opened(0, 100, 0, 0.0) == 1
    assert made.release(0, 0) == 2
    assert [made.resume(caller, 0) for caller in (1, 2)] == [DIAL, 100]


def test_pool_11_dialling_ahead_of_need_keeps_both_limits() -> None:
    full, busy = core(size=2, dialling=9, idle=2), core(dialling=2, idle=9)
    assert [full.warm(caller) for caller in range(3)] == [True, True, False]
    assert [busy.warm(caller) for caller in range(3)] == [True, True, False]


def test_pool_11_nothing_is_dialled_ahead_of_need_in_a_pool_that_drains() -> None:
    made = core(idle=1)
    made.drain()
    assert not made.warm(0)
