"""The simulated network loses no byte, keeps their order, and opens connections as the plan says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolproof.conformance.history import Event, Kind
from poolproof.conformance.witness import Send

from .simulated_connection import PING, PONG, Buffered, Client, Simulated, Told


def pieces_told(told: Told) -> list[bytes]:
    return [what[1] for what in told if isinstance(what, tuple) and what[0] == "data"]


# bytes


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(0, 50), st.integers(1, 20))
def test_bytes_arrive_complete_and_in_order_through_streams(
    pieces: list[bytes], chunk_bytes: int, limit: int
) -> None:
    async def read_all() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", 6379, limit=limit)  # so that it pauses
        data = b"".join([piece async for piece in pieces_of(reader)])
        writer.close()
        return data

    async def pieces_of(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while piece := await reader.read(7):
            yield piece

    with Simulated(chunk_bytes=chunk_bytes) as world:
        reading = world.start(read_all())
        world.network.carry(Send(1, piece) for piece in pieces)
        world.loop.step()
        world.network.carry(world.witness.drop())
        world.loop.settle()
        assert reading.result() == b"".join(pieces)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=100), st.integers(0, 20), st.integers(1, 20))
def test_bytes_arrive_complete_and_in_order_through_a_buffer(
    data: bytes, chunk_bytes: int, size: int
) -> None:
    with Simulated(chunk_bytes=chunk_bytes) as world:
        client = world.dial()
        client.transport.set_protocol(Buffered(client, size))
        world.network.carry([Send(1, data)])
        world.loop.settle()
        assert b"".join(pieces_told(client.told)) == data


@pytest.mark.parametrize("chunk_bytes", [1, 4, 10])
def test_no_more_bytes_come_at_once_than_the_plan_allows(chunk_bytes: int) -> None:
    with Simulated(chunk_bytes=chunk_bytes) as world:
        client = world.dial()
        world.network.carry([Send(1, b"0123456789")])
        world.loop.settle()
        sizes = [len(piece) for piece in pieces_told(client.told)]
        assert (max(sizes), sum(sizes)) == (chunk_bytes, 10)


def test_after_the_clients_close_nothing_is_delivered() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry([Send(1, PONG)])
        client.transport.close()
        world.network.carry([Send(1, PONG)])
        world.loop.settle()
        assert client.told[2:] == [("lost", type(None))]


def test_a_close_stops_bytes_that_were_about_to_be_delivered() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry([Send(1, PONG)])
        world.loop.call_soon(client.transport.close)  # runs in the same batch, before the delivery
        world.loop.settle()
        assert client.told[2:] == [("lost", type(None))]


@pytest.mark.parametrize("data", [b"", PONG])
def test_after_the_client_paused_nothing_is_delivered_the_end_included(data: bytes) -> None:
    with Simulated() as world:
        client = world.dial()
        client.transport.pause_reading()
        world.network.carry([Send(1, data), *world.witness.drop()])
        world.loop.settle()
        assert client.told[2:] == []


def test_the_witness_is_told_of_the_clients_close() -> None:
    with Simulated() as world:
        world.dial().transport.close()
        assert world.events[-1] == Event(0.0, Kind.CLOSED, connection=1, text="client")


@pytest.mark.parametrize(
    ("order", "heard"), [((), b"123"), ((0, 1), b"132"), ((1,), b"213"), ((5, 4), b"312")]
)
def test_the_plan_chooses_which_connection_is_heard_first(order: tuple[int, ...], heard: bytes) -> None:
    with Simulated(order=order) as world:
        for _ in range(3):
            world.dial()
        for number in (1, 2, 3):
            world.network.carry([Send(number, b"%d" % number)])
        world.loop.settle()
        assert b"".join(pieces_told(world.told)) == heard


def test_a_second_write_after_the_servers_close_fails_and_nothing_more_is_read() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry([Send(1, PONG), *world.witness.drop()])
        client.transport.write(PING)
        client.transport.write(PING)
        world.loop.settle()
        assert client.told == [("made",), ("dialled",), ("lost", ConnectionResetError)]


def test_an_empty_write_after_the_servers_close_does_nothing() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry(world.witness.drop())
        client.transport.write(b"")
        world.loop.settle()
        assert client.told[2:] == [("end",), ("lost", type(None))]


# dials


def test_a_held_dial_is_pending_until_it_is_admitted() -> None:
    with Simulated(hold_dials=True) as world:
        dialling = world.start(Client(world.told).dial(0))
        assert (dialling.done(), world.kinds()) == (False, [Kind.DIALLED])
        world.network.rule(admit=True)
        world.loop.settle()
        assert (dialling.done(), world.kinds()) == (True, [Kind.DIALLED, Kind.OPENED])


@pytest.mark.parametrize("hold_dials", [False, True])
def test_a_refused_dial_raises_and_is_told(hold_dials: bool) -> None:
    with Simulated(hold_dials) as world:
        world.network.rule(admit=False)
        dialling = world.start(Client(world.told).dial(0))
        assert isinstance(dialling.exception(), ConnectionRefusedError)
        assert world.kinds() == [Kind.DIALLED, Kind.REFUSED]


def test_a_dial_that_is_cancelled_is_given_up_and_uses_no_ruling() -> None:
    with Simulated(hold_dials=True) as world:
        world.start(Client(world.told).dial(0)).cancel()
        world.network.rule(admit=True)
        world.loop.settle()
        assert world.start(Client(world.told).dial(0)).done()
        assert world.kinds() == [Kind.DIALLED, Kind.GIVEN_UP, Kind.DIALLED, Kind.OPENED]


def test_a_dial_cancelled_once_it_was_accepted_closes_the_connection() -> None:
    with Simulated() as world:
        dialling = world.loop.create_task(Client(world.told).dial(0))
        while Kind.OPENED not in world.kinds():
            world.loop.step()
        dialling.cancel()
        world.loop.settle()
        assert world.told == [("made",), ("lost", type(None))]


def test_rulings_are_used_in_the_order_of_the_dials() -> None:
    with Simulated(hold_dials=True) as world:
        dials = [world.start(Client(world.told).dial(0)) for _ in range(2)]
        world.network.rule(admit=False)
        world.network.rule(admit=True)
        world.loop.settle()
        assert [dial.exception() is None for dial in dials] == [False, True]


def test_healing_admits_all_dials() -> None:
    with Simulated(hold_dials=True) as world:
        dialling = world.start(Client(world.told).dial(0))
        world.network.heal()
        world.loop.settle()
        assert dialling.done()
