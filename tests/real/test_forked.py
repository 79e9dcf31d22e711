"""A child of a fork uses connections of its own, and does no harm to those of its parent (LIFE-07)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .server import Server

ROOT = Path(__file__).parents[2]


def fork(shell: str, server: Server, *fault: str) -> subprocess.CompletedProcess[str]:
    warnings = ("-W", "error", "-W", "ignore::DeprecationWarning")  # since 3.12 a fork among threads is one
    program = [sys.executable, *warnings, "-m", "tests.real.forking", shell, server.url(), *fault]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("shell", ["threads", "asyncio"])
def test_life_07_a_child_and_its_parent_use_connections_of_their_own(server: Server, shell: str) -> None:
    ended = fork(shell, server)
    assert ended.stderr == "" and ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert len({*told["before"], *told["child"]}) == 5
    assert told["after"] == told["before"]


def test_a_child_that_closes_its_parents_connections_is_noticed(server: Server) -> None:
    assert "the server closed the connection" in fork("threads", server, "keep").stderr
