"""Oracles under test: histories written as text, and runs to judge.

A history is written an event a line: the time, what happened, the caller, `#` the connection, `=` the text,
and ` -- ` the detail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from poolproof.conformance.checks import RULES, Finding
from poolproof.conformance.history import Event, History, Kind, Run
from poolproof.conformance.plan import plan
from poolproof.conformance.promises import NONE, Promises

LINE = re.compile(
    r"(?P<at>\S+) (?P<kind>[a-z]+(?: up)?)(?: (?P<caller>\w+))?(?: #(?P<number>\d+))?"
    r"(?: =(?P<text>.*?))?(?: -- (?P<detail>.*))?$"
)


def history(text: str) -> History:
    events: list[Event] = []
    for line in text.strip().splitlines():
        found = LINE.match(line.strip())
        assert found, line
        kind, number = Kind(found["kind"]), int(found["number"] or 0)
        caller, said, detail = found["caller"] or "", found["text"] or "", found["detail"] or ""
        events.append(Event(float(found["at"]), kind, caller, number, said, detail))
    return History(events)


def judge(
    requirement: str,
    text: str,
    steps: str = "settle",
    *,
    limit: float | None = None,
    shared: bool = False,
    waits: bool = True,
    extra: int = 0,
    promises: Promises = NONE,
    **options: Any,
) -> Finding | None:
    """What the requirement's oracle says of that history; the options are those of the plan.

    limit: the acquire limit. shared: it is a multiplexer, as it is anyway for the requirements of those.
    """
    setting = plan(steps, acquire_timeout_seconds=limit, **options)
    shared |= requirement.startswith("MUX")
    return RULES[requirement].oracle(Run(setting, shared, waits, history(text), extra, promises))


class Change(NamedTuple):
    """A correct history and what is changed in it: that line, or those lines, become others.

    options: what `judge` is to know besides.
    """

    requirement: str
    text: str
    before: str
    after: str
    options: Mapping[str, Any] = MappingProxyType({})


def is_caught(change: Change) -> None:
    """The history passes, and once changed it does not."""
    correct = without_indent(change.text)
    assert f"\n{correct}".count(f"\n{change.before}\n") == 1
    assert judge(change.requirement, correct, **change.options) is None
    after = change.after + "\n" if change.after else ""
    changed = f"\n{correct}".replace(f"\n{change.before}\n", f"\n{after}")
    assert judge(change.requirement, changed, **change.options)


def without_indent(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


def instead(text: str, before: str, after: str) -> str:
    """The history with something else in that place."""
    correct = without_indent(text)
    assert before in correct
    return correct.replace(before, after)
