"""Other clients than redis-py: the controls pass where they were found correct, the faulty are found out.

These are the real releases, installed once into the cache; without a network, and not in the cache, skipped.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .command_line import poolproof

LOST_NOTIFICATION = pytest.mark.skipif(sys.version_info >= (3, 12), reason="python/cpython#112202 is mended")
CANCELLED_IN_FLIGHT = "CONN-01", "CONN-02", "CALL-03", "MUX-01", "MUX-02"


@cache
def judgements(client: str, folder: str) -> tuple[dict[str, Any], ...]:
    """The judgements on a release, as data."""
    file = Path(folder, f"{client}.json")
    done = poolproof("check", client, "--storms", "100", "--json", str(file))
    if "can't be reached" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return tuple(json.loads(file.read_text())["judgements"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("reports"))


def verdicts(client: str, folder: str, variant: str = "", requirements: tuple[str, ...] = ()) -> set[str]:
    return {
        each["verdict"]
        for each in judgements(client, folder)
        if variant in each["variant"] and (not requirements or each["requirement"] in requirements)
    }


def failure(client: str, folder: str, variant: str, requirement: str) -> dict[str, Any]:
    """How that variant breaks the requirement."""
    (found,) = (
        each
        for each in judgements(client, folder)
        if each["variant"] == variant and each["requirement"] == requirement
    )
    assert found["verdict"] == "fail"
    shown: dict[str, Any] = found["failure"]
    return shown


def broken(client: str, folder: str, variant: str = "") -> set[str]:
    """The requirements that it does not keep."""
    return {
        each["requirement"]
        for each in judgements(client, folder)
        if variant in each["variant"] and each["verdict"] not in ("pass", "n/a")
    }


# What a control is known to break; it keeps all the rest, whoever is cancelled and whatever is cut.
@pytest.mark.parametrize(
    ("client", "known"),
    [
        ("yaaredis==3.0.0", {"CONN-04", "POOL-08", "POOL-12"}),
        ("coredis==3.4.7", {"CALL-05", "CONN-04", "CONN-07"}),
    ],
)
def test_a_control_keeps_everything_else(client: str, known: set[str], folder: str) -> None:
    assert broken(client, folder) == known


def test_the_shared_connection_of_aioredis_keeps_everything_else(folder: str) -> None:
    found = broken("aioredis==1.3.1", folder, "shared connection")
    assert found == {"CALL-02", "CONN-04", "LIFE-02", "MUX-04", "MUX-10"}


@pytest.mark.parametrize("client", ["aioredis==1.3.1", "valkey-py==6.2.0"])
def test_no_false_alarm_on_who_survives_cancellation_in_flight(client: str, folder: str) -> None:
    assert verdicts(client, folder, requirements=CANCELLED_IN_FLIGHT) == {"pass", "n/a"}


def test_coredis_is_found_to_give_every_reply_to_its_caller(folder: str) -> None:
    assert verdicts("coredis==6.9.0", folder, requirements=("CONN-01", "POOL-02", "MUX-01", "MUX-02")) == {
        "pass",
        "n/a",
    }


@pytest.mark.parametrize("requirement", ["POOL-03", "POOL-04", "CALL-03", "CALL-04"])
def test_coredis_is_found_to_lose_the_place_of_a_lent_connection(requirement: str, folder: str) -> None:
    failure("coredis==6.9.0", folder, "pipelines", requirement)


def test_coredis_is_found_to_leave_callers_hanging_when_it_is_closed(folder: str) -> None:
    assert failure("coredis==6.9.0", folder, "commands", "CALL-02")["check"] == "CALL-02/closed"


@LOST_NOTIFICATION
@pytest.mark.parametrize(
    ("client", "variant"),
    [
        ("aioredis==1.3.1", "pool"),
        ("valkey-py==6.2.0", "BlockingConnectionPool, RESP2"),
        ("valkey-py==6.2.0", "BlockingConnectionPool, RESP3"),
    ],
)
def test_a_lost_notification_is_found_with_a_short_history(client: str, variant: str, folder: str) -> None:
    found = failure(client, folder, variant, "CALL-04")
    assert found["check"] == "CALL-04/as-it-is-served"
    assert len(found["events"]) <= 8


def test_valkey_is_found_to_wait_for_its_own_lock_when_garbage_is_collected(folder: str) -> None:
    found = failure("valkey-py==6.2.0", folder, "ConnectionPool, RESP2, threads", "CALL-02")
    assert "waits for a lock that it holds itself" in found["events"][-1]["text"]


def test_a_release_that_the_adapter_does_not_know_gets_one_clear_line() -> None:
    done = poolproof("check", "aioredis==2.0.1")
    if "can't be reached" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 3
    assert "this adapter is for aioredis 1" in done.stderr
    assert len(done.stderr.splitlines()) == 1
