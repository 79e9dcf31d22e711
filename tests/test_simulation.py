"""The simulated loop does what asyncio's own does, in the same order, and costs no time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolproof.conformance.adapter import Adapter
from poolproof.conformance.clients.reference import ADAPTERS
from poolproof.conformance.history import Kind
from poolproof.conformance.plan import Plan, plan
from poolproof.conformance.simulation.aio.loop import CALLBACK_LIMIT
from poolproof.conformance.simulation.guard import Blocked, Livelock, guarded
from poolproof.conformance.simulation.run import run
from poolproof.conformance.storm import storms

from .two_loops import (
    LONGER_THAN_ANY_PROGRAM_SECONDS,
    PROGRAMS,
    Log,
    NetworkOfBells,
    Operation,
    Stage,
    log_of_asyncio,
    log_of_simulation,
    simulated,
)


@settings(max_examples=600, deadline=None)
@given(PROGRAMS)
def test_a_program_logs_the_same_on_the_simulated_loop_as_on_asyncios(
    programs: list[list[Operation]],
) -> None:
    assert log_of_simulation(programs) == log_of_asyncio(programs)


@settings(max_examples=50, deadline=None)
@given(PROGRAMS, st.lists(st.integers(1, 9)))
def test_where_the_driver_pauses_changes_nothing(programs: list[list[Operation]], pauses: list[int]) -> None:
    log: Log = []
    with simulated() as loop:
        stage = Stage(loop, NetworkOfBells(print), log)
        stage.start(programs)
        for pause in pauses:
            for _ in range(pause):
                loop.step()
        loop.pass_time(LONGER_THAN_ANY_PROGRAM_SECONDS)
        paused = log.copy()
        stage.end()
        loop.settle()
    assert paused == [line for line in log_of_simulation(programs) if line[1] != "rung"]


# time


def test_an_hour_passes_at_once() -> None:
    with simulated() as loop:
        nap = loop.create_task(asyncio.sleep(3600, "rested"))
        loop.pass_time(3600)
        assert (nap.result(), loop.time()) == ("rested", 3600)


def test_time_stops_short_of_a_timer_that_is_not_due() -> None:
    with simulated() as loop:
        nap = loop.create_task(asyncio.sleep(10))
        loop.pass_time(9.999)
        assert not nap.done()
        loop.pass_time(0.001)
        assert nap.done()


def test_time_stands_still_while_anything_is_ready() -> None:
    with simulated() as loop:
        times: list[float] = []

        def note(left: int) -> None:
            times.append(loop.time())
            if left:
                loop.call_soon(note, left - 1)

        loop.call_later(1, note, 0)
        loop.call_soon(note, 100)
        loop.pass_time(2)
        assert times == [0] * 101 + [1]


def test_timers_due_within_the_clocks_resolution_run_in_one_batch() -> None:
    with simulated() as loop:
        log: list[str] = []
        loop.call_at(0.3, loop.call_soon, log.append, "after")
        loop.call_at(0.1 + 0.2, log.append, "second")  # a little more than 0.3
        loop.pass_time(1)
        assert log == ["second", "after"]


# what the driver relies on


@pytest.mark.parametrize("count", range(6))
def test_run_n_stops_after_exactly_n_callbacks(count: int) -> None:
    with simulated() as loop:
        ran: list[int] = []
        for number in range(5):
            loop.call_soon(ran.append, number)
        for _ in range(count):
            loop.step()
        assert ran == list(range(count))[:5]


def test_a_client_that_never_rests_is_a_livelock() -> None:
    with simulated() as loop:

        def again() -> None:
            loop.call_soon(again)

        again()
        with pytest.raises(Livelock):
            loop.settle()
        assert loop.callbacks == CALLBACK_LIMIT + 1


def test_a_client_that_blocks_the_loop_is_interrupted() -> None:
    with pytest.raises(Blocked, match="test_simulation"), guarded(0.01):
        while True:
            pass


def test_a_function_in_an_executor_runs_and_its_caller_is_suspended_once() -> None:
    with simulated() as loop:
        outcome = loop.run_in_executor(None, divmod, 7, 2)
        assert not outcome.done()
        loop.settle()
        assert outcome.result() == (3, 1)


def test_an_error_in_an_executor_reaches_its_caller() -> None:
    with simulated() as loop:
        outcome = loop.run_in_executor(None, divmod, 7, 0)
        loop.settle()
        assert isinstance(outcome.exception(), ZeroDivisionError)


def test_errors_that_nobody_caught_are_collected() -> None:
    with simulated() as loop:
        loop.call_soon(divmod, 7, 0)
        loop.settle()
        (error,) = loop.errors
        assert "ZeroDivisionError" in error


# plans


@pytest.mark.parametrize("adapter", [each for each in ADAPTERS if issubclass(each, Adapter)])
def test_the_same_plan_gives_the_same_history(adapter: type[Adapter]) -> None:
    @settings(max_examples=60, deadline=None)
    @given(storms(adapter))
    def check(storm: Plan) -> None:
        assert run(storm, adapter).history.events == run(storm, adapter).history.events

    check()


class OneConnection(Adapter):
    """The least that can be called a client."""

    async def call(self, *command: str) -> object:
        reader, writer = await asyncio.open_connection("127.0.0.1", 6379)
        try:
            writer.write(f"*2\r\n$3\r\nGET\r\n$1\r\n{command[1]}\r\n".encode())
            return await reader.readuntil()
        finally:
            writer.close()

    async def close(self) -> None:
        pass


def test_a_cancellation_can_be_placed_at_every_suspension_of_a_call() -> None:
    seen_before: list[Kind] = []
    for count in range(1, 9):
        events = run(plan(f"call a, run {count}, cancel a, settle", capacity=9), OneConnection).history.events
        place = next(place for place, event in enumerate(events) if event.kind is Kind.CANCELLED)
        seen_before.append(events[place - 1].kind)
    assert list(dict.fromkeys(seen_before)) == [Kind.DIALLED, Kind.OPENED, Kind.RECEIVED]
