"""The asyncio pool's connections: what is never lent again, and what a broken one costs its caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from poolproof.reference import ConnectFailed, ConnectionLost, Fate, Misuse, ProtocolError, ServerError
from poolproof.reference.aio import Pool

from .aio_calls import answered, error_of, fate_of
from .held_server import HeldServer, SimulatedServer


async def test_conn_02_a_connection_that_owes_a_cancelled_caller_its_reply_is_not_lent_again(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    caller = asyncio.create_task(pool.execute("ECHO", "cancelled"))
    late = await server.command()
    caller.cancel()
    await server.until_open(0)
    late.reply()
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 2
    await pool.close()


async def test_conn_02_a_release_ends_the_call_that_is_still_in_flight(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        call = connection.execute("ECHO", "in flight")
    error = await error_of(call)
    assert (type(error), error.fate) == (ConnectionLost, Fate.UNKNOWN)
    assert "closed, as it was released before the reply came" in str(error)
    await pool.close()


async def test_conn_02_a_cancelled_call_leaves_the_lease_nothing_but_its_release(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        connection.execute("ECHO", "cancelled").cancel()
        with pytest.raises(Misuse):
            connection.execute("ECHO", "next")
    await pool.close()


async def test_conn_02_a_connection_whose_late_reply_has_come_is_whole_again(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        connection.execute("ECHO", "cancelled").cancel()
        first = await server.command()
        first.reply(b"+late\r\n")
        while pool._core.lent[connection][0].calls:
            await asyncio.sleep(0)
        assert await answered(server, connection.execute("ECHO", "own")) == b"own"
    assert server.accepted == 1
    await pool.close()


@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR", b"!"])
async def test_conn_04_data_that_nobody_asked_for_closes_an_idle_connection(
    server: HeldServer, stray: bytes
) -> None:
    pool = Pool(server.url, max_size=1)
    await answered(server, pool.execute("ECHO", "first"))
    server.peers[0].write(stray)
    await server.until_open(0)
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR"])
async def test_conn_04_data_that_follows_a_reply_unasked_closes_the_connection(
    server: HeldServer, stray: bytes
) -> None:
    pool = Pool(server.url, max_size=1)
    first = asyncio.create_task(pool.execute("ECHO", "first"))
    (await server.command()).reply(b"+first\r\n" + stray)
    assert await first == b"first"
    await server.until_open(0)
    await pool.close()


async def test_conn_04_bytes_that_are_not_resp_fail_the_call_and_close_the_connection(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    call = asyncio.create_task(pool.execute("ECHO", "first"))
    (await server.command()).reply(b"HTTP/1.1 400 Bad Request\r\n")
    assert await fate_of(call) == (ProtocolError, Fate.UNKNOWN)
    await server.until_open(0)
    await pool.close()


async def test_mux_08_a_push_on_an_idle_connection_does_it_no_harm(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    await answered(server, pool.execute("ECHO", "first"))
    server.peers[0].write(b">2\r\n+invalidate\r\n*0\r\n")
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 1
    await pool.close()


async def test_pool_12_a_connection_that_the_server_closed_while_idle_is_not_lent(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    await answered(server, pool.execute("ECHO", "first"))
    server.peers[0].end()
    await server.until_open(0)
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    await pool.close()


async def test_pool_12_a_connection_whose_end_has_been_read_is_out_of_the_pool_that_turn(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as lease:
        connection, _ = pool._core.lent[lease]
    connection.eof_received()
    assert len(pool._core.idle) == 0
    await pool.close()


async def test_pool_12_a_connection_that_ends_while_it_is_made_counts_as_a_failed_dial(
    virtual_server: SimulatedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    dial = loop.create_connection

    async def dial_and_be_hung_up_on(*arguments: Any) -> None:
        _, protocol = await dial(*arguments)
        protocol.eof_received()

    monkeypatch.setattr(loop, "create_connection", dial_and_be_hung_up_on)
    pool = Pool(virtual_server.url, max_size=1)
    assert await fate_of(pool.execute("PING")) == (ConnectFailed, Fate.NOT_SENT)
    assert loop.time() == 0
    monkeypatch.undo()
    await pool.close()


async def test_pool_12_a_grant_whose_connection_dies_before_it_is_taken_is_replaced(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as lease:
        connection, _ = pool._core.lent[lease]
        waiting = asyncio.create_task(pool.execute("ECHO", "waits"))
        await asyncio.sleep(0)
    connection.eof_received()
    assert await answered(server, waiting) == b"waits"
    assert server.accepted == 2
    await pool.close()


async def test_call_06_a_call_on_a_connection_that_has_ended_is_not_sent(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        server.peers[0].end()
        await server.until_open(0)
        with pytest.raises(ConnectionLost) as caught:
            connection.execute("ECHO", "late")
    assert caught.value.fate is Fate.NOT_SENT
    await pool.close()


async def test_call_06_the_first_reason_for_the_end_of_a_connection_is_the_one_that_counts(
    server: HeldServer,
) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        server.peers[0].end()
        await server.until_open(0)
        await pool.close()
        with pytest.raises(ConnectionLost):
            connection.execute("ECHO", "late")


async def test_an_error_reply_is_raised_and_its_connection_kept(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    call = asyncio.create_task(pool.execute("GET"))
    (await server.command()).reply(b"-ERR wrong number of arguments\r\n")
    error = await error_of(call)
    assert (type(error), str(error), error.fate) == (
        ServerError,
        "ERR wrong number of arguments",
        Fate.EXECUTED,
    )
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 1
    await pool.close()


@pytest.mark.parametrize("command", [(), ("SET", "k", object()), ("SET", "k", "\ud800"), ("SET", "k", None)])
async def test_conn_03_a_command_that_cannot_be_encoded_sends_nothing(
    server: HeldServer, command: tuple[str, ...]
) -> None:
    pool = Pool(server.url, max_size=1)
    assert type(await error_of(pool.execute(*command))) is Misuse
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 1
    await pool.close()


async def test_a_second_command_before_the_first_reply_is_misuse(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        first = connection.execute("ECHO", "first")
        with pytest.raises(Misuse):
            connection.execute("ECHO", "second")
        assert await answered(server, first) == b"first"
    await pool.close()
