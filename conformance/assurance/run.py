"""One row of evidence: who has checked what, at which sizes, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Some claims about one machine, checked together by one method.

    `decided` says how much was looked at ("1,254 states, 8,000 steps"); `failures` says what was not shown,
    and `skipped` why nothing was tried.
    """

    machine: str
    method: str
    sizes: str
    claims: tuple[str, ...]
    decided: str
    seconds: float
    failures: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def ok(self) -> bool:
        return not (self.failures or self.skipped)


@dataclass(frozen=True)
class Job:
    """Something to do in a process of its own. `work` must be picklable."""

    name: str
    work: Callable[[], list[Run]]


FAULTS_FOUND = "planted faults are found"
SAME_GRAPH = "same graph as in TLA+"


def counted(states: int, transitions: int) -> str:
    return f"{states:,} states, {transitions:,} steps"
