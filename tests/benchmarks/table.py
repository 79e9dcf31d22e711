"""The table of ratios, for the terminal and as Markdown, and the table of all that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Group, JustifyMethod, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from . import cells
from .cells import Cell
from .figures import Outcome, Results
from .targets import Row

UNITS = {
    cells.COMMANDS: "/s",
    cells.CPU: "s",
    cells.P99: "µs",
    cells.BORROWING: "ns",
}
COLUMNS = {
    "commands/s": cells.COMMANDS,
    "CPU s per 100,000": cells.CPU,
    "server CPU s": cells.SERVER_CPU,
    "p50 µs": cells.P50,
    "p99 µs": cells.P99,
    "sockets": cells.SOCKETS,
    "ns": cells.BORROWING,
    "bytes": cells.TRACED,
    "resident bytes": cells.RESIDENT,
}

WIDTHS: list[tuple[int, JustifyMethod]] = [
    (22, "left"),
    (5, "right"),
    (11, "right"),
    (7, "right"),
    (14, "left"),
    (16, "right"),
]


def number(value: float) -> str:
    """With three digits that count, and thousands as k."""
    unit = "k" if value >= 1_000 else ""
    value = value / 1_000 if unit else value
    return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"


def verdict(outcome: Outcome) -> str:
    """`met`, `missed by 12%`, or why there is none."""
    if outcome.measured is None:
        return f"not run: {outcome.reason}"
    if outcome.reason:
        return f"failed: {outcome.reason}"
    shortfall = outcome.shortfall
    if shortfall is None:
        return ""
    return "met" if shortfall <= 0 else f"missed by {max(shortfall, 0.01):.0%}"


def ratios(outcomes: Iterable[Outcome], results: Results) -> Group:
    """For the terminal: median, range, target, verdict, and what was divided."""
    parts: list[RenderableType] = []
    for group, members in groupby(outcomes, key=lambda outcome: outcome.row.group):
        table = Table.grid(padding=(0, 1))
        for width, justify in WIDTHS:
            table.add_column(width=width, justify=justify)
        notes: list[RenderableType] = []
        for outcome in members:
            if outcome.reason:
                notes.append(
                    Text(f"  {outcome.row.at}: {verdict(outcome)}", "red" if outcome.measured else "dim")
                )
            else:
                table.add_row(*_columns(outcome, results, f"  {outcome.row.at}", styled=True))
        parts += [Text(group, style="bold"), table, *notes]
    return Group(*parts)


def markdown(outcomes: Iterable[Outcome], results: Results, environment: dict[str, str]) -> str:
    """The same with where and when, for a README, and all figures below."""
    where = "; ".join(f"{name} {value}" for name, value in environment.items())
    lines = [f"{where}.", "", *_heading(["", "measured", "range", "target", "", "out of"])]
    lines += [_line(_columns(outcome, results, outcome.row.title)) for outcome in outcomes]
    lines += ["", *_heading(["", *COLUMNS])]
    lines += [_line(_figures(cell, results)) for cell in dict.fromkeys(one.cell for one in results.samples)]
    return "\n".join(lines) + "\n"


def _columns(outcome: Outcome, results: Results, title: str, styled: bool = False) -> list[str]:
    row, measured = outcome.row, outcome.measured
    median = number(measured.median) if measured else ""
    spread = f"{number(measured.lowest)}-{number(measured.highest)}" if measured else ""
    judged = verdict(outcome)
    if styled:
        style = "green" if judged == "met" else "red" if measured else "dim"
        judged = f"[{style}]{escape(judged)}[/]"
    return [title, median, spread, _target(row), judged, _divided(row, results)]


def _figures(cell: Cell, results: Results) -> list[str]:
    if reason := results.reason(cell):
        return [str(cell), reason, *[""] * (len(COLUMNS) - 1)]
    found = [results.measured(cell, figure) for figure in COLUMNS.values()]
    return [str(cell), *(number(one.median) if one else "" for one in found)]


def _heading(headings: Sequence[str]) -> list[str]:
    return [_line(headings), _line(["---"] + ["---:"] * (len(headings) - 1))]


def _line(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |"


def _target(row: Row) -> str:
    if row.at_least is not None:
        return f"≥ {row.at_least:g}"
    return f"≤ {row.at_most:,g}" if row.at_most is not None else ""


def _divided(row: Row, results: Results) -> str:
    """The two figures that were divided by each other."""
    if row.under is None:
        return ""
    found = [results.measured(cell, figure) for cell, figure in row.quantities]
    divided = " : ".join(number(measured.median) for measured in found if measured)
    return f"{divided} {UNITS[row.over.figure]}"
