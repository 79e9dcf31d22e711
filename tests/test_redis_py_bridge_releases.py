"""The bridge works with other releases of redis-py than the one that is installed here.

Its other tests run once more with each of them, which is installed once into the cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from poolproof.conformance.installing import install

HERE = Path(__file__)


@pytest.mark.parametrize("release", ["5.0.8", "6.4.0", "8.0.0"])
def test_all_of_this_holds_with(release: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(install("redis", release).folder)}

    def python(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, env=environment, cwd=HERE.parent.parent, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert python("-c", "import redis; print(redis.__version__)").strip() == release
    files = [str(file) for file in HERE.parent.glob("test_redis_py_bridge*.py") if file != HERE]
    python("-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *files)
