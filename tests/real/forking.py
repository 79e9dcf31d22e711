"""A program that forks while it has connections that are idle, lent and in use, and says as JSON what it saw.

    python -m tests.real.forking threads|asyncio URL [keep]

A connection is known by the number that the server has given it, so that none can be taken for another. With
`keep`, a fault is planted: pools take no notice of a fork.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from poolproof.reference import aio, threads

NUMBER = ("CLIENT", "ID")
PAUSE, UNPAUSE = ("CLIENT", "PAUSE", 1_000_000, "WRITE"), ("CLIENT", "UNPAUSE")


def in_child(work: Callable[[], list[Any]], leave: Callable[[int], Any]) -> list[Any]:
    """What the work returns, done by a child that is gone by then."""
    read, write = os.pipe()
    if os.fork() == 0:
        with os.fdopen(write, "w") as answer:
            json.dump(work(), answer)
        gc.collect()
        leave(0)
    os.close(write)
    with os.fdopen(read) as answer:
        told: list[Any] = json.load(answer)
    assert os.wait()[1] == 0
    return told


@contextmanager
def child_of_threads(pool: threads.Pool, multiplexer: threads.Multiplexer) -> Iterator[list[Any]]:
    def work() -> list[Any]:
        seen = [pool.execute(*NUMBER), multiplexer.execute(*NUMBER)]
        pool.close()
        multiplexer.close()
        return seen

    pool.execute(*PAUSE)
    counted: list[Any] = []
    counting = threading.Thread(target=lambda: counted.append(multiplexer.execute("INCR", "k")))
    counting.start()
    while b"cmd=incr" not in pool.execute("CLIENT", "LIST"):  # type: ignore[operator]
        pass
    yield in_child(work, sys.exit)
    pool.execute(*UNPAUSE)
    counting.join()
    assert counted == [1]


def fork_among_threads(url: str) -> dict[str, Any]:
    pool, multiplexer = threads.Pool(url, max_size=2), threads.Multiplexer(url)
    lease = pool.acquire()
    before = [lease.execute(*NUMBER), pool.execute(*NUMBER), multiplexer.execute(*NUMBER)]
    with child_of_threads(pool, multiplexer) as child:
        pass
    after = [lease.execute(*NUMBER), pool.execute(*NUMBER), multiplexer.execute(*NUMBER)]
    pool.release(lease)
    pool.close()
    multiplexer.close()
    return {"before": before, "child": child, "after": after}


async def fork_in_a_loop(url: str) -> dict[str, Any]:
    async def work() -> list[Any]:
        seen = [await pool.execute(*NUMBER), await multiplexer.execute(*NUMBER)]
        await pool.close()
        await multiplexer.close()
        return seen

    pool, multiplexer = aio.Pool(url, max_size=2), aio.Multiplexer(url)
    lease = await pool.acquire()
    before = [await lease.execute(*NUMBER), await pool.execute(*NUMBER), await multiplexer.execute(*NUMBER)]
    await pool.execute(*PAUSE)
    counted = multiplexer.execute("INCR", "k")
    child = in_child(lambda: asyncio.run(work()), os._exit)
    await pool.execute(*UNPAUSE)
    assert await counted == 1
    after = [await lease.execute(*NUMBER), await pool.execute(*NUMBER), await multiplexer.execute(*NUMBER)]
    pool.release(lease)
    await pool.close()
    await multiplexer.close()
    return {"before": before, "child": child, "after": after}


if __name__ == "__main__":
    shell, url, *fault = sys.argv[1:]
    if fault:
        for pool in (threads.Pool, aio.Pool):
            pool._forget = lambda self: None  # type: ignore[method-assign]  # noqa: ARG005
    print(json.dumps(fork_among_threads(url) if shell == "threads" else asyncio.run(fork_in_a_loop(url))))
