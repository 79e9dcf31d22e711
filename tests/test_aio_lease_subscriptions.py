"""Listening to channels on an asyncio lease, in RESP3 and in RESP2."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import (
    Closed,
    CommandTimeout,
    ConnectionLost,
    Fate,
    Misuse,
    Overflow,
    ServerError,
)
from poolproof.reference.aio import Pool
from poolproof.reference.subscriptions import Message, Topic

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import NO_RESP3, HeldServer, SimulatedServer, bulk
from .publishing import confirmation, message, taken


def speaking(server: HeldServer, protocol: int) -> Pool:
    if protocol == 2:
        server.answers[b"HELLO"] = NO_RESP3
    return Pool(server.url, max_size=1)


async def in_pieces(server: SimulatedServer, data: bytes) -> None:
    for byte in data:
        server.peers[0].write(bytes([byte]))
        await asyncio.sleep(1)


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_lease_gets_the_messages_of_its_channels(server: HeldServer, protocol: int) -> None:
    pool = speaking(server, protocol)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a", b"b"))
        first, second = await server.commands(2)
        first.reply(confirmation(b"a", protocol) + message(b"a", b"1", protocol))
        second.reply(confirmation(b"b", protocol) + message(b"b", b"2", protocol))
        messages = await subscribing
        assert [await anext(messages), await anext(messages)] == [
            Message(Topic("message", b"a"), b"a", b"1"),
            Message(Topic("message", b"b"), b"b", b"2"),
        ]
    await pool.close()


async def test_a_lease_gets_the_messages_that_match_its_pattern(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("n*", kind="pmessage"))
        (await server.command()).reply(confirmation(b"n*", kind=b"psubscribe"))
        messages = await subscribing
        server.peers[0].write(b">4\r\n" + b"".join(map(bulk, (b"pmessage", b"n*", b"news", b"1"))))
        assert await anext(messages) == Message(Topic("pmessage", b"n*"), b"news", b"1")
    assert [b"PSUBSCRIBE", b"n*"] in server.heard
    await pool.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_mux_08_a_message_may_come_in_pieces(virtual_server: SimulatedServer, protocol: int) -> None:
    pool = speaking(virtual_server, protocol)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        (await virtual_server.command()).reply(confirmation(b"a", protocol))
        messages = await subscribing
        await in_pieces(virtual_server, message(b"a", b"1", protocol))
        assert (await anext(messages)).data == b"1"
    await pool.close()


async def test_mux_08_a_push_that_a_lease_asked_for_may_come_in_pieces(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url)
    async with pool.acquire() as connection:
        await connection.execute("CLIENT", "TRACKING", "ON")
        await in_pieces(virtual_server, b">2\r\n+invalidate\r\n*0\r\n")
        assert await answered(virtual_server, connection.execute("ECHO", "own")) == b"own"
    await pool.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_conn_08_a_connection_with_a_subscription_is_closed(server: HeldServer, protocol: int) -> None:
    pool = speaking(server, protocol)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        (await server.command()).reply(confirmation(b"a", protocol))
        await subscribing
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 2
    await pool.close()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_subscription_that_is_refused_fails(server: HeldServer, protocol: int) -> None:
    pool = speaking(server, protocol)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a", "secret"))
        first, second = await server.commands(2)
        first.reply(confirmation(b"a", protocol))
        second.reply(b"-NOPERM no access to this channel\r\n")
        assert await fate_of(subscribing) == (ServerError, Fate.EXECUTED)
    await server.until_open(0)
    await pool.close()


async def test_mux_09_messages_that_are_not_taken_are_bounded(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a", bound=2))
        (await server.command()).reply(
            confirmation(b"a") + b"".join(message(b"a", bytes([number])) for number in b"123")
        )
        data, error = await taken(await subscribing)
    assert (data, type(error)) == ([b"1", b"2"], Overflow)
    await pool.close()


async def test_mux_09_a_subscriber_is_told_when_its_connection_ends(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        received = await server.command()
        received.reply(confirmation(b"a") + message(b"a", b"1"))
        received.peer.end()
        data, error = await taken(await subscribing)
    assert (data, type(error)) == ([b"1"], ConnectionLost)
    await pool.close()


async def test_mux_09_a_subscriber_is_told_when_its_lease_is_released(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        (await server.command()).reply(confirmation(b"a"))
        messages = await subscribing
    _, error = await taken(messages)
    assert (type(error), "it was released with 1 subscriptions" in str(error)) == (ConnectionLost, True)
    await pool.close()


async def test_a_subscriber_is_told_when_the_pool_is_closed(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        (await server.command()).reply(confirmation(b"a"))
        messages = await subscribing
        taking = asyncio.create_task(taken(messages))
        await turns(1)
        await pool.close()
        assert type((await taking)[1]) is Closed


async def test_call_01_a_subscription_that_is_not_confirmed_fails_at_the_limit(
    virtual_server: SimulatedServer,
) -> None:
    pool = Pool(virtual_server.url, command_timeout_seconds=5)
    async with pool.acquire() as connection:
        assert await fate_of(connection.subscribe("a")) == (CommandTimeout, Fate.UNKNOWN)
    assert (virtual_server.loop.time(), virtual_server.peers) == (5, [])
    await pool.close()


async def test_call_06_a_subscription_on_a_connection_that_has_ended_is_not_sent(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        server.peers[0].end()
        await server.until_open(0)
        assert await fate_of(connection.subscribe("a")) == (ConnectionLost, Fate.NOT_SENT)
    await pool.close()


async def test_call_03_a_subscription_that_is_cancelled_costs_its_connection(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    async with pool.acquire() as connection:
        subscribing = asyncio.create_task(connection.subscribe("a"))
        await server.command()
        subscribing.cancel()
        await asyncio.wait([subscribing])
    assert await answered(server, pool.execute("ECHO", "next")) == b"next"
    assert server.accepted == 2
    await pool.close()


async def test_a_lease_subscribes_once_and_to_something(server: HeldServer) -> None:
    pool = Pool(server.url)
    async with pool.acquire() as connection:
        assert type(await error_of(connection.subscribe())) is Misuse
        subscribing = asyncio.create_task(connection.subscribe("a"))
        (await server.command()).reply(confirmation(b"a"))
        await subscribing
        assert type(await error_of(connection.subscribe("b"))) is Misuse
    await pool.close()
