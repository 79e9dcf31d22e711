"""The asyncio pool: who waits, who dials, and what becomes of those who leave meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from poolproof.reference import AcquireTimeout, ConnectFailed, Fate, Misuse
from poolproof.reference.aio import Pool

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import GREETING, HeldServer, SimulatedServer


async def test_acquire_does_not_suspend_when_a_connection_is_idle(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire():
        pass
    lease = pool.acquire()
    with pytest.raises(StopIteration):
        lease.__await__().send(None)
    pool.release(lease)
    await pool.close()


async def test_a_lease_that_is_awaited_waits_as_one_that_is_entered(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    first = await pool.acquire()
    waiting = asyncio.ensure_future(pool.acquire())
    await turns(1)
    assert not waiting.done()
    pool.release(first)
    pool.release(await waiting)
    await pool.close()


async def test_pool_01_callers_beyond_the_capacity_wait_for_a_connection(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=2)
    callers = [asyncio.create_task(pool.execute("ECHO", f"{caller}")) for caller in range(5)]
    for _ in callers:
        (await server.command()).reply()
    assert await asyncio.gather(*callers) == [b"0", b"1", b"2", b"3", b"4"]
    assert server.accepted == 2
    await pool.close()


async def test_pool_01_a_socket_is_closed_before_the_one_that_replaces_it_is_opened(
    server: HeldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, loop = Pool(server.url, max_size=1), asyncio.get_running_loop()
    lease = await pool.acquire()
    lease.execute("ECHO", "cancelled").cancel()
    first, _ = pool._core.lent[lease]
    dial, closed_by_then = loop.create_connection, list[bool]()

    def spy(*arguments: Any) -> Awaitable[object]:
        closed_by_then.append(first.gone.done())
        return dial(*arguments)

    monkeypatch.setattr(loop, "create_connection", spy)
    pool.release(lease)
    await pool.acquire()
    assert closed_by_then == [True]
    await pool.close()


async def test_pool_08_a_released_lease_can_neither_send_nor_be_released_again(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as late:
        pass
    async with pool.acquire() as connection:  # the same connection, lent anew
        with pytest.raises(Misuse):
            late.execute("ECHO", "late")
        with pytest.raises(Misuse):
            pool.release(late)
        assert await answered(server, connection.execute("ECHO", "own")) == b"own"
    await pool.close()


async def test_pool_08_a_lease_released_into_another_pool_stays_where_it_is(server: HeldServer) -> None:
    own, other = Pool(server.url), Pool(server.url)
    async with own.acquire() as connection:
        with pytest.raises(Misuse):
            other.release(connection)
        assert await answered(server, connection.execute("ECHO", "own")) == b"own"
    assert (len(own._core.idle), len(other._core.idle)) == (1, 0)
    await own.close()
    await other.close()


async def test_pool_08_a_lease_cannot_be_acquired_twice_at_a_time(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        with pytest.raises(Misuse):
            await connection
    await pool.close()


async def test_pool_09_a_slow_handshake_delays_nobody_else(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=2)
    server.answers.clear()
    slow = asyncio.create_task(pool.execute("ECHO", "slow"))
    greeting = await server.commands(3)
    server.answers.update(GREETING)
    assert await answered(server, pool.execute("ECHO", "quick")) == b"quick"
    for step in greeting:
        step.reply(GREETING[step.words[0]])
    assert await answered(server, slow) == b"slow"
    await pool.close()


async def test_pool_10_no_more_callers_dial_at_a_time_than_allowed(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=5, max_dialling=2)
    virtual_server.network.hold(True)
    virtual_server.answers[b"ECHO"] = b"+done\r\n"
    callers = [asyncio.create_task(pool.execute("ECHO", f"{caller}")) for caller in range(5)]
    await asyncio.sleep(1)
    assert len(virtual_server.dialled) == 2
    virtual_server.network.hold(False)
    await asyncio.gather(*callers)
    await pool.close()


async def test_pool_10_a_waiting_caller_takes_a_returned_connection_and_does_not_dial(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, max_dialling=1)
    async with pool.acquire():
        virtual_server.network.hold(True)
        dialling, waiting = (asyncio.create_task(pool.execute("ECHO", name)) for name in ("first", "second"))
        await asyncio.sleep(1)
    assert await answered(virtual_server, waiting) == b"second"
    assert len(virtual_server.dialled) == 2
    virtual_server.network.hold(False)
    assert await answered(virtual_server, dialling) == b"first"
    await pool.close()


async def test_call_04_a_caller_cancelled_while_it_waits_sends_nothing(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire():
        waiter = asyncio.create_task(pool.execute("ECHO", "cancelled"))
        await turns(1)
        waiter.cancel()
        await asyncio.wait([waiter])
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.quiet()
    await pool.close()


async def test_call_04_a_connection_granted_to_a_caller_cancelled_that_turn_goes_to_the_next(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire():
        first, second = (asyncio.create_task(pool.execute("ECHO", name)) for name in ("first", "second"))
        await turns(1)
    first.cancel()
    assert await answered(server, second) == b"second"
    assert (first.cancelled(), server.accepted) == (True, 1)
    await pool.close()


async def test_call_04_a_connection_released_in_the_turn_of_a_cancellation_is_not_lost(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire():
        first, second = (asyncio.create_task(pool.execute("ECHO", name)) for name in ("first", "second"))
        await turns(1)
        first.cancel()
    assert await answered(server, second) == b"second"
    await pool.close()


@pytest.mark.parametrize("turn", range(12))
async def test_pool_03_a_caller_cancelled_at_any_turn_of_its_dial_leaves_nothing_behind(
    server: HeldServer, turn: int
) -> None:
    pool = Pool(server.url, max_size=1)
    dialling = asyncio.create_task(pool.execute("ECHO", "dials"))
    waiting = asyncio.create_task(pool.execute("ECHO", "waits"))
    await turns(turn)
    dialling.cancel()
    while (received := await server.command()).words[1] != b"waits":
        pass  # the first had come so far
    await server.until_open(1)
    received.reply()
    assert await waiting == b"waits"
    await pool.close()


async def test_pool_03_refused_dials_cost_no_capacity(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1)
    virtual_server.network.refusing = True
    fates = await asyncio.gather(*(fate_of(pool.execute("PING")) for _ in range(3)))
    assert fates == [(ConnectFailed, Fate.NOT_SENT)] * 3
    virtual_server.network.refusing = False
    assert await answered(virtual_server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


async def test_pool_03_a_dial_to_a_port_where_nobody_listens_fails(unused_port: int) -> None:
    pool = Pool(f"redis://127.0.0.1:{unused_port}")
    assert await fate_of(pool.execute("PING")) == (ConnectFailed, Fate.NOT_SENT)
    await pool.close()


async def test_pool_07_a_caller_whose_limit_expires_leaves_the_queue(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1, acquire_timeout_seconds=3)
    async with pool.acquire():
        error = await error_of(pool.execute("ECHO", "late"))
    assert type(error) is AcquireTimeout
    assert virtual_server.loop.time() == 3
    assert await answered(virtual_server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


async def test_pool_07_the_error_says_who_has_the_connections(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1, acquire_timeout_seconds=3)
    async with pool.acquire():
        error = await error_of(pool.execute("ECHO", "late"))
    assert "(capacity 1: all lent, 1 waiting; oldest lent 3.0 s by test_pool_07_the_error_says" in str(error)
    await pool.close()


async def test_pool_07_the_limit_bounds_the_dial_too(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1, acquire_timeout_seconds=3)
    virtual_server.network.hold(True)
    fates = await asyncio.gather(*(fate_of(pool.execute("PING")) for _ in range(2)))
    assert fates == [(AcquireTimeout, Fate.NOT_SENT)] * 2
    assert virtual_server.loop.time() == 3
    await pool.close()
