"""One sample of one cell, in a process of its own: `python -m tests.benchmarks.sample PORT SECONDS CELL`.

Prints one line: the figures, the errors there were, or why it could not be run. Then the process is left at
once: to close a thousand connections in good order would take longer than to measure them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict

from . import borrowing, closed_loop, subjects_asyncio, subjects_threads, waiting
from .cells import ERRORS, Cell, Figures, NotRun, Setting


def command_line(port: int, seconds: float, cell: Cell) -> list[str]:
    """How to start the process that takes this sample."""
    here = [sys.executable, "-m", __name__]
    return [*here, str(port), str(seconds), json.dumps(asdict(cell))]


def measure(setting: Setting, seconds: float) -> tuple[Figures, list[str]]:
    """The figures of this cell, and the errors that its callers got."""
    subject = setting.cell.subject
    run = asyncio.new_event_loop().run_until_complete  # never closed: see above
    if subject in subjects_asyncio.SUBJECTS:
        return run(closed_loop.measure_asyncio(setting, seconds))
    if subject in subjects_threads.SUBJECTS:
        return closed_loop.measure_threads(setting, seconds)
    if subject in borrowing.THREADS:
        return borrowing.measure_threads(setting), []
    if subject in borrowing.ASYNCIO:
        return run(borrowing.measure_asyncio(setting)), []
    return run(waiting.measure(setting)), []


def main(port: str, seconds: str, cell: str) -> None:
    setting = Setting(int(port), Cell(**json.loads(cell)))
    figures: Figures = {}
    missing = False
    try:
        figures, errors = measure(setting, float(seconds))
        reason = errors[0] if errors else ""
    except NotRun as error:
        reason, missing = str(error), True
    except Exception as error:
        figures, reason = {ERRORS: 1.0}, f"{type(error).__name__}: {error}".splitlines()[0]
    line = {"figures": figures, "reason": reason, "missing": missing}
    print(json.dumps(line), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
