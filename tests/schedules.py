"""All orders in which ready callbacks may run, up to a number of deviations from asyncio's own order.

asyncio runs callbacks first in, first out, and a client may rely on that. Our own shells must not even need
it: here any callback that is ready may run next, and if wanted a timer may fire before it is due. An order is
a list of choices, 0 standing for asyncio's own; a depth-first search runs them all, each time from the
beginning with a longer prefix, and the *budget* says how many choices other than 0 one run may make.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any

from poolproof.conformance.history import Event, Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.aio.loop import SimulatedLoop
from poolproof.conformance.simulation.aio.network import Network
from poolproof.conformance.witness import Witness

Choose = Callable[[int], int]
Program = Callable[["Scene"], None]


class ChoosingLoop(SimulatedLoop):
    """A simulated loop that asks which ready callback runs next, or if wanted whether the next timer does."""

    def __init__(self, network: Network, choose: Choose, early_timers: bool) -> None:
        super().__init__(network)
        self._choose = choose
        self._early_timers = early_timers
        self.calm = False

    def step(self) -> bool:
        if not self._left_in_batch:
            self._begin_batch()
            self._left_in_batch = len(self._ready)
        if not self._ready:
            return False
        due = self._next_timer()
        timer = due if due < inf and self._early_timers and not self.calm else None
        options = len(self._ready) + (timer is not None)
        chosen = self._choose(options) if options > 1 and not self.calm else 0
        if chosen == len(self._ready):
            handle: asyncio.Handle = heapq.heappop(self._scheduled)
            self._now = max(self._now, timer or 0.0)
        else:
            handle = self._ready[chosen]
            del self._ready[chosen]
            self._left_in_batch = max(0, self._left_in_batch - 1)
        self.callbacks += 1
        if not handle.cancelled():
            handle._run()
        return True


class Scene:
    """A loop, a network and a witness that answers at once; what a program plays on."""

    def __init__(self, choose: Choose, early_timers: bool = False) -> None:
        self.events: list[Event] = []  # what the witness and the network saw
        self.witness = Witness(self._record)
        self.witness.heal()
        self.network = Network(plan("settle"), self.witness, self._record)
        self.loop = ChoosingLoop(self.network, choose, early_timers)
        self.over = False  # it came to rest before as many steps as it was asked for

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        self.events.append(Event(self.loop.time(), kind, caller, connection, text, detail))

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.loop.create_task(work)

    def run(self, seconds: float = 3600) -> None:
        """Until everything is at rest, and that much time has passed."""
        self.loop.pass_time(seconds)

    def calm(self) -> None:
        """From now on callbacks run in asyncio's own order, and timers fire when they are due."""
        self.loop.calm = True

    def steps(self, count: int) -> None:
        """So many callbacks run, fewer if it comes to rest before."""
        for _ in range(count):
            if not self.loop.step():
                self.over = True
                return

    @contextmanager
    def playing(self) -> Iterator[None]:
        asyncio._set_running_loop(self.loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)
            for task in self.loop.tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # a failure leaves them behind
            self.loop.close()


def explore(program: Program, budget: int, early_timers: bool = False, limit: int = 200_000) -> int:
    """Play the program in every order within the budget; how many there were. Its assertions go through."""
    prefix: list[int] = []
    runs = 0
    while True:
        order = _Order(prefix, budget)
        scene = Scene(order.choose, early_timers)
        with scene.playing():
            program(scene)
            assert not scene.loop.errors, scene.loop.errors
        runs += 1
        assert runs < limit, "too many orders"
        if (following := order.next_prefix()) is None:
            return runs
        prefix = following


def at_every_moment(play: Callable[[Scene, int], object], budget: int, early_timers: bool = False) -> int:
    """Plays it with a moment of 0, 1, 2 ... callbacks, until it is over by then; how many runs there were."""

    def noted(scene: Scene, moment: int, over: list[bool]) -> None:
        play(scene, moment)
        over.append(scene.over)

    runs = moment = 0
    while True:
        over: list[bool] = []
        runs += explore(partial(noted, moment=moment, over=over), budget, early_timers)
        if all(over):
            return runs
        moment += 1


class _Order:
    """One order: the choices of a prefix, then asyncio's own; it remembers how many options there were."""

    def __init__(self, prefix: list[int], budget: int) -> None:
        self._prefix = prefix
        self._budget = budget
        self._path: list[tuple[int, int]] = []

    def choose(self, options: int) -> int:
        place = len(self._path)
        choice = self._prefix[place] if place < len(self._prefix) else 0
        self._path.append((choice, options if self._budget else 1))
        self._budget -= choice > 0
        return choice

    def next_prefix(self) -> list[int] | None:
        """The next one, depth first: the last choice that has another option takes it."""
        path = self._path
        while path and path[-1][0] + 1 >= path[-1][1]:
            path.pop()
        return [choice for choice, _ in path[:-1]] + [path[-1][0] + 1] if path else None
