"""Closing and forgetting: who is inside hears of it, and neither the server nor we have a connection left."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from poolproof.reference import Closed, Fate, PoolproofError, aio, threads

from .server import Eyes, Server
from .shells import Shell, closing, failure, outcome

both = pytest.mark.parametrize("kind", ["pool", "multiplexer", "client"])


@both
def test_life_02_after_close_the_server_sees_no_connection(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    service = getattr(shell, kind)(server.url())
    service.execute("PING")
    assert len(eyes.clients()) == 1
    service.close()
    eyes.until_clients(0)


@both
def test_life_04_after_close_calls_are_refused_and_closing_again_changes_nothing(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    service = getattr(shell, kind)(server.url())
    service.execute("PING")
    service.close()
    service.close()
    with pytest.raises(Closed) as refused:
        service.execute("PING")
    assert refused.value.fate is Fate.NOT_SENT
    eyes.until_clients(0)


def test_life_02_close_ends_those_who_hold_and_those_who_wait(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    pool = shell.pool(server.url(), max_size=2)
    holding = [shell.calling(pool.execute, "BLPOP", "nothing", 0) for _ in range(2)]
    eyes.until_sent("blpop", "blpop")
    waiting = shell.calling(pool.execute, "PING")
    until(lambda: pool.metrics()["db.client.connection.pending_requests"] == 1)
    pool.close()
    errors = [failure(call) for call in (*holding, waiting)]
    assert all(isinstance(error, Closed) for error in errors)
    fates = [error.fate for error in errors if isinstance(error, PoolproofError)]
    assert fates == [Fate.UNKNOWN, Fate.UNKNOWN, Fate.NOT_SENT]


def test_life_02_close_ends_calls_in_flight(server: Server, eyes: Eyes, shell: Shell) -> None:
    multiplexer = shell.multiplexer(server.url())
    eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
    calls = [shell.calling(multiplexer.execute, "INCR", "k") for _ in range(5)]
    eyes.until_sent("incr")
    multiplexer.close()
    assert all(isinstance(failure(call), Closed) for call in calls)


@both
def test_life_02_close_ends_a_dial_that_hangs(server: Server, shell: Shell, kind: str) -> None:
    service = getattr(shell, kind)(server.url(connect_timeout_seconds=60), command_timeout_seconds=None)
    server.freeze()
    try:
        call = shell.calling(service.execute, "PING")
        until(lambda: pending(service) == 1)
        service.close()
        assert isinstance(failure(call), Closed)
    finally:
        server.thaw()


def test_life_03_a_draining_pool_refuses_the_new_and_serves_the_old(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    pool = shell.pool(server.url(), max_size=1)
    holding = shell.calling(pool.execute, "BLPOP", "jobs", 0)
    eyes.until_sent("blpop")
    waiting = shell.calling(pool.execute, "ECHO", "waited")
    until(lambda: pending(pool) == 1)
    draining = shell.calling(pool.close, 60.0)
    until(lambda: pool._core.draining)
    with pytest.raises(Closed):
        pool.execute("PING")
    eyes.ask("RPUSH", "jobs", "one")
    assert outcome(holding) == [b"jobs", b"one"]
    assert outcome(waiting) == b"waited"
    outcome(draining)


def test_life_03_a_draining_multiplexer_refuses_the_new_and_serves_the_old(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    multiplexer = shell.multiplexer(server.url(), max_in_flight=1)
    eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
    calls = [shell.calling(multiplexer.execute, "INCR", "k") for _ in range(3)]
    eyes.until_sent("incr")
    until(lambda: multiplexer.metrics()["db.client.connection.pending_requests"] == 3)
    draining = shell.calling(multiplexer.close, 60.0)
    until(lambda: multiplexer._core.draining)
    with pytest.raises(Closed):
        multiplexer.execute("PING")
    eyes.ask("CLIENT", "UNPAUSE")
    assert sorted(outcome(call) for call in calls) == [1, 2, 3]
    outcome(draining)


def test_life_03_a_drain_ends_when_its_time_is_up(server: Server, eyes: Eyes, shell: Shell) -> None:
    pool = shell.pool(server.url())
    holding = shell.calling(pool.execute, "BLPOP", "nothing", 0)
    eyes.until_sent("blpop")
    pool.close(0.05)
    assert isinstance(failure(holding), Closed)


@pytest.mark.parametrize("kind", [threads.Pool, threads.Multiplexer])
def test_one_that_is_forgotten_among_threads_says_so(server: Server, kind: Any) -> None:
    def forgets() -> None:
        kind(server.url()).execute("PING")

    assert complaint(kind) in complaints(forgets)


@pytest.mark.parametrize("kind", [aio.Pool, aio.Multiplexer])
def test_one_that_is_forgotten_in_a_loop_says_so_when_that_is_gone(server: Server, kind: Any) -> None:
    async def forgets() -> None:
        await kind(server.url()).execute("PING")

    assert complaint(kind) in complaints(lambda: asyncio.run(forgets()))


def complaint(kind: type[object]) -> str:
    return f"a {kind.__name__} was never closed, and has 1 open connections: call its close()"


def complaints(forgets: Callable[[], None]) -> list[str]:
    """What is said when that which was forgotten is collected; asyncio adds a word of its own for sockets."""
    with warnings.catch_warnings(record=True, action="always", category=ResourceWarning) as caught:
        forgets()
        gc.collect()
    words = [str(one.message) for one in caught]
    caught.clear()
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()  # the warnings had held on to what they are about
    return words


def test_subscribers_hear_of_the_close(server: Server, eyes: Eyes, shell: Shell) -> None:
    with closing(shell.multiplexer(server.url())) as multiplexer:
        heard = shell.calling(multiplexer.subscribe("news").message)
        eyes.until_clients(1, sub="1")
    assert isinstance(failure(heard), Closed)


def pending(service: Any) -> int:
    shown = service.metrics() if hasattr(service, "metrics") else service.multiplexer.metrics()
    count: int = shown["db.client.connection.pending_requests"]
    return count


def until(condition: Callable[[], bool]) -> None:
    """Asks the client itself, where the server cannot know; each look lets other threads run."""
    for _ in range(1_000_000):
        if condition():
            return
    raise AssertionError("in vain")
