"""How an asyncio multiplexer begins to listen, and what is left if it cannot."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import CommandTimeout, ConnectionLost, Fate, Misuse, Overflow, ServerError
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import NO_RESP3, RESP3, HeldServer, SimulatedServer
from .publishing import confirmation, confirmed, message

REFUSED = b"-NOPERM no access to this channel\r\n"


async def test_a_subscription_that_is_refused_fails_and_leaves_nothing(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    subscribing = asyncio.ensure_future(multiplexer.subscribe("secret"))
    (await server.command()).reply(REFUSED)
    assert await fate_of(subscribing) == (ServerError, Fate.EXECUTED)
    assert multiplexer._subscriptions.listeners == {}
    await multiplexer.close()


async def test_a_second_listener_is_told_of_a_refusal_too(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    server.answers[b"SUBSCRIBE"] = REFUSED
    server.answers[b"UNSUBSCRIBE"] = confirmation(b"secret", kind=b"unsubscribe")
    both = [asyncio.ensure_future(multiplexer.subscribe("secret")) for _ in range(2)]
    assert [await fate_of(each) for each in both] == [(ServerError, Fate.EXECUTED)] * 2
    await multiplexer.close()


@pytest.mark.parametrize("turn", range(4))
async def test_a_second_listener_gets_its_messages_though_the_first_gave_up_meanwhile(
    virtual_server: SimulatedServer, turn: int
) -> None:
    multiplexer = Multiplexer(virtual_server.url, max_in_flight=1)
    full = multiplexer.execute("ECHO", "in flight")
    held = await virtual_server.command()
    first = asyncio.ensure_future(multiplexer.subscribe("news"))
    await turns(1)
    second = asyncio.ensure_future(multiplexer.subscribe("news"))
    await turns(turn)
    first.cancel()
    await turns(3)
    held.reply()
    await full
    await confirmed(virtual_server)
    virtual_server.peers[0].write(message(b"news", b"1"))
    assert (await anext(await second)).data == b"1"
    await multiplexer.close()


@pytest.mark.parametrize("turn", range(4))
async def test_call_03_a_subscription_that_is_cancelled_listens_to_nothing(
    virtual_server: SimulatedServer, turn: int
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    await answered(virtual_server, multiplexer.execute("ECHO", "first"))
    subscribing = asyncio.ensure_future(multiplexer.subscribe("a", "b"))
    await turns(turn)
    subscribing.cancel()
    await asyncio.wait([subscribing])
    assert multiplexer._subscriptions.listeners == {}
    call = multiplexer.execute("ECHO", "own")
    while (received := await virtual_server.command()).words[0] != b"ECHO":
        received.reply(confirmation(received.words[1], kind=received.words[0].lower()))
    received.reply()
    assert await call == b"own"
    await multiplexer.close()


async def test_mux_05_a_subscription_beyond_the_bounds_overflows_and_leaves_nothing(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1, max_backlog=1)
    full = multiplexer.execute("ECHO", "in flight")
    held = await server.command()
    assert type(await error_of(multiplexer.subscribe("a", "b", "c"))) is Overflow
    assert multiplexer._subscriptions.listeners == {}
    held.reply()
    await full
    await multiplexer.close()


async def test_call_01_a_subscription_that_is_not_confirmed_fails_at_the_limit(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, command_timeout_seconds=8)
    await answered(virtual_server, multiplexer.execute("ECHO", "first"))
    assert await fate_of(multiplexer.subscribe("news")) == (CommandTimeout, Fate.UNKNOWN)
    assert multiplexer._subscriptions.listeners == {}
    await multiplexer.close()


async def test_mux_09_with_resp2_a_subscription_is_refused(server: HeldServer) -> None:
    server.answers.update({b"HELLO": NO_RESP3, b"PING": b"+PONG\r\n"})
    multiplexer = Multiplexer(server.url)
    assert type(await error_of(multiplexer.subscribe("news"))) is Misuse
    assert [b"SUBSCRIBE", b"news"] not in server.heard
    await multiplexer.close()


async def test_a_subscription_waits_for_the_connection(virtual_server: SimulatedServer) -> None:
    virtual_server.answers[b"PING"] = b"+PONG\r\n"
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.hold(True)
    subscribing = asyncio.ensure_future(multiplexer.subscribe("news"))
    await asyncio.sleep(1)
    virtual_server.answers[b"HELLO"] = RESP3
    virtual_server.network.hold(False)
    await confirmed(virtual_server)
    await subscribing
    await multiplexer.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_subscription_after_a_loss_waits_for_the_new_connection(
    server: HeldServer, protocol: int
) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    server.peers[0].end()
    await server.until_open(0)
    server.answers.update({b"HELLO": RESP3 if protocol == 3 else NO_RESP3, b"PING": b"+PONG\r\n"})
    subscribing = asyncio.ensure_future(multiplexer.subscribe("news"))
    if protocol == 2:
        assert type(await error_of(subscribing)) is Misuse
    else:
        await confirmed(server)
        await subscribing
    assert server.heard.count([b"SUBSCRIBE", b"news"]) == protocol - 2
    await multiplexer.close()


async def test_a_subscription_fails_if_the_connection_is_lost_before_it_is_confirmed(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    subscribing = asyncio.ensure_future(multiplexer.subscribe("news"))
    (await server.command()).peer.end()
    assert await fate_of(subscribing) == (ConnectionLost, Fate.UNKNOWN)
    assert multiplexer._subscriptions.listeners == {}
    await multiplexer.close()
