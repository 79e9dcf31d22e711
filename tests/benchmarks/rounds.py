"""Takes the samples: all cells in turn, one process at a time, round after round.

A caller and a server that take turns never run at the same time. On two cores each would put its own to sleep
between two packets, and what is measured then is how fast the machine wakes up, for every client the same. So
in a cell with one caller both get the same core; in all others they are free.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from .cells import ERRORS, Cell
from .figures import Sample
from .sample import command_line
from .server import Server

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 60  # for one sample: if it takes longer, it hangs


def take(
    cells: Sequence[Cell], seldom: Sequence[Cell], rounds: int, seconds: float, server: Server
) -> Iterator[Sample | Cell]:
    """Each cell as its turn comes, then its sample; `seldom` ones in every other round."""
    missing: set[Cell] = set()
    for number in range(rounds):
        for cell in (*cells, *(seldom if number % 2 == 0 else ())):
            yield cell
            if cell not in missing:
                sample = _take_one(cell, number, seconds, server)
                if sample.missing:
                    missing.add(cell)
                yield sample


def cores_for(cell: Cell) -> set[int]:
    """Where the client and the server of this cell run."""
    cores = os.sched_getaffinity(0)
    return {max(cores)} if cell.callers == 1 else cores


def _take_one(cell: Cell, number: int, seconds: float, server: Server) -> Sample:
    cores = cores_for(cell)
    server.place(cores)
    longer = max(1, cell.callers / 2_000)  # a turn of ten thousand callers takes a while
    with subprocess.Popen(
        command_line(server.port, seconds * longer, cell),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,  # Ctrl-C is for us: we end it
    ) as process:
        os.sched_setaffinity(process.pid, cores)
        try:
            line, complaint = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return Sample(cell, number, {ERRORS: 1}, f"no result within {LIMIT_SECONDS} s")
        finally:
            process.kill()
            process.wait()
    if not line:
        last = complaint.strip().splitlines()[-1:] or ["the process ended without a result"]
        return Sample(cell, number, {ERRORS: 1}, last[0])
    found = json.loads(line)
    return Sample(cell, number, found["figures"], found["reason"], found["missing"])
