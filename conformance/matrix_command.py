"""The command `matrix`: judges many clients while one watches, and prints one table."""

import os
import platform
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from .command_line import Interrupted, err, out, run, selected
from .judge import DEFAULT_STORMS
from .matrix import DEFAULT_LIST, Row, fill, prepare, read_list
from .matrix_results import Conditions, Results, suite_version
from .matrix_table import markdown, show, table_exit_code
from .replays import write_replays
from .session import CannotRun

WIDE = 150  # columns, where no terminal says how many it has


def judge_matrix(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE.toml] [REQUIREMENT...]",
            help='The list of clients, `clients = ["redis-py==4.5.1", "module:Adapter"]`; one comes with the '
            "suite. And the requirements, as `CONN-01` or `POOL`; all if none is named.",
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write the table as Markdown, too.")] = None,
    results_file: Annotated[
        Path | None,
        typer.Option("--results", help="Keep the results as JSON lines, each as soon as it is there."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what --results holds; nothing is judged twice.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes at a time; as many as there are cores.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses the storms; the same seed gives the same table.")] = 1,
    storms: Annotated[int, typer.Option(min=0, help="Generated plans for each variant.")] = DEFAULT_STORMS,
    strict: Annotated[bool, typer.Option("--strict", help="A broken SHOULD counts as well.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="A row for each variant, and what each client broke.")
    ] = False,
) -> None:
    """Judge many clients and releases, and print one table: client by requirement.

    A client that can't be installed or judged costs its own row; a line under the table says why. For the
    whole story of a cross: `poolproof check CLIENT REQUIREMENT`.

    To be able to stop and go on: `poolproof matrix --results table.jsonl --resume`. What is in the file
    counts as long as seed, storms, requirements, Python and the suite are the same. Ctrl-C prints what is
    there, and writes no Markdown.

    Exit codes as those of `check`: 0 all conform, 1 some don't, 2 some could not be judged, 3 none could.
    """
    path, wanted = _split(arguments or [])
    if resume and results_file is None:
        raise CannotRun("--resume needs --results FILE, which it goes on from")
    rows = [Row(client) for client in read_list(path)]
    conditions = Conditions(suite_version(), platform.python_version(), seed, storms, selected(wanted))
    results = Results(results_file, conditions, resume)
    console = out if out.is_terminal else Console(width=WIDE)
    try:
        _prepare(rows, results)
        with _Display() as display:
            run(fill(rows, conditions, results, jobs or os.cpu_count() or 1, display))
    except (Interrupted, KeyboardInterrupt):
        show(rows, conditions, console, strict, verbose)
        raise
    show(rows, conditions, console, strict, verbose)
    _write(rows, conditions, output, strict, verbose)
    raise typer.Exit(table_exit_code(rows, conditions, strict))


def _split(arguments: list[str]) -> tuple[Path, list[str]]:
    """The list, and the requirements. Raises CannotRun."""
    files = [each for each in arguments if each.endswith(".toml")]
    if len(files) > 1:
        raise CannotRun(f"one list of clients at a time, not {' and '.join(files)}")
    return Path(files[0]) if files else DEFAULT_LIST, [each for each in arguments if each not in files]


def _prepare(rows: list[Row], results: Results) -> None:
    """Install what is missing, one release after the other: here, where Ctrl-C ends pip as well."""
    known: set[str] = set()
    for row in list(rows):
        with err.status(f"preparing {row.client} ...") if err.is_terminal else nullcontext():
            prepare(row, results)
        if row.client in known:
            rows.remove(row)
        known.add(row.client)
    for row in rows:
        if row.trouble:
            results.add_trouble(row.client, row.trouble)


def _write(rows: list[Row], conditions: Conditions, output: Path | None, strict: bool, verbose: bool) -> None:
    try:
        if output:
            output.write_text(markdown(rows, conditions, strict, verbose))
        for row in rows:
            write_replays(row.report(conditions))
    except OSError as problem:
        raise CannotRun(f"{problem.filename or output} can't be written: {problem.strerror}") from None


class _Display:
    """A bar for all jobs, and one line for each that is under way."""

    def __init__(self) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._progress = Progress(
            *columns,
            TextColumn("{task.fields[what]}"),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._all = self._progress.add_task("variants", total=0, what="")
        self._expected = 0
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> "_Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, jobs: int) -> None:
        self._expected += jobs
        self._progress.update(self._all, total=self._expected)

    def began(self, job: str) -> None:
        self._bars[job] = self._progress.add_task(job, total=None, what="")

    def heard(self, job: str, what: str) -> None:
        self._progress.update(self._bars[job], advance=1, what=what)

    def ended(self, job: str) -> None:
        self._progress.remove_task(self._bars.pop(job))
        self._progress.update(self._all, advance=1)
