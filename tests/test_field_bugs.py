"""Releases of redis-py with known bugs are flagged for them, and the releases without are not.

These are the real releases, installed once into the cache.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .command_line import poolproof


@cache
def report(client: str, folder: str) -> dict[str, Any]:
    """The whole report on a release, as data."""
    file = Path(folder, f"{client}.json")
    done = poolproof("check", client, "--json", str(file))
    assert done.returncode in (0, 1), done.stderr
    data: dict[str, Any] = json.loads(file.read_text())
    return data


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("reports"))


def failures(data: dict[str, Any], threads: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The failures by requirement, one for each variant (for threads, or for asyncio) that has it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for judgement in data["judgements"]:
        if judgement["failure"] and judgement["variant"].endswith(", threads") == threads:
            found.setdefault(judgement["requirement"], []).append(judgement["failure"])
    return found


@pytest.mark.parametrize("version", ["4.5.1", "4.5.3"])
def test_cve_2023_28859_is_found_with_a_short_history(version: str, folder: str) -> None:
    found = failures(report(f"redis-py=={version}", folder))["CONN-01"]
    assert len(found) == 2  # in both pools
    for failure in found:
        assert len(failure["events"]) <= 8
        assert failure["events"][-1]["kind"] == "returned"
        assert failure["events"][-1]["text"] != f"val:{failure['events'][-1]['caller']}"


@pytest.mark.parametrize("version", ["4.4.4", "4.5.4"])
def test_the_first_fix_is_found_to_keep_the_connection(version: str, folder: str) -> None:
    found = failures(report(f"redis-py=={version}", folder))
    assert "CONN-01" not in found
    assert "CALL-03" in found


@pytest.mark.parametrize("version", ["4.5.1", "4.5.4"])
def test_an_interrupted_read_is_found_to_leave_its_reply_to_the_next_thread(
    version: str, folder: str
) -> None:
    found = failures(report(f"redis-py=={version}", folder), threads=True)
    assert len(found["CONN-01"]) == len(found["CONN-02"]) == 2  # in both pools
    assert all(len(failure["events"]) <= 8 for failure in found["CONN-01"])


@pytest.mark.parametrize("version", ["4.5.5", "5.0.3"])
def test_a_garbage_collection_is_found_to_deadlock_the_pool(version: str, folder: str) -> None:
    (failure,) = failures(report(f"redis-py=={version}", folder), threads=True)["CALL-02"]
    assert "waits for a lock that it holds itself" in failure["events"][-1]["text"]


def test_the_newest_release_survives_threads_interruptions_and_garbage_collections(folder: str) -> None:
    assert failures(report("redis-py==8.1.0", folder), threads=True) == {}


@pytest.mark.parametrize("version", ["4.3.4", "4.5.5"])
@pytest.mark.parametrize("requirement", ["CONN-01", "CONN-02", "CALL-03", "POOL-01", "POOL-02"])
def test_no_false_alarm_on_the_good_releases(version: str, requirement: str, folder: str) -> None:
    verdicts = {
        judgement["verdict"]
        for judgement in report(f"redis-py=={version}", folder)["judgements"]
        if judgement["requirement"] == requirement
    }
    assert verdicts == {"pass"}


def test_a_refused_dial_is_found_to_kill_the_blocking_pool_of_5_0_1(folder: str) -> None:
    assert "POOL-03" in failures(report("redis-py==5.0.1", folder))


def test_a_refused_dial_is_found_harmless_in_5_0_3(folder: str) -> None:
    assert "POOL-03" not in failures(report("redis-py==5.0.3", folder))
