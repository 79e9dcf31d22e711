"""The asyncio pool in the course of time: what it dials ahead of need, lets go, asks for a sign of life."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import AcquireTimeout, Fate
from poolproof.reference.aio import Pool

from .aio_calls import answered, fate_of, turns
from .held_server import SimulatedServer

PONG = b"+PONG\r\n"


def used(server: SimulatedServer, connections: int) -> Pool:
    """A pool in which any connection that was idle for 30 s is asked for a sign of life."""
    server.answers[b"ECHO"] = b"+done\r\n"
    return Pool(server.url, max_size=connections, health_check_after_seconds=30)


async def test_pool_12_a_connection_that_was_idle_for_long_is_lent_if_it_gives_a_sign_of_life(
    virtual_server: SimulatedServer,
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    virtual_server.answers[b"PING"] = PONG
    assert await pool.execute("ECHO", "next") == b"done"
    assert [words[0] for words in virtual_server.heard[3:]] == [b"ECHO", b"PING", b"ECHO"]
    await pool.close()


async def test_pool_12_it_is_asked_for_a_lease_that_is_awaited_too(virtual_server: SimulatedServer) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    virtual_server.answers[b"PING"] = PONG
    pool.release(await pool.acquire())
    assert virtual_server.heard[-1] == [b"PING"]
    await pool.close()


async def test_pool_12_a_connection_that_was_idle_for_a_short_time_is_not_asked(
    virtual_server: SimulatedServer,
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(29)
    await pool.execute("ECHO", "next")
    assert [b"PING"] not in virtual_server.heard
    await pool.close()


@pytest.mark.parametrize("bytes_before", [b"", b"!\r\n", b"-LOADING it is loading\r\n"])
async def test_pool_12_a_connection_that_gives_no_sign_of_life_is_replaced(
    virtual_server: SimulatedServer, bytes_before: bytes
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    call = asyncio.create_task(pool.execute("ECHO", "next"))
    question = await virtual_server.command()
    question.reply(bytes_before)
    question.peer.end()
    assert await call == b"done"
    assert (virtual_server.accepted, len(virtual_server.peers)) == (2, 1)
    await pool.close()


async def test_conn_10_a_connection_that_stays_silent_is_replaced_after_the_command_limit(
    virtual_server: SimulatedServer,
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    assert await pool.execute("ECHO", "next") == b"done"
    assert (virtual_server.accepted, virtual_server.loop.time()) == (2, 35)
    await pool.close()


async def test_pool_05_who_finds_its_connection_dead_stays_first_in_line(
    virtual_server: SimulatedServer,
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    del virtual_server.answers[b"ECHO"]
    calls = [asyncio.create_task(pool.execute("ECHO", name)) for name in ("second", "third")]
    (await virtual_server.command()).peer.end()
    assert [await answered(virtual_server, call) for call in calls] == [b"second", b"third"]
    await pool.close()


async def test_pool_07_the_acquire_limit_bounds_the_check_too(virtual_server: SimulatedServer) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    pool._acquire_limit = 2
    assert await fate_of(pool.execute("ECHO", "next")) == (AcquireTimeout, Fate.NOT_SENT)
    assert (virtual_server.loop.time(), virtual_server.peers) == (32, [])
    assert await pool.execute("ECHO", "last") == b"done"
    await pool.close()


@pytest.mark.parametrize("turn", range(6))
async def test_pool_03_a_caller_cancelled_at_any_turn_of_the_check_leaves_nothing_behind(
    virtual_server: SimulatedServer, turn: int
) -> None:
    pool = used(virtual_server, 1)
    await pool.execute("ECHO", "first")
    await asyncio.sleep(30)
    virtual_server.answers[b"PING"] = PONG
    cancelled, next_one = (asyncio.create_task(pool.execute("ECHO", "next")) for _ in range(2))
    await turns(turn)
    cancelled.cancel()
    assert await next_one == b"done"
    assert len(virtual_server.peers) == 1
    await pool.close()


async def test_pool_11_a_connection_is_closed_when_it_was_idle_for_too_long(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, idle_timeout_seconds=10)
    await answered(virtual_server, pool.execute("ECHO", "first"))
    await virtual_server.until_open(0)
    assert 10 <= virtual_server.loop.time() <= 15
    await pool.close()


async def test_pool_11_a_connection_whose_time_is_up_is_not_lent_though_nobody_has_looked_yet(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, idle_timeout_seconds=10)
    await asyncio.sleep(1)
    await answered(virtual_server, pool.execute("ECHO", "first"))  # it looks every 5 s from now on
    async with pool.acquire():
        await asyncio.sleep(3)
    await asyncio.sleep(10)
    await answered(virtual_server, pool.execute("ECHO", "next"))
    assert virtual_server.accepted == 2
    await pool.close()


@pytest.mark.parametrize("connections", [1, 2])
async def test_pool_01_what_is_let_go_is_closed_before_its_room_is_used(
    virtual_server: SimulatedServer, connections: int
) -> None:
    pool = Pool(virtual_server.url, max_size=connections, idle_timeout_seconds=10)
    first, second = [pool.acquire() for _ in range(connections)], [pool.acquire() for _ in range(connections)]
    await asyncio.gather(*first)
    await asyncio.sleep(3)
    for lease in first:
        pool.release(lease)
    await asyncio.sleep(10)
    virtual_server.network.hold(True)
    taking = [asyncio.ensure_future(lease) for lease in second]
    await turns(3)
    assert (virtual_server.peers, len(virtual_server.dialled)) == ([], 2 * connections)
    virtual_server.network.hold(False)
    await asyncio.gather(*taking)
    await pool.close()


@pytest.mark.parametrize("entered", [False, True])
async def test_pool_11_one_that_is_too_old_is_closed_though_a_younger_one_is_lent(
    virtual_server: SimulatedServer, entered: bool
) -> None:
    pool = Pool(virtual_server.url, idle_timeout_seconds=10)
    old, young = pool.acquire(), pool.acquire()
    await asyncio.gather(old, young)
    await asyncio.sleep(3)
    pool.release(old)
    await asyncio.sleep(5)
    pool.release(young)
    await asyncio.sleep(5.5)
    lease = pool.acquire()
    await (lease.__aenter__() if entered else lease)
    assert (virtual_server.accepted, len(virtual_server.peers)) == (2, 1)
    await pool.close()


async def test_pool_11_age_never_closes_a_connection_in_use(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_lifetime_seconds=10, idle_timeout_seconds=10)
    async with pool.acquire() as connection:
        await asyncio.sleep(100)
        assert await answered(virtual_server, connection.execute("ECHO", "own")) == b"own"
    await virtual_server.until_open(0)  # but when it comes back, its time is up
    assert virtual_server.loop.time() == 100
    await pool.close()


async def test_pool_11_a_connection_too_old_to_be_lent_makes_room_for_whoever_waits(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_size=1, max_lifetime_seconds=10)
    async with pool.acquire():
        waiting = asyncio.create_task(pool.execute("ECHO", "waits"))
        await asyncio.sleep(11)
    assert await answered(virtual_server, waiting) == b"waits"
    assert virtual_server.accepted == 2
    await pool.close()
