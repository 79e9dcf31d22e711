"""A multiplexer's core kept in step with its model, between callers and a server that names what it answers.

One flush of the core is as many of the model's as there is room for: it writes what was not given up, and
drops the rest. The model may drop the oldest when there is no room, too; the core leaves it where it is
until it would have been written, and so never gets into a few of the model's states.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from poolproof import models
from poolproof.models.full_multiplexer import PUSH, State
from poolproof.models.multiplexer import Request
from poolproof.reference.errors import PoolproofError
from poolproof.reference.multiplexer import (
    CLOSED,
    DIAL,
    DIALLING,
    DOWN,
    FLUSH_NOW,
    FLUSH_SOON,
    NOTHING,
    UP,
    Ended,
    MultiplexerCore,
)


@dataclass(eq=False)
class Command:
    """One command of one caller, and whether it has been settled or given up."""

    request: Request
    over: bool = False

    def done(self) -> bool:
        return self.over


Core = MultiplexerCore[Command]
Make = Callable[[int, float], Core]


class RoomFirst(models.FullMultiplexer):
    """Even what was given up stays in the backlog until there is room for it."""

    def may_flush(self, state: State) -> bool:
        return len(state.plain[1]) < self.max_in_flight


def calls(model: models.FullMultiplexer, state: State) -> Iterator[tuple[models.Action, State]]:
    """What can be called or happen now, and where it leads."""
    for label, successor in model.actions(state):
        while label == ("Flush",) and successor.backlog and model.may_flush(successor):
            successor = model.flush(successor)
        yield label, successor


class Driver:
    """A core driven by the model's labels, with all that lies between it and the server."""

    def __init__(self, core: Core, callers: int) -> None:
        self.core = core
        self.live: list[Command | None] = [None] * callers  # what each caller waits for
        self.accepted = [0] * callers
        self.written = [0] * callers
        self.replies: list[Request | tuple[()]] = [()] * callers
        self.server: list[Request] = []
        self.wire: list[Request] = []
        self.part: list[Request] = []
        self.connections = 0  # the epochs that began with a connection: the others the model does not count
        self.flush_asked = False
        self.reconnect()

    def follow(self, label: models.Action, expected: State) -> None:
        """Does what the label says, and asserts that it leads where the model's step leads."""
        self.perform(label)
        self.check(expected)

    def perform(self, label: models.Action) -> None:
        match label:
            case ("Send", caller):
                self.send(caller)
            case ("Cancel", caller):
                self.cancel(caller)
            case ("Flush",):
                self.flush()
            case ("Serve",):
                self.wire.append(self.server.pop(0))
            case ("Push",):
                self.wire.append(PUSH)
            case ("Read",):
                self.part.append(self.wire.pop(0))
            case ("Receive",):
                self.receive([self.part.pop()])
            case ("Disconnect",) | ("DialFail",):
                self.told(self.core.lost(self.core.epoch))
            case ("Reconnect",):
                self.reconnect()
            case ("Close",):
                self.told(self.core.close())
            case _:
                assert label == ("Done",)

    def send(self, caller: int) -> None:
        command = Command((caller, self.accepted[caller] + 1))
        down, lone = self.core.link is DOWN, not (self.core.in_flight or self.core.backlog)
        step = self.core.send(b"%d.%d " % command.request, command)
        assert (step is DIAL) == down
        assert (step is FLUSH_NOW) == (lone and self.core.link is UP), "a lone caller waits for nobody"
        self.flush_asked |= step in (FLUSH_NOW, FLUSH_SOON)
        self.accepted[caller] += 1
        self.replies[caller] = ()
        self.live[caller] = command

    def cancel(self, caller: int) -> None:
        if command := self.live[caller]:
            command.over = True
            self.live[caller] = None

    def flush(self) -> None:
        self.flush_asked = False
        for item in self.core.flush().split():
            caller, number = map(int, item.split(b"."))
            self.server.append((caller, number))
            self.written[caller] = number

    def receive(self, items: list[Request]) -> None:
        """These came in one piece; they are all replies, or it is one push."""
        if items == [PUSH]:
            assert self.core.confirmed(self.core.epoch) == [], "it confirms what nobody asked for"
            return
        commands = self.core.received(self.core.epoch, len(items))
        for command, reply in zip(commands, items, strict=True):
            if not command.over:
                self.replies[command.request[0]] = reply
                self.settle(command)
        self.flush_asked = True  # as the shell does when it has read all that came

    def reconnect(self) -> None:
        assert self.core.dial() != (self.core.link is DIALLING and bool(self.core.backlog))
        self.core.opened(self.core.epoch)
        self.connections += 1
        self.flush_asked = True

    def told(self, ended: Ended[Command]) -> None:
        for written, commands in ((True, ended.unknown), (False, ended.not_sent)):
            for command in commands:
                caller, number = command.request
                assert (number <= self.written[caller]) == written, "its fate is something else"
                self.settle(command)
        for gone in (self.server, self.wire, self.part):
            gone.clear()

    def settle(self, command: Command) -> None:
        assert not command.over, "settled twice, or after its caller has left"
        assert self.live[command.request[0]] is command
        self.cancel(command.request[0])

    def state(self) -> State:
        """What the model would be in, were it where the core is."""
        core = self.core
        phases = ["waiting" if command else "out" for command in self.live]
        callers = tuple(zip(phases, self.accepted, self.replies, strict=True))
        in_flight = tuple((command.request, not command.over) for command in core.in_flight)
        plain = callers, in_flight, tuple(self.server), tuple(self.wire), core.link is UP, self.connections
        backlog = tuple((command.request, not command.over) for _, command, _ in core.backlog)
        part = (self.part[0],) if self.part else ()
        return State(plain, backlog, tuple(self.written), part, core.link is CLOSED)

    def check(self, expected: State) -> None:
        core = self.core
        assert self.state() == expected
        core.check()
        assert core.empty == (not expected.plain[1] and not expected.backlog)
        assert not core.sendable or self.flush_asked, "a backlog that nobody will flush"
        flushed: Core = pickle.loads(pickle.dumps(core))
        flushed.flush()
        assert core.sendable == (len(flushed.backlog) < len(core.backlog))
        self.refuse()
        assert self.state() == expected

    def refuse(self) -> None:
        """Asserts that nothing comes of late news, nor of a command when there is no room, or all is over."""
        core, over = self.core, self.core.epoch - 1
        core.opened(over)
        assert (core.received(over, 1), core.confirmed(over), core.lost(over)) == ([], [], Ended())
        if core.link is CLOSED or len(core.in_flight) + core.backlogged == core.bound:
            try:
                assert core.send(b"", Command((0, 0))) is NOTHING
                raise AssertionError("accepted beyond the bound, or after the end")
            except PoolproofError:
                pass


def walk(make: Make, callers: int, requests: int, connections: int, bounds: tuple[int, int]) -> set[State]:
    """Takes the core along every edge of the model's graph; the states it was in."""
    model = RoomFirst(callers, requests, connections, *bounds)
    first = Driver(make(*bounds), callers)
    first.check(model.initial())
    reached, queue = {model.initial()}, [first]
    for driver in queue:  # which grows while it is read
        kept = pickle.dumps(driver)
        for label, expected in calls(model, driver.state()):
            successor: Driver = pickle.loads(kept)
            successor.follow(label, expected)
            if expected not in reached:
                reached.add(expected)
                queue.append(successor)
    return reached
