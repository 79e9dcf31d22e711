"""Pool and multiplexer against real servers: many callers, random cancellations, killed connections.

Every command is an ECHO of a token of its own, so a reply that went to the wrong caller is seen at once. What
is random is seeded; nobody sleeps, moments are turns of the event loop.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from poolproof.reference import ConnectionLost, Fate
from poolproof.reference.aio import Multiplexer, Pool

CALLERS = 200
CAPACITY = 10
Execute = Callable[[str, str], Awaitable[object]]

seeds = pytest.mark.parametrize("seed", range(3))


async def asks(execute: Execute, caller: int) -> None:
    """One caller's life: a few commands, some of them lost with their connection, none answered wrongly."""
    for number in range(20):
        token = f"{caller}:{number}"
        with suppress(ConnectionLost):
            assert await execute("ECHO", token) == token.encode()


async def storm(execute: Execute, seed: int) -> None:
    """All callers at a time, half of them cancelled at random moments."""
    chance = random.Random(seed)
    async with asyncio.TaskGroup() as callers:
        tasks = [callers.create_task(asks(execute, caller)) for caller in range(CALLERS)]
        for victim in chance.sample(tasks, CALLERS // 2):
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            victim.cancel()
    assert any(task.cancelled() for task in tasks)


async def connections(watcher: Multiplexer) -> int:
    """How many connections the server sees besides the watcher's own.

    It may notice a new connection before it notices that an older one was closed; not three times in a row.
    """
    listed = [await watcher.execute("CLIENT", "LIST") for _ in range(3)]
    return min(clients.count(b"\n") - 1 for clients in listed if isinstance(clients, bytes))


async def kill_all_others(killer: Multiplexer, times: int) -> None:
    for _ in range(times):
        await killer.execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


async def assert_all_capacity_is_there(pool: Pool) -> None:
    held = [await pool.acquire() for _ in range(CAPACITY)]
    replies = await asyncio.gather(*(lease.execute("ECHO", number) for number, lease in enumerate(held)))
    assert replies == [b"%d" % number for number in range(CAPACITY)]
    for lease in held:
        pool.release(lease)


@seeds
async def test_conn_01_pool_callers_get_their_own_replies_whoever_is_cancelled(
    server_port: int, seed: int
) -> None:
    pool = Pool("127.0.0.1", server_port, max_size=CAPACITY)
    await storm(pool.execute, seed)
    await pool.close()


@seeds
async def test_mux_02_multiplexer_callers_get_their_own_replies_whoever_is_cancelled(
    server_port: int, seed: int
) -> None:
    multiplexer = Multiplexer("127.0.0.1", server_port, max_in_flight=50)
    await storm(multiplexer.execute, seed)
    await multiplexer.close()


@seeds
async def test_pool_01_the_server_never_sees_more_connections_than_the_capacity(
    server_port: int, seed: int
) -> None:
    pool, watcher = Pool("127.0.0.1", server_port, max_size=CAPACITY), Multiplexer("127.0.0.1", server_port)
    storming = asyncio.create_task(storm(pool.execute, seed))
    most = 0
    while not storming.done():
        most = max(most, await connections(watcher))
    await asyncio.gather(storming, pool.close(), watcher.close())
    assert most == CAPACITY


@seeds
async def test_pool_03_all_capacity_is_there_after_cancellations_and_killed_connections(
    server_port: int, seed: int
) -> None:
    pool, killer = Pool("127.0.0.1", server_port, max_size=CAPACITY), Multiplexer("127.0.0.1", server_port)
    await asyncio.gather(storm(pool.execute, seed), kill_all_others(killer, 20))
    await assert_all_capacity_is_there(pool)
    await asyncio.gather(pool.close(), killer.close())


@seeds
async def test_mux_06_a_multiplexer_survives_cancellations_and_killed_connections(
    server_port: int, seed: int
) -> None:
    multiplexer, killer = Multiplexer("127.0.0.1", server_port), Multiplexer("127.0.0.1", server_port)
    await asyncio.gather(storm(multiplexer.execute, seed), kill_all_others(killer, 20))
    assert await multiplexer.execute("ECHO", "after") == b"after"
    await asyncio.gather(multiplexer.close(), killer.close())


async def test_call_06_the_fate_of_a_call_whose_connection_is_killed_is_unknown(server_port: int) -> None:
    pool, killer = Pool("127.0.0.1", server_port, max_size=CAPACITY), Multiplexer("127.0.0.1", server_port)
    async with pool.acquire() as connection:
        await connection.execute("PING")
        blocked = connection.execute("BLPOP", "nothing is ever pushed here", 0)
        await kill_all_others(killer, 1)
        with pytest.raises(ConnectionLost) as lost:
            await blocked
    assert lost.value.fate is Fate.UNKNOWN
    await asyncio.gather(pool.close(), killer.close())


async def test_life_02_after_close_the_server_sees_no_connection(server_port: int) -> None:
    pool, multiplexer = Pool("127.0.0.1", server_port), Multiplexer("127.0.0.1", server_port)
    await asyncio.gather(pool.execute("PING"), pool.execute("PING"), multiplexer.execute("PING"))
    await asyncio.gather(pool.close(), multiplexer.close())
    watcher = Multiplexer("127.0.0.1", server_port)
    assert await connections(watcher) == 0
    await watcher.close()
