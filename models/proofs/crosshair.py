"""CrossHair, asked about one contract at a time.

CrossHair ends well whether it has confirmed a contract, run out of time, or found that nothing meets the
precondition. So its output is read: every postcondition must be "Confirmed over all paths.", and of a planted
fault at least one must be refuted, which is an error in its output.

It is run with the directory above models/ as its working directory, because it cannot load a package that is
mapped to another place, as an editable install maps this one.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from . import Proved

ROOT = Path(__file__).parents[2]
PROCESSES = 2
LIMIT_SECONDS = 120  # of processor time, for each postcondition
CONFIRMED = "info: Confirmed over all paths."


def prove(machine: str, sizes: str, actions: Sequence[Callable[..., object]]) -> list[Proved]:
    """One result for each action: whether CrossHair has confirmed all that its contract says."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        running = [pool.submit(confirm, machine, sizes, action) for action in actions]
        return [each.result() for each in running]


def confirm(machine: str, sizes: str, action: Callable[..., object]) -> Proved:
    start = perf_counter()
    lines = report(action)
    return Proved(
        machine=machine,
        claim=f"{action.__name__} keeps every state sound",
        method="inductive, CrossHair",
        sizes=sizes,
        steps=len(lines),
        seconds=perf_counter() - start,
        failures=tuple(line for line in lines if not line.endswith(CONFIRMED)),
    )


def is_refuted(fault: Callable[..., object]) -> bool:
    """Whether CrossHair finds a sound state from which this faulty action leads to one that is not."""
    return any(": error: " in line for line in report(fault))


def report(action: Callable[..., object]) -> list[str]:
    """What CrossHair says, one line for each postcondition or complaint."""
    name = f"models.proofs.{action.__module__.rpartition('.')[2]}.{action.__name__}"
    options = ["--report_all", "--per_condition_timeout", str(LIMIT_SECONDS)]
    done = subprocess.run(
        [sys.executable, "-m", "crosshair", "check", *options, name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
