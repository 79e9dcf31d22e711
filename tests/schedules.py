"""All orders in which ready callbacks may run, up to a number of deviations from asyncio's own order.

asyncio runs callbacks first in, first out, and a client may rely on that. Our own shells must not even need
it: here any callback that is ready may run next, and a timer may fire before it is due. An order is a list of
choices, 0 standing for asyncio's own; a depth-first search runs them all, each time from the beginning with a
longer prefix, and the *budget* says how many choices other than 0 one run may make.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from poolproof.conformance.history import Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.loop import SimulatedLoop
from poolproof.conformance.simulation.network import Network
from poolproof.conformance.witness import Witness

Choose = Callable[[int], int]
Program = Callable[["Scene"], None]


class ChoosingLoop(SimulatedLoop):
    """A simulated loop that asks which ready callback runs next; the last option is the next timer."""

    def __init__(self, network: Network, choose: Choose) -> None:
        super().__init__(network)
        self._choose = choose

    def step(self) -> bool:
        if not self._left_in_batch:
            self._begin_batch()
            self._left_in_batch = len(self._ready)
        if not self._ready:
            return False
        timer = self._next_timer()
        options = len(self._ready) + (timer is not None)
        chosen = self._choose(options) if options > 1 else 0
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

    def __init__(self, choose: Choose) -> None:
        self.witness = Witness(lambda *_, **__: None)
        self.witness.heal()
        self.network = Network(plan("settle"), self.witness, self._record)
        self.loop = ChoosingLoop(self.network, choose)

    def _record(self, kind: Kind, *_: object, **__: object) -> None:
        pass

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.loop.create_task(work)

    def run(self, seconds: float = 3600) -> None:
        """Until everything is at rest, and that much time has passed."""
        self.loop.pass_time(seconds)

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


def explore(program: Program, budget: int, limit: int = 200_000) -> int:
    """Play the program in every order within the budget; how many there were. Its assertions go through."""
    prefix: list[int] = []
    runs = 0
    while True:
        order = _Order(prefix, budget)
        scene = Scene(order.choose)
        with scene.playing():
            program(scene)
            assert not scene.loop.errors, scene.loop.errors
        runs += 1
        assert runs < limit, "too many orders"
        if (following := order.next_prefix()) is None:
            return runs
        prefix = following


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
