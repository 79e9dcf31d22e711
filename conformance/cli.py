"""The command line: what each command takes, and the exit code it ends with."""

import io
import json
import platform
import sys
import traceback
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from poolproof.specs import requirement

from . import report as reports
from . import session
from .assurance.command import run_proofs
from .checks import RULES
from .clients import BUILT_IN
from .command_line import Interrupted, err, out, run, selected
from .exploring import explore_model
from .judge import DEFAULT_STORMS
from .matrix_command import judge_matrix
from .mutants import MUTANTS
from .plan import BadPlan
from .replays import read_replay, write_replays
from .selftest import run_selftest
from .session import CannotRun, SuiteFault
from .target import resolve
from .verdict import Failure, Judgement, Report
from .worker import Job

USAGE, OUR_FAULT, INTERRUPTED = 3, 4, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Judges how a Redis client pools and multiplexes its connections. "
    "`poolproof check redis-py` is a good beginning.",
    epilog="Exit codes: 0 conforming, 1 not conforming, 2 inconclusive, 3 usage or nothing ran, 4 our fault.",
)
app.command("explore", rich_help_panel="Models")(explore_model)
app.command("proofs", rich_help_panel="Models")(run_proofs)

Client = Annotated[
    str,
    typer.Argument(
        help="`redis-py` (newest release), `redis-py==4.5.1`, or your own: `module:Adapter`. "
        f"These come with the suite: {', '.join(BUILT_IN)}.",
        show_default=False,
    ),
]
Selection = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REQUIREMENT...]", help="Only these, as `CONN-01` or `POOL`; all if none is named."
    ),
]


@app.command()
def check(
    client: Client,
    select: Selection = None,
    seed: Annotated[int, typer.Option(help="Chooses the storms; the same seed gives the same report.")] = 1,
    storms: Annotated[int, typer.Option(min=0, help="Generated plans for each variant.")] = DEFAULT_STORMS,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report as data, too.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A broken SHOULD counts as well.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="A row for each variant; storms a second.")
    ] = False,
    mutant: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Judge a client: run it, unmodified, through directed plans and storms, and report what it did.

    A client is brought into each situation by our own server and event loop, with virtual time; nothing is
    sent over a network. Releases are installed once, into `~/.cache/poolproof` (or `$POOLPROOF_CACHE`).
    """
    names = selected(select or [])
    _try_to_write(json_file)
    with err.status(f"preparing {client} ...") if err.is_terminal else nullcontext():
        target = resolve(client)
        job = Job(
            "variants",
            target.adapters,
            target.folder,
            requirements=names,
            seed=seed,
            storms=storms,
            mutant=mutant,
        )
        found = run(session.variants(job))
    report = Report(target.name, found.version, platform.python_version(), seed)
    report.notes += [target.note] if target.note else []
    run(_judge(job, found.names, report))
    _write(report, json_file)
    reports.show(report, out, strict, verbose)
    raise typer.Exit(reports.exit_code(report, strict))


app.command("matrix")(judge_matrix)


async def _judge(job: Job, variants: tuple[str, ...], report: Report) -> None:
    total = sum(len(RULES[name].checks) for name in job.requirements) + 1
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(
        *columns, TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal
    ) as progress:
        bars = {name: progress.add_task(f"{report.client} {name}", total=total, what="") for name in variants}

        def listen(job: Job, what: str) -> None:
            progress.update(bars[job.variant], advance=1, what=what)

        jobs = [replace(job, task="judge", variant=name) for name in variants]
        async for _, result in session.judge(jobs, listen):
            if isinstance(result, Judgement):
                report.judgements.append(result)
            else:
                report.storm_counts.append(result)
    order = {name: place for place, name in enumerate(variants)}
    report.storm_counts.sort(key=lambda each: order[each.variant])
    report.judgements.sort(key=lambda each: (job.requirements.index(each.requirement), order[each.variant]))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A replay file, as `check` names it.", show_default=False)],
) -> None:
    """Run one recorded plan again. Exit code 1 if it still breaks the requirement, 0 if not."""
    try:
        data = read_replay(file.expanduser())
    except OSError as problem:
        raise CannotRun(f"{file} can't be read: {problem.strerror}") from None
    except BadPlan as problem:
        raise CannotRun(str(problem)) from None
    name = selected([data["requirement"]])[0]
    target = resolve(data["client"])
    job = Job("replay", target.adapters, target.folder, data["variant"], (name,), plan=data["plan"])
    failure = run(session.replay(job))
    if failure is None:
        out.print(f"{target.name}, {data['variant']}: this plan no longer breaks {name}")
        raise typer.Exit(0)
    again = Failure.from_data(failure)
    out.print(f"[bold]{name}[/] {target.name}, {data['variant']}: {again.sentence}", highlight=False)
    reports.show_story(again, out)
    raise typer.Exit(1)


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
        bar = progress.add_task("mutants", total=len(MUTANTS) + 4)
        matrix = run(run_selftest(whole, lambda name: progress.update(bar, advance=1, description=name)))
    reports.show_kill_matrix(matrix, out)
    raise typer.Exit(
        OUR_FAULT if matrix.survivors() or matrix.idle_requirements() or matrix.false_alarms() else 0
    )


def _try_to_write(json_file: Path | None) -> None:
    """Before the work, not after it, one is told that its result can't be kept."""
    try:
        if json_file:
            json_file.touch()
    except OSError as problem:
        raise CannotRun(f"{json_file} can't be written: {problem.strerror}") from None


def _write(report: Report, json_file: Path | None) -> None:
    try:
        if json_file:
            json_file.write_text(json.dumps(report.to_data(), indent=1) + "\n")
        write_replays(report)
    except OSError as problem:
        raise CannotRun(f"{problem.filename or json_file} can't be written: {problem.strerror}") from None


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
