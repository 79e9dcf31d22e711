"""How long a command on a connection of one's own may take, under asyncio."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from poolproof.reference import CommandTimeout, Fate, Misuse
from poolproof.reference.aio import Pool

from .aio_calls import answered, error_of, fate_of
from .held_server import SimulatedServer


async def test_call_01_a_command_that_gets_no_reply_fails_at_its_limit(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    assert await fate_of(pool.execute("ECHO", "silence")) == (CommandTimeout, Fate.UNKNOWN)
    assert virtual_server.loop.time() == 5
    await pool.close()


async def test_call_01_each_command_has_the_limit_for_itself(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    async with pool.acquire() as connection:
        for _ in range(3):
            call = connection.execute("ECHO", "slow")
            await asyncio.sleep(4)
            assert await answered(virtual_server, call) == b"slow"
    await pool.close()


async def test_call_01_every_connection_is_looked_after(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)

    async def told_after(delay: float) -> float:
        await asyncio.sleep(delay)
        await fate_of(pool.execute("ECHO", "silence"))
        return virtual_server.loop.time() - delay

    told = await asyncio.gather(*[told_after(delay) for delay in (0, 1, 3, 3, 20)])
    assert told == [5, 5, 5, 5, 5]
    await pool.close()


async def test_conn_02_after_its_limit_the_reply_stays_owed_and_the_connection_is_not_lent_again(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_size=1, command_timeout_seconds=5)
    call = asyncio.create_task(pool.execute("ECHO", "silence"))
    late = await virtual_server.command()
    await error_of(call)
    late.reply()
    assert await answered(virtual_server, pool.execute("ECHO", "next")) == b"next"
    assert virtual_server.accepted == 2
    await pool.close()


async def test_call_03_the_limit_of_a_cancelled_command_passes_without_harm(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    async with pool.acquire() as connection:
        connection.execute("ECHO", "cancelled").cancel()
        await asyncio.sleep(10)
    await pool.close()


async def test_conn_02_after_its_limit_the_lease_cannot_send_before_the_late_reply(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    async with pool.acquire() as connection:
        await error_of(connection.execute("ECHO", "silence"))
        with pytest.raises(Misuse):
            connection.execute("ECHO", "next")
    await pool.close()


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (("BLPOP", "k", 60), 65),
        (("BLPOP", "k", "0.5"), 5.5),
        (("XREAD", "BLOCK", 60_000, "STREAMS", "s", "$"), 65),
        (("BLMPOP", 60, 1, "k", "LEFT"), 65),
    ],
)
async def test_call_01_a_blocking_command_may_block_for_as_long_as_it_says_and_then_has_the_limit(
    virtual_server: SimulatedServer, command: tuple[str | int, ...], seconds: float
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    await error_of(pool.execute(*command))
    assert virtual_server.loop.time() == seconds
    await pool.close()


async def test_call_01_a_command_that_blocks_for_ever_has_no_limit(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    call = asyncio.create_task(pool.execute("BLPOP", "k", 0))
    await asyncio.sleep(100_000)
    assert await answered(virtual_server, call) == b"0"
    await pool.close()


async def test_call_01_without_a_limit_a_call_waits_for_as_long_as_it_takes(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=None)
    call = asyncio.create_task(pool.execute("ECHO", "slow"))
    await asyncio.sleep(100_000)
    assert await answered(virtual_server, call) == b"slow"
    await pool.close()


async def test_call_01_a_batch_that_is_answered_in_part_fails_at_its_limit(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", "first"), ("ECHO", "second")])
        (await virtual_server.command()).reply()
        assert await fate_of(call) == (CommandTimeout, Fate.UNKNOWN)
    assert (virtual_server.loop.time(), virtual_server.peers) == (5, [])
    await pool.close()


async def test_call_01_no_timer_is_left_when_nothing_is_owed(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    await answered(virtual_server, pool.execute("ECHO", "quick"))
    await asyncio.sleep(5)
    assert virtual_server.loop._next_timer() == inf
    await pool.close()
