"""A server that stops reading: what the client has written waits, and nothing of it is lost or doubled."""

from __future__ import annotations

import pytest

from poolproof.conformance.history import Kind

from .simulated_connection import PING, Client, Simulated

LARGE = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + b"x" * 100_000 + b"\r\n"


class Patient(Client):
    """Is told when it is to write no more for now, and when it may again."""

    def pause_writing(self) -> None:
        self.tell("paused")

    def resume_writing(self) -> None:
        self.tell("resumed")


def dialled(world: Simulated) -> Patient:
    client = Patient(world.told)
    world.start(client.dial(0)).result()
    world.told.clear()
    return client


def arrived(world: Simulated) -> int:
    return world.kinds().count(Kind.GREETED)


@pytest.mark.parametrize("room", [0, 1, 5, len(PING), len(PING) + 1])
def test_what_is_written_in_a_jam_arrives_after_it(room: int) -> None:
    with Simulated() as world:
        client = dialled(world)
        world.network.jam(room)
        client.transport.write(PING)
        client.transport.write(PING)
        assert arrived(world) == room // len(PING)
        assert client.transport.get_write_buffer_size() == 2 * len(PING) - room  # type: ignore[attr-defined]
        world.network.jam(None)
        assert arrived(world) == 2
        assert not world.kinds().count(Kind.GARBAGE)


def test_who_has_written_much_is_told_to_stop_and_to_go_on() -> None:
    with Simulated() as world:
        client = dialled(world)
        world.network.jam(7)
        client.transport.write(PING)
        world.loop.settle()
        assert world.told == []
        client.transport.write(LARGE)
        assert world.told == [("paused",)]
        world.network.jam(None)
        world.loop.settle()
        assert ("resumed",) in world.told
        assert arrived(world) == 2


def test_a_close_waits_for_what_was_written_before() -> None:
    with Simulated() as world:
        client = dialled(world)
        world.network.jam(3)
        client.transport.write(PING)
        client.transport.close()
        world.loop.settle()
        assert client.transport.is_closing()
        assert world.told == []
        world.network.jam(None)
        world.loop.settle()
        assert world.told == [("lost", type(None))]
        assert arrived(world) == 1


def test_an_abort_throws_it_away() -> None:
    with Simulated() as world:
        client = dialled(world)
        world.network.jam(3)
        client.transport.write(PING)
        client.transport.close()
        client.transport.abort()
        world.loop.settle()
        assert world.told == [("lost", type(None))]
        world.network.jam(None)
        assert not arrived(world)


def test_a_server_that_closes_in_a_jam_is_noticed() -> None:
    with Simulated() as world:
        client = dialled(world)
        world.network.jam(3)
        client.transport.write(PING)
        world.network.carry(world.witness.drop())
        world.loop.settle()
        assert world.told == [("end",), ("lost", type(None))]
        world.network.jam(None)
        assert not arrived(world)
