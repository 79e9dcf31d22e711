"""`make field`: bugs of clients in other languages, in real releases and real time: see field_drivers.toml.

Each row is run on the releases that have the bug and on those that do not: with its own plan, if it has one,
or with the directed checks of its requirement. A bad release must be flagged, and the row's words stand in
what is shown; a good one must not be flagged. A plan is run several times, for in real time a race is not
lost each time.

A row whose bug takes a caller or a configuration of its own says what it changes of the driver.
"""

import sys
import tomllib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from poolproof.conformance import building
from poolproof.conformance.checks import RULES
from poolproof.conformance.docket import Unfit
from poolproof.conformance.installing import InstallationFailed
from poolproof.conformance.plan import plan
from poolproof.conformance.protocol.messages import DriverFault
from poolproof.conformance.real.judge import RealJudge, run_one
from poolproof.conformance.real.session import How
from poolproof.conformance.simulation.blame import AdapterMistake
from poolproof.conformance.verdict import Failure

HERE = Path(__file__).parent
ROWS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "field_drivers.toml").read_text())
TIMES = 3  # that a plan is run
TIME_SCALE = 2.0


def main(names: list[str]) -> int:
    """Run these rows, or all; 1 if one does not behave."""
    if unknown := set(names) - ROWS.keys():
        print(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
        return 1
    behaves = [row_behaves(name, ROWS[name]) for name in names or ROWS]
    return 0 if all(behaves) else 1


def row_behaves(name: str, row: dict[str, Any]) -> bool:
    """Run the row, and print its line."""
    title = f"{name:<4} {row['client']} {row['requirement']}"
    if reason := row.get("unreachable"):
        print(f"{title}: unreachable: {reason}", flush=True)
        return True
    if missing := building.recipes()[row["client"]].missing:
        print(f"{title}: skipped, for {' and '.join(missing)} is not installed", flush=True)
        return True
    outcomes = list(outcomes_of(row))
    print(f"{title}: {', '.join(said for said, _ in outcomes)}", flush=True)
    return all(is_right for _, is_right in outcomes)


@contextmanager
def recipe_of(row: dict[str, Any]) -> Generator[building.Recipe]:
    """The recipe of the driver, with what the row changes of it."""
    recipe = building.recipes()[row["client"]]
    if "over" in row:
        recipe = replace(recipe, over=HERE / "field_drivers" / row["over"])
    if "edits" not in row:
        yield recipe
        return
    (source,) = recipe.sources
    text = (recipe.folder / source).read_text()
    for before, after in row["edits"]:
        if before not in text:
            raise InstallationFailed(f"{source} has no {before!r} that could be changed")
        text = text.replace(before, after)
    with TemporaryDirectory() as folder:
        changed = Path(folder, source)
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(text)
        yield replace(recipe, over=Path(folder))


def outcomes_of(row: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """For each release: what to say of it, and whether that is as it should be."""
    for version in (*row.get("bad", ()), *row.get("good", ())):
        try:
            with recipe_of(row) as recipe:
                command = building.built(recipe, version)
            failure = failure_of(row, command)
        except InstallationFailed as reason:
            yield f"{version} could not be built ({reason})", False
        except (AdapterMistake, DriverFault, Unfit) as reason:
            yield f"{version} could not be judged ({reason})", False
        else:
            yield told(row, version, failure)


def failure_of(row: dict[str, Any], command: str) -> Failure | None:
    how, rule = How(command, TIME_SCALE, jobs=1), RULES[row["requirement"]]
    if "steps" in row:
        wanted = plan(row["steps"], **row.get("settings", {}))
        runs = (run_one(row["variant"], how, rule, wanted) for _ in range(TIMES))
        return next(filter(None, runs), None)
    (judgement,) = RealJudge(row["variant"], how, lambda _: None).judge([rule])
    if str(judgement.verdict) not in ("pass", "fail"):
        raise Unfit(judgement.what)
    return judgement.failure


def told(row: dict[str, Any], version: str, failure: Failure | None) -> tuple[str, bool]:
    is_bad = version in row.get("bad", ())
    if failure is None:
        return f"{version} not flagged" + " though it is bad" * is_bad, not is_bad
    if not is_bad:
        return f"{version} flagged though it is good ({failure.sentence})", False
    story = " ".join(
        [failure.sentence, *(f"{event.kind} {event.text} {event.detail}" for event in failure.events)]
    )
    if missing := [words for words in row["says"] if words not in story]:
        return f"{version} flagged for something else, without {missing} ({story})", False
    return f"{version} flagged", True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
