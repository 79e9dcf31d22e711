"""The shells keep their promises in every order of callbacks, with a cancellation at every suspension.

Three deviations from asyncio's own order are enough to reach the hardest race, a waiter that is cancelled
between the grant and its resumption; a test shows that the search finds it when it is planted.
"""

import asyncio
from collections.abc import Callable

import pytest

from poolproof.reference import AcquireTimeout, Closed, PoolproofError
from poolproof.reference.aio import Multiplexer, Pool
from poolproof.reference.pool import PoolCore

from .replaying import LoggedCore
from .schedules import Program, Scene, explore

Disturb = Callable[[Scene, Multiplexer, "asyncio.Task[object]"], object]
EVERY = 1_000  # a budget that no run can spend
STEPS = 40  # callbacks within which a caller is cancelled; the longest scene has fewer


def pool_of(capacity: int, limit: float | None = None) -> Pool:
    """A pool whose core replays all that happens to it as actions of the model."""
    pool = Pool("127.0.0.1", 6379, max_size=capacity, acquire_timeout_seconds=limit)
    pool._core = LoggedCore(capacity)
    return pool


def nothing_is_left(pool: Pool) -> None:
    core = pool._core
    assert isinstance(core, LoggedCore)
    assert core.length
    core.check()
    assert not core.lent
    assert not core.granted
    assert not core.dialling
    assert not core.waiting


def got_its_own(task: "asyncio.Task[object]", name: str) -> bool:
    """The caller got its own reply; False if it was cancelled. Anything else fails the test."""
    assert task.done(), f"{name} was left waiting"
    if task.cancelled():
        return False
    assert task.result() == b"val:" + name.encode()
    return True


def three_callers(capacity: int) -> Program:
    def play(scene: Scene) -> None:
        pool = pool_of(capacity)
        tasks = {name: scene.start(pool.execute("GET", name)) for name in "abc"}
        scene.run()
        assert [got_its_own(task, name) for name, task in tasks.items()] == [True, True, True]
        nothing_is_left(pool)

    return play


@pytest.mark.parametrize(("capacity", "budget", "orders"), [(1, EVERY, 50), (2, 3, 1_000)])
def test_pool_02_three_callers_are_served_in_every_order(capacity: int, budget: int, orders: int) -> None:
    assert explore(three_callers(capacity), budget) >= orders  # fewer: the search looks away


def cancelled(after: int, capacity: int) -> Program:
    """Three callers, the second of which is cancelled after that many callbacks."""

    def play(scene: Scene) -> None:
        pool = pool_of(capacity)
        tasks = {name: scene.start(pool.execute("GET", name)) for name in "abc"}
        for _ in range(after):
            scene.loop.step()
        tasks["b"].cancel()
        scene.run()
        assert [name for name, task in tasks.items() if not got_its_own(task, name)] in ([], ["b"])
        nothing_is_left(pool)
        again = [scene.start(pool.execute("GET", name)) for name in "xyz"[:capacity]]
        scene.run()
        assert all(got_its_own(task, name) for task, name in zip(again, "xyz", strict=False))

    return play


@pytest.mark.parametrize("capacity", [1, 2])
def test_pool_03_call_04_a_caller_is_cancelled_at_every_suspension_in_every_order(capacity: int) -> None:
    for after in range(STEPS):
        explore(cancelled(after, capacity), budget=1)


def closed(after: int) -> Program:
    """Three callers of one connection, and the pool is closed after that many callbacks."""

    def play(scene: Scene) -> None:
        pool = pool_of(1)
        tasks = {name: scene.start(pool.execute("GET", name)) for name in "abc"}
        for _ in range(after):
            scene.loop.step()
        closing = scene.start(pool.close())
        scene.run()
        assert closing.done()
        for name, task in tasks.items():
            assert task.done()
            error = task.exception()
            assert error is None or isinstance(error, PoolproofError), f"{name}: {error!r}"
            assert error or task.result() == b"val:" + name.encode()
        nothing_is_left(pool)
        late = scene.start(pool.execute("GET", "late"))
        scene.run()
        assert isinstance(late.exception(), Closed)

    return play


def test_life_02_a_pool_is_closed_at_every_suspension_in_every_order() -> None:
    for after in range(STEPS):
        explore(closed(after), budget=1)


def limited(scene: Scene) -> None:
    """A limit may pass at any moment, for a timer may fire before it is due."""
    pool = pool_of(1, limit=5)
    tasks = {name: scene.start(pool.execute("GET", name)) for name in "abc"}
    scene.run()
    for name, task in tasks.items():
        assert task.done()
        error = task.exception()
        assert error is None or isinstance(error, AcquireTimeout), f"{name}: {error!r}"
    nothing_is_left(pool)


def test_pool_07_a_limit_passes_at_every_moment() -> None:
    assert explore(limited, budget=3) >= 1_000


def multiplexed(
    after: int, disturb: Callable[[Scene, Multiplexer, "asyncio.Task[object]"], object]
) -> Program:
    """Three callers of a multiplexer, which is disturbed after that many callbacks."""

    async def call(multiplexer: Multiplexer, name: str) -> object:
        return await multiplexer.execute("GET", name)

    def play(scene: Scene) -> None:
        multiplexer = Multiplexer("127.0.0.1", 6379, connect_timeout_seconds=None)
        tasks = {name: scene.start(call(multiplexer, name)) for name in "abc"}
        for _ in range(after):
            scene.loop.step()
        disturb(scene, multiplexer, tasks["b"])
        scene.run()
        for name, task in tasks.items():
            assert task.done(), f"{name} was left waiting"
            if not task.cancelled() and not isinstance(task.exception(), Closed):
                assert got_its_own(task, name)
        multiplexer._core.check()

    return play


def test_mux_02_a_caller_is_cancelled_at_every_suspension_in_every_order() -> None:
    for after in range(STEPS):
        explore(multiplexed(after, lambda _, __, caller: caller.cancel()), budget=2)


def test_life_02_a_multiplexer_is_closed_at_every_suspension_in_every_order() -> None:
    for after in range(STEPS):
        explore(multiplexed(after, lambda scene, mux, _: scene.start(mux.close())), budget=1)


def test_the_search_finds_a_grant_that_is_lost_with_its_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    abandon = PoolCore.abandon

    def leaking(core: "PoolCore[object, object]", caller: object) -> object:
        return None if caller in core.granted else abandon(core, caller)

    monkeypatch.setattr(PoolCore, "abandon", leaking)
    with pytest.raises(AssertionError):
        for after in range(STEPS):
            explore(cancelled(after, 1), budget=1)


def test_the_search_finds_a_wake_up_that_is_lost_with_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PoolCore, "_permit_freed", lambda _: None)
    with pytest.raises(AssertionError):
        for after in range(STEPS):
            explore(cancelled(after, 1), budget=1)
