"""The asyncio multiplexer: whose reply it is, and what becomes of calls when callers or connections go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import pytest

from poolproof.reference import (
    Closed,
    ConnectFailed,
    ConnectionLost,
    Fate,
    Misuse,
    Overflow,
    PoolproofError,
    ProtocolError,
    ServerError,
)
from poolproof.reference.aio import Multiplexer

if TYPE_CHECKING:
    from tests.conftest import HeldServer, Received


async def error_of(call: Awaitable[object]) -> tuple[type[PoolproofError], Fate]:
    with pytest.raises(PoolproofError) as caught:
        await call
    return type(caught.value), caught.value.fate


async def commands(server: HeldServer, count: int) -> list[Received]:
    return [await server.command() for _ in range(count)]


async def answered(server: HeldServer, call: Awaitable[object]) -> object:
    """The call's result, once the server has answered the one command it holds."""
    (await server.command()).reply()
    return await call


async def test_mux_01_all_callers_share_one_connection_and_each_gets_its_own_reply(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(100)]
    for received in await commands(server, 100):
        received.reply()
    assert await asyncio.gather(*calls) == [b"%d" % caller for caller in range(100)]
    assert server.accepted == 1
    await multiplexer.close()


async def test_commands_are_sent_before_the_replies_to_earlier_ones_come(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    first = multiplexer.execute("ECHO", "first")
    held = await server.command()
    second = multiplexer.execute("ECHO", "second")
    received = await server.command()
    held.reply()
    received.reply()
    assert await asyncio.gather(*[first, second]) == [b"first", b"second"]
    await multiplexer.close()


async def test_a_command_sent_when_none_is_in_flight_does_not_wait_for_another(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    for name in ("first", "second"):
        assert await answered(server, multiplexer.execute("ECHO", name)) == name.encode()
    await multiplexer.close()


async def test_mux_02_the_reply_to_a_cancelled_call_goes_to_nobody(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(5)]
    held = await commands(server, 5)
    calls[2].cancel()
    for received in held:
        received.reply()
    replies = await asyncio.gather(*calls, return_exceptions=True)
    assert [*replies[:2], *replies[3:]] == [b"0", b"1", b"3", b"4"]
    await multiplexer.close()


async def test_call_04_a_call_cancelled_before_it_was_written_is_never_sent(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    cancelled, kept = (multiplexer.execute("ECHO", name) for name in ("cancelled", "kept"))
    cancelled.cancel()
    assert await answered(server, kept) == b"kept"
    assert server.quiet()
    await multiplexer.close()


async def test_mux_05_at_the_bound_in_flight_commands_wait_for_replies(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port, max_in_flight=2)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(3)]
    first, second = await commands(server, 2)
    assert server.quiet()
    first.reply()
    third = await server.command()
    second.reply()
    third.reply()
    assert await asyncio.gather(*calls) == [b"0", b"1", b"2"]
    await multiplexer.close()


async def test_mux_05_a_call_beyond_the_bounds_overflows_at_once(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port, max_in_flight=1, max_backlog=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    with pytest.raises(Overflow):
        multiplexer.execute("ECHO", "too many")
    assert [await answered(server, call) for call in calls] == [b"0", b"1"]
    await multiplexer.close()


async def test_mux_06_a_loss_fails_what_was_written_as_unknown_and_the_backlog_as_not_sent(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port, max_in_flight=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    (await server.command()).peer.write_eof()
    fates = [await error_of(call) for call in calls]
    assert fates == [(ConnectionLost, Fate.UNKNOWN), (ConnectionLost, Fate.NOT_SENT)]
    await multiplexer.close()


async def test_life_05_the_next_call_after_a_loss_dials_again_and_nothing_is_sent_twice(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    lost = multiplexer.execute("ECHO", "lost")
    (await server.command()).peer.write_eof()
    await error_of(lost)
    assert await answered(server, multiplexer.execute("ECHO", "next")) == b"next"
    assert (server.accepted, server.quiet()) == (2, True)
    await multiplexer.close()


async def test_conn_04_a_reply_nobody_asked_for_ends_the_connection(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    await answered(server, multiplexer.execute("ECHO", "first"))
    server.peers[0].write(b"+STRAY\r\n")
    await server.until_open(0)
    assert await answered(server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_conn_04_bytes_that_are_not_resp_fail_all_in_flight(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    (await commands(server, 2))[0].reply(b"HTTP/1.1 400 Bad Request\r\n")
    assert [await error_of(call) for call in calls] == [(ProtocolError, Fate.UNKNOWN)] * 2
    await multiplexer.close()


async def test_mux_08_a_push_completes_no_call(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    call = multiplexer.execute("ECHO", "own")
    (await server.command()).reply(b">2\r\n+invalidate\r\n*0\r\n+own\r\n")
    assert await call == b"own"
    await multiplexer.close()


async def test_an_error_reply_is_raised_to_its_own_caller_only(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    wrong, right = multiplexer.execute("NONSENSE"), multiplexer.execute("ECHO", "right")
    (await server.command()).reply(b"-ERR unknown command\r\n")
    assert await answered(server, right) == b"right"
    assert await error_of(wrong) == (ServerError, Fate.EXECUTED)
    await multiplexer.close()


async def test_conn_03_a_command_that_cannot_be_encoded_raises_before_anything_is_queued() -> None:
    multiplexer = Multiplexer("127.0.0.1", 1)
    with pytest.raises(Misuse):
        multiplexer.execute("SET", "k", "\ud800")
    await multiplexer.close()


async def test_life_01_all_calls_fail_when_the_dial_does_and_the_next_one_dials_again(
    unused_port: int,
) -> None:
    multiplexer = Multiplexer("127.0.0.1", unused_port)
    for _ in range(2):
        calls = [multiplexer.execute("PING") for _ in range(3)]
        assert [await error_of(call) for call in calls] == [(ConnectFailed, Fate.NOT_SENT)] * 3
    await multiplexer.close()


@pytest.mark.usefixtures("dials_hang")
async def test_life_01_a_dial_is_given_up_at_its_limit() -> None:
    multiplexer = Multiplexer("127.0.0.1", 1, connect_timeout_seconds=0)
    assert await error_of(multiplexer.execute("PING")) == (ConnectFailed, Fate.NOT_SENT)
    await multiplexer.close()


async def test_life_02_close_ends_every_call_and_the_connection(server: HeldServer) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port, max_in_flight=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    await server.command()
    await multiplexer.close()
    assert [await error_of(call) for call in calls] == [(Closed, Fate.UNKNOWN), (Closed, Fate.NOT_SENT)]
    await server.until_open(0)


@pytest.mark.parametrize("turn", range(8))
async def test_life_02_close_ends_a_dial_at_any_turn(server: HeldServer, turn: int) -> None:
    multiplexer = Multiplexer("127.0.0.1", server.port)
    call = multiplexer.execute("ECHO", "early")
    for _ in range(turn):
        await asyncio.sleep(0)
    await multiplexer.close()
    assert (await error_of(call))[0] is Closed


async def test_life_04_a_closed_multiplexer_can_be_closed_again_and_takes_no_call() -> None:
    multiplexer = Multiplexer("127.0.0.1", 1)
    await multiplexer.close()
    await multiplexer.close()
    with pytest.raises(Closed):
        multiplexer.execute("PING")
