"""What the suite says of released clients is true: it can be shown without the suite, in a few lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from poolproof.conformance.installing import install

from .command_line import poolproof

SCRIPTS = Path(__file__).parent / "by_hand"
BEFORE_3_12 = pytest.mark.skipif(sys.version_info >= (3, 12), reason="mended in CPython 3.12")
SHOWN = [
    ("stray_reply", "redis-py", "redis", "8.1.0", "CONN-04"),
    ("dead_connection", "redis-py", "redis", "8.1.0", "POOL-12"),
    pytest.param("lost_wake_up", "valkey-py", "valkey", "6.2.0", "CALL-04", marks=BEFORE_3_12),
]


@pytest.mark.parametrize(("script", "client", "distribution", "version", "requirement"), SHOWN)
def test_a_failure_is_shown_by_hand_and_by_the_suite(
    script: str, client: str, distribution: str, version: str, requirement: str
) -> None:
    file = SCRIPTS / f"{script}.py"
    assert len(file.read_text().splitlines()) <= 40
    environment = os.environ | {"PYTHONPATH": str(install(distribution, version).folder)}
    by_hand = subprocess.run(
        [sys.executable, file], env=environment, capture_output=True, text=True, timeout=60
    )
    assert by_hand.returncode == 2, by_hand.stderr
    by_suite = poolproof("check", f"{client}=={version}", requirement, "--storms", "0")
    assert by_suite.returncode == 1, by_suite.stdout
