"""Scaffolds: each is written, runs at once, keeps the protocol, and lacks nothing but the client."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from poolproof.conformance import scaffold
from poolproof.conformance.real.lint import lint
from poolproof.conformance.session import CannotRun

from .command_line import poolproof

LANGUAGES = ["csharp", "go", "java", "node", "python", "rust"]
TOOLS = {  # what it takes to run; what needs a network or is slow is for `THOROUGH=1`
    "csharp": ["dotnet"],
    "go": ["go"],
    "java": ["java", "mvn"],
    "node": ["node"],
    "python": [],
    "rust": ["cargo"],
}
THOROUGH_ONLY = {"csharp", "java", "rust"}
MISSING = "not written yet"
STEPS = {  # what an author writes into the Python one, and what lint says afterwards
    "open": ("self.address, self.kept = (host, port), []", "call: not written yet"),
    "call": (
        """reader, writer = await asyncio.open_connection(*self.address)
        self.kept.append(writer)
        parts = [f"${len(word.encode())}\\r\\n{word}\\r\\n" for word in command]
        writer.write(f"*{len(parts)}\\r\\n{''.join(parts)}".encode())
        head = await reader.readline()
        if head.startswith(b"-"):
            raise ValueError(head)
        return (await reader.readline()).strip()""",
        "close succeeds",
    ),
    "close": ("[writer.close() for writer in self.kept]", ""),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the driver is written, and where one stands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ready(language: str, folder: Path) -> str:
    """The command that runs the scaffold, written and built; skips if that can't be done."""
    if absent := [tool for tool in TOOLS[language] if not shutil.which(tool)]:
        pytest.skip(f"{' and '.join(absent)} not installed")
    if language in THOROUGH_ONLY and not os.environ.get("THOROUGH"):
        pytest.skip("needs a network, and time: THOROUGH=1")
    scaffold.write(language, folder)
    *build, examine = scaffold.first_commands(language)
    for command in build:
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return shlex.split(examine)[-1].replace("python3", shlex.quote(sys.executable))


def conversation(command: str, requests: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Its replies, to requests that are all there at once and followed by the end of the input."""
    lines = "".join(json.dumps({"id": number} | each) + "\n" for number, each in enumerate(requests, 1))
    done = subprocess.run(
        shlex.split(command), input=lines, capture_output=True, text=True, timeout=60, check=True
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == len(requests)
    return {reply["id"]: reply for reply in replies}


def test_there_is_a_scaffold_of_each_language() -> None:
    assert scaffold.languages() == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scaffold_is_written_and_the_next_commands_are_told(language: str, tmp_path: Path) -> None:
    done = poolproof("driver", "init", "--lang", language, "--folder", "a b", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [str(path.relative_to(tmp_path)) for path in written] == [
        line.removeprefix("wrote ") for line in done.stdout.splitlines() if line.startswith("wrote ")
    ]
    commands = done.stdout.split("next:\n")[1].splitlines()
    assert commands[0].startswith("    cd 'a b' && ")
    assert "poolproof driver lint --driver " in commands[-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scaffold_marks_all_that_is_missing(language: str) -> None:
    text = "".join((scaffold.HOME / language / path).read_text() for path in scaffold.files(language))
    for place in ("hello", "open", "call", "close", "kinds"):
        assert f"TODO {place}: " in text
    for place in ("open", "call", "close"):
        assert f"{place}: {MISSING}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scaffold_runs_and_lint_finds_only_the_client_missing(language: str, folder: Path) -> None:
    findings = list(lint(ready(language, folder)))
    of_protocol = [each for each in findings if not each.variant]
    of_client = [each for each in findings if each.variant]
    assert [each.problem for each in of_protocol] == [""] * 4
    assert of_client and all(MISSING in each.problem for each in of_client), findings


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "java"])  # where bye is quicker
def test_each_request_has_one_reply_even_if_it_is_cancelled_at_once(language: str, folder: Path) -> None:
    asked = [{"do": "call", "command": ["GET", "a"]}, {"do": "cancel", "target": 1}, {"do": "bye"}]
    replies = conversation(ready(language, folder), asked)
    assert replies[1]["kind"] in ("other", "cancelled")
    assert replies[2] == {"id": 2, "ok": True}


def test_lint_leads_from_one_missing_thing_to_the_next(folder: Path) -> None:
    command, driver = ready("python", folder), folder / "driver.py"
    for place, (written, next_problem) in STEPS.items():
        gap = f'raise NotImplementedError("{place}: {MISSING}")'
        assert driver.read_text().count(gap) == 1
        driver.write_text(driver.read_text().replace(gap, written))
        problems = [each.problem for each in lint(command) if each.problem]
        if not next_problem:
            assert problems == []
        else:
            assert next_problem in problems[0]


# what exists


def test_a_file_that_exists_is_kept_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text("mine")
    done = poolproof("driver", "init", "--lang", "python", "--folder", ".", folder=tmp_path)
    assert done.returncode == 3
    assert done.stderr == "error: driver.py is there already; --force overwrites it\n"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("driver.py", "mine")]


def test_a_link_that_leads_nowhere_is_kept(tmp_path: Path) -> None:
    (tmp_path / "driver.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotRun, match="is there already"):
        scaffold.write("python", tmp_path)


def test_force_overwrites_the_scaffold_and_leaves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text("mine")
    (tmp_path / "notes").write_text("mine")
    done = poolproof("driver", "init", "--lang", "python", "--folder", ".", "--force", folder=tmp_path)
    assert done.returncode == 0
    assert MISSING in (tmp_path / "driver.py").read_text()
    assert (tmp_path / "notes").read_text() == "mine"


# what goes wrong


def test_an_unknown_language_is_one_clear_line(tmp_path: Path) -> None:
    done = poolproof("driver", "init", "--lang", "cobol", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"error: there is no scaffold for 'cobol'; there are {', '.join(LANGUAGES)}\n"


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = poolproof("driver", "init", "--lang", "go", "--folder", "file/driver", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: file/driver can't be written: Not a directory\n"
