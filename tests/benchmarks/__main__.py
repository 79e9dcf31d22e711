"""The command line: `python -m tests.benchmarks [--quick] [--only NAME]`, and `profile`."""

from __future__ import annotations

import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from . import files, profiling, rounds, table
from .cells import Cell, NotRun
from .figures import Results, Sample
from .neighbours import Neighbours
from .server import Server, running_server
from .targets import CURVES, ROWS, Row

ROUNDS, SECONDS = 9, 0.4
QUICK_ROUNDS, QUICK_SECONDS = 3, 0.3
BUSY_CORES = 0.2  # of others: that much is always going on
USAGE, INTERRUPTED = 3, 130

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
out = Console()
err = Console(stderr=True)


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three short rounds, without what only the picture needs.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only rows of this name, as `coredis` or `p99`; may be repeated."),
    ] = None,
) -> None:
    """Measure the reference beside other clients, as ratios within one run.

    Starts a Valkey of its own on a free loopback port. Each sample is a process of its own; all subjects take
    turns, round after round, and a ratio is the median of the ratios within the rounds. Every caller sends
    `GET` for a value of 16 bytes and asks again as soon as it is answered. A client that is not installed is
    shown as not run: `pip install 'poolproof[bench]'` brings them all.

    Writes `results.json`, `table.md` and `bench.svg` into `build/bench`, unless `--only` leaves rows out.
    Ctrl-C ends it, and keeps what has been measured. A missed target is no failure of the command; `profile`
    tells where the time goes.
    """
    if context.invoked_subcommand is None:
        rows = [row for row in ROWS if not only or any(name in _searched(row) for name in only)]
        if not rows:
            titles = "\n  ".join(row.title for row in ROWS)
            err.print(f"nothing is called {' or '.join(only or [])}; there are\n  {titles}", highlight=False)
            raise typer.Exit(USAGE)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, children and all
        _run(rows, quick, whole=not only)


@app.command()
def profile(
    subject: Annotated[str, typer.Argument(help="As `asyncio-multiplexer`; a wrong one lists them.")],
    callers: Annotated[int, typer.Option(min=1, help="At a time; threads are profiled with one.")] = 1_000,
    lines: Annotated[int, typer.Option(min=1, help="How many functions to show.")] = 25,
) -> None:
    """Where the time of one command goes, by function, in nanoseconds."""
    with _server() as server:
        out.print(profiling.profile(subject, callers, lines, server))


@contextmanager
def _server() -> Generator[Server]:
    """One that runs; what can't be run without it, or in it, ends the command."""
    try:
        with running_server() as server:
            yield server
    except NotRun as missing:
        err.print(str(missing), markup=False, highlight=False)
        raise typer.Exit(USAGE) from missing


def _run(rows: Sequence[Row], quick: bool, whole: bool) -> None:
    """Measures, shows, writes."""
    cells = sorted(dict.fromkeys(cell for row in rows for cell in row.cells), key=Cell.world_and_callers)
    seldom = [cell for cell in CURVES if cell not in cells] if whole and not quick else []
    results = Results()
    with _server() as server:
        where = files.environment(server)
        neighbours = Neighbours(server.process_id)
        interrupted = _measure(cells, seldom, quick, server, results)
        busy = neighbours.cores()
    where["others kept busy"] = f"{busy:.1f} cores"
    outcomes = [results.outcome(row) for row in rows]
    out.print(table.ratios(outcomes, results))
    if busy > BUSY_CORES:
        out.print(f"[yellow]others kept {busy:.1f} cores busy: the ranges are wider for it[/]")
    if whole:
        out.print("written: " + ", ".join(files.write(outcomes, results, where)), highlight=False)
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _searched(row: Row) -> str:
    return " ".join([row.title, *(cell.subject for cell in row.cells)])


def _measure(
    cells: Sequence[Cell], seldom: Sequence[Cell], quick: bool, server: Server, results: Results
) -> bool:
    """Adds the samples to the results as they come; true if it was interrupted."""
    count, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    total = count * len(cells) + (count + 1) // 2 * len(seldom)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        refresh_per_second=2,
    ) as progress:
        bar = progress.add_task("", total=total)
        try:
            for news in rounds.take(cells, seldom, count, seconds, server):
                if isinstance(news, Sample):
                    results.samples.append(news)
                else:
                    progress.update(bar, advance=1, description=f"{news}")
        except KeyboardInterrupt:
            return True
    return False


if __name__ == "__main__":
    app()
