"""Several commands that stay together on an asyncio lease: batches and transactions."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import Closed, ConnectionLost, Fate, Misuse, ServerError
from poolproof.reference.aio import Pool

from .aio_calls import answered, error_of, fate_of
from .held_server import OK, HeldServer

QUEUED = b"+QUEUED\r\n"


async def test_call_08_a_batch_gives_all_replies_in_order_errors_among_them(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", "first"), ("GET",), ("ECHO", "third")])
        first, wrong, third = await server.commands(3)
        first.reply()
        wrong.reply(b"-ERR wrong\r\n")
        third.reply()
        replies = await call
    assert (replies[0], str(replies[1]), replies[2]) == (b"first", "ERR wrong", b"third")
    await pool.close()


async def test_call_08_a_batch_is_written_at_once(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", f"{number}") for number in range(3)])
        with pytest.raises(Misuse):
            connection.execute("ECHO", "between")
        for received in await server.commands(3):
            received.reply()
        assert await call == [b"0", b"1", b"2"]
    await pool.close()


async def test_call_08_a_transaction_gives_the_replies_to_its_commands(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        call = connection.transaction([("SET", "k", "v"), ("GET", "k")])
        for received, reply in zip(
            await server.commands(4), (OK, QUEUED, QUEUED, b"*2\r\n+OK\r\n+v\r\n"), strict=True
        ):
            received.reply(reply)
        assert await call == [b"OK", b"v"]
    assert [words[0] for words in server.heard[3:]] == [b"MULTI", b"SET", b"GET", b"EXEC"]
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 1
    await pool.close()


async def test_call_08_a_transaction_whose_watched_key_was_changed_gives_none(server: HeldServer) -> None:
    server.answers[b"WATCH"] = OK
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        call = connection.transaction([("GET", "k")])
        for received, reply in zip(await server.commands(3), (OK, QUEUED, b"_\r\n"), strict=True):
            received.reply(reply)
        assert await call is None
    await pool.close()


async def test_call_08_a_transaction_of_which_a_command_was_refused_fails_and_leaves_nothing(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        call = connection.transaction([("GET",)])
        replies = OK, b"-ERR wrong number of arguments\r\n", b"-EXECABORT Transaction discarded\r\n"
        for received, reply in zip(await server.commands(3), replies, strict=True):
            received.reply(reply)
        error = await error_of(call)
    assert (type(error), str(error.__cause__)) == (ServerError, "ERR wrong number of arguments")
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 1
    await pool.close()


@pytest.mark.parametrize("answers", [0, 1, 2])
async def test_call_03_a_batch_that_is_cancelled_costs_its_connection_and_nothing_else(
    server: HeldServer, answers: int
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", f"{number}") for number in range(3)])
        for received in (await server.commands(3))[:answers]:
            received.reply()
        while len(pool._core.lent[connection][0].calls) > 3 - answers:
            await asyncio.sleep(0)
        call.cancel()
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 2
    await pool.close()


async def test_call_03_a_cancelled_transaction_of_which_all_replies_came_leaves_nothing(
    server: HeldServer,
) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        connection.transaction([("GET", "k")]).cancel()
        for received, reply in zip(await server.commands(3), (OK, QUEUED, b"*1\r\n+v\r\n"), strict=True):
            received.reply(reply)
        while pool._core.lent[connection][0].calls:
            await asyncio.sleep(0)
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 1
    await pool.close()


async def test_conn_08_what_is_refused_in_a_batch_whose_caller_has_gone_is_left(server: HeldServer) -> None:
    server.answers[b"WATCH"] = OK
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        connection.batch([("ECHO", "first"), ("UNWATCH",)]).cancel()
        first, refused = await server.commands(2)
        first.reply()
        refused.reply(b"-NOPERM no\r\n")
        while pool._core.lent[connection][0].calls:
            await asyncio.sleep(0)
    await answered(server, pool.execute("ECHO", "next"))
    assert server.accepted == 2
    await pool.close()


async def test_mux_06_a_batch_whose_connection_ends_fails_once(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", "first"), ("ECHO", "second")])
        first, _ = await server.commands(2)
        first.reply()
        first.peer.end()
        assert await fate_of(call) == (ConnectionLost, Fate.UNKNOWN)
    await pool.close()


async def test_life_02_close_ends_a_batch(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        call = connection.batch([("ECHO", "first"), ("ECHO", "second")])
        await pool.close()
        assert await fate_of(call) == (Closed, Fate.UNKNOWN)


async def test_conn_03_of_a_batch_with_a_bad_command_nothing_is_sent(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        for commands in ([], [("GET", "k"), ("SET", "k", "\ud800")], [("GET", "k"), ()]):
            with pytest.raises(Misuse):
                connection.batch(commands)
        assert await answered(server, connection.execute("ECHO", "own")) == b"own"
    assert len(server.heard) == 4  # three of them the handshake's
    await pool.close()
