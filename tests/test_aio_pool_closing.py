"""The asyncio pool's end: now, or once all that was accepted is done."""

from __future__ import annotations

import asyncio
import gc

import pytest

from poolproof.reference import Closed, ConnectFailed, Fate, Misuse
from poolproof.reference.aio import Pool

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import HeldServer, SimulatedServer


async def test_life_02_close_ends_every_caller_and_every_connection(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=3)
    idle, lent = pool.acquire(), pool.acquire()
    await asyncio.gather(idle, lent)
    in_flight = lent.execute("ECHO", "in flight")
    await server.command()
    pool.release(idle)
    callers = [asyncio.create_task(pool.execute("ECHO", f"{caller}")) for caller in range(4)]
    await turns(1)
    await pool.close()
    assert {type(await error_of(call)) for call in (in_flight, *callers)} == {Closed}
    await server.until_open(0)


async def test_life_02_close_returns_when_the_sockets_are_closed(server: HeldServer) -> None:
    pool = Pool(server.url)
    lease = await pool.acquire()
    connection, _ = pool._core.lent[lease]
    await pool.close()
    assert connection.gone.done()


@pytest.mark.parametrize("turn", range(12))
async def test_life_02_close_ends_a_dial_at_any_turn(server: HeldServer, turn: int) -> None:
    pool = Pool(server.url)
    acquiring = asyncio.create_task(pool.execute("ECHO", "early"))
    await turns(turn)
    await pool.close()
    assert type(await error_of(acquiring)) is Closed


async def test_life_04_a_closed_pool_can_be_closed_again_and_takes_leases_back(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        await pool.close()
        await pool.close()
        with pytest.raises(Closed):
            connection.execute("PING")
    assert type(await error_of(pool.execute("PING"))) is Closed


async def test_life_04_a_pool_that_was_never_used_opens_nothing_once_closed(server: HeldServer) -> None:
    pool = Pool(server.url, min_idle=2, idle_timeout_seconds=10)
    await pool.close()
    assert type(await error_of(pool.execute("PING"))) is Closed
    assert server.accepted == 0


async def test_life_03_a_close_that_drains_serves_those_inside_and_then_returns(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_size=1)
    virtual_server.answers[b"ECHO"] = b"+done\r\n"
    callers = [asyncio.create_task(pool.execute("ECHO", f"{caller}")) for caller in range(3)]
    await turns(1)
    await pool.close(drain_timeout_seconds=10)
    assert [caller.result() for caller in callers] == [b"done"] * 3
    assert virtual_server.loop.time() < 1


async def test_life_03_a_pool_that_drains_lets_nobody_in(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
        await turns(1)
        assert await fate_of(pool.execute("PING")) == (Closed, Fate.NOT_SENT)
        assert await answered(server, connection.execute("ECHO", "inside")) == b"inside"
    await closing


async def test_life_03_a_drain_closes_what_is_idle_at_once(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire():
        async with pool.acquire():
            pass
        closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
        await server.until_open(1)
    await closing


async def test_life_03_a_drain_ends_at_its_limit(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=None)
    call = asyncio.create_task(pool.execute("ECHO", "never answered"))
    await virtual_server.command()
    await pool.close(drain_timeout_seconds=10)
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)
    assert virtual_server.loop.time() == 10


async def test_life_03_a_drain_ends_if_a_dial_fails_meanwhile(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1)
    virtual_server.network.hold(True)
    callers = [asyncio.create_task(pool.execute("PING")) for _ in range(2)]
    await asyncio.sleep(1)
    closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
    await turns(1)
    virtual_server.network.rule(False)
    virtual_server.network.rule(False)
    assert [await fate_of(caller) for caller in callers] == [(ConnectFailed, Fate.NOT_SENT)] * 2
    await closing
    assert virtual_server.loop.time() == 1


async def test_life_03_a_drain_ends_when_the_last_connection_comes_back_unfit_for_use(
    virtual_server: SimulatedServer,
) -> None:
    virtual_server.answers[b"MULTI"] = b"+OK\r\n"
    pool = Pool(virtual_server.url)
    async with pool.acquire() as connection:
        await connection.execute("MULTI")
        closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
        await turns(1)
    await closing
    assert virtual_server.loop.time() == 0


async def test_life_03_a_drain_ends_when_those_who_wait_give_up(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1)
    virtual_server.network.hold(True)
    callers = [asyncio.create_task(pool.execute("PING")) for _ in range(2)]
    await turns(1)
    closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
    await turns(1)
    for caller in callers:
        caller.cancel()
    await closing
    assert virtual_server.loop.time() == 0


async def test_life_03_two_that_drain_at_a_time_both_return_once_all_are_out(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url)
    async with pool.acquire():
        closing = [asyncio.create_task(pool.close(drain_timeout_seconds=seconds)) for seconds in (100, 200)]
        await asyncio.sleep(1)
    await asyncio.gather(*closing)
    assert virtual_server.loop.time() == 1


async def test_life_02_a_close_ends_a_drain_that_is_under_way(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url)
    lease = await pool.acquire()
    draining = asyncio.create_task(pool.close(drain_timeout_seconds=100))
    await asyncio.sleep(1)
    await pool.close()
    await draining
    assert virtual_server.loop.time() == 1
    pool.release(lease)


async def test_life_03_a_drain_that_is_cancelled_has_closed_the_pool(server: HeldServer) -> None:
    pool = Pool(server.url)
    call = asyncio.create_task(pool.execute("ECHO", "in flight"))
    await server.command()
    closing = asyncio.create_task(pool.close(drain_timeout_seconds=10))
    await turns(1)
    closing.cancel()
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)
    await server.until_open(0)


@pytest.mark.parametrize("min_idle", [0, 1])
async def test_a_pool_that_is_forgotten_without_a_close_is_warned_of_and_tends_nothing_any_more(
    virtual_server: SimulatedServer, min_idle: int
) -> None:
    pool = Pool(virtual_server.url, max_size=1, min_idle=min_idle)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    with pytest.warns(ResourceWarning, match="a Pool was never closed, and has 1 open connections"):
        del pool
        gc.collect()
    virtual_server.peers[0].end()
    await asyncio.sleep(100)
    assert virtual_server.accepted == 1


async def test_a_limit_that_makes_no_sense_is_misuse() -> None:
    with pytest.raises(Misuse):
        Pool(min_idle=11)
