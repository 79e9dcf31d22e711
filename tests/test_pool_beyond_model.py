"""What the pool's core promises and its models leave out: misuse, late losses, what close names, words."""

from __future__ import annotations

from copy import deepcopy

import pytest

from poolproof.reference.errors import Closed, Misuse
from poolproof.reference.idle import Limits
from poolproof.reference.pool import CHECK, DIAL, WAIT, PoolCore

Core = PoolCore[int, int]


def core(*lent: int, size: int = 2, check_after_seconds: float = float("inf")) -> Core:
    """A pool in which each of these callers has a connection of its own number."""
    made = Core(Limits(max_size=size, max_dialling=size, check_after_seconds=check_after_seconds))
    for caller in lent:
        assert made.acquire(caller, 0) is DIAL
        made.opened(caller, caller, 0, 0.0)
    return made


def test_pool_08_a_late_second_release_leaves_the_connection_with_its_new_borrower() -> None:
    made = core(1, size=1)
    made.release(1, 0)
    assert made.acquire(2, 5) == 1
    with pytest.raises(Misuse):
        made.release(1, 6)
    assert made.lent == {2: (1, 5)}


def test_pool_08_a_connection_of_another_pool_is_not_taken_in() -> None:
    made, other = core(), core(1)
    with pytest.raises(Misuse):
        made.release(1, 0)
    assert (made.permits_taken, other.lent) == (0, {1: (1, 0)})


def test_pool_12_a_waiter_whose_granted_connection_dies_keeps_its_turn_and_dials() -> None:
    made = core(1, size=1)
    assert [made.acquire(caller, 0) for caller in (2, 3)] == [WAIT, WAIT]
    assert made.release(1, 0) == 2
    made.lost(1)
    assert made.resume(2, 0) is DIAL
    made.check()


def test_pool_12_a_connection_found_dead_in_use_is_not_lent_again() -> None:
    made = core(1, size=1)
    made.lost(1)
    made.release(1, 0)
    assert made.acquire(2, 0) is DIAL


def test_pool_12_the_loss_of_a_connection_the_pool_has_forgotten_changes_nothing() -> None:
    made = core(1)
    made.lost(99)
    assert (made.lent, made.broken) == ({1: (1, 0)}, set())


def test_pool_12_what_was_idle_for_long_is_to_be_checked_before_use() -> None:
    made = core(1, check_after_seconds=30)
    made.release(1, 0)
    assert made.acquire(1, 29) == 1
    made.release(1, 29)
    assert made.acquire(1, 59) is CHECK
    assert made.lent == {1: (1, 59)}


def test_pool_12_who_finds_its_connection_dead_gets_another_that_is_idle() -> None:
    made = core(1, 2)
    made.release(2, 0)
    made.lost(1)
    assert made.replace(1, 0) == 2
    made.check()


def test_pool_12_what_takes_the_place_of_a_dead_connection_is_checked_too() -> None:
    made = core(1, 2, check_after_seconds=30)
    made.release(2, 0)
    made.lost(1)
    assert made.replace(1, 30) is CHECK


def test_a_connection_that_lives_is_not_replaced() -> None:
    made = core(1)
    with pytest.raises(Misuse):
        made.replace(1, 0)
    assert made.lent == {1: (1, 0)}


def test_life_02_close_names_who_must_give_up() -> None:
    made = core(1)
    assert [made.acquire(caller, 0) for caller in (2, 3)] == [DIAL, WAIT]
    assert set(made.close().callers) == {2, 3}


def test_life_02_close_names_every_connection_idle_granted_or_lent() -> None:
    made = core(1, 2)
    assert made.acquire(3, 0) is WAIT
    made.release(1, 0)
    granted = deepcopy(made)
    made.abandon(3, 0)
    assert [set(each.close().connections) for each in (granted, made)] == [{1, 2}, {1, 2}]


def test_life_02_who_replaces_a_dead_connection_in_a_closed_pool_is_told() -> None:
    made = core(1)
    made.lost(1)
    made.close()
    with pytest.raises(Closed):
        made.replace(1, 0)
    assert made.empty


def test_life_02_a_waiter_that_close_has_sent_away_may_leave_as_if_it_had_not() -> None:
    made = core(1, size=1)
    assert made.acquire(2, 0) is WAIT
    made.close()
    assert made.abandon(2, 0) is None


def test_life_04_closing_again_changes_nothing() -> None:
    made = core(1, 2)
    assert made.close() == made.close()


def test_life_04_a_closed_pool_lets_nobody_in() -> None:
    made = core()
    made.close()
    with pytest.raises(Closed):
        made.acquire(0, 0)


def test_life_03_a_draining_pool_may_be_drained_again_and_is_empty_when_all_have_left() -> None:
    made = core(1)
    made.drain()
    made.drain()
    assert not made.empty
    made.release(1, 0)
    assert made.empty
    assert made.idle.discarded == [1]
