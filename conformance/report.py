"""What a person reads: the table of verdicts, an explanation of each failure, and one line of conclusion."""

import datetime
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from poolproof.specs import Level, Requirement, requirement, requirements

from .checks import RULES
from .known import Known, is_known, stale
from .mutants import MUTANTS
from .replays import for_a_shell, replay_file
from .selftest import KillMatrix
from .story import diagram
from .verdict import Failure, Judgement, Report, Verdict

KNOWN_BUGS = 3  # told with a failure; `explain` tells all

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.HARNESS_ERROR: "bold magenta",
}


def show(report: Report, console: Console, strict: bool, verbose: bool, known: Sequence[Known] = ()) -> None:
    """The whole report, replay commands included; the replay files are written by `write_replays`."""
    where = report.runtime or f"Python {report.python} · seed {report.seed}"
    console.print(Text.assemble((report.client, "bold"), f" · {where}"), highlight=False)
    for note in report.notes:
        console.print(f"[yellow]note:[/] {note}", highlight=False)
    if reason := _unfit(report):
        console.print(
            Text(f"could not be judged: {reason}", style=STYLES[Verdict.INCONCLUSIVE]), soft_wrap=True
        )
    else:
        console.print(_table(report, verbose))
    for name in report.requirements():
        if any(not is_known(known, name, variant) for variant, _ in report.failed(name)):
            _explain_failures(report, name, console)
    for line in stale(known, report, datetime.date.today()):
        console.print(f"[bold red]known failures:[/] {line}", highlight=False)
    if verbose:
        for count in report.storm_counts:
            speed = f"{count.storms / count.seconds:,.0f} a second on one core"
            console.print(f"{count.variant}: {count.storms} storms, {speed}", highlight=False)
    console.print(_conclusion(report, strict, known), highlight=False)


def _unfit(report: Report) -> str:
    """The one reason why nothing could be judged, if it is one and the same for all."""
    judged = [each for each in report.judgements if each.verdict is not Verdict.NOT_APPLICABLE]
    reasons = {each.what for each in judged}
    unfit = len(reasons) == 1 and all(each.verdict is Verdict.INCONCLUSIVE for each in judged)
    return reasons.pop() if unfit else ""


def _table(report: Report, verbose: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("requirement", "level", "verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what happened")
    for name in report.requirements():
        judgements = report.of(name)
        rows = judgements if verbose else [_summary(judgements)]
        for row in rows:
            what = f"{row.variant}: {row.what}" if verbose else row.what
            verdict = Text(row.verdict, style=STYLES[row.verdict])
            table.add_row(name, requirement(name).level.value, verdict, Text(what))
    return table


def _summary(judgements: list[Judgement]) -> Judgement:
    """One row for all variants: the worst of them, and where it happened if not everywhere."""
    worst = judgements[0]
    if worst.verdict is Verdict.PASS:
        passed = [each for each in judgements if each.verdict is Verdict.PASS]
        runs, storms = sum(each.runs for each in passed), sum(each.storms for each in passed)
        what = (
            f"{runs} plans"
            + (f" and {storms} storms" if storms else "")
            + (f" in {len(passed)} variants" if len(passed) > 1 else "")
        )
        return Judgement(worst.variant, worst.requirement, worst.verdict, what)
    same = [each.variant for each in judgements if each.verdict is worst.verdict]
    where = "" if len(same) == len(judgements) else f" ({'; '.join(same)})"
    return Judgement(worst.variant, worst.requirement, worst.verdict, worst.what + where)


# failures


def _explain_failures(report: Report, name: str, console: Console) -> None:
    failed = report.failed(name)
    first, failure = failed[0]
    console.rule(f"[bold red]{name}[/] {requirement(name).title}", align="left", style="red")
    console.print(f"[bold]{failure.sentence}[/]", highlight=False)
    also = f", also in {'; '.join(variant for variant, _ in failed[1:])}" if len(failed) > 1 else ""
    console.print(f"in {first}{also} · {failure.check}", style="dim", highlight=False)
    maker = failure.check.partition("/")[0]
    if maker != name and maker in report.requirements() and report.failed(maker):
        console.print(f"This is the run that is shown for {maker}.\n", highlight=False)
        return
    show_story(failure, console)
    console.print(_facts(name))
    console.print(
        Text(f"replay:    poolproof replay {for_a_shell(replay_file(report.client, name))}\n"),
        soft_wrap=True,
    )


def _facts(name: str) -> Table:
    entry = requirement(name)
    facts = Table.grid(padding=(0, 1))
    facts.add_row("promised:", Text(entry.text))
    for bug in entry.bugs[:KNOWN_BUGS]:
        facts.add_row("known bug:", Text(f"{bug.reference}: {bug.note}"))
    if (more := len(entry.bugs) - KNOWN_BUGS) > 0:
        facts.add_row("", Text(f"and {more} more: poolproof explain {name}", style="dim"))
    return facts


def show_story(failure: Failure, console: Console) -> None:
    """The diagram of what happened."""
    rows = diagram(failure.events)
    console.print(Padding(Text("\n".join(rows)), (1, 0)), soft_wrap=True)


def _conclusion(report: Report, strict: bool, known: Sequence[Known]) -> str:
    judged = [
        name for name in report.requirements() if report.of(name)[0].verdict is not Verdict.NOT_APPLICABLE
    ]
    verdicts = [report.of(name)[0].verdict for name in judged]
    code = exit_code(report, strict, known)
    words = {
        0: "[bold green]CONFORMING[/]",
        1: "[bold red]NOT CONFORMING[/]",
        2: "[bold yellow]INCONCLUSIVE[/]",
        3: "[bold yellow]NOTHING WAS JUDGED[/]",
        4: "[bold magenta]THE SUITE FAILED[/]",
    }
    counts = ", ".join(
        f"{verdicts.count(verdict)} {word}"
        for verdict, word in (
            (Verdict.PASS, "kept"),
            (Verdict.FAIL, "broken"),
            (Verdict.INCONCLUSIVE, "inconclusive"),
        )
        if verdicts.count(verdict)
    )
    excused = ", known failures aside" if known and Verdict.FAIL in verdicts and code != 1 else ""
    told = f"{len(judged)} requirements apply, {counts or 'none judged'}{excused}"
    return f"{words[code]}: {told} (exit code {code})"


def exit_code(report: Report, strict: bool, known: Sequence[Known] = ()) -> int:
    """0 conforming, 1 not conforming, 2 inconclusive, 3 nothing was judged, 4 the suite's fault.

    What is known to be broken does not count, but an entry that is no longer true counts as broken.
    """
    verdicts = {each.verdict for each in report.judgements}
    broken = {
        each.requirement
        for each in report.judgements
        if each.verdict is Verdict.FAIL and not is_known(known, each.requirement, each.variant)
    }
    if Verdict.HARNESS_ERROR in verdicts:
        return 4
    if any(strict or requirement(name).level is Level.MUST for name in broken):
        return 1
    if stale(known, report, datetime.date.today()):
        return 1
    if Verdict.INCONCLUSIVE in verdicts:
        return 2
    return 0 if verdicts - {Verdict.NOT_APPLICABLE} else 3


# requirements


def show_requirements(console: Console) -> None:
    """All requirements, a line each, with the number of checks there are."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("requirement", "level", "for", "checks", "title"):
        table.add_column(
            heading, no_wrap=heading != "title", justify="right" if heading == "checks" else "left"
        )
    for entry in requirements().values():
        profile = {"both": "all", "pool": "pools", "multiplexer": "multiplexers"}[entry.profile.value]
        checks = str(len(RULES[entry.id].checks)) if entry.id in RULES else "none yet"
        table.add_row(entry.id, entry.level.value, profile, checks, entry.title)
    console.print(table)


def show_requirement(entry: Requirement, checks: Iterable[str], console: Console) -> None:
    """One requirement, whole."""
    console.print(f"[bold]{entry.id}[/] {entry.level.value}  {entry.title}\n", highlight=False)
    sections = [
        ("", entry.text),
        ("Why", entry.why),
        ("Observed", entry.observed),
        ("Untested", entry.untested or ""),
        ("Seen in", "\n".join(f"{bug.reference}: {bug.note}" for bug in entry.bugs)),
        ("Checks", "\n".join(checks)),
    ]
    for heading, text in sections:
        if text:
            console.print(Text(heading, style="bold") if heading else "", end="\n" if heading else "")
            console.print(Padding(Text(text), (0, 0, 1, 2)))


# the suite itself


def show_kill_matrix(matrix: KillMatrix, console: Console) -> None:
    """For each mutant the requirement that had to notice it, and which others did."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("mutant", no_wrap=True)
    table.add_column("breaks", no_wrap=True)
    table.add_column("noticed by")
    for mutant in MUTANTS:
        killers = matrix.kills[mutant.name]
        others = " ".join(name for name in RULES if name in killers and name != mutant.breaks)
        noticed = "[green]it[/]" if mutant.breaks in killers else "[bold red]not by it[/]"
        table.add_row(mutant.name, mutant.breaks, f"{noticed}{', ' if others else ''}{others}")
    console.print(table, highlight=False)
    complaints = {
        "survived": matrix.survivors(),
        "noticed no mutant": matrix.idle_requirements(),
        "not kept by the reference itself": matrix.false_alarms(),
    }
    for what, names in complaints.items():
        if names:
            console.print(f"[bold red]{what}:[/] {', '.join(names)}", highlight=False)
    dead = len(MUTANTS) - len(matrix.survivors())
    console.print(f"{dead} of {len(MUTANTS)} mutants noticed by the requirement they break", highlight=False)
