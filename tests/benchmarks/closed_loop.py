"""Callers that ask again as soon as they are answered, for a while: a closed loop.

The first 0.15 s are not counted: connections are opened, caches filled. Every eighth command is timed; to
read the clock for each would show in the fastest subjects. A caller that gets an error stops, and the errors
are counted: a subject that fails quickly must not look fast.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable

from . import subjects_asyncio, subjects_threads
from .cells import COMMANDS, CPU, ERRORS, P50, P99, SERVER_CPU, SOCKETS, Figures, Setting
from .server import Info, information

WARM_UP_SECONDS = 0.15


class Stretch:
    """One uninterrupted stretch of work, and what its callers did in it."""

    def __init__(self) -> None:
        self.going = True
        self.commands = 0
        self.latencies: list[float] = []  # seconds
        self.errors: list[str] = []
        self._began = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.going = False

    def failed(self, error: Exception) -> None:
        self.errors.append(f"{type(error).__name__}: {error}".splitlines()[0])

    def figures(self) -> Figures:
        """What was reached since the beginning."""
        seconds = time.perf_counter() - self._began[0]
        cpu_seconds = time.process_time() - self._began[1]  # of all threads, native ones included
        timed = sorted(self.latencies)
        found: Figures = {ERRORS: len(self.errors), COMMANDS: self.commands / seconds}
        if timed:
            found[CPU] = cpu_seconds / self.commands * 100_000
            found[P50] = timed[len(timed) // 2] * 1e6
            found[P99] = timed[int(len(timed) * 0.99)] * 1e6
        return found


async def measure_asyncio(setting: Setting, seconds: float) -> tuple[Figures, list[str]]:
    """The figures of one asyncio client, and its errors; `NotRun` if it can't be run."""
    opened = information(setting.port)
    operation = await subjects_asyncio.SUBJECTS[setting.cell.subject](setting)
    await operation()
    await _callers(operation, setting.cell.callers, Stretch(), WARM_UP_SECONDS)
    gc.collect()
    before = information(setting.port)
    stretch = Stretch()
    await _callers(operation, setting.cell.callers, stretch, seconds)
    return stretch.figures() | _of_server(setting.port, opened, before, stretch), stretch.errors


async def _callers(
    operation: subjects_asyncio.Operation, callers: int, stretch: Stretch, seconds: float
) -> None:
    asyncio.get_running_loop().call_later(seconds, stretch.stop)
    await asyncio.gather(*[_ask_again_asyncio(operation, stretch) for _ in range(callers)])


async def _ask_again_asyncio(operation: Callable[[], Awaitable[object]], stretch: Stretch) -> None:
    commands = 0
    clock, timed = time.perf_counter, stretch.latencies.append
    try:
        while stretch.going:
            if commands & 7:
                await operation()
            else:
                began = clock()
                await operation()
                timed(clock() - began)
            commands += 1
    except Exception as error:
        stretch.failed(error)
    stretch.commands += commands


def measure_threads(setting: Setting, seconds: float) -> tuple[Figures, list[str]]:
    """The figures of one client for threads, and its errors; `NotRun` if it can't be run."""
    opened = information(setting.port)
    operation = subjects_threads.SUBJECTS[setting.cell.subject](setting)
    operation()
    threading.stack_size(256 * 1024)
    crew = _Crew(operation, setting.cell.callers)
    crew.work(Stretch(), WARM_UP_SECONDS)
    gc.collect()
    before = information(setting.port)
    stretch = Stretch()
    crew.work(stretch, seconds)
    return stretch.figures() | _of_server(setting.port, opened, before, stretch), stretch.errors


class _Crew:
    """Threads that work together through one stretch after the other, and keep their connections."""

    def __init__(self, operation: subjects_threads.Operation, callers: int) -> None:
        self._operation = operation
        self._gate = threading.Barrier(callers + 1)
        self._counting = threading.Lock()
        self._stretch = Stretch()
        for _ in range(callers):
            threading.Thread(target=self._take_part, daemon=True).start()

    def work(self, stretch: Stretch, seconds: float) -> None:
        """Returns when all have stopped."""
        self._stretch = stretch
        self._gate.wait()
        time.sleep(seconds)
        stretch.stop()
        self._gate.wait()

    def _take_part(self) -> None:
        while True:
            self._gate.wait()
            self._ask_again(self._stretch)
            self._gate.wait()

    def _ask_again(self, stretch: Stretch) -> None:
        commands = 0
        operation, clock = self._operation, time.perf_counter
        latencies: list[float] = []
        try:
            while stretch.going:
                if commands & 7:
                    operation()
                else:
                    began = clock()
                    operation()
                    latencies.append(clock() - began)
                commands += 1
        except Exception as error:
            stretch.failed(error)
        with self._counting:
            stretch.commands += commands
            stretch.latencies += latencies


def _of_server(port: int, opened: Info, before: Info, stretch: Stretch) -> Figures:
    """What the server saw: of the stretch its own processor time, of all the sockets."""
    after = information(port)

    def since(then: Info, name: str) -> float:
        return float(after[name]) - float(then[name])

    cpu_seconds = since(before, "used_cpu_user") + since(before, "used_cpu_sys")
    return {
        SERVER_CPU: cpu_seconds / max(1, stretch.commands) * 100_000,
        SOCKETS: since(opened, "total_connections_received") - 2,  # the others were ours, to ask
    }
