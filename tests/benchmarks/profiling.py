"""Where the time of one command goes.

First, by function. The profiler slows small functions down more than large ones; so its times are scaled
until they add up to what a command takes without it, and the number of calls, which is exact, stands beside
them. Time is that of the clock: what a caller waits for the server is in `recv_into`, or under asyncio in
`poll`. Below, for asyncio, what no client can do without, each piece measured alone: to encode a command, to
parse its reply, to wake a task by a future.
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import CodeType

import hiredis
from rich.console import Group
from rich.table import Table

from . import subjects_asyncio, subjects_threads
from .cells import KEY, Cell, NotRun, Setting
from .rounds import cores_for
from .server import Server

SECONDS = 0.5


@dataclass
class Run:
    """What a subject did for a while."""

    commands: int
    seconds: float

    @property
    def nanoseconds(self) -> float:
        return self.seconds / self.commands * 1e9


def profile(subject: str, callers: int, lines: int, server: Server) -> Group:
    """Both tables; `NotRun` if there is no such subject here."""
    profiler = cProfile.Profile()
    pieces: list[Table] = []
    if subject in subjects_asyncio.SUBJECTS:
        setting = _prepare(server, Cell(subject, callers))
        plain = asyncio.run(_asyncio(setting, None))
        profiled = asyncio.run(_asyncio(setting, profiler))
        pieces = [asyncio.run(_pieces())]
    elif subject in subjects_threads.SUBJECTS:
        setting = _prepare(server, Cell(subject, 1))
        plain = _threads(setting, None)
        profiled = _threads(setting, profiler)
    else:
        known = ", ".join([*subjects_asyncio.SUBJECTS, *subjects_threads.SUBJECTS])
        raise NotRun(f"no subject is called {subject}; there are {known}")
    title = f"{setting.cell}: {plain.nanoseconds:,.0f} ns per command"
    return Group(_functions(profiler, plain, profiled, lines, title), *pieces)


def _prepare(server: Server, cell: Cell) -> Setting:
    """Places both as a sample's would be."""
    cores = cores_for(cell)
    os.sched_setaffinity(0, cores)
    server.place(cores)
    return Setting(server.port, cell)


async def _asyncio(setting: Setting, profiler: cProfile.Profile | None) -> Run:
    operation = await subjects_asyncio.SUBJECTS[setting.cell.subject](setting)
    await operation()
    going = True
    commands = 0

    async def caller() -> None:
        nonlocal commands
        while going:
            await operation()
            commands += 1

    def stop() -> None:
        nonlocal going
        going = False

    asyncio.get_running_loop().call_later(SECONDS, stop)
    began = time.perf_counter()
    if profiler is not None:
        profiler.enable()
    await asyncio.gather(*[caller() for _ in range(setting.cell.callers)])
    if profiler is not None:
        profiler.disable()
    return Run(commands, time.perf_counter() - began)


def _threads(setting: Setting, profiler: cProfile.Profile | None) -> Run:
    operation = subjects_threads.SUBJECTS[setting.cell.subject](setting)
    operation()
    commands = 0
    end = time.perf_counter() + SECONDS
    began = time.perf_counter()
    if profiler is not None:
        profiler.enable()
    while time.perf_counter() < end:
        operation()
        commands += 1
    if profiler is not None:
        profiler.disable()
    return Run(commands, time.perf_counter() - began)


def _functions(profiler: cProfile.Profile, plain: Run, profiled: Run, lines: int, title: str) -> Table:
    entries = sorted(profiler.getstats(), key=lambda entry: -entry.inlinetime)
    total = sum(entry.inlinetime for entry in entries)
    table = Table(title=title, title_justify="left")
    for heading in ("function", "where", "calls per command", "ns per command", "share"):
        table.add_column(heading, justify="left" if heading in ("function", "where") else "right")
    for entry in entries[:lines]:
        share = entry.inlinetime / total
        calls = f"{entry.callcount / profiled.commands:.2f}"
        table.add_row(*_named(entry.code), calls, f"{share * plain.nanoseconds:,.0f}", f"{share:.1%}")
    return table


def _named(code: CodeType | str) -> tuple[str, str]:
    """A function's name, and where it is; what is written in C is only called something."""
    if isinstance(code, CodeType):
        path = Path(code.co_filename)
        return code.co_qualname, f"{path.parent.name}/{path.name}:{code.co_firstlineno}"
    method = re.match(r"<method '(\w+)' of '([\w.]+)' objects>", code)
    return f"{method[2]}.{method[1]}" if method else code.removeprefix("<built-in method ").strip("<>"), ""


async def _pieces() -> Table:
    """What any client under asyncio has to pay for a command."""
    loop = asyncio.get_running_loop()
    command = ("GET", KEY)
    pack = hiredis.pack_command  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    reply, reader = b"$16\r\n0123456789abcdef\r\n", hiredis.Reader()

    def parse() -> None:
        reader.feed(reply)
        reader.gets()

    table = Table(title="What no client for asyncio can do without, ns", title_justify="left")
    table.add_column("piece")
    table.add_column("ns", justify="right")
    table.add_row("encode a command", f"{_alone(lambda: pack(command)):,.0f}")  # type: ignore[arg-type]
    table.add_row("parse a reply that came alone", f"{_alone(parse):,.0f}")
    table.add_row("make a future", f"{_alone(loop.create_future):,.0f}")
    table.add_row("make a future, set it, wake its task", f"{await _wake_up():,.0f}")
    return table


def _alone(piece: Callable[[], object], times: int = 5_000) -> float:
    found: list[float] = []
    for _ in range(9):
        began = time.process_time_ns()
        for _ in range(times):
            piece()
        found.append((time.process_time_ns() - began) / times)
    return median(found)


async def _wake_up(callers: int = 1_000) -> float:
    setting = Setting(0, Cell("asyncio-ceiling", callers))
    return (await _asyncio(setting, None)).nanoseconds
