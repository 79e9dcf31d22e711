"""The asyncio multiplexer's end: now, or once all that was accepted is done."""

from __future__ import annotations

import asyncio
import gc
from functools import partial

import pytest

from poolproof.reference import Closed, CommandTimeout, ConnectFailed, ConnectionLost, Fate
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import HeldServer, SimulatedServer


async def test_life_02_close_ends_every_call_and_the_connection(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    await server.command()
    await multiplexer.close()
    assert [await fate_of(call) for call in calls] == [(Closed, Fate.UNKNOWN), (Closed, Fate.NOT_SENT)]
    await server.until_open(0)


async def test_life_02_close_returns_when_the_socket_is_closed(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    wire = multiplexer._wire
    assert wire is not None
    await multiplexer.close()
    assert wire.gone.done()


@pytest.mark.parametrize("turn", range(12))
async def test_life_02_close_ends_a_dial_at_any_turn(server: HeldServer, turn: int) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "early")
    await turns(turn)
    await multiplexer.close()
    assert (await fate_of(call))[0] is Closed


async def test_life_02_close_ends_the_pause_before_a_dial(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    for _ in range(6):
        virtual_server.network.rule(False)
        await error_of(multiplexer.execute("PING"))
    began = virtual_server.loop.time()
    call = multiplexer.execute("PING")
    await turns(3)
    await multiplexer.close()
    assert await fate_of(call) == (Closed, Fate.NOT_SENT)
    assert virtual_server.loop.time() == began


async def test_life_02_an_idempotent_command_ends_with_the_multiplexer(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "again", idempotent=True)
    await server.command()
    await multiplexer.close()
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)


async def test_life_04_a_closed_multiplexer_can_be_closed_again_and_takes_no_call(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await multiplexer.close()
    await multiplexer.close()
    for call in (multiplexer.execute, lambda word: multiplexer.batch([(word,)])):
        with pytest.raises(Closed):
            call("PING")
    with pytest.raises(Closed):
        await multiplexer.subscribe("channel")
    assert server.accepted == 0


@pytest.mark.parametrize("max_in_flight", [1, 100])
async def test_life_03_a_close_that_drains_lets_what_was_accepted_finish(
    virtual_server: SimulatedServer, max_in_flight: int
) -> None:
    multiplexer = Multiplexer(virtual_server.url, max_in_flight=max_in_flight)
    virtual_server.answers[b"ECHO"] = b"+done\r\n"
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(3)]
    await multiplexer.close(drain_timeout_seconds=10)
    assert [call.result() for call in calls] == [b"done"] * 3
    assert virtual_server.loop.time() == 0


async def test_life_03_a_multiplexer_that_drains_takes_no_call(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "inside")
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await turns(1)
    with pytest.raises(Closed):
        multiplexer.execute("PING")
    assert await answered(server, call) == b"inside"
    await closing


async def test_life_03_a_drain_ends_at_its_limit(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url, command_timeout_seconds=None)
    call = multiplexer.execute("ECHO", "never answered")
    await multiplexer.close(drain_timeout_seconds=10)
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)
    assert virtual_server.loop.time() == 10


async def test_life_03_a_drain_ends_if_the_dial_fails_meanwhile(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.hold(True)
    call = multiplexer.execute("ECHO", "accepted")
    await asyncio.sleep(1)
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await turns(1)
    virtual_server.network.rule(False)
    assert await fate_of(call) == (ConnectFailed, Fate.NOT_SENT)
    await closing
    assert virtual_server.loop.time() == 1


async def test_life_03_a_drain_ends_if_the_connection_is_lost_meanwhile(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    call = multiplexer.execute("ECHO", "in flight")
    received = await virtual_server.command()
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await turns(1)
    received.peer.end()
    assert await fate_of(call) == (ConnectionLost, Fate.UNKNOWN)
    await closing
    assert virtual_server.loop.time() == 0


async def test_life_03_a_drain_ends_if_the_server_stays_silent(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url, command_timeout_seconds=4)
    call = multiplexer.execute("ECHO", "never answered")
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=100))
    assert await fate_of(call) == (CommandTimeout, Fate.UNKNOWN)
    await closing
    assert virtual_server.loop.time() <= 5


async def test_life_03_two_that_drain_at_a_time_both_return_once_all_is_done(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    call = multiplexer.execute("ECHO", "inside")
    closing = [
        asyncio.create_task(multiplexer.close(drain_timeout_seconds=seconds)) for seconds in (100, 200)
    ]
    await asyncio.sleep(1)
    await answered(virtual_server, call)
    await asyncio.gather(*closing)
    assert virtual_server.loop.time() == 1


async def test_life_02_a_close_ends_a_drain_that_is_under_way(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    call = multiplexer.execute("ECHO", "inside")
    draining = asyncio.create_task(multiplexer.close(drain_timeout_seconds=100))
    await asyncio.sleep(1)
    await multiplexer.close()
    await draining
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)
    assert virtual_server.loop.time() == 1


async def test_life_03_a_drain_that_is_cancelled_has_closed_the_multiplexer(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "in flight")
    await server.command()
    closing = asyncio.create_task(multiplexer.close(drain_timeout_seconds=10))
    await turns(1)
    closing.cancel()
    assert await fate_of(call) == (Closed, Fate.UNKNOWN)
    await server.until_open(0)


async def use_and_forget(server: SimulatedServer) -> None:
    server.answers[b"ECHO"] = b"+done\r\n"
    await Multiplexer(server.url).execute("ECHO", "first")


def test_a_multiplexer_that_is_forgotten_without_a_close_is_warned_of() -> None:
    server = SimulatedServer()
    with pytest.raises(AssertionError, match="connections are left behind"):
        server.play(partial(use_and_forget, server))
    with pytest.warns(ResourceWarning, match="a Multiplexer was never closed, and has 1 open connections"):
        del server
        gc.collect()


async def test_a_multiplexer_that_was_never_used_has_nothing_to_close(server: HeldServer) -> None:
    await Multiplexer(server.url).close(drain_timeout_seconds=1)
    assert server.accepted == 0
