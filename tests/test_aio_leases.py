"""What an asyncio lease leaves on its connection, and whether that may be lent again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from poolproof.reference import Misuse, ServerError
from poolproof.reference.aio import Pool

from .aio_calls import error_of, turns
from .held_server import OK, HeldServer, SimulatedServer

QUEUED = b"+QUEUED\r\n"
REFUSED = b"-ERR refused\r\n"
ANSWERS = {
    **dict.fromkeys((b"MULTI", b"DISCARD", b"WATCH", b"UNWATCH", b"READONLY"), OK),
    b"EXEC": b"*0\r\n",
    b"GET": b"$1\r\nv\r\n",
    b"NEW.COMMAND": OK,
}


async def refused(server: HeldServer, call: Awaitable[object]) -> object:
    """The call's result, once the server has refused the one command it holds."""
    (await server.command()).reply(REFUSED)
    return await call


async def connections_for_two(server: HeldServer, commands: Sequence[tuple[str, ...]]) -> int:
    """How many connections it takes to serve one caller who sends these commands, and then another."""
    server.answers.update(ANSWERS)
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        for command in commands:
            await connection.execute(*command)
    assert await pool.execute("GET", "k") == b"v"
    await pool.close()
    return server.accepted


@pytest.mark.parametrize(
    "commands",
    [
        [("SELECT", "3")],
        [("MULTI",)],
        [("MULTI",), ("SELECT", "3"), ("EXEC",)],
        [("WATCH", "k")],
        [("WATCH", "k"), ("EXEC",)],
        [("CLIENT", "SETNAME", "me")],
        [("CLIENT", "TRACKING", "ON")],
        [("READONLY",)],
        [("NEW.COMMAND",)],
    ],
)
async def test_conn_08_a_connection_on_which_something_is_left_is_closed(
    server: HeldServer, commands: list[tuple[str, ...]]
) -> None:
    assert await connections_for_two(server, commands) == 2


@pytest.mark.parametrize(
    "commands",
    [
        [("SELECT", "3"), ("SELECT", "0")],
        [("MULTI",), ("GET", "k"), ("EXEC",)],
        [("MULTI",), ("DISCARD",)],
        [("WATCH", "k"), ("UNWATCH",)],
        [("WATCH", "k"), ("MULTI",), ("GET", "k"), ("EXEC",)],
        [("CLIENT", "GETNAME")],
    ],
)
async def test_conn_08_a_connection_on_which_nothing_is_left_is_lent_again(
    server: HeldServer, commands: list[tuple[str, ...]]
) -> None:
    assert await connections_for_two(server, commands) == 1


async def test_conn_08_the_database_of_the_url_is_what_a_lease_has_to_leave(server: HeldServer) -> None:
    server.url += "/3"
    assert await connections_for_two(server, [("SELECT", "0"), ("SELECT", "3")]) == 1


async def test_conn_08_a_connection_that_owes_a_reply_is_closed(server: HeldServer) -> None:
    server.answers.update(ANSWERS)
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        connection.execute("ECHO", "owed").cancel()
    assert await pool.execute("GET", "k") == b"v"
    assert server.accepted == 2
    await pool.close()


async def test_conn_08_what_a_batch_leaves_counts_too(server: HeldServer) -> None:
    server.answers.update(ANSWERS)
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.batch([("GET", "k"), ("SELECT", "3")])
    assert await pool.execute("GET", "k") == b"v"
    assert server.accepted == 2
    await pool.close()


async def test_conn_08_a_refusal_concerns_the_command_that_it_answers(server: HeldServer) -> None:
    server.answers.update(ANSWERS)
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        await connection.execute("UNWATCH")
        await error_of(refused(server, connection.execute("INCR", "k")))
    assert await pool.execute("GET", "k") == b"v"
    assert server.accepted == 1
    await pool.close()


async def test_conn_08_what_the_server_refused_to_undo_is_left(server: HeldServer) -> None:
    server.answers.update(ANSWERS)
    server.answers[b"UNWATCH"] = REFUSED
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        assert type(await error_of(connection.execute("UNWATCH"))) is ServerError
    await pool.execute("GET", "k")
    assert server.accepted == 2
    await pool.close()


async def test_conn_08_what_is_refused_after_the_caller_has_gone_is_left_too(
    virtual_server: SimulatedServer,
) -> None:
    virtual_server.answers.update(ANSWERS)
    del virtual_server.answers[b"UNWATCH"]
    pool = Pool(virtual_server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        connection.execute("UNWATCH").cancel()
        (await virtual_server.command()).reply(REFUSED)
        await asyncio.sleep(1)
    await pool.execute("GET", "k")
    assert virtual_server.accepted == 2
    await pool.close()


@pytest.mark.parametrize("turn", range(4))
async def test_conn_08_a_refusal_counts_from_the_moment_in_which_it_is_read(
    virtual_server: SimulatedServer, turn: int
) -> None:
    virtual_server.answers.update(ANSWERS)
    del virtual_server.answers[b"UNWATCH"]
    pool = Pool(virtual_server.url, max_size=1)
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        undoing = connection.execute("UNWATCH")
        undoing.add_done_callback(lambda call: call.exception())
        (await virtual_server.command()).reply(REFUSED)
        await turns(turn)
    await pool.execute("GET", "k")
    assert virtual_server.accepted == 2
    await pool.close()


@pytest.mark.parametrize("command", ["SUBSCRIBE", "MONITOR", "HELLO", "QUIT", "SHUTDOWN"])
async def test_mux_04_a_command_that_takes_its_connection_over_is_refused_and_nothing_sent(
    server: HeldServer, command: str
) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        before = len(server.heard)
        with pytest.raises(Misuse):
            connection.execute(command)
        with pytest.raises(Misuse):
            connection.batch([("GET", "k"), (command,)])
        assert len(server.heard) == before
    await pool.close()
