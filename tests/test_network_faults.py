"""What a reset, half a close and a delay do to a client, with asyncio and with threads."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from poolproof.conformance.clients.reference import AsyncioPool
from poolproof.conformance.history import Event, Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.run import run
from poolproof.conformance.witness import Fault, Send

from .simulated_connection import PING, PONG, Simulated

ROOT = Path(__file__).parent.parent
THEN_B = "settle, call b, answer b, settle"
PLANS = {
    "delayed": "fault delay caller=a amount=3, call a, answer a, call b, settle, wait 9, answer b, settle",
    "reset in flight": f"call a, settle, strike reset caller=a, {THEN_B}",
    "reset on arrival": f"fault reset caller=a, call a, {THEN_B}",
    "half-closed in flight": f"call a, settle, strike half-close caller=a, {THEN_B}",
    "half-closed on arrival": f"fault half-close caller=a, call a, {THEN_B}",
    "reset while idle": f"call a, answer a, settle, strike reset, {THEN_B}",
    "half-closed while idle": f"call a, answer a, settle, strike half-close, {THEN_B}",
}
LOST_AND_SERVED = [(0.0, "raised", "a", "conn_lost"), (0.0, "returned", "b", "val:b")]
BOTH_SERVED = [(0.0, "returned", "a", "val:a"), (0.0, "returned", "b", "val:b")]
Told = list[tuple[float, str, str, str]]


@cache
def in_threads() -> dict[str, list[Event]]:
    """The histories of the plans, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.plans_in_threads", *PLANS.values()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    histories = [[Event(*event) for event in events] for events in json.loads(done.stdout)]
    return dict(zip(PLANS, histories, strict=True))


def told(world: str, situation: str) -> Told:
    """How the calls ended, and when."""
    if world == "threads":
        events = in_threads()[situation]
    else:
        events = run(plan(PLANS[situation]), AsyncioPool).history.events
    ends = [
        event for event in events if event.kind in (Kind.RETURNED, Kind.RAISED) and event.caller in ("a", "b")
    ]
    return [(event.at, str(event.kind), event.caller, event.text) for event in ends]


both_worlds = pytest.mark.parametrize("world", ["asyncio", "threads"])


@both_worlds
def test_a_delayed_reply_comes_when_it_is_due_and_holds_up_who_waits_behind(world: str) -> None:
    assert told(world, "delayed") == [(3.0, "returned", "a", "val:a"), (9.0, "returned", "b", "val:b")]


@both_worlds
@pytest.mark.parametrize("situation", [each for each in PLANS if each.endswith(("in flight", "on arrival"))])
def test_who_is_in_flight_is_told_and_the_next_one_is_served(world: str, situation: str) -> None:
    assert told(world, situation) == LOST_AND_SERVED


@both_worlds
@pytest.mark.parametrize("situation", ["reset while idle", "half-closed while idle"])
def test_the_end_of_an_idle_connection_can_be_noticed(world: str, situation: str) -> None:
    assert told(world, situation) == BOTH_SERVED


# what a protocol of asyncio is told


def test_a_reset_overtakes_what_was_not_read_yet() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry([Send(1, PONG), *world.witness.strike(Fault.parse("reset"))])
        world.loop.settle()
        assert client.told[2:] == [("lost", ConnectionResetError)]
        assert world.events[-1][1:] == (Kind.CLOSED, "", 1, "server", "reset")


def test_after_a_reset_a_write_comes_to_nothing() -> None:
    with Simulated() as world:
        client = world.dial()
        world.network.carry(world.witness.strike(Fault.parse("reset")))
        client.transport.write(PING)
        world.loop.settle()
        assert client.told[2:] == [("lost", ConnectionResetError)]
        assert Kind.GREETED not in world.kinds()


def test_a_server_that_has_closed_by_half_reads_on() -> None:
    with Simulated() as world:
        client = world.dial()
        client.keeps_open = True
        world.network.carry([Send(1, PONG), *world.witness.strike(Fault.parse("half-close"))])
        world.loop.settle()
        client.transport.write(PING)
        world.loop.settle()
        assert client.told[2:] == [("data", PONG), ("end",)]
        assert world.kinds() == [Kind.DIALLED, Kind.OPENED, Kind.CLOSED, Kind.GREETED]


def test_time_brings_a_delayed_reply_and_no_sooner() -> None:
    with Simulated() as world:
        client = world.dial()
        world.witness.arm(Fault.parse("delay amount=3"))
        client.transport.write(PING)
        assert world.network.next_time() == 3
        world.loop.pass_time(2.999)
        assert client.told[2:] == []
        world.loop.pass_time(0.001)
        assert client.told[2:] == [("data", PONG)]
        assert world.events[-1][:2] == (3.0, Kind.WELCOMED)
