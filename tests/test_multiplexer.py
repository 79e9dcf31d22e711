"""The multiplexer's core keeps step with its model: at a small size through every step, then in random runs.

The model knows no backlog: there, to send is to write. So for it a command in the backlog is one that its
caller has not sent yet, a flush is as many sends as it writes commands, and all else that happens to the
backlog is no step at all.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from poolproof import models
from poolproof.models.multiplexer import Request, State
from poolproof.reference.errors import PoolproofError
from poolproof.reference.multiplexer import (
    DIAL,
    DIALLING,
    FLUSH_NOW,
    FLUSH_SOON,
    NOTHING,
    UP,
    Ended,
    MultiplexerCore,
    Next,
)

FAR = 1_000  # a bound out of reach


@dataclass(eq=False)
class Command:
    """One command of one caller, and whether it has been settled or given up."""

    caller: int
    number: int = 0  # that of its request in the model, once it is written
    over: bool = False

    def done(self) -> bool:
        return self.over


Core = MultiplexerCore[Command]


class Driver:
    """A core between callers that send and cancel and a server that answers every command with its name."""

    def __init__(self, core: Core, callers: int) -> None:
        self.core = core
        self.live: list[Command | None] = [None] * callers  # what each caller waits for
        self.accepted: list[Command] = []  # and not written yet, in that order
        self.sent = [0] * callers
        self.replies: list[Request | tuple[()]] = [()] * callers
        self.server: list[Request] = []
        self.wire: list[Request] = []
        self.connections = 0  # the epochs that began with a connection: the others the model does not count
        self.flush_asked = False

    def perform(self, label: models.Action) -> None:
        match label:
            case ("Send", caller):
                self.send(caller)
                self.flush()
            case ("Cancel", caller):
                self.cancel(caller)
            case ("Serve",):
                self.wire.append(self.server.pop(0))
            case ("Receive",):
                self.receive()
            case ("Disconnect",):
                self.disconnect()
            case (
                "Reconnect",
            ):  # a core dials for a command only: this one is given up before it can be sent
                command = Command(caller=-1)
                assert self.core.send(b"", command) is DIAL
                command.over = True
                self.opened()
            case _:
                assert label == ("Done",)

    def send(self, caller: int) -> None:
        self.live[caller] = command = Command(caller)
        self.accepted.append(command)
        step = self.core.send(b"%d " % caller, command)
        self.flush_asked |= step in (FLUSH_NOW, FLUSH_SOON)

    def cancel(self, caller: int) -> None:
        if command := self.live[caller]:
            command.over = True
            self.live[caller] = None

    def opened(self) -> None:
        self.connections += 1
        self.core.opened(self.core.epoch)
        self.flush()

    def flush(self) -> list[int]:
        """The callers whose commands were written."""
        self.flush_asked = False
        written = [int(caller) for caller in self.core.flush().split()]
        due = [command.caller for command in self.accepted if not command.over]
        assert written == due[: len(written)], "written out of order"  # CALL-07
        del self.accepted[: len(self.accepted) - len(self.core.backlog)]
        for caller in written:
            self.sent[caller] += 1
            self.replies[caller] = ()
            if command := self.live[caller]:
                command.number = self.sent[caller]
            self.server.append((caller, self.sent[caller]))
        return written

    def receive(self) -> None:
        reply = self.wire.pop(0)
        command = self.core.received(self.core.epoch)
        if command is not None:
            self.settle(command)
            self.replies[command.caller] = reply

    def disconnect(self) -> None:
        in_flight = [command for command in self.live if command and command.number]
        backlog = [command for command in self.live if command and not command.number]
        self.told(self.core.lost(self.core.epoch), in_flight, backlog)

    def told(self, ended: Ended[Command], in_flight: list[Command], backlog: list[Command]) -> None:
        assert set(ended.unknown) == set(in_flight), "whose command may have been executed"
        assert set(ended.not_sent) == set(backlog), "whose command was not sent"
        for command in (*ended.unknown, *ended.not_sent):
            self.settle(command)
        self.accepted.clear()
        self.server.clear()
        self.wire.clear()

    def settle(self, command: Command) -> None:
        assert not command.over, "settled twice, or after its caller has left"
        assert self.live[command.caller] is command
        self.cancel(command.caller)

    def state(self) -> State:
        """What the model would be in, were it where the core is."""
        waiting = ["waiting" if command and command.number else "out" for command in self.live]
        return (
            tuple(zip(waiting, self.sent, self.replies, strict=True)),
            tuple(((command.caller, command.number), not command.over) for command in self.core.in_flight),
            tuple(self.server),
            tuple(self.wire),
            self.core.link is UP,
            self.connections,
        )

    def check(self, expected: State) -> None:
        assert self.state() == expected
        self.core.check()
        room = len(self.core.in_flight) < self.core.max_in_flight
        stuck = self.core.link is UP and self.core.backlog and room and not self.flush_asked
        assert not stuck, "a backlog that nobody will flush"


def walk(core: Core, callers: int = 2, requests: int = 2, connections: int = 2) -> set[State]:
    """Takes the core along every edge of the model's graph; the states it was in."""
    model = models.Multiplexer(callers, requests, connections)
    first = Driver(core, callers)
    first.perform(("Reconnect",))  # the model begins with a connection
    first.check(model.initial())
    reached, queue = {model.initial()}, [first]
    for driver in queue:  # which grows while it is read
        for label, expected in model.actions(driver.state()):
            successor = deepcopy(driver)
            successor.perform(label)
            successor.check(expected)
            if expected not in reached:
                reached.add(expected)
                queue.append(successor)
    return reached


def test_the_core_follows_the_model_along_every_edge() -> None:
    assert walk(Core(FAR, FAR)) == models.explore(models.Multiplexer(2, 2, 2)).states


class RandomRun(RuleBasedStateMachine):
    """A random run of the core, backlog and bounds included, that the model must be able to follow."""

    make: type[Core] = Core

    @initialize(callers=st.integers(1, 6), max_in_flight=st.integers(1, 4))
    def start(self, callers: int, max_in_flight: int) -> None:
        self.model = models.Multiplexer(callers, requests=FAR, connections=FAR)
        self.driver = Driver(self.make(max_in_flight, FAR), callers)
        self.driver.perform(("Reconnect",))
        self.expected = self.model.initial()

    def follow(self, *label: str | int) -> None:
        self.expected = next(state for offer, state in self.model.actions(self.expected) if offer == label)

    @rule(caller=st.integers(0, 5))
    def send(self, caller: int) -> None:
        caller %= len(self.driver.live)
        if self.driver.live[caller] is None:
            self.driver.send(caller)

    @rule()
    def flush(self) -> None:
        for caller in self.driver.flush():
            self.follow("Send", caller)

    @rule(caller=st.integers(0, 5))
    def cancel(self, caller: int) -> None:
        caller %= len(self.driver.live)
        command = self.driver.live[caller]
        self.driver.cancel(caller)
        if command and command.number:
            self.follow("Cancel", caller)

    @precondition(lambda self: self.driver.server)
    @rule()
    def serve(self) -> None:
        self.driver.perform(("Serve",))
        self.follow("Serve")

    @precondition(lambda self: self.driver.wire)
    @rule(count=st.integers(1, 4))
    def receive(self, count: int) -> None:
        for _ in self.driver.wire[:count]:
            self.driver.receive()
            self.follow("Receive")
        self.flush()  # as a shell does when it has read all that came

    @precondition(lambda self: self.driver.core.link is DIALLING)
    @rule()
    def opened(self) -> None:
        self.follow("Reconnect")
        self.driver.connections += 1
        self.driver.core.opened(self.driver.core.epoch)
        self.flush()

    @precondition(lambda self: self.driver.core.link in (UP, DIALLING))
    @rule()
    def lost(self) -> None:
        if self.driver.core.link is UP:
            self.follow("Disconnect")
            self.driver.disconnect()
        else:
            backlog = [command for command in self.driver.live if command]
            self.driver.told(self.driver.core.lost(self.driver.core.epoch), [], backlog)

    @invariant()
    def in_step(self) -> None:
        if hasattr(self, "driver"):
            self.driver.check(self.expected)


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=40)


# The lockstep is worth what it catches.


class ReplyToLast(Core):
    def received(self, epoch: int) -> Command | None:
        self.in_flight.reverse()
        call = super().received(epoch)
        self.in_flight.reverse()
        return call


class NoTombstone(Core):
    def received(self, epoch: int) -> Command | None:
        while self.in_flight and self.in_flight[0].done():
            self.in_flight.popleft()
        return super().received(epoch)


class ForgottenCallers(Core):
    def lost(self, epoch: int) -> Ended[Command]:
        super().lost(epoch)
        return Ended()


class StaleInFlight(Core):
    def lost(self, epoch: int) -> Ended[Command]:
        kept = list(self.in_flight)
        ended = super().lost(epoch)
        self.in_flight.extend(kept)
        return ended


@pytest.mark.parametrize("fault", [ReplyToLast, NoTombstone, ForgottenCallers, StaleInFlight])
def test_the_walk_catches(fault: type[Core]) -> None:
    with pytest.raises((AssertionError, PoolproofError)):
        walk(fault(FAR, FAR))


class BacklogInAnyOrder(Core):
    def flush(self) -> bytes:
        self.backlog.reverse()
        return super().flush()


class BacklogIsSentThoughGivenUp(Core):
    def flush(self) -> bytes:
        given_up = [call for _, call in self.backlog if call.over]
        for call in given_up:
            call.over = False
        written = super().flush()
        for call in given_up:
            call.over = True
        return written


class NoBoundInFlight(Core):
    def flush(self) -> bytes:
        self.max_in_flight += 1
        written = super().flush()
        self.max_in_flight -= 1
        return written


class BacklogIsForgotten(Core):
    def send(self, data: bytes, call: Command) -> Next:
        step = super().send(data, call)
        return NOTHING if step is FLUSH_SOON else step


class BacklogIsUnknown(Core):
    def lost(self, epoch: int) -> Ended[Command]:
        ended = super().lost(epoch)
        return Ended(unknown=(*ended.unknown, *ended.not_sent))


@pytest.mark.parametrize(
    "fault",
    [BacklogInAnyOrder, BacklogIsSentThoughGivenUp, NoBoundInFlight, BacklogIsForgotten, BacklogIsUnknown],
)
def test_a_random_run_catches(fault: type[Core]) -> None:
    machine = type(fault.__name__, (RandomRun,), {"make": fault})
    hurried = settings(
        TestRandomRun.settings, max_examples=200, phases=[Phase.generate], derandomize=True, database=None
    )
    with pytest.raises((AssertionError, StopIteration)):
        run_state_machine_as_test(machine, settings=hurried)
