"""The asyncio pool, at each point where a caller can be cancelled, timed out, or find its connection gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

import pytest

from poolproof.reference import (
    AcquireTimeout,
    Closed,
    ConnectFailed,
    ConnectionLost,
    Fate,
    Misuse,
    PoolproofError,
    ProtocolError,
    ServerError,
)
from poolproof.reference.aio import Pool

if TYPE_CHECKING:
    from tests.conftest import HeldServer


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def error_of(call: Awaitable[object]) -> PoolproofError:
    with pytest.raises(PoolproofError) as caught:
        await call
    return caught.value


async def answered(server: HeldServer, call: Awaitable[object]) -> object:
    """The call's result, once the server has answered the one command it holds."""
    running = asyncio.ensure_future(call)
    (await server.command()).reply()
    return await running


async def test_acquire_does_not_suspend_when_a_connection_is_idle(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port)
    async with pool.acquire():
        pass
    lease = pool.acquire()
    with pytest.raises(StopIteration):
        lease.__await__().send(None)
    pool.release(lease)
    await pool.close()


async def test_pool_01_callers_beyond_the_capacity_wait_for_a_connection(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=2)
    callers = [asyncio.create_task(pool.execute("ECHO", f"{caller}")) for caller in range(5)]
    for _ in callers:
        (await server.command()).reply()
    assert await asyncio.gather(*callers) == [b"0", b"1", b"2", b"3", b"4"]
    assert server.accepted == 2
    await pool.close()


async def test_pool_01_a_socket_is_closed_before_the_one_that_replaces_it_is_opened(
    server: HeldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, loop = Pool("127.0.0.1", server.port, max_size=1), asyncio.get_running_loop()
    lease = await pool.acquire()
    lease.execute("ECHO", "cancelled").cancel()
    first = pool._core.lent[lease]
    dial, closed_by_then = loop.create_connection, list[bool]()

    def spy(*arguments: Any) -> Awaitable[object]:
        closed_by_then.append(first.gone.done())
        return dial(*arguments)

    monkeypatch.setattr(loop, "create_connection", spy)
    pool.release(lease)
    await pool.acquire()
    assert closed_by_then == [True]
    await pool.close()


async def test_call_04_a_caller_cancelled_while_it_waits_sends_nothing(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
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
    pool = Pool("127.0.0.1", server.port, max_size=1)
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
    pool = Pool("127.0.0.1", server.port, max_size=1)
    async with pool.acquire():
        first, second = (asyncio.create_task(pool.execute("ECHO", name)) for name in ("first", "second"))
        await turns(1)
        first.cancel()
    assert await answered(server, second) == b"second"
    await pool.close()


@pytest.mark.parametrize("turn", range(8))
async def test_pool_03_a_caller_cancelled_at_any_turn_of_its_dial_leaves_nothing_behind(
    server: HeldServer, turn: int
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
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


async def test_conn_02_a_connection_that_owes_a_cancelled_caller_its_reply_is_not_lent_again(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    caller = asyncio.create_task(pool.execute("ECHO", "cancelled"))
    late = await server.command()
    caller.cancel()
    await server.until_open(0)
    late.reply()
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 2
    await pool.close()


async def test_conn_02_a_release_ends_the_call_that_is_still_in_flight(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    async with pool.acquire() as connection:
        call = connection.execute("ECHO", "in flight")
    error = await error_of(call)
    assert (type(error), error.fate) == (ConnectionLost, Fate.UNKNOWN)
    await pool.close()


async def test_pool_07_a_caller_whose_limit_expires_leaves_the_queue(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    async with pool.acquire():
        pool._acquire_timeout_seconds = 0
        error = await error_of(pool.execute("ECHO", "late"))
        assert type(error) is AcquireTimeout
        assert "(capacity 1: all lent, 1 callers waiting)" in str(error)
    pool._acquire_timeout_seconds = None
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


@pytest.mark.usefixtures("dials_hang")
async def test_pool_07_the_limit_bounds_the_dial_too() -> None:
    pool = Pool("127.0.0.1", 1, max_size=1, acquire_timeout_seconds=0)
    errors = await asyncio.gather(*(error_of(pool.execute("PING")) for _ in range(2)))
    assert [type(error) for error in errors] == [AcquireTimeout, AcquireTimeout]
    await pool.close()


async def test_pool_03_refused_dials_cost_no_capacity(unused_port: int) -> None:
    pool = Pool("127.0.0.1", unused_port, max_size=1)
    errors = await asyncio.gather(*(error_of(pool.execute("PING")) for _ in range(3)))
    assert {(type(error), error.fate) for error in errors} == {(ConnectFailed, Fate.NOT_SENT)}
    await pool.close()


async def test_pool_12_a_connection_that_the_server_closed_while_idle_is_not_lent(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    await answered(server, pool.execute("ECHO", "first"))
    server.peers[0].write_eof()
    await server.until_open(0)
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


async def test_pool_12_a_connection_whose_end_has_been_read_is_out_of_the_pool_that_turn(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    async with pool.acquire() as lease:
        connection = pool._core.lent[lease]
    connection.eof_received()
    assert pool._core.idle == []
    await pool.close()


async def test_pool_12_a_connection_that_ends_while_it_is_made_counts_as_a_failed_dial(
    server: HeldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    dial = asyncio.BaseEventLoop.create_connection

    async def dial_and_be_hung_up_on(*arguments: Any) -> None:
        _, protocol = await dial(*arguments)
        protocol.eof_received()

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", dial_and_be_hung_up_on)
    pool = Pool("127.0.0.1", server.port, max_size=1)
    error = await error_of(pool.execute("PING"))
    assert (type(error), error.fate) == (ConnectFailed, Fate.NOT_SENT)
    monkeypatch.undo()
    await pool.close()


@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR", b"!"])
async def test_conn_04_data_that_nobody_asked_for_closes_an_idle_connection(
    server: HeldServer, stray: bytes
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    await answered(server, pool.execute("ECHO", "first"))
    server.peers[0].write(stray)
    await server.until_open(0)
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR"])
async def test_conn_04_data_that_follows_a_reply_unasked_closes_the_connection(
    server: HeldServer, stray: bytes
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    first = asyncio.create_task(pool.execute("ECHO", "first"))
    (await server.command()).reply(b"+first\r\n" + stray)
    assert await first == b"first"
    await server.until_open(0)
    await pool.close()


async def test_conn_04_bytes_that_are_not_resp_fail_the_call_and_close_the_connection(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    call = asyncio.create_task(pool.execute("ECHO", "first"))
    (await server.command()).reply(b"HTTP/1.1 400 Bad Request\r\n")
    error = await error_of(call)
    assert (type(error), error.fate) == (ProtocolError, Fate.UNKNOWN)
    await server.until_open(0)
    await pool.close()


async def test_an_error_reply_is_raised_and_its_connection_kept(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    call = asyncio.create_task(pool.execute("NONSENSE"))
    (await server.command()).reply(b"-ERR unknown command\r\n")
    error = await error_of(call)
    assert (type(error), str(error), error.fate) == (ServerError, "ERR unknown command", Fate.EXECUTED)
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 1
    await pool.close()


async def test_life_02_close_ends_every_caller_and_every_connection(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=3)
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


@pytest.mark.parametrize("turn", range(8))
async def test_life_02_close_ends_a_dial_at_any_turn(server: HeldServer, turn: int) -> None:
    pool = Pool("127.0.0.1", server.port)
    acquiring = asyncio.create_task(pool.execute("ECHO", "early"))
    await turns(turn)
    await pool.close()
    assert type(await error_of(acquiring)) is Closed


async def test_life_04_a_closed_pool_can_be_closed_again_and_takes_leases_back(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port)
    async with pool.acquire() as connection:
        await pool.close()
        await pool.close()
        with pytest.raises(Closed):
            connection.execute("PING")
    assert type(await error_of(pool.execute("PING"))) is Closed


async def test_pool_08_a_released_lease_can_neither_send_nor_be_released_again(
    server: HeldServer,
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    async with pool.acquire() as late:
        pass
    async with pool.acquire() as connection:  # the same connection, lent anew
        with pytest.raises(Misuse):
            late.execute("ECHO", "late")
        with pytest.raises(Misuse):
            pool.release(late)
        assert await answered(server, connection.execute("ECHO", "own")) == b"own"
    await pool.close()


@pytest.mark.parametrize("command", [(), ("SET", "k", object()), ("SET", "k", "\ud800"), ("SET", "k", None)])
async def test_conn_03_a_command_that_cannot_be_encoded_sends_nothing(
    server: HeldServer, command: tuple[str, ...]
) -> None:
    pool = Pool("127.0.0.1", server.port, max_size=1)
    assert type(await error_of(pool.execute(*command))) is Misuse
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 1
    await pool.close()


async def test_a_second_command_before_the_first_reply_is_misuse(server: HeldServer) -> None:
    pool = Pool("127.0.0.1", server.port)
    async with pool.acquire() as connection:
        first = connection.execute("ECHO", "first")
        with pytest.raises(Misuse):
            connection.execute("ECHO", "second")
        assert await answered(server, first) == b"first"
    await pool.close()
