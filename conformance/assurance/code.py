"""Last step: the tests that hold the reference's code to the models, in lockstep and in every schedule.

They are no part of the distribution, so they can be run in a checkout only.
"""

import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from .run import Run

ROOT = Path(__file__).parent.parent.parent
LONGEST_SECONDS = 300


def run_tests(machine: str, method: str, claim: str, file: str, select: str = "") -> list[Run]:
    """One file of tests, or those of its tests whose names contain `select`."""
    if not (ROOT / "tests" / file).exists():
        reason = "there are no tests outside a checkout"
        return [Run(machine, method, "", (claim,), "", 0.0, skipped=reason)]
    start = perf_counter()
    chosen = ("-k", select) if select else ()
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, f"tests/{file}")
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    failures: list[str] = re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
    if done.returncode and not failures:
        failures = (done.stdout.strip().splitlines() or ["pytest did not run"])[-1:]
    decided = f"{passed[1] if passed else 0} tests"
    return [Run(machine, method, file, (claim,), decided, perf_counter() - start, tuple(failures))]
