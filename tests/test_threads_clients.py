"""Synchronous clients are judged as asyncio ones are: faults of threads are found, and a good pool passes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .command_line import poolproof

ROOT = Path(__file__).parent.parent


@cache
def judgements(client: str, folder: str, *requirements: str) -> dict[str, dict[str, Any]]:
    """The judgements on one of the small clients, by requirement."""
    file = Path(folder, f"{client}.json")
    done = poolproof(
        "check", f"tests.threaded_clients:{client}", *requirements, "--json", str(file), folder=ROOT
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {each["requirement"]: each for each in json.loads(file.read_text())["judgements"]}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("reports"))


def verdicts(client: str, folder: str, *requirements: str) -> set[str]:
    return {each["verdict"] for each in judgements(client, folder, *requirements).values()}


@pytest.mark.parametrize("client", ["Pool", "Uninterruptible"])
def test_a_good_pool_passes(client: str, folder: str) -> None:
    assert verdicts(client, folder) <= {"pass", "n/a"}


@pytest.mark.parametrize("requirement", ["CONN-02", "CALL-03", "CALL-04"])
def test_what_needs_interruptions_does_not_apply_to_who_claims_none(requirement: str, folder: str) -> None:
    judgement = judgements("Uninterruptible", folder)[requirement]
    assert judgement["verdict"] == "n/a"
    assert "interrupted" in judgement["what"]


def test_a_connection_lost_to_an_interruption_is_missed(folder: str) -> None:
    assert verdicts("CatchesTooLittle", folder, "POOL-03") == {"fail"}


def test_a_claim_to_be_interruptible_anywhere_is_tested(folder: str) -> None:
    assert verdicts("InterruptibleAnywhere", folder, "POOL-03") == {"fail"}


def test_a_race_between_two_statements_is_found(folder: str) -> None:
    assert verdicts("LooksBeforeItLocks", folder, "POOL-02") == {"fail"}


def test_locks_taken_in_two_orders_are_found_to_deadlock(folder: str) -> None:
    failure = judgements("TwoLocks", folder, "CALL-02")["CALL-02"]["failure"]
    assert failure["events"][-1]["text"].count("waits for a lock that") == 2


def test_a_collection_that_takes_a_lock_twice_is_found_to_deadlock(folder: str) -> None:
    failure = judgements("AbandonsInACycle", folder, "CALL-02")["CALL-02"]["failure"]
    assert failure["check"] == "CALL-02/collected-anywhere"
    assert "waits for a lock that it holds itself" in failure["events"][-1]["text"]
