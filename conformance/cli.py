"""The command line: what each command takes, and the exit code it ends with."""

import io
import sys
import traceback
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from poolproof.specs import requirement

from . import report as reports
from .assurance.command import run_proofs
from .check_command import check_client, replay_plan, write_baseline
from .checks import RULES
from .command_line import Interrupted, err, out, run
from .driver_command import driver_app
from .exploring import explore_model
from .matrix_command import judge_matrix
from .selftest import run_selftest, selftest_jobs
from .serve_command import attach_driver, serve_witness
from .session import CannotRun, SuiteFault

DRIVERS = "Clients in other languages"
USAGE, OUR_FAULT, INTERRUPTED = 3, 4, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Judges how a Redis client pools and multiplexes its connections. "
    "`poolproof check redis-py` is a good beginning.",
    epilog="Exit codes: 0 conforming, 1 not conforming, 2 inconclusive, 3 usage or nothing ran, 4 our fault.",
)
app.command("check")(check_client)
app.command("replay")(replay_plan)
app.command("baseline")(write_baseline)
app.command("matrix")(judge_matrix)
app.command("serve", rich_help_panel=DRIVERS)(serve_witness)
app.command("attach", rich_help_panel=DRIVERS)(attach_driver)
app.add_typer(driver_app, name="driver", rich_help_panel=DRIVERS)
app.command("explore", rich_help_panel="Models")(explore_model)
app.command("proofs", rich_help_panel="Models")(run_proofs)


@app.command("list")
def list_requirements() -> None:
    """List the requirements."""
    reports.show_requirements(out)


@app.command()
def explain(
    requirement_id: Annotated[str, typer.Argument(metavar="REQUIREMENT", show_default=False)],
) -> None:
    """Explain one requirement: what is promised, why, the bugs it would have prevented, how it is checked."""
    try:
        entry = requirement(requirement_id.upper())
    except LookupError as problem:
        raise CannotRun(str(problem.args[0])) from None
    checks = (
        [f"{each.name}: {each.must_happen}" for each in RULES[entry.id].checks] if entry.id in RULES else []
    )
    reports.show_requirement(entry, checks, out)


@app.command()
def selftest(
    whole: Annotated[
        bool, typer.Option("--matrix", help="Judge each mutant by all requirements, not only by its own.")
    ] = False,
) -> None:
    """Test the suite: every fault planted in the reference must be noticed. Exit code 4 if one is not."""
    with Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as progress:
        bar = progress.add_task("mutants", total=len(selftest_jobs(whole)))
        matrix = run(run_selftest(whole, lambda name: progress.update(bar, advance=1, description=name)))
    reports.show_kill_matrix(matrix, out)
    raise typer.Exit(
        OUR_FAULT if matrix.survivors() or matrix.idle_requirements() or matrix.false_alarms() else 0
    )


def main() -> None:
    """The entry point: one clear line for whatever goes wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode still gets its verdict
    try:
        code = app(standalone_mode=False)
    except (CannotRun, SuiteFault) as problem:
        ours = isinstance(problem, SuiteFault)
        err.print(f"[bold red]error:[/] {'this is a fault of poolproof: ' if ours else ''}", end="")
        err.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        code = OUR_FAULT if ours else USAGE
    except (Interrupted, KeyboardInterrupt):
        err.print("interrupted; nothing is left running")
        code = INTERRUPTED
    except Exception as problem:
        complaint = getattr(
            problem, "format_message", None
        )  # typer's own errors have one; no public base class
        if complaint is None:
            traceback.print_exc()
            sys.exit(OUR_FAULT)  # never 1, which says that the client is at fault
        if complaint():  # without any argument, typer has shown the help already
            err.print(f"[bold red]error:[/] {complaint()}", highlight=False)
        code = USAGE
    sys.exit(code)


if __name__ == "__main__":
    main()
