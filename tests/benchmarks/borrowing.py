"""Acquire and release alone: what it costs to borrow a connection that is there, nothing sent.

Sixteen connections are idle, one caller takes one and gives it back, over and over. What a pool does is
measured against the least that could do: for threads a lock and a deque, with a round of the lock for each
way; for asyncio a queue, last in, first out. Processor time is taken, of the best of several batches in a
process: what is added to that by others was not the subject's.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable

from .cells import BORROWING, Figures, Setting
from .peers import peer

SIZE = 16
BATCH = 2_000
BATCHES = 40


def measure_threads(setting: Setting) -> Figures:
    borrow = THREADS[setting.cell.subject](setting)
    return {BORROWING: min(_timed(borrow) for _ in range(BATCHES))}


def _timed(borrow: Callable[[], None]) -> float:
    began = time.process_time_ns()
    for _ in range(BATCH):
        borrow()
    return (time.process_time_ns() - began) / BATCH


async def measure_asyncio(setting: Setting) -> Figures:
    borrow = await ASYNCIO[setting.cell.subject](setting)
    found: list[float] = []
    for _ in range(BATCHES):
        began = time.process_time_ns()
        await borrow(BATCH)
        found.append((time.process_time_ns() - began) / BATCH)
    return {BORROWING: min(found)}


def lock_and_deque(setting: Setting) -> Callable[[], None]:  # noqa: ARG001  # nothing is connected
    """`threading.Lock` around the pop from a `deque`, and again around the append."""
    idle = deque(range(SIZE))
    lock = threading.Lock()

    def borrow() -> None:
        with lock:
            connection = idle.pop()
        with lock:
            idle.append(connection)

    return borrow


def pool_for_threads(setting: Setting) -> Callable[[], None]:
    """Our `Pool`, by the `with` statement."""
    from poolproof.reference.threads import Pool

    pool = Pool(setting.url, max_size=SIZE)
    leases = [pool.acquire() for _ in range(SIZE)]
    for lease in leases:
        lease.__enter__()
    for lease in leases:
        lease.__exit__(None, None, None)

    def borrow() -> None:
        with pool.acquire():
            pass

    return borrow


def redis_py_for_threads(setting: Setting) -> Callable[[], None]:
    """redis-py's `ConnectionPool`, as its commands use it."""
    pool = peer("redis").ConnectionPool.from_url(setting.url, max_connections=SIZE)
    for connection in [pool.get_connection() for _ in range(SIZE)]:
        pool.release(connection)

    def borrow() -> None:
        pool.release(pool.get_connection())

    return borrow


async def queue(setting: Setting) -> Callable[[int], Awaitable[None]]:  # noqa: ARG001
    """`asyncio.LifoQueue`, `get` and `put_nowait`."""
    idle: asyncio.LifoQueue[int] = asyncio.LifoQueue()
    for connection in range(SIZE):
        idle.put_nowait(connection)

    async def borrow(times: int) -> None:
        for _ in range(times):
            idle.put_nowait(await idle.get())

    return borrow


async def pool_for_asyncio(setting: Setting) -> Callable[[int], Awaitable[None]]:
    """Our `Pool`, by the `async with` statement."""
    from poolproof.reference.aio import Pool

    pool = Pool(setting.url, max_size=SIZE)
    leases = [pool.acquire() for _ in range(SIZE)]
    for lease in leases:
        await lease.__aenter__()
    for lease in leases:
        await lease.__aexit__(None, None, None)

    async def borrow(times: int) -> None:
        for _ in range(times):
            async with pool.acquire():
                pass

    return borrow


async def redis_py_for_asyncio(setting: Setting) -> Callable[[int], Awaitable[None]]:
    """redis-py's asyncio `ConnectionPool`, as its commands use it."""
    pool = peer("redis.asyncio", "redis").ConnectionPool.from_url(setting.url, max_connections=SIZE)
    for connection in [await pool.get_connection() for _ in range(SIZE)]:
        await pool.release(connection)

    async def borrow(times: int) -> None:
        for _ in range(times):
            await pool.release(await pool.get_connection())

    return borrow


THREADS: dict[str, Callable[[Setting], Callable[[], None]]] = {
    "threads-borrow-lock-and-deque": lock_and_deque,
    "threads-borrow-pool": pool_for_threads,
    "threads-borrow-redis-py": redis_py_for_threads,
}
ASYNCIO: dict[str, Callable[[Setting], Awaitable[Callable[[int], Awaitable[None]]]]] = {
    "asyncio-borrow-queue": queue,
    "asyncio-borrow-pool": pool_for_asyncio,
    "asyncio-borrow-redis-py": redis_py_for_asyncio,
}
