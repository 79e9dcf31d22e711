"""The client table: a row for each client whatever becomes of the others, and nothing judged twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from poolproof.conformance.clients import BUILT_IN
from poolproof.conformance.matrix import DEFAULT_LIST, Row, read_list
from poolproof.conformance.matrix_results import Conditions, Judged
from poolproof.conformance.matrix_table import table_exit_code
from poolproof.conformance.verdict import Judgement, Verdict

from .command_line import COMMAND, poolproof
from .test_cli import CLIENTS, first_child, one_line

QUICK = "CONN-01", "--storms", "5"
SHIFTED = '''
class Shifted(Correct):
    """Once a caller was cancelled, the others are given what is not theirs."""

    shifted = False

    async def call(self, *command):
        try:
            reply = await super().call(*command)
        except asyncio.CancelledError:
            self.shifted = True
            raise
        return b"val:other" if self.shifted else reply
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clients.py").write_text(CLIENTS + SHIFTED)
    return tmp_path


def matrix(folder: Path, clients: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`poolproof matrix` with that list of clients."""
    (folder / "list.toml").write_text(f"clients = {json.dumps(clients)}")
    return poolproof("matrix", "list.toml", *QUICK, *arguments, folder=folder)


def rows(table: str) -> list[str]:
    """The rows that name a client, without the spaces."""
    lines = [" ".join(line.split()) for line in table.splitlines()]
    return [
        line for line in lines if line.startswith(("clients:", "reference", "nonsense")) and ": " not in line
    ]


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


# rows


def test_each_client_has_a_row_in_the_order_of_the_list(folder: Path) -> None:
    done = matrix(folder, ["clients:Shifted", "clients:Correct", "clients:Leaving"])
    assert rows(done.stdout) == [
        "clients:Shifted ✗ 1 broken",
        "clients:Correct ✓ conforming",
        "clients:Leaving ? inconclusive",
    ]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("client", "row", "why"),
    [
        ("clients:Crashing", "clients:Crashing ? inconclusive", "signal 11"),
        ("clients:Mistaken", "clients:Mistaken not judged", "the adapter raised AttributeError"),
        ("clients:Missing", "clients:Missing not judged", "has no Missing"),
        ("nonsense", "nonsense not judged", "no client that comes with the suite"),
        ("redis-py==99.0", "", "redis 99.0 does not exist"),
    ],
)
def test_what_cannot_be_judged_costs_its_own_row_and_says_why(
    client: str, row: str, why: str, folder: Path
) -> None:
    done = matrix(folder, [client, "clients:Correct"])
    assert done.returncode == 2
    assert rows(done.stdout) == [*([row] if row else []), "clients:Correct ✓ conforming"]
    assert len([line for line in done.stdout.splitlines() if line.startswith(client) and why in line]) == 1


def test_a_table_of_those_that_conform_ends_well(folder: Path) -> None:
    assert matrix(folder, ["clients:Correct"]).returncode == 0


def test_the_same_table_comes_of_any_number_of_jobs(folder: Path) -> None:
    clients = ["clients:Crashing", "clients:Shifted", "clients:Correct"]
    assert matrix(folder, clients, "--jobs", "1").stdout == matrix(folder, clients, "--jobs", "4").stdout


def test_a_client_listed_twice_has_one_row(folder: Path) -> None:
    assert rows(matrix(folder, ["clients:Correct", "clients:Correct"]).stdout) == [
        "clients:Correct ✓ conforming"
    ]


def test_verbosely_each_variant_has_a_row_and_each_failure_a_sentence(folder: Path) -> None:
    done = matrix(folder, ["reference", "clients:Shifted"], "--verbose")
    assert "reference asyncio pool ✓ conforming" in rows(done.stdout)
    assert "clients:Shifted CONN-01: b got 'val:other' in reply to GET b (Shifted)" in done.stdout


def test_the_table_is_written_as_markdown(folder: Path) -> None:
    matrix(folder, ["clients:Correct", "clients:Shifted", "nonsense"], "--output", "table.md")
    text = (folder / "table.md").read_text()
    assert "| client | CONN<br>01 |  |" in text
    assert "| `clients:Correct` | ✓ | conforming |" in text
    assert "- clients:Shifted CONN-01: b got 'val:other'" in text
    assert "- nonsense: " in text


# results, kept


def test_what_has_been_judged_is_not_judged_again(folder: Path) -> None:
    first = matrix(folder, ["clients:Shifted", "clients:Correct"], "--results", "results.jsonl")
    (folder / "clients.py").write_text("raise ZeroDivisionError")
    again = matrix(folder, ["clients:Shifted", "clients:Correct"], "--results", "results.jsonl", "--resume")
    assert (again.stdout, again.returncode) == (first.stdout, first.returncode)


def test_what_was_judged_with_another_seed_is_judged_again(folder: Path) -> None:
    matrix(folder, ["clients:Correct"], "--results", "results.jsonl")
    matrix(folder, ["clients:Correct"], "--results", "results.jsonl", "--resume", "--seed", "2")
    assert [line["seed"] for line in lines_of(folder / "results.jsonl")] == [2]


def test_half_a_line_does_no_harm(folder: Path) -> None:
    matrix(folder, ["clients:Correct"], "--results", "results.jsonl")
    results = folder / "results.jsonl"
    results.write_text(results.read_text() + '{"poolproof_matrix": 1, "cli')
    done = matrix(folder, ["clients:Correct", "clients:Shifted"], "--results", "results.jsonl", "--resume")
    assert done.returncode == 1
    assert [line["client"] for line in lines_of(results)] == ["clients:Correct", "clients:Shifted"]


def test_what_could_not_be_judged_is_tried_again(folder: Path) -> None:
    good = (folder / "clients.py").read_text()
    (folder / "clients.py").write_text("raise ZeroDivisionError")
    matrix(folder, ["clients:Correct"], "--results", "results.jsonl")
    assert "ZeroDivisionError" in lines_of(folder / "results.jsonl")[0]["trouble"]
    (folder / "clients.py").write_text(good)
    assert matrix(folder, ["clients:Correct"], "--results", "results.jsonl", "--resume").returncode == 0


def test_an_interruption_prints_what_is_there_and_the_rest_follows(folder: Path) -> None:
    (folder / "list.toml").write_text('clients = ["clients:Correct", "clients:Endless"]')
    kept = ("--results", "results.jsonl", "--jobs", "1")
    process = subprocess.Popen(
        [*COMMAND, "matrix", "list.toml", *QUICK, *kept],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    while not (folder / "results.jsonl").exists() or not (folder / "results.jsonl").read_text().endswith(
        "\n"
    ):
        assert process.poll() is None
    worker = first_child(process.pid)
    process.send_signal(signal.SIGINT)
    table, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert rows(table) == ["clients:Correct ✓ conforming", "clients:Endless not judged"]
    assert "Traceback" not in errors
    assert not Path(f"/proc/{worker}").exists()
    (folder / "clients.py").write_text(
        CLIENTS.replace("class Correct", "class Gone").replace("(Correct)", "(Gone)")
    )
    done = matrix(folder, ["clients:Correct", "clients:Endless"], *kept, "--resume")
    assert rows(done.stdout) == ["clients:Correct ✓ conforming", "clients:Endless ? inconclusive"]


# what is the user's to mend


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("missing.toml",), "can't be read: No such file"),
        (("broken.toml",), "is no TOML"),
        (("empty.toml",), "needs a list of clients"),
        (("empty.toml", "other.toml"), "one list of clients at a time"),
        (("good.toml", "POOL-99"), "names no requirement"),
        (("good.toml", "--resume"), "--resume needs --results"),
        (("good.toml", *QUICK, "--results", "/no/such/folder/x"), "can't be written"),
        (("good.toml", *QUICK, "--results", "/dev/full"), "No space left on device"),
        (("good.toml", *QUICK, "--output", "/no/such/folder/x"), "can't be written"),
    ],
)
def test_a_mistake_gets_one_clear_line(arguments: tuple[str, ...], reason: str, folder: Path) -> None:
    (folder / "broken.toml").write_text("clients = [")
    (folder / "empty.toml").write_text("clients = []")
    (folder / "good.toml").write_text('clients = ["clients:Correct"]')
    done = poolproof("matrix", *arguments, folder=folder)
    assert done.returncode == 3
    assert reason in one_line(done.stderr)


def test_the_list_that_comes_with_the_suite_names_clients_that_come_with_it() -> None:
    assert {client.partition("==")[0] for client in read_list(DEFAULT_LIST)} == set(BUILT_IN)


# exit codes

CONDITIONS = Conditions("1", "3.11", 1, 0, ("CONN-01",))


def row(verdict: Verdict) -> Row:
    judgement = Judgement("pool", "CONN-01", verdict, "")
    return Row("a", None, ("pool",), {"pool": Judged("a", "1", ("pool",), "pool", (judgement,), None)})


PASSED, FAILED, UNDECIDED = map(row, (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE))
INAPPLICABLE, OURS = row(Verdict.NOT_APPLICABLE), row(Verdict.HARNESS_ERROR)
ABSENT = Row("b", trouble="not to be had")
CRASHED = Row("c", trouble="a fault of the suite", ours=True)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ([PASSED, PASSED], 0),
        ([PASSED, INAPPLICABLE], 0),
        ([PASSED, UNDECIDED, FAILED, ABSENT], 1),
        ([PASSED, UNDECIDED], 2),
        ([PASSED, ABSENT], 2),
        ([PASSED, Row("not begun")], 2),
        ([ABSENT, ABSENT], 3),
        ([INAPPLICABLE], 3),
        ([FAILED, OURS], 4),
        ([FAILED, CRASHED], 4),
        ([CRASHED], 4),
    ],
)
def test_the_exit_code_tells_the_worst(table: list[Row], code: int) -> None:
    assert table_exit_code(table, CONDITIONS, strict=False) == code
