"""Drivers: the protocol, what is wrong with broken ones, and that a client behind a good one is judged."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from poolproof.conformance import building
from poolproof.conformance.checks import RULES
from poolproof.conformance.mutants import MUTANTS
from poolproof.conformance.plan import plan
from poolproof.conformance.protocol.driver import Driver
from poolproof.conformance.protocol.messages import DriverFault
from poolproof.conformance.real.judge import RealJudge, bearable, run_one
from poolproof.conformance.real.lint import lint
from poolproof.conformance.real.session import How
from poolproof.conformance.target import resolve
from poolproof.conformance.verdict import Verdict

from .command_line import poolproof

SMALL = Path(__file__).parent / "small_driver.py"
MOST_LINES = 150

BROKEN = {  # what it does, and what is said of it
    "second-reply": "a second time",
    "wrong-id": "that was never made",
    "no-reply": "its callers were told nothing",
    "bad-json": "a line that is no JSON",
    "no-end-of-line": "without an end of line",
    "silent": "did not answer hello",
    "crash": "something unforeseen",
    "unknown-style": "variants.0.style: 'tree' is not one of",
    "unknown-kind": "kind: 'mysterious' is not one of",
    "wrong-value": 'GET a is answered with "val:a"',
    "knows-all-verbs": "answered an unknown verb with",
    "one-at-a-time": "b is sent while a waits",
    "stays": "still runs",
    "ignores-cancel": "the call fails as cancelled",
    "ignores-the-password": "it is sent to the server",
}


def small(fault: str = "") -> str:
    return shlex.join([sys.executable, str(SMALL), *([fault] if fault else [])])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not waited for long."""
    monkeypatch.setattr("poolproof.conformance.protocol.driver.START_SECONDS", 3.0)
    monkeypatch.setattr("poolproof.conformance.real.world.PATIENCE_SECONDS", 1.0)


def test_nothing_is_wrong_with_a_correct_driver() -> None:
    findings = list(lint(small()))
    assert [finding for finding in findings if finding.problem] == []
    assert {"says hello", "ends after bye", "cancel", "password"} <= {each.what for each in findings}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_wrong_with_a_driver_is_told(fault: str) -> None:
    problems = [finding.problem for finding in lint(small(fault)) if finding.problem]
    assert any(BROKEN[fault] in problem for problem in problems), problems


def test_a_driver_that_cannot_be_started_is_told() -> None:
    with pytest.raises(DriverFault, match="can't be started"):
        Driver("/no/such/driver")


@pytest.mark.usefixtures("impatient")
def test_a_broken_driver_leads_to_no_verdict_on_its_client() -> None:
    done = poolproof("check", "--driver", small("second-reply"), "POOL-01")
    assert (done.returncode, done.stdout) == (3, "")
    assert "a second time" in done.stderr and "Traceback" not in done.stderr


def test_a_client_behind_a_driver_is_judged() -> None:
    done = poolproof("check", "--driver", small(), "POOL-01", "CONN-01", "MUX-01")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "small 1" in done.stdout and "2 kept" in done.stdout


def test_a_crash_costs_a_check_and_no_verdict_is_given_for_it() -> None:
    judge = RealJudge("only", How(small("crash")), lambda _: None)
    (judgement,) = judge.judge([RULES["POOL-01"]])
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "something unforeseen" in judgement.what


def test_connections_that_are_closed_a_little_after_the_close_are_not_told() -> None:
    judge = RealJudge("only", How(small("closes-later")), lambda _: None)
    (judgement,) = judge.judge([RULES["LIFE-02"]])
    assert judgement.verdict is Verdict.PASS, judgement.what


def test_the_slower_a_runtime_starts_the_fewer_checks_are_made_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert [bearable(seconds) for seconds in (0.0, 0.2, 0.8, 5.0)] == [12, 12, 4, 2]


@pytest.mark.parametrize("variant", ["restoring", "hearing late"])
def test_subscriptions_that_are_restored_and_messages_that_are_heard_later_are_waited_for(
    variant: str,
) -> None:
    how = How(f"{sys.executable} -m poolproof.conformance.real.bridge tests.restoring_client")
    assert run_one(variant, how, RULES["MUX-09"], plan("listen a, settle, drop, wait 30")) is None


def test_what_is_found_can_be_run_again(tmp_path: Path) -> None:
    asked = "--driver", small(), "LIFE-04", "--confirm", "0"
    found = poolproof("check", *asked, POOLPROOF_CACHE=str(tmp_path))
    assert found.returncode == 1, found.stdout + found.stderr
    (file,) = tmp_path.rglob("LIFE-04.json")
    again = poolproof("replay", str(file), POOLPROOF_CACHE=str(tmp_path))
    assert again.returncode == 1
    assert "was called after the close" in " ".join(again.stdout.split())


def test_known_failures_do_not_count_until_they_are_no_longer_true(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    asked = "--driver", small(), "LIFE-04", "POOL-01", "--confirm", "0"
    written = poolproof("baseline", *asked, "-o", "known.toml", folder=tmp_path, POOLPROOF_CACHE=cache)
    assert written.returncode == 0, written.stdout + written.stderr
    known = tmp_path / "known.toml"
    assert 'requirement = "LIFE-04"' in known.read_text()
    excused = poolproof("check", *asked, "--known", str(known), POOLPROOF_CACHE=cache)
    assert excused.returncode == 0, excused.stdout + excused.stderr
    assert "known failures aside" in excused.stdout
    known.write_text(known.read_text().replace("LIFE-04", "POOL-01"))
    stale = poolproof("check", *asked, "--known", str(known), POOLPROOF_CACHE=cache)
    assert stale.returncode == 1
    assert "is kept: take it off the list" in stale.stdout


@pytest.mark.parametrize("recipe", building.recipes().values(), ids=lambda recipe: recipe.client)
def test_a_driver_that_comes_with_the_suite_is_short_and_pinned(recipe: building.Recipe) -> None:
    lines = sum(len((recipe.folder / name).read_text().splitlines()) for name in recipe.sources)
    assert lines <= MOST_LINES
    assert recipe.client == recipe.folder.name
    assert recipe.run and recipe.version[0].isdigit()


def test_the_page_names_whatever_the_schema_allows() -> None:
    folder = Path(__file__).parent.parent / "conformance" / "protocol"
    page, schema = (folder / "README.md").read_text(), json.loads((folder / "schema.json").read_text())
    definitions = schema["$defs"]
    names = [
        *definitions["feature"]["enum"],
        *definitions["setting"]["enum"],
        *definitions["kind"]["enum"],
        *definitions["request"]["properties"]["do"]["enum"],
        *definitions["promises"]["properties"],
    ]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_reference_keeps_in_the_real_world_what_it_keeps_in_the_simulated_one() -> None:
    done = poolproof("check", "driver:reference", "POOL-01", "CONN-01", "MUX-01")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kept" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "one-too-many",
        "threaded-newest-waiter-first",
        "cancellation-closes-the-connection",
        "stray-reply-is-kept",
        "dead-connection-is-lent",
        "rejected-login-does-not-matter",
        "newest-first",
    ],
)
def test_the_real_world_notices_a_fault_of_the_reference(name: str) -> None:
    (mutant,) = (each for each in MUTANTS if each.name == name)
    how = How(f"{resolve('driver:reference').driver} {name}", confirm=0)
    (judgement,) = RealJudge(mutant.variant, how, lambda _: None).judge([RULES[mutant.breaks]])
    assert judgement.verdict is Verdict.FAIL, judgement.what
