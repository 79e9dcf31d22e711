"""The client table as a person reads it: on a terminal, or as Markdown.

A cell is the worst verdict of a client's variants on one requirement. Under the table stands, in one line
each, why something could not be judged; and, if asked for, what each client did that it must not.
"""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .matrix import Row
from .matrix_results import Conditions
from .report import STYLES, exit_code
from .verdict import Report, Verdict

MARKS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.NOT_APPLICABLE: "·",
    Verdict.HARNESS_ERROR: "!",
}
LEGEND = "✓ kept, ✗ broken, ? could not be judged, · does not apply; blank: not judged"
NONE, BROKEN, INCONCLUSIVE, NOTHING, OURS = 0, 1, 2, 3, 4  # exit codes
CONCLUSIONS = {
    NONE: "conforming",
    BROKEN: "{} broken",
    INCONCLUSIVE: "inconclusive",
    NOTHING: "nothing applies",
    OURS: "the suite failed",
}


class _Line:
    """A row of the table: a client, or one of its variants."""

    def __init__(self, name: str, row: Row, report: Report, strict: bool) -> None:
        self.name = name
        self.verdicts = {each: report.of(each)[0].verdict for each in report.requirements()}
        self.conclusion = _conclusion(row, report, strict)


def show(rows: Sequence[Row], conditions: Conditions, console: Console, strict: bool, verbose: bool) -> None:
    """The table, its legend, and what is to be said about it."""
    console.print(
        f"Python {conditions.python} · seed {conditions.seed} · {conditions.storms} storms", highlight=False
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("client", no_wrap=True)
    for name in conditions.requirements:
        table.add_column("\n".join(f" {letter}" for letter in name.replace("-", "")), no_wrap=True)
    table.add_column("", no_wrap=True)
    for line in _lines(rows, conditions, strict, verbose):
        cells = [_cell(line.verdicts.get(name)) for name in conditions.requirements]
        table.add_row(Text(line.name), *cells, Text(f"  {line.conclusion}"))
    console.print(table)
    console.print(LEGEND, style="dim", highlight=False)
    for remark in [*reasons(rows, conditions), *(failures(rows, conditions) if verbose else ())]:
        console.print(Text(remark), soft_wrap=True)


def markdown(rows: Sequence[Row], conditions: Conditions, strict: bool, verbose: bool) -> str:
    """The same as a document."""
    headings = ["client", *(name.replace("-", "<br>") for name in conditions.requirements), ""]
    lines = [
        f"Python {conditions.python}, seed {conditions.seed}, {conditions.storms} storms for each variant, "
        f"poolproof {conditions.suite}. {LEGEND}.",
        "",
        _markdown_row(headings),
        _markdown_row(["---", *(":-:" for _ in conditions.requirements), "---"]),
    ]
    for line in _lines(rows, conditions, strict, verbose):
        marks = [
            MARKS[line.verdicts[name]] if name in line.verdicts else "" for name in conditions.requirements
        ]
        lines.append(_markdown_row([f"`{line.name}`", *marks, line.conclusion]))
    for heading, remarks in (
        ("Not judged", reasons(rows, conditions)),
        ("Broken", failures(rows, conditions)),
    ):
        if remarks:
            lines += ["", f"**{heading}**", "", *(f"- {remark}" for remark in remarks)]
    return "\n".join(lines) + "\n"


def reasons(rows: Sequence[Row], conditions: Conditions) -> list[str]:
    """Why clients, or requirements, could not be judged, or not as asked: a line each."""
    found: list[str] = []
    for row in rows:
        if row.target and row.target.note:
            found.append(f"{row.client}: {row.target.note}")
        if row.trouble:
            found.append(f"{row.client}: {row.trouble.strip().splitlines()[-1]}")
        for judgement in row.report(conditions).judgements:
            if judgement.verdict is Verdict.INCONCLUSIVE:
                found.append(f"{row.client}, {judgement.variant}: {judgement.what}")
    return list(dict.fromkeys(found))


def failures(rows: Sequence[Row], conditions: Conditions) -> list[str]:
    """What clients did: a line for each requirement that one of them broke."""
    return [
        f"{row.client} {name}: {failed[0][1].sentence} ({'; '.join(variant for variant, _ in failed)})"
        for row in rows
        for report in (row.report(conditions),)
        for name in report.requirements()
        if (failed := report.failed(name))
    ]


def table_exit_code(rows: Sequence[Row], conditions: Conditions, strict: bool) -> int:
    """0 all conform, 1 some don't, 2 some could not be judged, 3 none could, 4 the suite's fault."""
    codes = [_code(row, row.report(conditions), strict) for row in rows]
    if OURS not in codes and not any(row.judged for row in rows):
        return NOTHING
    return next((code for code in (OURS, BROKEN, INCONCLUSIVE, NONE) if code in codes), NOTHING)


def _lines(rows: Sequence[Row], conditions: Conditions, strict: bool, verbose: bool) -> Iterator[_Line]:
    for row in rows:
        report = row.report(conditions)
        if not (verbose and len(row.variants) > 1):
            yield _Line(row.client, row, report, strict)
            continue
        for variant in row.variants:
            part = Report(report.client, report.version, report.python, report.seed)
            part.judgements = [each for each in report.judgements if each.variant == variant]
            yield _Line(f"{row.client} {variant}", row, part, strict)


def _code(row: Row, report: Report, strict: bool) -> int:
    code = OURS if row.ours else exit_code(report, strict)
    return INCONCLUSIVE if code in (NONE, NOTHING) and (row.trouble or not row.complete) else code


def _conclusion(row: Row, report: Report, strict: bool) -> str:
    code = _code(row, report, strict)
    if not report.judgements:
        return "the suite failed" if code == OURS else "not judged"
    broken = sum(bool(report.failed(name)) for name in report.requirements())
    return CONCLUSIONS[code].format(broken)


def _cell(verdict: Verdict | None) -> Text:
    return Text(f" {MARKS[verdict]}", style=STYLES[verdict]) if verdict else Text("")


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
