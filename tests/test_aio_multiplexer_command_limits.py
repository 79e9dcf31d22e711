"""How long a command of the asyncio multiplexer may take, and a server be silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import pytest

from poolproof.reference import CommandTimeout, ConnectionLost, Fate
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, fate_of
from .held_server import SimulatedServer

LIMIT_SECONDS = 8.0
LATEST_SECONDS = LIMIT_SECONDS + LIMIT_SECONDS / 16  # the time between two looks

Issue = Callable[[Multiplexer], "asyncio.Future[object]"]
WAYS: list[Issue] = [
    lambda multiplexer: multiplexer.execute("ECHO", "silence"),
    lambda multiplexer: multiplexer.execute("ECHO", "silence", idempotent=True),
    lambda multiplexer: multiplexer.batch([("ECHO", "1"), ("ECHO", "2")]),
    lambda multiplexer: multiplexer.transaction([("ECHO", "1")]),
]


def limited(server: SimulatedServer, max_in_flight: int = 100) -> Multiplexer:
    return Multiplexer(server.url, command_timeout_seconds=LIMIT_SECONDS, max_in_flight=max_in_flight)


@pytest.mark.parametrize("issue", WAYS)
async def test_call_01_a_command_that_gets_no_reply_fails_at_its_limit(
    virtual_server: SimulatedServer, issue: Issue
) -> None:
    multiplexer = limited(virtual_server)
    assert await fate_of(issue(multiplexer)) == (CommandTimeout, Fate.UNKNOWN)
    assert LIMIT_SECONDS <= virtual_server.loop.time() <= LATEST_SECONDS
    await multiplexer.close()


@pytest.mark.parametrize("delay", [0.0, 0.125, 3.25, 7.875, 60.0])
async def test_call_01_each_command_has_the_limit_for_itself(
    virtual_server: SimulatedServer, delay: float
) -> None:
    multiplexer = limited(virtual_server)
    first = multiplexer.execute("ECHO", "first")
    received = await virtual_server.command()
    await asyncio.sleep(min(delay, 7.0))
    received.reply()
    await first
    await asyncio.sleep(delay)
    began = virtual_server.loop.time()
    await error_of(multiplexer.execute("ECHO", "silence"))
    assert LIMIT_SECONDS <= virtual_server.loop.time() - began <= LATEST_SECONDS
    await multiplexer.close()


async def test_call_01_one_that_was_not_written_says_so(virtual_server: SimulatedServer) -> None:
    multiplexer = limited(virtual_server, max_in_flight=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    assert [await fate_of(call) for call in calls] == [
        (CommandTimeout, Fate.UNKNOWN),
        (CommandTimeout, Fate.NOT_SENT),
    ]
    assert virtual_server.heard[3:] == [[b"ECHO", b"0"]]
    await multiplexer.close()


async def test_call_01_the_dial_counts_towards_the_limit(virtual_server: SimulatedServer) -> None:
    multiplexer = limited(virtual_server)
    virtual_server.network.hold(True)
    assert await fate_of(multiplexer.execute("ECHO", "silence")) == (CommandTimeout, Fate.NOT_SENT)
    assert virtual_server.loop.time() <= LATEST_SECONDS
    virtual_server.network.hold(False)
    assert await answered(virtual_server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_call_01_one_sent_while_a_dial_outlasts_those_before_it_has_its_limit_too(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = limited(virtual_server)
    virtual_server.network.hold(True)
    await error_of(multiplexer.execute("ECHO", "silence"))
    began = virtual_server.loop.time()
    call = multiplexer.execute("ECHO", "silence too")
    virtual_server.network.hold(False)
    await error_of(call)
    assert virtual_server.loop.time() - began <= LATEST_SECONDS
    await multiplexer.close()


async def test_mux_02_the_late_reply_to_a_command_past_its_limit_goes_to_nobody(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = limited(virtual_server)
    late = multiplexer.execute("ECHO", "late")
    held = await virtual_server.command()
    await asyncio.sleep(4)
    kept = multiplexer.execute("ECHO", "kept")
    other = await virtual_server.command()
    virtual_server.peers[0].write(b">1\r\n+sign-of-life\r\n")
    await error_of(late)
    held.reply()
    other.reply()
    assert await kept == b"kept"
    assert virtual_server.accepted == 1
    await multiplexer.close()


async def test_conn_10_a_server_that_is_silent_for_the_limit_is_given_up(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = limited(virtual_server)
    await error_of(multiplexer.execute("ECHO", "silence"))
    await virtual_server.until_open(0)
    assert virtual_server.loop.time() <= LATEST_SECONDS
    assert (await virtual_server.command()).words == [b"ECHO", b"silence"]
    assert await answered(virtual_server, multiplexer.execute("ECHO", "next")) == b"next"
    await multiplexer.close()


async def test_conn_10_when_a_silent_server_is_given_up_the_younger_calls_fail_with_it(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = limited(virtual_server)
    old = multiplexer.execute("ECHO", "old")
    await asyncio.sleep(6)
    young = multiplexer.execute("ECHO", "young")
    assert await fate_of(old) == (CommandTimeout, Fate.UNKNOWN)
    assert await fate_of(young) == (ConnectionLost, Fate.UNKNOWN)
    await multiplexer.close()


async def test_conn_10_a_server_that_answers_slowly_is_kept(virtual_server: SimulatedServer) -> None:
    multiplexer = limited(virtual_server)
    for _ in range(5):
        call = multiplexer.execute("ECHO", "slow")
        received = await virtual_server.command()
        await asyncio.sleep(7)
        received.reply()
        assert await call == b"slow"
    assert virtual_server.accepted == 1
    await multiplexer.close()


async def test_conn_10_an_idle_connection_is_kept(virtual_server: SimulatedServer) -> None:
    multiplexer = limited(virtual_server)
    for _ in range(2):
        await answered(virtual_server, multiplexer.execute("ECHO", "now and then"))
        await asyncio.sleep(10_000)
    assert virtual_server.accepted == 1
    await multiplexer.close()


async def test_call_01_without_a_limit_a_call_waits_for_as_long_as_it_takes(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, command_timeout_seconds=None)
    call = multiplexer.execute("ECHO", "slow")
    await asyncio.sleep(100_000)
    assert await answered(virtual_server, call) == b"slow"
    await multiplexer.close()


async def test_no_timer_goes_on_when_nobody_waits(virtual_server: SimulatedServer) -> None:
    multiplexer = limited(virtual_server)
    await answered(virtual_server, multiplexer.execute("ECHO", "quick"))
    await asyncio.sleep(1)
    assert virtual_server.loop._next_timer() == inf
    await multiplexer.close()
