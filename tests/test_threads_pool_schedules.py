"""The pool for threads keeps its promises however its callers take turns; and faults of it are found.

Two deviations from the plainest schedule reach the hardest races of a pool: an event at any moment (a limit, a
loss, a close), and a switch at any other. Where everybody may dial, all that happens to the core is replayed as
actions of the model.
"""

from __future__ import annotations

import pytest

from . import pool_in_threads as programs
from .thread_schedules import Edit, Found, Program, explore_apart

DRAIN_SECONDS = 20.0


@pytest.mark.parametrize(
    ("max_size", "max_dialling", "schedules"), [(1, 4, 300), (2, 1, 1_000)]
)
def test_pool_02_callers_are_served_in_every_schedule(
    max_size: int, max_dialling: int, schedules: int
) -> None:
    assert explore_apart(programs.callers, "abc", max_size, max_dialling, budget=2) >= schedules


@pytest.mark.parametrize(("names", "max_size", "budget"), [("ab", 1, 3), ("abc", 1, 2), ("ab", 2, 3)])
def test_pool_02_idle_connections_are_lent_to_one_at_a_time(names: str, max_size: int, budget: int) -> None:
    assert explore_apart(programs.callers_of_idle, names, max_size, budget=budget) >= 300


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
    assert explore_apart(programs.lost, names, max_size, budget=2) >= 1_000


def test_pool_12_connections_are_lost_at_every_moment_of_a_check() -> None:
    assert explore_apart(programs.checked, "ab", budget=2) >= 300


def test_pool_11_lifetimes_end_at_every_moment() -> None:
    assert explore_apart(programs.grown_old, "ab", budget=2) >= 500


@pytest.mark.parametrize(
    ("names", "max_size", "idle"), [("abc", 1, True), ("ab", 2, False)]
)
def test_life_02_a_pool_is_closed_at_every_moment(names: str, max_size: int, idle: bool) -> None:
    assert explore_apart(programs.closed, names, max_size, 0.0, idle, budget=2) >= 1_000


def test_life_03_a_pool_is_drained_at_every_moment() -> None:
    assert explore_apart(programs.closed, "abc", 1, DRAIN_SECONDS, True, budget=2) >= 1_000


def test_pool_08_a_second_release_takes_nothing_from_the_next_borrower() -> None:
    assert explore_apart(programs.misused, "ab", budget=2) >= 300
