"""The commands `check`, `baseline` and `replay`: judge one client, and run again what was found."""

import json
import platform
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from . import report as reports
from . import session
from .check_options import (
    Client,
    Confirm,
    DriverCommand,
    Jobs,
    Proxy,
    Seed,
    Selection,
    Storms,
    Thorough,
    TimeScale,
)
from .checks import RULES
from .command_line import Interrupted, err, out, run, selected
from .judge import DEFAULT_STORMS
from .known import BadList, Known, read_known, write_known
from .plan import BadPlan
from .real.proxied import NoServer, reachable
from .replays import read_replay, write_replays
from .session import CannotRun
from .target import DRIVER, Target, resolve
from .verdict import Failure, Judgement, Report
from .worker import Job


def check_client(
    client: Client = "",
    select: Selection = None,
    seed: Seed = 1,
    storms: Storms = DEFAULT_STORMS,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report as data, too.")] = None,
    known_file: Annotated[
        Path | None, typer.Option("--known", help="A list of known failures; see `poolproof baseline`.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A broken SHOULD counts as well.")] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="A row for each variant; storms a second.")
    ] = False,
    driver: DriverCommand = "",
    time_scale: TimeScale = 1.0,
    confirm: Confirm = 3,
    jobs: Jobs = 0,
    thorough: Thorough = False,
    proxy: Proxy = "",
    mutant: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Judge a client: run it, unmodified, through directed plans and storms, and report what it did.

    A Python client is brought into each situation by our own server and event loop, with virtual time;
    nothing is sent over a network. A client in another language acts through a driver, in real time, against
    the same server on a port of this machine: `poolproof check go-redis`, or `--driver ./my-driver`.

    Releases are installed once, into `~/.cache/poolproof` (or `$POOLPROOF_CACHE`).
    """
    client, select = _client_and_selection(client, select or [], driver)
    names = selected(select)
    _try_to_write(json_file)
    known = _known(known_file)
    target = _prepare(client)
    job = replace(
        _job(target, names), seed=seed, storms=storms, mutant=mutant, time_scale=time_scale, confirm=confirm
    )
    report = _new_report(target, seed)
    job = replace(job, proxy=_reached(proxy, target))
    try:
        _judge(replace(job, checks_at_a_time=jobs, thorough=thorough), report)
    except (Interrupted, KeyboardInterrupt):
        _write(report, json_file)  # nothing that is known by now is lost
        raise
    _write(report, json_file)
    reports.show(report, out, strict, verbose, known)
    raise typer.Exit(reports.exit_code(report, strict, known))


def write_baseline(
    client: Client = "",
    select: Selection = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the list goes.")] = Path("known.toml"),
    seed: Seed = 1,
    storms: Storms = DEFAULT_STORMS,
    driver: DriverCommand = "",
    time_scale: TimeScale = 1.0,
    confirm: Confirm = 3,
    proxy: Proxy = "",
) -> None:
    """Judge a client, and write down what it breaks today as a list of known failures.

    `poolproof check --known FILE` then fails on whatever is not in the list, and on an entry that is no
    longer true. Give each entry its reason, and if you can a link and a date until which it may stay.
    """
    client, select = _client_and_selection(client, select or [], driver)
    names = selected(select)
    _try_to_write(output)
    target = _prepare(client)
    report = _new_report(target, seed)
    job = replace(_job(target, names), seed=seed, storms=storms, time_scale=time_scale, confirm=confirm)
    _judge(replace(job, proxy=_reached(proxy, target)), report)
    try:
        output.write_text(write_known(report))
    except OSError as problem:
        raise CannotRun(f"{output} can't be written: {problem.strerror}") from None
    failures = sum(each.failure is not None for each in report.judgements)
    out.print(f"{output}: {failures} known failures of {report.client}; each needs a reason", highlight=False)


def replay_plan(
    file: Annotated[Path, typer.Argument(help="A replay file, as `check` names it.", show_default=False)],
    time_scale: TimeScale = 1.0,
    proxy: Proxy = "",
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
    job = replace(_job(target, (name,)), variant=data["variant"], plan=data["plan"], time_scale=time_scale)
    failure = run(session.replay(replace(job, proxy=_reached(proxy, target))))
    if failure is None:
        out.print(f"{target.name}, {data['variant']}: this plan no longer breaks {name}")
        raise typer.Exit(0)
    again = Failure.from_data(failure)
    out.print(f"[bold]{name}[/] {target.name}, {data['variant']}: {again.sentence}", highlight=False)
    reports.show_story(again, out)
    raise typer.Exit(1)


def _reached(proxy: str, target: Target) -> str:
    """The address. Raises CannotRun if nobody is there."""
    if proxy and not target.driver:
        raise CannotRun(f"--proxy is for the real world; {target.name} runs in the simulated one")
    try:
        if proxy:
            reachable(proxy)
    except NoServer as problem:
        raise CannotRun(str(problem)) from None
    return proxy


def _client_and_selection(client: str, select: list[str], driver: str) -> tuple[str, list[str]]:
    """With --driver the first word is a requirement. Raises CannotRun."""
    if driver:
        return DRIVER + driver, [client, *select] if client else select
    if not client:
        raise CannotRun("which client? `poolproof check redis-py`, for example, or --driver COMMAND")
    return client, select


def _prepare(client: str) -> Target:
    with err.status(f"preparing {client} ...") if err.is_terminal else nullcontext():
        return resolve(client)


def _job(target: Target, names: tuple[str, ...]) -> Job:
    return Job("variants", target.adapters, target.folder, requirements=names, driver=target.driver)


def _new_report(target: Target, seed: int) -> Report:
    notes = [target.note] if target.note else []
    return Report(target.name, "", platform.python_version(), seed, notes=notes)


def _judge(job: Job, report: Report) -> None:
    """Fill the report."""
    with err.status(f"starting {report.client} ...") if err.is_terminal else nullcontext():
        found = run(session.variants(job))
    report.version, report.runtime = found.version, found.runtime
    run(_listen(job, found.names, report))


async def _listen(job: Job, variants: tuple[str, ...], report: Report) -> None:
    total = sum(len(RULES[name].checks) for name in job.requirements) + 1
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
    )
    order = {name: place for place, name in enumerate(variants)}
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
            report.storm_counts.sort(key=lambda each: order[each.variant])
            places = {name: place for place, name in enumerate(job.requirements)}
            report.judgements.sort(key=lambda each: (places[each.requirement], order[each.variant]))


def _known(known_file: Path | None) -> tuple[Known, ...]:
    try:
        return read_known(known_file) if known_file else ()
    except OSError as problem:
        raise CannotRun(f"{known_file} can't be read: {problem.strerror}") from None
    except BadList as problem:
        raise CannotRun(str(problem)) from None


def _try_to_write(path: Path | None) -> None:
    """Before the work, not after it, one is told that its result can't be kept."""
    try:
        if path:
            path.touch()
    except OSError as problem:
        raise CannotRun(f"{path} can't be written: {problem.strerror}") from None


def _write(report: Report, json_file: Path | None) -> None:
    try:
        if json_file:
            json_file.write_text(json.dumps(report.to_data(), indent=1) + "\n")
        write_replays(report)
    except OSError as problem:
        raise CannotRun(f"{problem.filename or json_file} can't be written: {problem.strerror}") from None
