"""The multiplexer's core keeps step with its model: exhaustively at small sizes, in random runs beyond."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from poolproof import models
from poolproof.models.full_multiplexer import PUSH, State
from poolproof.reference.errors import PoolproofError
from poolproof.reference.multiplexer import MultiplexerCore

from .multiplexer_faults import FAULTS, LARGE_FAULTS
from .multiplexer_in_step import Driver, Make, RoomFirst, calls, walk

FAR = 1_000  # out of reach
SIZES = [(2, 1, 2, (2, 1)), (2, 2, 2, (1, 1)), (3, 1, 1, (1, 2))]  # callers, requests, connections, bounds


@pytest.mark.parametrize(("callers", "requests", "connections", "bounds"), SIZES)
def test_the_core_follows_the_model_along_every_edge_and_refuses_all_else(
    callers: int, requests: int, connections: int, bounds: tuple[int, int]
) -> None:
    model = RoomFirst(callers, requests, connections, *bounds)
    assert walk(MultiplexerCore, callers, requests, connections, bounds) == models.explore(model).states


class RandomRun(RuleBasedStateMachine):
    """A random run of the model that the core must follow, where replies come several at a time."""

    make: Make = MultiplexerCore

    @initialize(
        callers=st.integers(1, 6),
        max_in_flight=st.integers(1, 4),
        max_backlog=st.sampled_from([0, 1, 2, FAR]),
    )
    def start(self, callers: int, max_in_flight: int, max_backlog: int) -> None:
        self.model = RoomFirst(callers, FAR, FAR, max_in_flight, max_backlog)
        self.expected: State = self.model.initial()
        self.driver = Driver(self.make(max_in_flight, max_backlog), callers)

    def follow(self, wanted: Callable[[models.Action], bool], choice: int = 0) -> None:
        """One of the wanted steps, if one is offered."""
        if offered := [call for call in calls(self.model, self.expected) if wanted(call[0])]:
            label, self.expected = offered[choice % len(offered)]
            self.driver.follow(label, self.expected)

    @rule(choice=st.integers(0, 1_000))
    def step(self, choice: int) -> None:
        self.follow(lambda label: label[0] not in ("Disconnect", "DialFail", "Close", "Push"), choice)

    @rule(choice=st.integers(0, 1_000))
    def send_or_cancel(self, choice: int) -> None:
        self.follow(lambda label: label[0] in ("Send", "Cancel"), choice)

    @rule()
    def push(self) -> None:
        self.follow(lambda label: label == ("Push",))

    @rule(choice=st.integers(0, 1_000))
    def fail(self, choice: int) -> None:
        if choice % 4 == 0:
            self.follow(lambda label: label[0] in ("Disconnect", "DialFail"))

    @rule()
    def send_all(self) -> None:
        for caller in range(len(self.driver.live)):
            self.follow({("Send", caller)}.__contains__)
        self.follow(lambda label: label == ("Flush",))

    @rule()
    def answer_all(self) -> None:
        """All replies come in one piece, up to a push; a flush follows, as in a shell."""
        for _ in self.driver.server.copy():
            self.follow(lambda label: label == ("Serve",))
        self.follow(lambda label: label == ("Receive",))
        wire = self.driver.wire
        items = wire[: wire.index(PUSH)] if PUSH in wire else wire.copy()
        if items:
            del wire[: len(items)]
            self.driver.receive(items)
            for _ in items:
                self.expected = dict(self.model.actions(self.expected))["Read",]
                self.expected = dict(self.model.actions(self.expected))["Receive",]
            self.follow(lambda label: label == ("Flush",))

    @invariant()
    def in_step(self) -> None:
        if hasattr(self, "driver"):
            self.driver.check(self.expected)

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.follow(lambda label: label == ("Close",))


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=40)


# The lockstep is worth what it catches.


@pytest.mark.parametrize("fault", FAULTS)
def test_the_walk_catches(fault: Make) -> None:
    with pytest.raises((AssertionError, PoolproofError)):
        for size in SIZES:
            walk(fault, *size)


@pytest.mark.parametrize("fault", LARGE_FAULTS)
def test_a_random_run_catches(fault: Make) -> None:
    machine = type("Faulty", (RandomRun,), {"make": fault})
    hurried = settings(
        TestRandomRun.settings, max_examples=200, phases=[Phase.generate], derandomize=True, database=None
    )
    with pytest.raises((AssertionError, PoolproofError)):
        run_state_machine_as_test(machine, settings=hurried)
