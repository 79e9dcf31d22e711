"""The asyncio multiplexer when connections are lost, cannot be made, or are made anew."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from poolproof.reference import (
    ConnectFailed,
    ConnectionLost,
    Fate,
    ProtocolError,
)
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, fate_of
from .held_server import HeldServer, SimulatedServer

MOMENTS = range(14)  # callbacks; a dial takes fewer


async def test_mux_06_a_loss_fails_what_was_written_as_unknown_and_the_backlog_as_not_sent(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    (await server.command()).peer.end()
    assert [await fate_of(call) for call in calls] == [
        (ConnectionLost, Fate.UNKNOWN),
        (ConnectionLost, Fate.NOT_SENT),
    ]
    await multiplexer.close()


async def test_mux_06_a_batch_that_was_answered_in_part_fails_once(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    batch = multiplexer.batch([("ECHO", "1"), ("ECHO", "2")])
    first, _ = await server.commands(2)
    first.reply()
    first.peer.end()
    assert await fate_of(batch) == (ConnectionLost, Fate.UNKNOWN)
    await multiplexer.close()


async def test_mux_06_news_of_an_old_connection_changes_nothing_for_the_new_one(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    old = multiplexer._wire
    assert old is not None
    old.eof_received()
    call = multiplexer.execute("ECHO", "own")
    received = await server.command()
    stray = b"+stray\r\n"
    old.get_buffer(-1)[: len(stray)] = stray
    old.buffer_updated(len(stray))
    old.connection_lost(None)
    received.reply()
    assert await call == b"own"
    assert (server.accepted, len(server.peers)) == (2, 1)
    await multiplexer.close()


async def test_life_05_the_next_call_after_a_loss_dials_again_and_nothing_is_sent_twice(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url)
    lost = multiplexer.execute("ECHO", "lost")
    (await server.command()).peer.end()
    await error_of(lost)
    assert await answered(server, multiplexer.execute("ECHO", "next")) == b"next"
    assert (server.accepted, server.quiet()) == (2, True)
    await multiplexer.close()


async def test_conn_04_a_reply_nobody_asked_for_ends_the_connection(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    await answered(server, multiplexer.execute("ECHO", "first"))
    server.peers[0].write(b"+STRAY\r\n")
    await server.until_open(0)
    assert await answered(server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_conn_04_part_of_a_reply_nobody_asked_for_is_nobodys_answer(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    await answered(virtual_server, multiplexer.execute("ECHO", "first"))
    virtual_server.peers[0].write(b"+STR")
    await asyncio.sleep(1)
    call = multiplexer.execute("ECHO", "own")
    (await virtual_server.command()).reply(b"AY\r\n+own\r\n")
    assert await fate_of(call) == (ProtocolError, Fate.UNKNOWN)
    await multiplexer.close()


async def test_conn_04_bytes_that_are_not_resp_fail_all_in_flight(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    (await server.commands(2))[0].reply(b"HTTP/1.1 400 Bad Request\r\n")
    assert [await fate_of(call) for call in calls] == [(ProtocolError, Fate.UNKNOWN)] * 2
    await multiplexer.close()


async def test_life_01_all_calls_fail_when_the_dial_does(unused_port: int) -> None:
    multiplexer = Multiplexer(f"redis://127.0.0.1:{unused_port}")
    calls = [multiplexer.execute("PING") for _ in range(3)]
    assert [await fate_of(call) for call in calls] == [(ConnectFailed, Fate.NOT_SENT)] * 3
    await multiplexer.close()


async def test_life_05_a_call_after_a_dial_that_failed_dials_again(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.rule(False)
    await error_of(multiplexer.execute("ECHO", "first"))
    assert await answered(virtual_server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_life_01_a_dial_is_given_up_at_its_limit(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(f"{virtual_server.url}?connect_timeout_seconds=2")
    virtual_server.network.hold(True)
    assert await fate_of(multiplexer.execute("PING")) == (ConnectFailed, Fate.NOT_SENT)
    assert virtual_server.loop.time() == 2
    await multiplexer.close()


async def test_call_02_all_are_told_when_the_dial_is_cancelled_by_somebody_else(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.hold(True)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    await asyncio.sleep(1)
    dialling = multiplexer._dialling
    assert dialling is not None
    dialling.cancel()
    assert [await fate_of(call) for call in calls] == [(ConnectFailed, Fate.NOT_SENT)] * 2
    virtual_server.network.hold(False)
    assert await answered(virtual_server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_life_06_dials_that_fail_are_made_at_growing_intervals(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.refusing = True
    while virtual_server.loop.time() < 60:
        await error_of(multiplexer.execute("PING"))
    pauses = [after - before for before, after in pairwise(virtual_server.dialled)]
    assert pauses[0] <= 0.05
    assert all(1 <= pause <= 2 for pause in pauses[7:])
    await multiplexer.close()


async def test_life_06_after_a_connection_that_worked_there_is_no_pause(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    for _ in range(3):
        virtual_server.network.rule(False)
        await error_of(multiplexer.execute("PING"))
    await answered(virtual_server, multiplexer.execute("ECHO", "first"))
    virtual_server.peers[0].end()
    await virtual_server.until_open(0)
    lost_at = virtual_server.loop.time()
    await answered(virtual_server, multiplexer.execute("ECHO", "next"))
    assert virtual_server.dialled[-1] == lost_at
    await multiplexer.close()


async def test_life_06_calls_made_during_the_pause_share_its_dial(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url)
    virtual_server.network.rule(False)
    await error_of(multiplexer.execute("PING"))
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(3)]
    for received in await virtual_server.commands(3):
        received.reply()
    assert await asyncio.gather(*calls) == [b"0", b"1", b"2"]
    assert len(virtual_server.dialled) == 2
    await multiplexer.close()
