"""The pool for threads keeps its promises however its callers take turns; and faults of it are found.

Two deviations from the plainest schedule reach the hardest races of a pool: an event at any moment (a limit,
a loss, a close), and a switch at any other. Where everybody may dial, all that happens to the core is
replayed as actions of the model.
"""

from __future__ import annotations

import pytest

from . import pool_in_threads as programs
from .thread_schedules import Edit, Found, Program, explore_apart

DRAIN_SECONDS = 20.0

# Lines of the reference, and what a fault makes of them.
LOCKED_DIAL = "            with self._lock:\n                connection.connect(deadline - began)\n"
SLEEPER_IN_TIME = """                if step is WAIT:
                    lease._sleeper = Sleeper()  # from here on, who makes room can wake it
                if self._core.idle.discarded:
                    self._close_discarded()
"""
SLEEPER_TOO_LATE = """                if self._core.idle.discarded:
                    self._close_discarded()
            if step is WAIT:
                lease._sleeper = Sleeper()
"""
CLOSED_TOO_EARLY = """        self.draining = self.closed = True
        self.dialling.clear()
"""
GIVEN_UP = "            self._give_up(lease)  # closes a race: what it was given meanwhile is passed on\n"
CLOSED_THEN_WOKEN = """        if self._core.idle.discarded:
            with self._lock:
                self._close_discarded()
        if waiter is not None:
            waiter._sleeper.wake()
"""
WOKEN_THEN_CLOSED = """        if waiter is not None:
            waiter._sleeper.wake()
        with self._lock:
            self._close_discarded()
"""
CLOSED_TOO_EARLY = """        self.draining = self.closed = True
        self.dialling.clear()
"""
GIVEN_UP = "            self._give_up(lease)  # closes a race: what it was given meanwhile is passed on\n"
CLOSED_THEN_WOKEN = """        if self._core.idle.discarded:
            with self._lock:
                self._close_discarded()
        if waiter is not None:
            waiter._sleeper.wake()
"""
WOKEN_THEN_CLOSED = """        if waiter is not None:
            waiter._sleeper.wake()
        with self._lock:
            self._close_discarded()
"""
REPLACED_LOCKED = """        with self._lock:
            self._core.lost(connection)
            step = self._core.replace(lease, monotonic())
            self._close_discarded()
            if step is WAIT:
                lease._sleeper = Sleeper()  # from here on, who makes room can wake it
"""
REPLACED_UNLOCKED = """        with self._lock:
            self._core.lost(connection)
            step = self._core.replace(lease, monotonic())
            self._close_discarded()
        with self._lock:
            if step is WAIT:
                lease._sleeper = Sleeper()
"""


@pytest.mark.parametrize(("max_size", "max_dialling", "schedules"), [(1, 4, 300), (2, 1, 1_000)])
def test_pool_02_callers_are_served_in_every_schedule(
    max_size: int, max_dialling: int, schedules: int
) -> None:
    assert explore_apart(programs.callers, "abc", max_size, max_dialling, budget=2) >= schedules


@pytest.mark.parametrize(("names", "max_size", "budget"), [("ab", 1, 3), ("abc", 1, 2), ("abc", 2, 2)])
def test_pool_02_idle_connections_are_lent_to_one_at_a_time(names: str, max_size: int, budget: int) -> None:
    assert explore_apart(programs.callers_of_idle, names, max_size, budget=budget) >= 200


def test_pool_02_between_any_two_statements_somebody_else_may_run() -> None:
    assert explore_apart(programs.callers_of_idle, "abc", 1, budget=1, statements=True) >= 300


def test_pool_07_a_limit_passes_at_every_moment() -> None:
    assert explore_apart(programs.limited, "abc", budget=2) >= 1_000


def test_pool_07_a_limit_passes_at_every_moment_of_a_dial() -> None:
    assert explore_apart(programs.limited_dials, "ab", budget=2) >= 300


@pytest.mark.parametrize(("names", "max_size"), [("ab", 1), ("ab", 2)])
def test_pool_03_a_dial_is_refused_at_every_moment(names: str, max_size: int) -> None:
    assert explore_apart(programs.refused, names, max_size, budget=2) >= 500


@pytest.mark.parametrize(("names", "max_size"), [("abc", 1), ("ab", 2)])
def test_pool_12_connections_are_lost_at_every_moment(names: str, max_size: int) -> None:
    assert explore_apart(programs.lost, names, max_size, budget=2) >= 500


def test_pool_12_connections_are_lost_at_every_moment_of_a_check() -> None:
    assert explore_apart(programs.checked, "ab", budget=2) >= 300


def test_pool_09_who_dials_keeps_nobody_waiting() -> None:
    assert explore_apart(programs.dialling_slowly, "abc", budget=2) >= 300


def test_pool_11_lifetimes_end_at_every_moment() -> None:
    assert explore_apart(programs.grown_old, "ab", 1, budget=2) >= 300


@pytest.mark.parametrize(("names", "max_size", "idle"), [("ab", 1, True), ("ab", 2, False)])
def test_life_02_a_pool_is_closed_at_every_moment(names: str, max_size: int, idle: bool) -> None:
    assert explore_apart(programs.closed, names, max_size, 0.0, idle, budget=2) >= 300


def test_life_03_a_pool_is_drained_at_every_moment() -> None:
    assert explore_apart(programs.closed, "ab", 1, DRAIN_SECONDS, True, budget=2) >= 300


def test_pool_08_a_second_release_takes_nothing_from_the_next_borrower() -> None:
    assert explore_apart(programs.misused, "ab", budget=2) >= 200


FAULTS: dict[str, tuple[Program, tuple[object, ...], bool, list[Edit]]] = {
    "the lock is held while somebody dials": (
        programs.dialling_slowly,
        ("abc",),
        False,
        [Edit("threads.pool", "            connection.connect(deadline - began)\n", LOCKED_DIAL)],
    ),
    "a waiter is woken before the old connection is closed": (
        programs.grown_old,
        ("ab", 1),
        False,
        [
            Edit("threads.pool", CLOSED_THEN_WOKEN, WOKEN_THEN_CLOSED),
            Edit(
                "threads.pool",
                "            self._close_discarded()\n            return further",
                "            return further",
            ),
        ],
    ),
    "a waiter is not woken": (
        programs.callers,
        ("ab", 1, 1),
        False,
        [Edit("threads.pool", "        if waiter is not None:\n            waiter._sleeper.wake()\n", "")],
    ),
    "a waiter has nothing to sleep on when it is named": (
        programs.callers_of_idle,
        ("ab", 1),
        True,
        [Edit("threads.pool", SLEEPER_IN_TIME, SLEEPER_TOO_LATE)],
    ),
    "a waiter whose limit has passed leaves with what it was granted": (
        programs.limited,
        ("abc",),
        False,
        [Edit("threads.pool", GIVEN_UP, "            self._core.waiting.pop(lease, None)\n")],
    ),
    "who dials is forgotten by a close": (
        programs.closed,
        ("ab", 1, 0.0, False),
        False,
        [Edit("pool", "        self.draining = self.closed = True\n", CLOSED_TOO_EARLY)],
    ),
    "a dial that failed is remembered": (
        programs.refused,
        ("ab", 1),
        False,
        [Edit("threads.pool", "            self._dials.discard(connection)", "            pass")],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    program, arguments, statements, edits = FAULTS[fault]
    with pytest.raises(Found):
        explore_apart(program, *arguments, budget=2, statements=statements, planted=edits)
