"""What becomes of the asyncio multiplexer's subscriptions when its connection is lost."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import Closed, CommandTimeout, ConnectionLost, Fate, ServerError
from poolproof.reference.aio import Messages, Multiplexer

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import NO_RESP3, HeldServer, SimulatedServer
from .publishing import confirmed, message, subscribed, taken

GREETING_COMMANDS = 3


async def lose(server: HeldServer) -> None:
    """The server ends its connections; what it hears from now on is in `heard`."""
    server.heard.clear()
    for peer in server.peers.copy():
        peer.end()


async def listening(server: HeldServer, *names: str) -> tuple[Multiplexer, list[Messages]]:
    multiplexer = Multiplexer(server.url)
    return multiplexer, [await subscribed(server, multiplexer, name) for name in names]


async def test_mux_09_a_subscription_comes_back_though_nobody_calls(server: HeldServer) -> None:
    multiplexer, (messages,) = await listening(server, "news")
    await lose(server)
    assert await confirmed(server) == [b"SUBSCRIBE", b"news"]
    server.peers[0].write(message(b"news", b"1"))
    assert (await anext(messages)).data == b"1"
    assert messages.interruptions == 1
    await multiplexer.close()


async def test_mux_07_subscriptions_come_back_once_and_before_the_backlog(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer, _ = await listening(virtual_server, "a", "b")
    await subscribed(virtual_server, multiplexer, "a")
    virtual_server.network.hold(True)
    await lose(virtual_server)
    await asyncio.sleep(1)
    call = multiplexer.execute("ECHO", "behind")
    virtual_server.network.hold(False)
    await confirmed(virtual_server)
    await confirmed(virtual_server)
    assert await answered(virtual_server, call) == b"behind"
    assert virtual_server.heard[GREETING_COMMANDS:] == [
        [b"SUBSCRIBE", b"a"],
        [b"SUBSCRIBE", b"b"],
        [b"ECHO", b"behind"],
    ]
    await multiplexer.close()


async def test_mux_05_subscriptions_come_back_however_full_the_backlog_is(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, max_in_flight=1, max_backlog=0)
    for name in "abc":
        await subscribed(virtual_server, multiplexer, name)
    virtual_server.network.hold(True)
    await lose(virtual_server)
    await asyncio.sleep(1)
    call = multiplexer.execute("ECHO", "behind")
    virtual_server.network.hold(False)
    assert [await confirmed(virtual_server) for _ in range(3)] == [
        [b"SUBSCRIBE", name] for name in (b"a", b"b", b"c")
    ]
    assert await answered(virtual_server, call) == b"behind"
    await multiplexer.close()


async def test_mux_09_subscriptions_outlive_dials_that_fail(virtual_server: SimulatedServer) -> None:
    multiplexer, (messages,) = await listening(virtual_server, "news")
    virtual_server.network.refusing = True
    await lose(virtual_server)
    await asyncio.sleep(60)
    virtual_server.network.refusing = False
    await confirmed(virtual_server)
    virtual_server.peers[0].write(message(b"news", b"1"))
    assert (await anext(messages)).data == b"1"
    assert len(virtual_server.dialled) < 70  # LIFE-06
    await multiplexer.close()


async def test_mux_09_subscriptions_outlive_a_second_loss_in_the_middle_of_their_return(
    server: HeldServer,
) -> None:
    multiplexer, (messages,) = await listening(server, "news")
    await lose(server)
    await server.command()
    await lose(server)
    await confirmed(server)
    server.peers[0].write(message(b"news", b"1"))
    assert (await anext(messages)).data == b"1"
    assert messages.interruptions == 2
    await multiplexer.close()


async def test_mux_09_a_listener_whose_return_is_refused_is_told(server: HeldServer) -> None:
    multiplexer, (refused, kept) = await listening(server, "secret", "news")
    server.peers[0].write(message(b"secret", b"1"))
    await answered(server, multiplexer.execute("ECHO", "behind it"))
    await lose(server)
    (await server.command()).reply(b"-NOPERM no access to this channel\r\n")
    await confirmed(server)
    data, error = await taken(refused)
    assert (data, type(error)) == ([b"1"], ServerError)
    server.peers[0].write(message(b"news", b"2"))
    assert (await anext(kept)).data == b"2"
    await multiplexer.close()


async def test_mux_09_a_listener_is_told_if_the_server_speaks_resp2_then(server: HeldServer) -> None:
    multiplexer, (messages,) = await listening(server, "news")
    server.answers[b"HELLO"] = NO_RESP3
    await lose(server)
    assert type((await taken(messages))[1]) is ConnectionLost
    assert await answered(server, multiplexer.execute("ECHO", "own")) == b"own"
    await multiplexer.close()


async def test_mux_07_who_has_unsubscribed_meanwhile_does_not_come_back(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer, (gone, _) = await listening(virtual_server, "a", "b")
    virtual_server.network.hold(True)
    await lose(virtual_server)
    await asyncio.sleep(1)
    multiplexer.unsubscribe(gone)
    virtual_server.network.hold(False)
    assert await confirmed(virtual_server) == [b"SUBSCRIBE", b"b"]
    assert await answered(virtual_server, multiplexer.execute("ECHO", "behind")) == b"behind"
    await multiplexer.close()


async def test_mux_07_who_unsubscribes_during_the_return_is_unsubscribed_after_it(server: HeldServer) -> None:
    multiplexer, (messages,) = await listening(server, "news")
    await lose(server)
    returning = await server.command()
    multiplexer.unsubscribe(messages)
    returning.reply(b">3\r\n+subscribe\r\n+news\r\n:1\r\n")
    assert await confirmed(server) == [b"UNSUBSCRIBE", b"news"]
    assert await answered(server, multiplexer.execute("ECHO", "own")) == b"own"
    await multiplexer.close()


async def test_a_lost_connection_that_nobody_listens_on_is_dialled_when_it_is_needed(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer, (messages,) = await listening(virtual_server, "news")
    multiplexer.unsubscribe(messages)
    await confirmed(virtual_server)
    await lose(virtual_server)
    await asyncio.sleep(60)
    assert len(virtual_server.dialled) == 1
    await multiplexer.close()


async def test_call_01_one_sent_while_the_return_takes_long_has_its_limit(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, command_timeout_seconds=2)
    await subscribed(virtual_server, multiplexer, "news")
    virtual_server.network.hold(True)
    await lose(virtual_server)
    await asyncio.sleep(5)
    assert await fate_of(multiplexer.execute("ECHO", "late")) == (CommandTimeout, Fate.NOT_SENT)
    assert virtual_server.loop.time() < 8
    await multiplexer.close()


@pytest.mark.parametrize("turn", range(12))
async def test_life_02_close_ends_the_return_of_a_subscription_at_any_turn(
    server: HeldServer, turn: int
) -> None:
    multiplexer, (messages,) = await listening(server, "news")
    await lose(server)
    await turns(turn)
    await multiplexer.close()
    assert type((await taken(messages))[1]) is Closed
    await server.until_open(0)


async def test_life_03_while_it_drains_a_lost_connection_is_not_dialled_again(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer, (messages,) = await listening(virtual_server, "news")
    call = multiplexer.execute("ECHO", "inside")
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await virtual_server.command()
    await lose(virtual_server)
    await error_of(call)
    await closing
    assert len(virtual_server.dialled) == 1
    assert type((await taken(messages))[1]) is Closed
    await multiplexer.close()
