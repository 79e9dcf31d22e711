"""A storm of threads is a function of its plan, and costs no thread and no file of the operating system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CLIENTS = [
    "poolproof.conformance.clients.redis_py:ThreadedConnectionPool",
    "poolproof.conformance.clients.redis_py:ThreadedBlockingConnectionPool",
    "poolproof.conformance.clients.reference:ThreadedPool",
    "poolproof.conformance.clients.reference:ThreadedMultiplexer",
    "tests.threaded_clients:Pool",
]


@cache
def storms(client: str, hash_seed: str) -> dict[str, Any]:
    """What came of many storms, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.storms_in_threads", client],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_another_process_with_other_hashes_sees_the_same_history(client: str) -> None:
    assert storms(client, "0")["history"] == storms(client, "4242")["history"]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="this system does not tell")
@pytest.mark.parametrize("client", CLIENTS)
def test_all_storms_run_in_one_thread_of_the_operating_system(client: str) -> None:
    assert storms(client, "0")["own_threads"] == 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not tell")
@pytest.mark.parametrize("client", CLIENTS)
def test_no_file_is_left_open(client: str) -> None:
    before, after = storms(client, "0")["files"]
    assert after == before
