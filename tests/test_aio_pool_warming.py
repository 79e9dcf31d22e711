"""The asyncio pool keeps `min_idle` connections at hand, in the background."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference.aio import Pool

from .aio_calls import answered, turns
from .held_server import SimulatedServer


async def test_pool_11_connections_are_dialled_ahead_of_need(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, min_idle=2)
    async with pool.acquire():
        await virtual_server.until_open(3)
    assert virtual_server.loop.time() == 0
    await pool.close()


async def test_pool_11_what_was_lost_is_replaced_in_the_background(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, min_idle=2)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    await virtual_server.until_open(3)
    for peer in virtual_server.peers.copy():
        peer.end()
    await virtual_server.until_open(0)
    await virtual_server.until_open(2)
    assert virtual_server.loop.time() <= 1
    await pool.close()


async def test_pool_11_what_was_idle_for_too_long_is_replaced(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, min_idle=1, idle_timeout_seconds=10)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    await asyncio.sleep(100.5)
    assert (virtual_server.accepted > 5, len(virtual_server.peers)) == (True, 1)
    await pool.close()


async def test_pool_11_a_caller_does_not_wait_for_what_is_dialled_ahead(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, min_idle=2)
    virtual_server.network.hold(True)
    virtual_server.network.rule(True)
    assert await answered(virtual_server, pool.execute("ECHO", "first")) == b"first"
    assert (len(virtual_server.dialled), virtual_server.accepted) == (3, 1)
    virtual_server.network.hold(False)
    await asyncio.sleep(1)
    await pool.close()


async def test_pool_01_a_caller_gets_the_connection_that_was_dialled_ahead_when_there_is_room_for_no_other(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_size=1, min_idle=1)
    assert await answered(virtual_server, pool.execute("ECHO", "first")) == b"first"
    assert virtual_server.accepted == 1
    await pool.close()


async def test_pool_03_a_dial_ahead_of_need_that_fails_costs_nothing_and_is_tried_again(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_size=2, min_idle=2)
    virtual_server.network.rule(False)
    virtual_server.network.rule(False)
    assert await answered(virtual_server, pool.execute("ECHO", "first")) == b"first"
    await virtual_server.until_open(2)
    assert virtual_server.loop.time() <= 1
    await pool.close()


async def test_life_06_dials_ahead_of_need_that_fail_make_no_storm(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, min_idle=3)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    await virtual_server.until_open(4)
    virtual_server.network.refusing = True
    for peer in virtual_server.peers.copy():
        peer.end()
    virtual_server.dialled.clear()
    await asyncio.sleep(10)
    assert len(virtual_server.dialled) <= 3 * 10
    await pool.close()


@pytest.mark.parametrize("turn", range(8))
async def test_life_02_close_ends_what_is_dialled_ahead_at_any_turn(
    virtual_server: SimulatedServer, turn: int
) -> None:
    pool = Pool(virtual_server.url, min_idle=3)
    lease = await pool.acquire()
    pool.release(lease)
    for peer in virtual_server.peers.copy():
        peer.end()
    await virtual_server.until_open(0)
    await asyncio.sleep(1)  # now they are dialled again
    await turns(turn)
    await pool.close()
    assert virtual_server.peers == []


async def test_life_02_close_ends_a_dial_ahead_of_need_that_hangs(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, min_idle=1)
    virtual_server.network.hold(True)
    virtual_server.network.rule(True)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    await pool.close()
    assert virtual_server.loop.time() == 0


async def test_life_03_a_drain_does_not_wait_for_what_is_dialled_ahead_beyond_its_limit(
    virtual_server: SimulatedServer,
) -> None:
    virtual_server.network.hold(True)
    virtual_server.network.rule(True)
    pool = Pool(virtual_server.url, min_idle=1)
    asking = asyncio.create_task(pool.execute("ECHO", "first"))
    await turns(5)
    await pool.close(drain_timeout_seconds=3)
    assert virtual_server.loop.time() == 3
    await asyncio.wait([asking])
    asking.exception()
