"""What the pool's core promises and its model leaves out: misuse, late losses, what close names."""

from copy import deepcopy

import pytest

from poolproof.reference.errors import Closed, Misuse
from poolproof.reference.pool import DIAL, WAIT, PoolCore

Core = PoolCore[int, int]


def lent(core: Core, *callers: int) -> None:
    """Each of these callers gets a connection of its own number."""
    for caller in callers:
        assert core.acquire(caller) is DIAL
        core.opened(caller, caller)


def test_pool_08_a_late_second_release_leaves_the_connection_with_its_new_borrower() -> None:
    core = Core(1)
    lent(core, 1)
    core.release(1)
    assert core.acquire(2) == 1
    with pytest.raises(Misuse):
        core.release(1)
    assert core.lent == {2: 1}


def test_pool_08_a_connection_of_another_pool_is_not_taken_in() -> None:
    core, other = Core(1), Core(1)
    lent(other, 1)
    with pytest.raises(Misuse):
        core.release(1)
    assert (core.permits_taken, other.lent) == (0, {1: 1})


def test_pool_12_a_waiter_whose_granted_connection_dies_keeps_its_turn_and_dials() -> None:
    core = Core(1)
    lent(core, 1)
    assert [core.acquire(caller) for caller in (2, 3)] == [WAIT, WAIT]
    assert core.release(1) == 2
    core.lost(1)
    assert core.resume(2) is DIAL
    core.check()


def test_pool_12_the_loss_of_a_connection_the_pool_has_forgotten_changes_nothing() -> None:
    core = Core(1)
    lent(core, 1)
    core.lost(99)
    assert (core.lent, core.broken) == ({1: 1}, set())


def test_life_02_close_names_who_must_give_up() -> None:
    core = Core(2)
    lent(core, 1)
    assert [core.acquire(caller) for caller in (2, 3)] == [DIAL, WAIT]
    assert set(core.close().callers) == {2, 3}


def test_life_02_close_names_every_connection_idle_granted_or_lent() -> None:
    core = Core(2)
    lent(core, 1, 2)
    assert core.acquire(3) is WAIT
    core.release(1)
    granted = deepcopy(core)
    core.abandon(3)
    assert [set(each.close().connections) for each in (granted, core)] == [{1, 2}, {1, 2}]


def test_life_04_closing_again_changes_nothing() -> None:
    core = Core(2)
    lent(core, 1, 2)
    assert core.close() == core.close()


def test_an_error_can_tell_how_full_the_pool_is() -> None:
    core = Core(10)
    lent(core, *range(10))
    for caller in range(10, 47):
        core.acquire(caller)
    assert str(core) == "capacity 10: all lent, 37 callers waiting"


def test_a_pool_without_room_is_misuse() -> None:
    with pytest.raises(Misuse):
        Core(0)


def test_life_04_a_closed_pool_lets_nobody_in() -> None:
    core = Core(1)
    core.close()
    with pytest.raises(Closed):
        core.acquire(0)
