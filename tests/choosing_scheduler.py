"""A scheduler of simulated threads that asks, wherever others could come first, who does.

The locks of the reference are watched: a thread can be stopped not only before it takes one, but also before
it tries it, looks whether it is taken, or gives it back. (The simulator leaves these out, as the standard
library relies on them; the protocols of the reference are made of them.)
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from types import ModuleType

from poolproof.conformance.simulation.threads.locks import Lock, RLock
from poolproof.conformance.simulation.threads.scheduler import Scheduler
from poolproof.conformance.simulation.threads.thread import SimulatedThread, present

from .thread_schedules import Order

TURN_LIMIT = 20_000
FRAMES_SHOWN = 4
REFERENCE = "poolproof.reference."


@dataclass(eq=False)
class Event:
    """Something that may happen once, at any moment at which it is possible."""

    name: str
    happen: Callable[[], object]
    possible: Callable[[], bool]


class ChoosingScheduler(Scheduler):
    """Asks while it is `exploring`. `early_limits` seconds: a limit that is so near may pass at any moment."""  # noqa: E501

    def __init__(self, order: Order) -> None:
        super().__init__(turn_limit=TURN_LIMIT)
        self.exploring = False
        self.early_limits = 0.0
        self.events: list[Event] = []
        self.story: list[str] = []  # what was chosen, where it was not the plainest
        self._order = order
        self._quiet: set[SimulatedThread] = set()  # stand where no interrupt strikes

    def point(self) -> None:
        thread = present.thread
        if thread is None or self.is_over or thread.is_left_alone:
            return
        if choice := self._decide(running=True):
            go = self._queue.pop(choice - 1)
            self._first.append(go)
            self._tell(f"{_name_of(go)} goes on instead")
            self._pause(thread)
        else:
            self._count_turn()

    def quiet_point(self) -> None:
        """A point at which no interrupt strikes the thread that runs."""
        if (thread := present.thread) is not None:
            self._quiet.add(thread)
            try:
                self.point()
            finally:
                self._quiet.discard(thread)

    def statement(self) -> None:
        """Called before each statement of whatever the threads run, if these are searched."""
        if sys._getframe(1).f_globals["__name__"].startswith(REFERENCE):
            self.point()

    def can_be_interrupted(self, thread: SimulatedThread) -> bool:
        begun = bool(thread.greenlet) and not thread.done()
        return begun and thread.thrown is None and thread not in self._quiet

    def _take_turn(self) -> bool:
        self._wake_due()
        choice = 0 if self._first else self._decide(running=False)
        if self._first:
            go = self._first.pop(0)
        elif self._queue:
            go = self._queue.pop(choice)
            if choice:
                self._tell(f"{_name_of(go)} goes on first")
        else:
            return False
        self._count_turn()
        go()
        return True

    def _decide(self, running: bool) -> int:
        """Who goes on: 0 is the plainest. Before that, limits may pass and events happen."""
        while self.exploring and (running or not self._first):
            ways = max(1, len(self._queue) + running)
            events = [event for event in self.events if event.possible()]
            limit = self._early_limit()
            options = ways + len(events) + (limit < inf)
            choice = self._order.choose(options) if options > 1 else 0
            if choice < ways:
                return choice
            if choice - ways < len(events):
                event = events[choice - ways]
                self._tell(event.name)
                self.events.remove(event)
                event.happen()
            else:
                self._tell("a limit passes")
                self.now = limit
                self._wake_due()
        return 0

    def _early_limit(self) -> float:
        due = self._next_timer()
        return due if due is not None and self.now < due <= self.now + self.early_limits else inf

    def _tell(self, what: str) -> None:
        thread = present.thread
        self.story.append(f"{thread} stands at {place_of(thread)}: {what}" if thread else what)


class Watched(Lock):
    """A lock of the reference. `log` is told of each operation, and of what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self.log: Callable[[str], None] = _not_logged
        self.stops_before_release = True

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking:
            _quiet_point()
        got = super().acquire(blocking, timeout)
        self.log("taken" if got else "not taken")
        return got

    __enter__ = acquire

    def release(self) -> None:
        if self.stops_before_release:
            _quiet_point()
        super().release()
        self.log("given back")

    def __exit__(self, *_: object) -> None:
        super().release()


class WatchedLock(Watched):
    """`_thread.lock`."""

    def locked(self) -> bool:
        _quiet_point()
        return super().locked()


class WatchedRLock(Watched, RLock):
    """`_thread.RLock`."""


def watch(*modules: ModuleType) -> None:
    """The locks that these modules make are watched."""
    for module in modules:
        if hasattr(module, "allocate_lock"):
            module.allocate_lock = WatchedLock  # type: ignore[attr-defined]
        if hasattr(module, "threading"):
            seen = ModuleType("threading")
            vars(seen).update({**vars(module.threading), "RLock": WatchedRLock})
            module.threading = seen  # type: ignore[attr-defined]


def _not_logged(_: str) -> None:
    pass


def _quiet_point() -> None:
    if isinstance(present.scheduler, ChoosingScheduler):
        present.scheduler.quiet_point()


def place_of(thread: SimulatedThread) -> str:
    """Where in the reference a thread stands."""
    frame = sys._getframe(1) if thread is present.thread else thread.greenlet.gr_frame  # not (0): a cycle
    places = [
        f"{Path(each.f_code.co_filename).name}:{line} {each.f_code.co_name}"
        for each, line in traceback.walk_stack(frame)
        if each.f_globals["__name__"].startswith(REFERENCE)
    ]
    return " < ".join(places[:FRAMES_SHOWN]) or "its beginning or its end"


def _name_of(turn: Callable[[], None]) -> str:
    owner = getattr(turn, "__self__", None)
    return str(owner) if isinstance(owner, SimulatedThread) else "the network"
