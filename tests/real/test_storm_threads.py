"""Threads that share: connections are killed, limits pass, somebody closes.

Where no limit is given, one wake-up that is lost is a call that never ends. The interpreter switches threads
a hundred times as often as usual.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from poolproof.reference import Closed
from poolproof.reference.threads import Multiplexer, Pool

from .crowd import Crowd
from .server import Eyes, Server
from .shells import Shell, assert_all_capacity_is_there, closing, outcome

CALLS = 1_500  # of all threads together
CAPACITY = 4

crowds = pytest.mark.parametrize("threads", [2, 16, 64])


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def kill_until_it_ends(crowd: Crowd, eyes: Eyes, chance: random.Random) -> None:
    """All connections in every fourth look or so."""
    while crowd.busy:
        if chance.random() < 0.25:
            eyes.kill()
        eyes.clients()


@crowds
@pytest.mark.parametrize("max_in_flight", [1, 3, 10_000])
def test_mux_01_threads_that_share_a_connection_get_their_own_replies(
    server: Server, eyes: Eyes, threads: int, max_in_flight: int
) -> None:
    options: dict[str, Any] = {"max_in_flight": max_in_flight, "command_timeout_seconds": None}
    with closing(Multiplexer(server.url(), **options)) as multiplexer:
        counts = Crowd(multiplexer.execute, threads, CALLS // threads).come_to_an_end()
        assert counts == {"right": CALLS // threads * threads}
        assert len(eyes.clients()) == 1


@crowds
def test_mux_06_every_call_ends_though_connections_are_killed_and_others_listen(
    server: Server, eyes: Eyes, threads: int
) -> None:
    with (
        closing(Multiplexer(server.url(), command_timeout_seconds=None)) as multiplexer,
        multiplexer.subscribe("news") as first,
        multiplexer.subscribe("news") as second,
        Shell() as shell,
    ):
        heard = [shell.calling(listen_to_the_end, one) for one in (first, second)]
        crowd = Crowd(multiplexer.execute, threads, CALLS // 4 // threads)
        kill_until_it_ends(crowd, eyes, random.Random(threads))
        counts = crowd.come_to_an_end()
        while not all(call.done() for call in heard):
            eyes.ask("PUBLISH", "news", "the end")
        assert [outcome(call) for call in heard] == [True, True]
    assert set(counts) <= {"right", "ConnectionLost", "ConnectFailed"}


def listen_to_the_end(subscription: Any) -> bool:
    return any(message.data == b"the end" for message in subscription)


@pytest.mark.parametrize("kind", [partial(Pool, max_size=CAPACITY), Multiplexer])
def test_call_01_every_call_ends_though_the_server_pauses_for_longer_than_the_limit(
    server: Server, eyes: Eyes, kind: Any
) -> None:
    with closing(kind(server.url(), command_timeout_seconds=0.02)) as service:
        crowd = Crowd(service.execute, 64, 4)
        while crowd.busy:
            eyes.ask("CLIENT", "PAUSE", 30, "ALL")
            eyes.clients()  # answered when the pause is over
        counts = crowd.come_to_an_end()
        while not served(service):
            pass  # on a machine under load a limit may pass once more
    assert set(counts) <= {"right", "CommandTimeout", "ConnectionLost", "ConnectFailed"}


def served(service: Any) -> bool:
    return Crowd(service.execute, 1, 1).come_to_an_end()["right"] == 1


@crowds
def test_pool_03_all_capacity_is_there_after_threads_have_lost_their_connections(
    server: Server, eyes: Eyes, threads: int
) -> None:
    options: dict[str, Any] = {"max_size": CAPACITY, "max_lifetime_seconds": 0.05}
    with closing(Pool(server.url(), command_timeout_seconds=None, **options)) as pool:
        crowd = Crowd(pool.execute, threads, CALLS // threads)
        kill_until_it_ends(crowd, eyes, random.Random(threads))
        counts = crowd.come_to_an_end()
        assert_all_capacity_is_there(pool, CAPACITY)
        assert len(eyes.clients()) <= CAPACITY
    assert set(counts) <= {"right", "ConnectionLost", "ConnectFailed"}


@pytest.mark.parametrize("drain_seconds", [0.0, 60.0], ids=["now", "drained"])
@pytest.mark.parametrize("kind", [partial(Pool, max_size=CAPACITY), Multiplexer])
def test_life_03_every_call_ends_though_somebody_closes(
    server: Server, eyes: Eyes, kind: Any, drain_seconds: float
) -> None:
    service = kind(server.url(), command_timeout_seconds=None)
    crowd = Crowd(service.execute, 32, 100)
    while not crowd.counts["right"]:
        eyes.clients()
    service.close(drain_seconds)
    with pytest.raises(Closed):
        service.execute("PING")
    counts = crowd.come_to_an_end()
    assert set(counts) == {"right", "Closed"}
    eyes.until_clients(0)
