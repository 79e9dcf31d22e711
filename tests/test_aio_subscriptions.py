"""Listening to channels by the asyncio multiplexer, next to commands and across reconnections."""

from __future__ import annotations

import asyncio

from poolproof.reference import Closed, Overflow
from poolproof.reference.aio import Multiplexer
from poolproof.reference.subscriptions import Message, Topic

from .aio_calls import answered, turns
from .held_server import HeldServer, SimulatedServer, bulk
from .publishing import confirmation, confirmed, message, subscribed, taken


async def test_mux_08_messages_and_replies_each_reach_whom_they_are_for(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    messages = await subscribed(server, multiplexer, "news")
    call = multiplexer.execute("ECHO", "own")
    (await server.command()).reply(message(b"news", b"1") + bulk(b"own") + message(b"news", b"2"))
    assert await call == b"own"
    assert [(await anext(messages)).data for _ in range(2)] == [b"1", b"2"]
    await multiplexer.close()


async def test_mux_08_a_confirmation_is_no_reply_to_a_command_before_it(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "own")
    held = await server.command()
    subscribing = asyncio.ensure_future(multiplexer.subscribe("news"))
    await server.command()
    held.reply(message(b"other", b"1") + bulk(b"own") + confirmation(b"news"))
    assert await call == b"own"
    await subscribing
    await multiplexer.close()


async def test_mux_08_a_message_may_come_in_pieces(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    messages = await subscribed(virtual_server, multiplexer, "news")
    for byte in message(b"news", b"1"):
        virtual_server.peers[0].write(bytes([byte]))
        await asyncio.sleep(1)
    assert (await anext(messages)).data == b"1"
    assert await answered(virtual_server, multiplexer.execute("ECHO", "own")) == b"own"
    assert messages.interruptions == 0
    await multiplexer.close()


async def test_a_pattern_and_a_shard_channel_are_listened_to_by_their_own_commands(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url)
    await subscribed(server, multiplexer, "news")
    found: list[Message] = []
    for kind, command, frame in (
        ("pmessage", b"PSUBSCRIBE", b">4\r\n" + b"".join(map(bulk, (b"pmessage", b"n*", b"new", b"1")))),
        ("smessage", b"SSUBSCRIBE", b">3\r\n" + b"".join(map(bulk, (b"smessage", b"n*", b"2")))),
    ):
        subscribing = asyncio.ensure_future(multiplexer.subscribe("n*", kind=kind))
        assert await confirmed(server) == [command, b"n*"]
        server.peers[0].write(frame)
        found.append(await anext(await subscribing))
    assert found == [
        Message(Topic("pmessage", b"n*"), b"new", b"1"),
        Message(Topic("smessage", b"n*"), b"n*", b"2"),
    ]
    await multiplexer.close()


async def test_mux_09_messages_that_are_not_taken_are_bounded(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    messages = await subscribed(server, multiplexer, "news", bound=2)
    server.peers[0].write(b"".join(message(b"news", bytes([number])) for number in b"123"))
    data, error = await taken(messages)
    assert (data, type(error)) == ([b"1", b"2"], Overflow)
    await multiplexer.close()


async def test_mux_03_a_listener_that_is_slow_delays_nobody(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    slow, quick = [await subscribed(server, multiplexer, name, bound=1) for name in ("slow", "quick")]
    server.peers[0].write(message(b"slow", b"1") * 5 + message(b"quick", b"2"))
    assert (await anext(quick)).data == b"2"
    assert await answered(server, multiplexer.execute("ECHO", "own")) == b"own"
    assert (await anext(slow)).data == b"1"
    await multiplexer.close()


async def test_all_who_listen_to_a_channel_get_its_messages(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    listeners = [await subscribed(server, multiplexer, "news") for _ in range(2)]
    server.peers[0].write(message(b"news", b"1"))
    assert [(await anext(messages)).data for messages in listeners] == [b"1", b"1"]
    await multiplexer.close()


async def test_only_the_last_who_listens_unsubscribes(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    first, last = [await subscribed(server, multiplexer, "news") for _ in range(2)]
    multiplexer.unsubscribe(first)
    server.peers[0].write(message(b"news", b"1"))
    assert (await anext(last)).data == b"1"
    assert [b"UNSUBSCRIBE", b"news"] not in server.heard
    multiplexer.unsubscribe(last)
    assert await confirmed(server) == [b"UNSUBSCRIBE", b"news"]
    await multiplexer.close()


async def test_who_unsubscribes_gets_what_had_come_and_then_the_end(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    messages = await subscribed(server, multiplexer, "news")
    server.peers[0].write(message(b"news", b"1"))
    await answered(server, multiplexer.execute("ECHO", "behind it"))
    multiplexer.unsubscribe(messages)
    await confirmed(server)
    data, error = await taken(messages)
    assert (data, type(error)) == ([b"1"], Closed)
    await multiplexer.close()


async def test_to_unsubscribe_twice_changes_nothing(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    first, last = [await subscribed(server, multiplexer, "news") for _ in range(2)]
    multiplexer.unsubscribe(first)
    multiplexer.unsubscribe(first)
    server.peers[0].write(message(b"news", b"1"))
    assert (await anext(last)).data == b"1"
    await multiplexer.close()


async def test_mux_05_to_unsubscribe_at_the_bound_ends_the_subscription(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1, max_backlog=0)
    messages = await subscribed(server, multiplexer, "news")
    full = multiplexer.execute("ECHO", "in flight")
    multiplexer.unsubscribe(messages)
    assert multiplexer._subscriptions.listeners == {}
    assert type((await taken(messages))[1]) is Closed
    await answered(server, full)
    await multiplexer.close()


async def test_life_02_close_ends_every_subscription(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    messages = await subscribed(server, multiplexer, "news")
    taking = asyncio.ensure_future(taken(messages))
    await turns(1)
    await multiplexer.close()
    assert type((await taking)[1]) is Closed


async def test_life_03_while_it_drains_one_can_unsubscribe(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    messages = await subscribed(server, multiplexer, "news")
    call = multiplexer.execute("ECHO", "inside")
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await turns(1)
    multiplexer.unsubscribe(messages)
    assert await answered(server, call) == b"inside"
    await closing
