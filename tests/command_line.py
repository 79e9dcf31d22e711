"""Runs the command line as a user does, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "poolproof.conformance.cli")


def poolproof(
    *arguments: str, folder: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`poolproof ARGUMENTS`, in that folder, with these environment variables besides the usual ones."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=os.environ | {"COLUMNS": "110"} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
