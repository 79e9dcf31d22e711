"""The asyncio pool keeps its promises in every order of callbacks, whatever happens at whatever moment.

Three deviations from asyncio's own order are enough to reach the hardest race, a waiter that is cancelled
between the grant and its resumption; `test_schedules_faults.py` shows that the search finds it when planted.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from poolproof.reference import AcquireTimeout, Closed, ConnectFailed, ConnectionLost
from poolproof.reference.aio import Pool

from .playing import Task, callers, got_its_own, nobody_is_left, pool_of
from .schedules import Program, Scene, at_every_moment, explore

EVERY = 1_000  # a budget that no run can spend


def three_callers(capacity: int) -> Program:
    def play(scene: Scene) -> None:
        pool = pool_of(capacity)
        tasks = callers(scene, pool)
        scene.run()
        assert [got_its_own(task, name) for name, task in tasks.items()] == [True, True, True]
        nobody_is_left(scene, pool)

    return play


@pytest.mark.parametrize(("capacity", "budget", "orders"), [(1, EVERY, 90), (2, 2, 500)])
def test_pool_02_three_callers_are_served_in_every_order(capacity: int, budget: int, orders: int) -> None:
    assert explore(three_callers(capacity), budget) >= orders  # fewer: the search looks away


@pytest.mark.parametrize("capacity", [1, 2])
def test_pool_03_call_04_a_caller_is_cancelled_at_every_moment(capacity: int) -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(capacity)
        tasks = callers(scene, pool)
        scene.steps(moment)
        tasks["b"].cancel()
        scene.run()
        assert [name for name, task in tasks.items() if not got_its_own(task, name)] in ([], ["b"])
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


@pytest.mark.parametrize("drain_seconds", [0, 5])
def test_life_02_life_03_a_pool_is_closed_at_every_moment(drain_seconds: float) -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        tasks = callers(scene, pool)
        scene.steps(moment)
        closing = scene.start(pool.close(drain_seconds))
        scene.run()
        assert closing.done()
        served = [got_its_own(task, name, Closed) for name, task in tasks.items()]
        assert not drain_seconds or moment < 3 or all(served), "a drain turned somebody away who was inside"
        nobody_is_left(scene, pool)
        late = callers(scene, pool, "l")["l"]
        scene.run()
        assert isinstance(late.exception(), Closed)

    at_every_moment(play, budget=1)


def test_life_03_a_close_that_drains_is_cancelled_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        tasks = callers(scene, pool)
        closing = scene.start(pool.close(5))
        scene.steps(moment)
        begun = pool._core.draining
        closing.cancel()
        scene.run()
        for name, task in tasks.items():
            got_its_own(task, name, Closed)
        assert pool._core.closed == begun
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


def broken(scene: Scene) -> None:
    """The server ends all connections that there are."""
    scene.network.carry(scene.witness.restart())


def test_pool_12_the_server_goes_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1, replayed=False)
        tasks = callers(scene, pool)
        scene.steps(moment)
        broken(scene)
        scene.run()
        lost = [
            task for name, task in tasks.items() if not got_its_own(task, name, ConnectionLost, ConnectFailed)
        ]
        assert len(lost) <= 1, "who was not there was hit"
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


def test_pool_07_a_limit_passes_at_every_moment() -> None:
    def play(scene: Scene) -> None:
        pool = pool_of(1, acquire_timeout_seconds=5)
        tasks = callers(scene, pool)
        scene.run()
        for name, task in tasks.items():
            got_its_own(task, name, AcquireTimeout, ConnectFailed)  # the limit, or that of the dial
        nobody_is_left(scene, pool)

    assert explore(play, budget=2, early_timers=True) >= 300


def test_life_02_pool_07_a_pool_is_closed_at_every_moment_around_a_limit() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1, acquire_timeout_seconds=5)
        tasks = callers(scene, pool)
        scene.steps(moment)
        closing = scene.start(pool.close())
        scene.run()
        assert closing.done()
        assert closing.exception() is None
        for name, task in tasks.items():
            got_its_own(task, name, AcquireTimeout, ConnectFailed, Closed)
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1, early_timers=True)


def idle_for_long(scene: Scene, **options: float) -> Pool:
    """A pool of one connection that has been idle for a minute."""
    pool = pool_of(1, replayed=False, **options)
    first = callers(scene, pool, "f")["f"]
    scene.run(60)
    assert got_its_own(first, "f")
    return pool


@pytest.mark.parametrize("disturb", [lambda _, task: task.cancel(), lambda scene, _: broken(scene)])
def test_pool_03_pool_12_a_check_is_disturbed_at_every_moment(
    disturb: Callable[[Scene, Task], object],
) -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = idle_for_long(scene, health_check_after_seconds=30)
        tasks = callers(scene, pool, "ab")
        scene.steps(moment)
        disturb(scene, tasks["a"])
        scene.run()
        served = [got_its_own(task, name, ConnectionLost, ConnectFailed) for name, task in tasks.items()]
        assert any(served)
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=2)


def test_pool_11_a_connection_expires_at_every_moment() -> None:
    def play(scene: Scene) -> None:
        pool = pool_of(1, idle_timeout_seconds=50, max_lifetime_seconds=50)
        tasks = callers(scene, pool, "ab")
        scene.run(40)
        tasks |= callers(scene, pool, "c")
        scene.run(5)
        for name, task in tasks.items():
            got_its_own(task, name, ConnectFailed)  # the dial's limit is a timer too
        scene.run(200)
        assert pool._core.empty
        assert not scene.network.ends
        nobody_is_left(scene, pool)

    assert explore(play, budget=1, early_timers=True) >= 20


@pytest.mark.parametrize("capacity", [1, 2])
def test_pool_11_a_pool_that_dials_ahead_is_closed_at_every_moment(capacity: int) -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(capacity, replayed=False, min_idle=1)
        tasks = callers(scene, pool, "ab")
        scene.steps(moment)
        closing = scene.start(pool.close())
        scene.run()
        assert closing.done()
        for name, task in tasks.items():
            got_its_own(task, name, Closed)
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


def test_pool_03_a_pool_that_dials_ahead_loses_a_caller_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1, replayed=False, min_idle=1)
        tasks = callers(scene, pool, "ab")
        scene.steps(moment)
        tasks["a"].cancel()
        scene.run(5)
        assert got_its_own(tasks["b"], "b")
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)
