"""A multiplexer's core beside which every call has a clock of its own: its marks must tell the same.

What is accepted between two ticks may have been accepted right before the second, for all that marks can
know, so its clock begins there. In the same way it is known since when the server has been silent.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress

from poolproof.reference.errors import Overflow
from poolproof.reference.multiplexer import DIALLING, UP, Ended

from .commands_sent import Command, Core

LIMIT = 2.0
Make = Callable[[int, float, float], Core]


class Clocks:
    """A core, and for each call that is owed a reply, the time of the first tick since it was accepted."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.now = 0.0
        self.began: dict[Command, float | None] = {}
        self.heard_at: float | None = None  # the first tick since bytes came
        self.silence_told = False  # since then; a shell gives up the connection

    def happenings(self) -> list[str]:
        core = self.core
        can = ["tick", "send", "send_two"]
        can += ["opened"] if core.link is DIALLING else []
        can += ["lost", "heard"] if core.link is UP else []
        can += ["flush"] if core.sendable else []
        can += ["answer"] if core.in_flight else []
        can += ["give_up_first", "give_up_last"] if self.live() else []
        return can

    def live(self) -> list[Command]:
        return [call for call in self.began if not call.over and call.name != "restores"]

    def happen(self, name: str) -> None:
        getattr(self, name)()
        self.core.check()
        owed = dict.fromkeys([*self.core.in_flight, *(call for _, call, _ in self.core.backlog)])
        self.began = {call: self.began.get(call) for call in owed}

    def send(self, replies: int = 1) -> None:
        with suppress(Overflow):
            self.core.send(b"", Command(), replies)

    def send_two(self) -> None:
        self.send(2)

    def opened(self) -> None:
        self.core.opened(self.core.epoch, [(b"", Command("restores"))])
        self.heard()

    def lost(self) -> None:
        self.end(self.core.lost(self.core.epoch))

    def flush(self) -> None:
        self.core.flush()

    def heard(self) -> None:
        self.core.heard += 1
        self.heard_at = None
        self.silence_told = False

    def answer(self) -> None:
        (call,) = self.core.received(self.core.epoch, 1)
        call.over |= call not in self.core.in_flight
        self.heard()

    def give_up_first(self) -> None:
        self.live()[0].over = True

    def give_up_last(self) -> None:
        self.live()[-1].over = True

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds
        old = {call for call, began in self.began.items() if began is not None and began + LIMIT <= self.now}
        quiet = self.heard_at is not None and self.heard_at + LIMIT <= self.now
        due = old & set(self.live())
        ended, silent = self.core.tick(self.now)
        told = {call for call in (*ended.unknown, *ended.not_sent) if call.name != "restores"}
        assert told == due, "told too early, or too late, or not at all"
        assert set(ended.unknown) <= set(self.core.in_flight), "it was written"
        is_silent = quiet and bool(old) and bool(self.core.in_flight)
        assert silent == is_silent or self.silence_told, "whether the server is silent"
        self.silence_told |= silent
        self.end(ended)
        self.began = {call: self.now if began is None else began for call, began in self.began.items()}
        self.heard_at = self.now if self.heard_at is None else self.heard_at

    def tick_soon(self) -> None:
        self.tick(0.25)

    def tick_late(self) -> None:
        self.tick(2.5)

    def end(self, ended: Ended[Command]) -> None:
        for call in (*ended.unknown, *ended.not_sent):
            assert not call.over, "told twice"
            call.over = True

    def key(self) -> object:
        """What the future depends on."""
        core = self.core
        ages = tuple(
            (call.over, call.name, None if began is None else self.now - began)
            for call, began in self.began.items()
        )
        marks = [
            (self.now - mark.seconds, mark.accepted - core.answered, mark.heard - core.heard)
            for mark in core._marks._marks
        ]
        places = [list(self.began).index(call) for call in core.in_flight]
        sizes = tuple(replies for *_, replies in core.backlog)
        quiet = None if self.heard_at is None else min(self.now - self.heard_at, 3)
        return core.link, ages, tuple(marks), tuple(places), sizes, quiet, self.silence_told


def search(make: Make, length: int) -> int:
    """Lets everything happen in every order, up to so many happenings; the number of states."""
    up = Clocks(make(1, 3, LIMIT))
    up.core.dial()
    up.core.opened(up.core.epoch)
    queue = [Clocks(make(1, 3, LIMIT)), up]
    reached = {scene.key() for scene in queue}
    for _ in range(length):
        further: list[Clocks] = []
        for scene in queue:
            kept = pickle.dumps(scene)
            for name in scene.happenings():
                after: Clocks = pickle.loads(kept)
                after.happen(name)
                if after.key() not in reached:
                    reached.add(after.key())
                    further.append(after)
        queue = further
    return len(reached)


def run(make: Make, choices: list[int]) -> None:
    """One long run, with ticks at any time; each choice is one of what can happen then."""
    scene = Clocks(make(2, 6, LIMIT))
    for choice in choices:
        can = [*scene.happenings(), "tick", "tick_soon", "tick_late"]
        scene.happen(can[choice % len(can)])
