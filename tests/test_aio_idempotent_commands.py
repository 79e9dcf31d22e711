"""What the asyncio multiplexer sends again after a loss, and what it does not."""

from __future__ import annotations

import pytest

from poolproof.reference import (
    ConnectFailed,
    ConnectionLost,
    Fate,
    HandshakeFailed,
    ServerError,
)
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, fate_of
from .held_server import HeldServer, SimulatedServer


async def test_call_05_a_command_that_may_have_been_executed_is_not_sent_again(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("INCR", "k")
    (await server.command()).peer.end()
    assert await fate_of(call) == (ConnectionLost, Fate.UNKNOWN)
    await answered(server, multiplexer.execute("ECHO", "next"))
    assert server.heard.count([b"INCR", b"k"]) == 1
    await multiplexer.close()


async def test_call_05_an_idempotent_command_is_sent_again(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    (await server.command()).peer.end()
    assert await answered(server, call) == b"again"
    await multiplexer.close()


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_call_09_an_idempotent_command_is_sent_so_many_times_at_most(
    server: HeldServer, attempts: int
) -> None:
    multiplexer = Multiplexer(server.url, attempts=attempts)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    for _ in range(attempts):
        (await server.command()).peer.end()
    assert await fate_of(call) == (ConnectionLost, Fate.UNKNOWN)
    assert server.heard.count([b"ECHO", b"again"]) == attempts
    await multiplexer.close()


async def test_call_09_between_the_attempts_there_are_pauses(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url, attempts=10, command_timeout_seconds=None)
    virtual_server.network.refusing = True
    assert await fate_of(multiplexer.execute("PING", idempotent=True)) == (ConnectFailed, Fate.NOT_SENT)
    assert len(virtual_server.dialled) == 10
    assert virtual_server.loop.time() > 3
    await multiplexer.close()


async def test_call_06_the_fate_of_an_idempotent_command_counts_all_attempts(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, attempts=2)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    received = await virtual_server.command()
    virtual_server.network.refusing = True
    received.peer.end()
    assert (await fate_of(call))[1] is Fate.UNKNOWN
    await multiplexer.close()


async def test_call_05_no_attempt_follows_a_handshake_that_was_refused(server: HeldServer) -> None:
    server.answers[b"HELLO"] = b"-NOAUTH Authentication required.\r\n"
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    error = await error_of(call)
    assert isinstance(error, HandshakeFailed)
    assert server.accepted == 1
    await multiplexer.close()


async def test_call_05_no_attempt_follows_an_error_reply(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("GET", idempotent=True)
    (await server.command()).reply(b"-ERR wrong\r\n")
    assert await fate_of(call) == (ServerError, Fate.EXECUTED)
    assert server.quiet()
    await multiplexer.close()


async def test_call_03_an_idempotent_command_that_is_cancelled_is_not_sent_again(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    received = await server.command()
    call.cancel()
    received.peer.end()
    await server.until_open(0)
    assert await answered(server, multiplexer.execute("ECHO", "next")) == b"next"
    assert server.heard.count([b"ECHO", b"again"]) == 1
    await multiplexer.close()
