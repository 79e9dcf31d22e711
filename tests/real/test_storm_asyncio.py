"""A thousand callers of asyncio at a time, of whom many give up: no reply goes astray, and nothing is left.

With THOROUGH=1 in the environment, the storm on one socket takes a minute as well, and its figures are printed.
"""  # noqa: E501

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from poolproof.reference.aio import Multiplexer, Pool

from .server import Eyes, Server
from .storm import Storm, calls

CALLERS = 1_000
CAPACITY = 10
PAGES_PER_MEGABYTE = (1 << 20) // os.sysconf("SC_PAGE_SIZE")

seeds = pytest.mark.parametrize("seed", range(2))


def after(number: int) -> Callable[[Counter[str]], bool]:
    return lambda counts: calls(counts) >= number


async def one_storm(multiplexer: Multiplexer, seed: int) -> Counter[str]:
    storm = Storm(multiplexer.execute, seed, after(10 * CALLERS))
    await storm.rage(CALLERS)
    assert len(asyncio.all_tasks()) == 1
    return storm.counts


@seeds
async def test_mux_02_a_thousand_callers_share_a_socket_whoever_is_cancelled(
    server: Server, eyes: Eyes, seed: int
) -> None:
    multiplexer = Multiplexer(server.url())
    before = await multiplexer.execute("CLIENT", "ID")
    counts = await one_storm(multiplexer, seed)
    assert (counts["wrong"], counts["lost"]) == (0, 0)
    assert counts["cancelled"] > calls(counts) / 50
    assert await multiplexer.execute("CLIENT", "ID") == before
    assert len(eyes.clients()) == 1
    await multiplexer.close()


async def test_mux_05_a_storm_leaves_no_memory_behind(server: Server) -> None:
    """Python's own allocator counts its blocks; what the first storm has built up, the second one reuses."""
    multiplexer = Multiplexer(server.url())
    blocks = list[int]()
    for seed in range(3):
        await one_storm(multiplexer, seed)
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    assert blocks[2] - blocks[1] < CALLERS / 4
    await multiplexer.close()


@seeds
async def test_mux_06_a_multiplexer_survives_cancellations_and_killed_connections(
    server: Server, eyes: Eyes, seed: int
) -> None:
    multiplexer = Multiplexer(server.url(), max_in_flight=50)
    storm = Storm(multiplexer.execute, seed, after(3_000))
    await asyncio.gather(storm.rage(200), kills(eyes, storm))
    assert storm.counts["wrong"] == 0 < storm.counts["lost"]
    assert await multiplexer.execute("ECHO", "after") == b"after"
    await multiplexer.close()


@seeds
async def test_pool_03_all_capacity_is_there_after_cancellations_and_killed_connections(
    server: Server, eyes: Eyes, seed: int
) -> None:
    pool = Pool(server.url(), max_size=CAPACITY)
    storm = Storm(pool.execute, seed, after(1_500))
    await asyncio.gather(storm.rage(100), kills(eyes, storm))
    assert storm.counts["wrong"] == 0
    held = [await pool.acquire() for _ in range(CAPACITY)]
    replies = await asyncio.gather(*(lease.execute("ECHO", number) for number, lease in enumerate(held)))
    assert replies == [b"%d" % number for number in range(CAPACITY)]
    assert len(eyes.clients()) == CAPACITY
    for lease in held:
        pool.release(lease)
    await pool.close()


async def kills(eyes: Eyes, storm: Storm) -> None:
    """Ends all connections, ten times, with at least a hundred calls between two times."""
    for _ in range(10):
        before = calls(storm.counts)
        while calls(storm.counts) < before + 100:
            await asyncio.sleep(0)
        eyes.kill()


@pytest.mark.skipif(not os.environ.get("THOROUGH"), reason="takes a minute: THOROUGH=1")
def test_mux_02_a_minute_of_a_thousand_callers_with_flat_memory(server: Server, eyes: Eyes) -> None:
    began = time.monotonic()
    megabytes = dict[int, float]()

    def over(_: Counter[str]) -> bool:
        seconds = int(time.monotonic() - began)
        if seconds not in megabytes:
            megabytes[seconds] = int(Path("/proc/self/statm").read_text().split()[1]) / PAGES_PER_MEGABYTE
        return seconds >= 60

    async def rage() -> Counter[str]:
        multiplexer = Multiplexer(server.url())
        storm = Storm(multiplexer.execute, 0, over)
        await storm.rage(CALLERS)
        assert len(eyes.clients()) == len(asyncio.all_tasks()) == 1
        await multiplexer.close()
        return storm.counts

    counts = asyncio.run(rage())
    print(
        f"\n{calls(counts)} calls: {dict(counts)}; {megabytes[10]:.1f} MB at 10 s, {megabytes[60]:.1f} at 60 s"  # noqa: E501
    )
    assert (counts["wrong"], counts["lost"]) == (0, 0)
    assert megabytes[60] < megabytes[10] + 5
