"""The command `explore`: searches a model to its end while one watches, and draws small ones.

It is the search that the tests do, at sizes of one's own choosing. A fault can be planted, to see what it
breaks: the run that leads there is printed, one action a line, and reads like a story.

There are up to three searches: for a broken state, for a broken step, and for somebody who waits for ever.
The first one is what the counts are about; the others follow if asked for, or if a fault was planted, which
may show in one of them only.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from poolproof import models
from poolproof.models import faults_full as full
from poolproof.models import faults_waiting as waiting
from poolproof.models import full_multiplexer, full_pool, liveness, pool
from poolproof.models.combining import Combining
from poolproof.models.faults_combining import COMBINING_FAULTS
from poolproof.models.graph import graph, spelled

from .session import CannotRun

BROKEN, INCONCLUSIVE = 1, 2
TEXT = ".dot"  # the suffix of a graph that nobody has drawn yet

Machine = Callable[..., models.Model[Any]]


@dataclass(frozen=True)
class Kind:
    """What makes a model, the sizes it takes in this order, its faults, and what else it promises."""

    make: Machine
    sizes: tuple[str, ...]
    faults: Iterable[Machine]
    steps: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict[str, Any])
    promises: tuple[models.Promise[Any], ...] = ()

    def named(self, fault: str) -> Machine:
        """The model, with that fault if one is named."""
        names = {getattr(each, "__name__", ""): each for each in self.faults}
        if fault and fault not in names:
            raise CannotRun(f"there is no fault {fault!r} here; these are: {', '.join(sorted(names))}")
        return names[fault] if fault else self.make


SIZES: tuple[str, ...] = (
    "callers",
    "capacity",
    "blockers",
    "requests",
    "connections",
    "in flight",
    "backlog",
)
POOL = ("callers", "capacity")
MULTIPLEXER = ("callers", "requests", "connections")
FULL_MULTIPLEXER = (*MULTIPLEXER, "in flight", "backlog")
CLIENT = ("callers", "blockers", "capacity", "requests", "connections")

KINDS = {
    "pool": Kind(
        models.Pool,
        POOL,
        {*models.POOL_FAULTS, *waiting.STARVING_POOLS},
        pool.STEP_INVARIANTS,
        (liveness.EVERY_WAITER_GETS_ON,),
    ),
    "full-pool": Kind(
        models.FullPool,
        POOL,
        {*full.FULL_POOL_FAULTS, *waiting.ENDLESS_DRAINS},
        full_pool.STEP_INVARIANTS,
        (liveness.EVERY_WAITER_OF_FULL_POOL_GETS_ON, liveness.EVERY_DRAIN_ENDS),
    ),
    "multiplexer": Kind(
        models.Multiplexer,
        MULTIPLEXER,
        models.MULTIPLEXER_FAULTS,
        promises=(liveness.EVERY_CALL_IS_SETTLED,),
    ),
    "full-multiplexer": Kind(
        models.FullMultiplexer,
        FULL_MULTIPLEXER,
        {*full.FULL_MULTIPLEXER_FAULTS, *waiting.STARVING_MULTIPLEXERS},
        full_multiplexer.STEP_INVARIANTS,
        (liveness.EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED,),
    ),
    "client": Kind(
        models.Client, CLIENT, waiting.CLIENT_FAULTS, promises=(liveness.EVERY_SHARED_CALL_IS_SETTLED,)
    ),
    "combining": Kind(Combining, ("callers",), COMBINING_FAULTS),
}

Size = Annotated[int, typer.Option(min=1, rich_help_panel="Sizes, where the model has them")]


def explore_model(
    model: Annotated[str, typer.Argument(help=", ".join(KINDS), show_default=False)],
    callers: Size = 2,
    capacity: Size = 1,
    blockers: Size = 1,
    requests: Size = 2,
    connections: Size = 2,
    in_flight: Size = 1,
    backlog: Size = 1,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="States that differ in the names of callers count as one.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Every step as well, and whether anybody waits for ever.")
    ] = False,
    fault: Annotated[str, typer.Option(help="Plant this fault, and be thorough.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, help="Give up beyond so many states.")] = 5_000_000,
    graph_file: Annotated[
        Path | None, typer.Option("--graph", help="Draw the states: FILE.svg, .png, .pdf or .dot.")
    ] = None,
) -> None:
    """Search a model to its end. Exit code 1 if an invariant is broken, 2 if the search gave up."""
    if model not in KINDS:
        raise CannotRun(f"there is no model {model!r}; these are: {', '.join(KINDS)}")
    values = callers, capacity, blockers, requests, connections, in_flight, backlog
    given = dict(zip(SIZES, values, strict=True))
    kind = KINDS[model]
    sizes = {name: given[name] for name in kind.sizes}
    machine = kind.named(fault)(*sizes.values())
    out = Console(highlight=False)
    out.print(f"[bold]{fault or model}[/]: " + ", ".join(f"{name} {size}" for name, size in sizes.items()))
    exploration = _searched(machine, symmetric, limit, out)
    code = _told(exploration, limit, out)
    if graph_file:
        out.print(_drawn(machine, symmetric, graph_file))
    if code == 0 and (thorough or fault):
        code = _thoroughly(machine, kind, limit, out)
    raise typer.Exit(code)


def _searched(
    machine: models.Model[Any], symmetric: bool, limit: int, out: Console
) -> models.Exploration[Any]:
    """The search, with a bar on the terminal, and what it counted."""
    err = Console(stderr=True)
    columns = BarColumn(pulse_style="green"), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("searching", total=None)

        def listen(states: int, transitions: int) -> None:
            progress.update(bar, description=f"{states:,} states, {transitions:,} transitions")

        began = time.process_time()
        exploration = models.explore(machine, symmetric=symmetric, limit=limit, listen=listen)
    seconds = time.process_time() - began
    speed = f"{exploration.transitions / seconds:,.0f} transitions a second" if seconds > 0.1 else "at once"
    counts = f"{len(exploration.states):,} states, {exploration.transitions:,} transitions"
    out.print(f"{counts}, depth {exploration.depth}; {speed}")
    return exploration


def _thoroughly(machine: models.Model[Any], kind: Kind, limit: int, out: Console) -> int:
    """The searches for a broken step and for somebody who waits for ever, and the exit code."""
    if kind.steps:
        out.print("two states at a time: ", end="")
        code = _told(_searched(models.Steps(machine, kind.steps), False, limit, out), limit, out, "step")
        if code:
            return code
    for promise in kind.promises:
        try:
            lasso = models.starvation(machine, promise)
        except ValueError as problem:
            out.print(f"[yellow]gave up:[/] {problem}, too many for the search for endless waiting")
            return INCONCLUSIVE
        if lasso:
            _tell_run(f"{promise.name} does not hold: after", lasso.trace, out)
            _tell_run("again and again" if lasso.cycle else "nothing more need happen", lasso.cycle, out)
            return BROKEN
        out.print(f"[green]{promise.name} holds[/]")
    return 0


def _told(exploration: models.Exploration[Any], limit: int, out: Console, where: str = "state") -> int:
    """What came of it, in words, and the exit code that says so."""
    found = exploration.counterexample
    if found:
        _tell_run(f"{found.broken} does not hold: after", found.trace, out)
        return BROKEN
    if not exploration.exhausted:
        out.print(f"[yellow]gave up:[/] there are more than {limit:,} states")
        return INCONCLUSIVE
    out.print(f"[green]every invariant holds in every {where}[/]")
    return 0


def _tell_run(what: str, steps: Sequence[tuple[models.Action, Any]], out: Console) -> None:
    out.print(f"[bold red]{what}[/]", *(f"  {spelled(action)}" for action, _ in steps), sep="\n")


def _drawn(machine: models.Model[Any], symmetric: bool, file: Path) -> str:
    """Writes the picture, by graphviz if there is one; what was written, in a sentence."""
    dot = shutil.which("dot")
    text_file = file.with_suffix(TEXT)
    try:
        text = graph(machine, symmetric=symmetric)
        if file.suffix == TEXT or not dot:
            text_file.write_text(text)
            hint = "" if file.suffix == TEXT else ": graphviz, which would draw it, is not installed"
            return f"written: {text_file}{hint}"
        command = [dot, f"-T{file.suffix[1:] or 'svg'}", "-o", str(file)]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)
    except (OSError, ValueError) as problem:
        raise CannotRun(f"no graph: {problem}") from None
    except subprocess.CalledProcessError as problem:
        raise CannotRun(f"no graph: dot says: {problem.stderr.strip()}") from None
    return f"written: {file}"
