"""Callers of a pool or a multiplexer on a scene, and what must hold once they have left."""

from __future__ import annotations

import asyncio
from typing import Any

from poolproof.reference import PoolproofError
from poolproof.reference.aio import Client, Multiplexer, Pool

from .replaying import LoggedCore
from .replaying_multiplexer import LoggedMultiplexerCore
from .schedules import Scene

URL = "redis://127.0.0.1:6379"
Task = asyncio.Task[Any]


def pool_of(capacity: int, replayed: bool = True, **options: Any) -> Pool:
    """A pool with no limits but those told; if wanted, the model replays all that happens to its core."""
    unlimited = {
        "acquire_timeout_seconds": None,
        "command_timeout_seconds": None,
        "health_check_after_seconds": None,
    }
    pool = Pool(URL, max_size=capacity, max_dialling=capacity, **(unlimited | options))
    if replayed:
        pool._core = LoggedCore(pool._limits)
    return pool


def multiplexer_of(replayed: bool = True, **options: Any) -> Multiplexer:
    """The same for a multiplexer."""
    small = {"max_in_flight": 3, "max_backlog": 5, "command_timeout_seconds": None}
    multiplexer = Multiplexer(URL, **(small | options))
    if replayed:
        bounds = (
            multiplexer._core.max_in_flight,
            int(multiplexer._core.bound) - multiplexer._core.max_in_flight,
        )
        multiplexer._core = LoggedMultiplexerCore(*bounds, multiplexer._limit_seconds)
    return multiplexer


def callers(scene: Scene, shell: Pool | Multiplexer, names: str = "abc", **options: Any) -> dict[str, Task]:
    """Each asks for the value of the key of its own name."""

    async def call(name: str) -> object:
        return await shell.execute("GET", name, **options)

    return {name: scene.start(call(name)) for name in names}


def got_its_own(task: Task, name: str, *allowed: type[PoolproofError]) -> bool:
    """The caller got its own reply; False if it was cancelled or told one of these errors. All else fails."""
    assert task.done(), f"{name} was left waiting"
    if task.cancelled():
        return False
    error = task.exception()
    if error is not None:
        assert isinstance(error, allowed), f"{name}: {error!r}"
        return False
    assert task.result() == b"val:" + name.encode()
    return True


def nobody_is_left(scene: Scene, pool: Pool) -> None:
    """All are out, what is open is idle, and the pool can serve as many as ever."""
    scene.calm()
    core = pool._core
    core.check()
    assert core.empty
    assert not isinstance(core, LoggedCore) or core.length
    assert len(scene.network.ends) == len(core.idle), "a socket that nobody knows of"
    if not core.draining:
        names = "uvwxyz"[: core.limits.max_size]
        again = callers(scene, pool, names)
        scene.run(1)
        assert all(got_its_own(task, name) for name, task in again.items())
        assert len(core.idle) == core.limits.max_size or core.limits.max_size > len(names)
        ends_well(scene, pool)


def nothing_is_owed(scene: Scene, multiplexer: Multiplexer) -> None:
    """Nobody waits for a reply, and the next caller is served."""
    scene.calm()
    core = multiplexer._core
    core.check()
    assert core.empty
    assert len(scene.network.ends) <= 1, "a socket too many"
    if not core.draining:
        again = callers(scene, multiplexer, "xyz")
        scene.run(10)
        assert all(got_its_own(task, name) for name, task in again.items())
        ends_well(scene, multiplexer)


def ends_well(scene: Scene, shell: Pool | Multiplexer | Client) -> None:
    """It can be closed, and then has nothing open and takes nobody."""
    closing = scene.start(shell.close())
    scene.run(1)
    assert closing.done()
    assert closing.exception() is None
    assert not scene.network.ends
