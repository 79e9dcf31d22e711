"""What a user meets on the command line: verdicts, exit codes, and one clear line for whatever goes wrong."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from poolproof.conformance.checks import RULES

from .command_line import COMMAND, poolproof

UNREACHABLE = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": ""}

CLIENTS = Path(__file__).with_name("wrong_clients.py").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clients.py").write_text(CLIENTS)
    (tmp_path / "raising.py").write_text("raise ZeroDivisionError('at import')")
    return tmp_path


def one_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


# verdicts


def test_the_reference_keeps_everything_and_nothing_is_inconclusive(tmp_path: Path) -> None:
    done = poolproof("check", "reference", "--storms", "100", "--json", str(tmp_path / "report.json"))
    assert done.returncode == 0, done.stdout
    judgements = json.loads((tmp_path / "report.json").read_text())["judgements"]
    assert {judgement["verdict"] for judgement in judgements} == {"pass", "n/a"}
    passed = {judgement["requirement"] for judgement in judgements if judgement["verdict"] == "pass"}
    assert passed == RULES.keys() - {"LIFE-07"}  # which only real processes can show


def test_the_same_command_gives_the_same_report(tmp_path: Path) -> None:
    reports: list[object] = []
    for name in ("first", "second"):
        poolproof("check", "redis-py==4.5.1", "--storms", "50", "--json", str(tmp_path / name))
        data = json.loads((tmp_path / name).read_text())
        for storms in data["storms"]:
            del storms["seconds"]
        reports.append(data)
    assert reports[0] == reports[1]


def test_a_failure_can_be_replayed() -> None:
    done = poolproof("check", "redis-py==4.5.1", "CONN-01")
    assert done.returncode == 1
    command = next(line for line in done.stdout.splitlines() if "poolproof replay" in line)
    again = poolproof("replay", command.split()[-1])
    assert again.returncode == 1
    assert "b got the reply to a" in again.stdout


def test_a_replay_on_a_better_release_says_that_the_failure_is_gone(tmp_path: Path) -> None:
    done = poolproof("check", "redis-py==4.5.1", "CONN-01")
    command = next(line for line in done.stdout.splitlines() if "poolproof replay" in line)
    data = json.loads(Path(command.split()[-1]).expanduser().read_text())
    (tmp_path / "replay.json").write_text(json.dumps(data | {"client": "redis-py==4.5.5"}))
    assert poolproof("replay", str(tmp_path / "replay.json")).returncode == 0


def test_an_adapter_of_ones_own_is_judged(folder: Path) -> None:
    done = poolproof("check", "clients:Correct", "CONN-01", "CONN-02", "POOL-01", folder=folder)
    assert done.returncode == 0, done.stdout


def test_what_a_client_prints_does_not_reach_the_report(folder: Path) -> None:
    done = poolproof("check", "clients:Printing", "CONN-01", folder=folder)
    assert done.returncode == 0
    assert "hello" not in done.stdout


def test_list_and_explain_tell_the_requirements() -> None:
    assert "MUX-02" in poolproof("list").stdout
    assert "CVE-2023-28859" in poolproof("explain", "conn-01").stdout


# a client that can't be judged is inconclusive, and says why in one line


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        ("Endless", "blocked for 5 s at"),
        ("Restless", "50,000 callbacks"),
        ("Garbage", "no command"),
        ("Crashing", "signal 11"),
        ("Leaving", "SystemExit(7)"),
        ("Sockets", "a single call failed though nothing stood in its way: NotImplementedError"),
    ],
)
def test_a_client_that_cannot_be_judged_is_inconclusive(client: str, reason: str, folder: Path) -> None:
    done = poolproof("check", f"clients:{client}", folder=folder)
    assert done.returncode == 2
    assert reason in " ".join(done.stdout.split())
    assert sum("could not be judged" in line for line in done.stdout.splitlines()) == 1
    assert not done.stderr


# what is the user's to mend


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("check", "raising:X"), "ZeroDivisionError: at import"),
        (("check", "no_such_module:X"), "No module named 'no_such_module'"),
        (("check", "clients:Missing"), "has no Missing"),
        (("check", "clients:NoAdapter"), "no subclass of"),
        (("check", "clients:Mistaken"), "the adapter raised AttributeError"),
        (("check", "clients:Blind"), "the adapter raised ValueError: no idea"),
        (("check", "no-such-client"), "comes with the suite"),
        (("check", "reference==1.0"), "has no other versions"),
        (("check", "reference", "POOL-99"), "names no requirement"),
        (("check", "reference", "--storms", "100", "--json", "/no/such/folder/x"), "can't be written"),
        (("check", "no-such-client", "--json", "/no/such/folder/x"), "can't be written"),  # said first
        (("check", "clients:Forgetful"), "takes password, as it declares, and never looks at it"),
        (
            ("check", "clients:Mute"),
            """in the simplest run call("GET", "a") returned 'None' and not the reply""",
        ),
        (
            ("check", "clients:Borrowing"),
            "in the simplest run after 2 calls, one after another, none of the 2",
        ),
        (("check", "clients:Open"), "in the simplest run close() left connection"),
        (("check", "clients:Leaking"), "the adapter left a task running: Leaking.watch_over"),
        (
            ("check", "reference", "POOL-01", "--storms", "0", "--json", "/dev/full"),
            "No space left on device",
        ),
        (("check",), "which client?"),
        (("frobnicate",), "No such command"),
        (("explain", "CONN-1"), "no requirement has the id"),
        (("replay", "missing.json"), "can't be read"),
        (("replay", "clients.py"), "no JSON"),
    ],
)
def test_a_mistake_gets_one_clear_line(arguments: tuple[str, ...], reason: str, folder: Path) -> None:
    done = poolproof(*arguments, folder=folder)
    assert done.returncode == 3
    assert reason in one_line(done.stderr)


def test_a_release_that_does_not_exist_gets_one_clear_line() -> None:
    done = poolproof("check", "redis-py==99.0")
    assert done.returncode == 3
    assert "redis 99.0 does not exist" in one_line(done.stderr)


def test_without_a_network_one_clear_line(tmp_path: Path) -> None:
    done = poolproof("check", "redis-py==4.5.1", POOLPROOF_CACHE=str(tmp_path), **UNREACHABLE)
    assert done.returncode == 3
    assert "can't be reached" in one_line(done.stderr)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_release_that_was_installed_once_is_judged_offline() -> None:
    assert poolproof("check", "redis-py==4.5.5", "CONN-01").returncode == 0
    done = poolproof("check", "redis-py==4.5.5", "CONN-01", **UNREACHABLE)
    assert done.returncode == 0


def test_a_cache_that_cannot_be_written_gets_one_clear_line() -> None:
    done = poolproof("check", "redis-py==4.5.5", POOLPROOF_CACHE="/proc/no/such")
    assert done.returncode == 3
    assert "can't be written" in one_line(done.stderr)


def test_an_interruption_leaves_nothing_running(folder: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "check", "clients:Endless"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    worker = first_child(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{worker}").exists()


def first_child(parent: int) -> int:
    """Wait until that process has a worker; its process id."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    while True:
        for child in children.read_text().split():
            with suppress(ProcessLookupError, FileNotFoundError):  # it has ended since
                if b"poolproof.conformance.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
