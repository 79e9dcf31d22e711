"""What a person reads: which claim was checked by whom, then what each run has looked at."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .machines import MACHINES
from .run import Run

HOLDS, BROKEN, NOTHING = "[green]✓[/]", "[bold red]✗[/]", "[dim]·[/]"
AUXILIARY = "{} more, for the induction"


def show(runs: Sequence[Run], out: Console) -> None:
    """Both tables, what has failed, what was skipped, and one line of conclusion."""
    runs = sorted(runs, key=in_order)
    out.print(matrix(runs))
    out.print(evidence(runs))
    for run in runs:
        for failure in run.failures:
            out.print(f"[bold red]not shown[/] {run.machine}, {run.method} {run.sizes}: {escape(failure)}")
        if run.skipped:
            out.print(f"[bold yellow]SKIPPED[/] {run.machine}, {run.method}: {escape(run.skipped)}")
    failed, skipped = sum(bool(run.failures) for run in runs), sum(bool(run.skipped) for run in runs)
    done = len(runs) - failed - skipped
    words = f"{done} of {len(runs)} runs have shown what they should"
    if skipped:
        words += f", {skipped} skipped"
    out.print(f"[bold {'red' if failed else 'green'}]{words}[/]")


def matrix(runs: Sequence[Run]) -> Table:
    """Property by method."""
    methods = list(
        dict.fromkeys(
            run.method for run in sorted(runs, key=lambda run: place_of_method(run.method)) if run.claims
        )
    )
    table = Table("machine", "claim", *methods, box=SIMPLE_HEAD, pad_edge=False)
    table.columns[1].no_wrap = True
    for machine in dict.fromkeys(family(run) for run in runs if run.claims):
        known, rest = claims_of(machine, runs)
        for number, claim in enumerate(known):
            marks = [mark(runs, machine, [claim], method) for method in methods]
            table.add_row("" if number else machine, claim, *marks)
        if rest:
            marks = [mark(runs, machine, rest, method) for method in methods]
            table.add_row("", AUXILIARY.format(len(rest)), *marks)
        table.add_section()
    return table


def evidence(runs: Sequence[Run]) -> Table:
    """Run by run: sizes, counts, seconds."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("machine", "method", "sizes", "claims", "decided"):
        table.add_column(heading)
    table.add_column("seconds", justify="right")
    table.add_column("ok")
    for run in runs:
        if not run.skipped:
            ok = HOLDS if run.ok else BROKEN
            claims = run.claims[0] if len(run.claims) == 1 else str(len(run.claims))
            table.add_row(run.machine, run.method, run.sizes, claims, run.decided, f"{run.seconds:.1f}", ok)
    return table


def family(run: Run) -> str:
    """The plain machine and the full one are two sizes of one thing."""
    return run.machine.removeprefix("full ")


def claims_of(machine: str, runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """What is claimed of the machine, in the order of its model, and what is proved only to prove that."""
    found = [(claim, run) for run in runs if family(run) == machine for claim in run.claims]
    of_model = [claim for each in MACHINES.values() if each.name.endswith(machine) for claim in each.claims]
    more = [claim for claim, run in found if not (of_model and run.method.startswith("inductive"))]
    every = {claim for claim, _ in found}
    known = [claim for claim in dict.fromkeys(of_model + more) if claim in every]
    return known, sorted(every - set(known))


def mark(runs: Sequence[Run], machine: str, claims: Sequence[str], method: str) -> str:
    found = [
        run
        for run in runs
        if family(run) == machine and run.method == method and any(claim in claims for claim in run.claims)
    ]
    if not found:
        return NOTHING
    return HOLDS if all(run.ok for run in found) else BROKEN


def in_order(run: Run) -> tuple[int, int]:
    """By machine, first opinion first."""
    names = list(MACHINES)
    return (names.index(run.machine) if run.machine in names else -1), place_of_method(run.method)


def place_of_method(method: str) -> int:
    known = "search", "TLC", "z3", "CrossHair"
    return next((place for place, name in enumerate(known) if name in method), len(known))
