"""Known failures: what a client is known to break, each with a reason and if possible a link and a date.

The list is strict, so that it can't rot: an entry for what the client keeps by now, or whose date has passed,
fails the run as a new failure does.
"""

import datetime
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

from .verdict import Report, Verdict

_UNEXPLAINED = "TODO"  # what `baseline` writes; somebody has to say why


class BadList(Exception):
    """The file is no list of known failures; the message says where."""


@dataclass(frozen=True, slots=True)
class Known:
    """One known failure. variant: empty: all. until: the last day on which it is known."""

    requirement: str
    reason: str
    variant: str = ""
    link: str = ""
    until: datetime.date | None = None

    def fits(self, requirement: str, variant: str) -> bool:
        return self.requirement == requirement and self.variant in ("", variant)

    def __str__(self) -> str:
        return self.requirement + (f" ({self.variant})" if self.variant else "")


def read_known(path: Path) -> tuple[Known, ...]:
    """The list in that file. Raises OSError, BadList."""
    try:
        data = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise BadList(f"{path} is no TOML: {problem}") from None
    entries: Any = data.get("known", [])
    if data.keys() - {"known"} or not isinstance(entries, list):
        raise BadList(f"{path} needs entries that begin with [[known]]")
    return tuple(_known(path, number, each) for number, each in enumerate(cast(Iterable[Any], entries), 1))


def write_known(report: Report) -> str:
    """What the report found broken, as such a list, with the reasons left to fill in."""
    lines = [
        f"# What {report.client} is known to break; `poolproof check --known FILE` fails on anything else."
    ]
    for each in report.judgements:
        if each.verdict is Verdict.FAIL:
            lines += [
                "",
                "[[known]]",
                f'requirement = "{each.requirement}"',
                f"variant = {_text(each.variant)}",
            ]
            lines += [
                f'reason = "{_UNEXPLAINED}"  # {each.what}',
                '# link = "https://..."',
                "# until = 2030-12-31",
            ]
    return "\n".join(lines) + "\n"


def stale(known: Sequence[Known], report: Report, today: datetime.date) -> list[str]:
    """Why entries of the list are wrong by now, a line each."""
    lines: list[str] = []
    for entry in known:
        judged = [each for each in report.judgements if entry.fits(each.requirement, each.variant)]
        if entry.until and entry.until < today:
            lines.append(f"{entry} was known until {entry.until}: {entry.reason}")
        elif judged and all(each.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE) for each in judged):
            lines.append(f"{entry} is known to be broken, but is kept: take it off the list")
        elif not judged and entry.requirement in report.requirements():
            lines.append(f"{entry} names no variant of the client")
    return lines


def is_known(known: Sequence[Known], requirement: str, variant: str) -> bool:
    return any(entry.fits(requirement, variant) for entry in known)


def _known(path: Path, number: int, data: Any) -> Known:
    where = f"{path}, entry {number}"
    if not isinstance(data, dict):
        raise BadList(f"{where} is no table")
    entry = cast(dict[str, Any], data)
    if unknown := entry.keys() - {each.name for each in fields(Known)}:
        raise BadList(f"{where} has an unknown field: {min(unknown)}")
    for name in ("requirement", "reason"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise BadList(f"{where} needs a {name}")
    if not all(isinstance(entry.get(name, ""), str) for name in ("variant", "link")):
        raise BadList(f"{where}: variant and link are texts")
    if type(entry.get("until", datetime.date.today())) is not datetime.date:
        raise BadList(f"{where}: until is a date, as 2030-12-31")
    return Known(**entry)


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
