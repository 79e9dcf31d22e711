"""Generated programs, and two loops to run them on: asyncio's own and the simulated one.

asyncio's selector loop gets a selector that advances a clock instead of waiting, so that both loops live in
virtual time. What a program logs must not depend on the loop it ran on; every line carries the time, and the
outside world takes part as a bell, whose ringing is news for the loop.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, cast

from hypothesis import strategies as st

from poolproof.conformance.simulation.aio.loop import SimulatedLoop
from poolproof.conformance.simulation.aio.network import Network

TICK_SECONDS = 1 / 64  # a power of two, so that adding up ticks is exact
LONGER_THAN_ANY_PROGRAM_SECONDS = 100.0

Operation = tuple[str, int]
Log = list[tuple[object, ...]]


# the two loops


class Bell(Protocol):
    """The outside world: something that rings becomes news for the loop."""

    def ring(self) -> None: ...


class NetworkOfBells:
    """Stands for the network: what was rung since the loop last asked is one piece of news."""

    def __init__(self, answer: Callable[[int], None]) -> None:
        self._answer = answer
        self._rung = 0

    def ring(self) -> None:
        self._rung += 1

    def news(self) -> list[Callable[[], None]]:
        return [self._deliver] if self._rung else []

    def next_time(self) -> float:
        return math.inf  # it does nothing by itself

    def pass_time(self) -> None:
        pass

    def _deliver(self) -> None:
        count, self._rung = self._rung, 0
        self._answer(count)


class SocketBell:
    """The same with a pair of real sockets."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer: Callable[[int], None]) -> None:
        self._ours, self._theirs = socket.socketpair()
        loop.add_reader(self._theirs, lambda: answer(len(self._theirs.recv(100))))

    def ring(self) -> None:
        self._ours.send(b"!")

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


class TimelessSelector(selectors.SelectSelector):
    """Adds up the time that it should have waited; `rest` hears when there is nothing to wait for."""

    waited_seconds = 0.0
    rest: Callable[[], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            self.rest()
        elif not events:
            self.waited_seconds += timeout or 0
        return events


class AsyncioLoop(asyncio.SelectorEventLoop):
    """asyncio's own, with a clock that needs no waiting. It stops when nothing can happen any more."""

    def __init__(self) -> None:
        self._timeless = TimelessSelector()
        self._timeless.rest = self.stop
        super().__init__(self._timeless)

    def time(self) -> float:
        return self._timeless.waited_seconds


def log_of_asyncio(programs: list[list[Operation]]) -> Log:
    loop = AsyncioLoop()
    log: Log = []
    bell = SocketBell(loop, lambda count: log.append((loop.time(), "rung", count)))
    stage = Stage(loop, bell, log)
    stage.start(programs)
    loop.run_forever()
    seen = log.copy()
    stage.end()
    loop.run_until_complete(asyncio.wait(stage.tasks))
    loop.remove_reader(bell._theirs)
    bell.close()
    loop.close()
    return seen


def log_of_simulation(programs: list[list[Operation]]) -> Log:
    log: Log = []
    bell = NetworkOfBells(lambda count: log.append((loop.time(), "rung", count)))
    with simulated(bell) as loop:
        stage = Stage(loop, bell, log)
        stage.start(programs)
        loop.pass_time(LONGER_THAN_ANY_PROGRAM_SECONDS)
        seen = log.copy()
        stage.end()
        loop.pass_time(LONGER_THAN_ANY_PROGRAM_SECONDS)
    assert loop.errors == []
    return seen


@contextmanager
def simulated(network: NetworkOfBells | None = None) -> Generator[SimulatedLoop]:
    """A simulated loop, running in the sense of asyncio while the test drives it."""
    loop = SimulatedLoop(cast(Network, network or NetworkOfBells(print)))
    asyncio._set_running_loop(loop)
    try:
        yield loop
    finally:
        asyncio._set_running_loop(None)
        loop.close()


# programs


class Stage:
    """What the tasks of a program share, and the meaning of its operations."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bell: Bell, log: Log) -> None:
        self.loop, self.bell, self.log = loop, bell, log
        self.over = False
        self.tasks: list[asyncio.Task[None]] = []
        self.futures = [loop.create_future() for _ in range(2)]
        self.event, self.condition, self.lock = asyncio.Event(), asyncio.Condition(), asyncio.Lock()
        self.queue: asyncio.Queue[int] = asyncio.Queue(1)

    def start(self, programs: list[list[Operation]]) -> None:
        for name, program in enumerate(programs):
            self.tasks.append(self.loop.create_task(self.perform(name, program)))

    def end(self) -> None:
        """Whoever still waits is to give up."""
        self.over = True
        for task in self.tasks:
            task.cancel()

    def note(self, *line: object) -> None:
        self.log.append((self.loop.time(), *line))

    async def perform(self, name: int, program: list[Operation]) -> None:
        for operation in program:
            self.note(name, "begins", operation)
            try:
                await self.operate(*operation)
            except (asyncio.CancelledError, TimeoutError) as error:
                self.note(name, type(error).__name__)
                if name % 2 or self.over:  # the others carry on: a cancellation may be swallowed
                    raise
        self.note(name, "ends")

    async def operate(self, verb: str, number: int) -> None:
        match verb:
            case "sleep":
                await asyncio.sleep(number * TICK_SECONDS)
            case "timeout":
                async with asyncio.timeout(number * TICK_SECONDS):
                    await asyncio.sleep(2 * TICK_SECONDS)
            case "gather":
                await asyncio.gather(*(asyncio.sleep(ticks * TICK_SECONDS) for ticks in (number, 0, 1)))
            case "await future":
                await asyncio.shield(self.futures[number % 2])
            case "wait":
                await self.event.wait()
            case "wait at most":
                await asyncio.wait_for(self.queue.get(), number * TICK_SECONDS)
            case "wait for change":
                async with self.condition:
                    await self.condition.wait()
            case "notify":
                async with self.condition:
                    self.condition.notify(number)
            case "hold":
                async with self.lock:
                    await asyncio.sleep(number * TICK_SECONDS)
            case "put":
                await self.queue.put(number)
            case "get":
                self.note("got", await self.queue.get())
            case _:
                self.act(verb, number)

    def act(self, verb: str, number: int) -> None:
        future, task = self.futures[number % 2], self.tasks[number % len(self.tasks)]
        match verb:
            case "soon":
                self.loop.call_soon(self.note, "soon", number)
            case "later":
                self.loop.call_later(number * TICK_SECONDS, self.note, "later", number)
            case "ring":
                self.bell.ring()
            case "set future" if not future.done():
                future.set_result(None)
            case "set":
                self.event.set()
            case "clear":
                self.event.clear()
            case "cancel":
                task.cancel()
            case _:
                pass


OPERATIONS = (
    *("sleep", "timeout", "gather", "await future", "wait", "wait at most", "wait for change", "notify"),
    *("hold", "put", "get", "soon", "later", "ring", "set future", "set", "clear", "cancel"),
)
PROGRAMS = st.lists(
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 3)), max_size=6), min_size=1, max_size=4
)
