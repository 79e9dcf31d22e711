"""Who tests the tests: every mutant of the reference must be noticed, and every requirement must notice one.

Only directed plans are run, no storms, and a requirement has noticed a mutant if one of its own plans showed
it: whether a fault is found must not be a matter of luck.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .checks import RULES, Applies
from .clients import BUILT_IN
from .mutants import MUTANTS
from .mutants.mutant import THREADED_MULTIPLEXER, THREADED_POOL
from .session import judge
from .target import resolve
from .verdict import Judgement, Verdict
from .worker import Job

_REFERENCE = BUILT_IN["reference"].module
_OF_PROCESSES = tuple(name for name, rule in RULES.items() if rule.applies is Applies.FORKING)
_NAMES = ("", *(mutant.name for mutant in MUTANTS))


@dataclass(slots=True)
class KillMatrix:
    """Which requirements noticed which mutants; "" stands for the reference without a fault."""

    kills: dict[str, set[str]] = field(default_factory=lambda: {name: set[str]() for name in _NAMES})

    def survivors(self) -> list[str]:
        """Mutants that the requirement they break did not notice."""
        return [mutant.name for mutant in MUTANTS if mutant.breaks not in self.kills[mutant.name]]

    def idle_requirements(self) -> list[str]:
        """Requirements that noticed nothing."""
        return [name for name in RULES if not any(name in killers for killers in self.kills.values())]

    def false_alarms(self) -> list[str]:
        """Requirements that the reference itself does not keep, or that could not be judged."""
        return sorted(self.kills[""])


def selftest_jobs(whole: bool) -> list[Job]:
    """One for each mutant, and for each variant of the reference; what takes real processes has such."""
    everything = tuple(name for name in RULES if name not in _OF_PROCESSES)
    jobs: list[Job] = []
    for variant in sorted({mutant.variant for mutant in MUTANTS}):
        jobs.append(Job("judge", _REFERENCE, variant=variant, requirements=everything))
        if variant in (THREADED_POOL, THREADED_MULTIPLEXER):
            jobs.append(_behind_driver(variant, _OF_PROCESSES))
    for mutant in MUTANTS:
        name, variant, breaks = mutant.name, mutant.variant, mutant.breaks
        if breaks in _OF_PROCESSES:
            jobs.append(_behind_driver(variant, (breaks,), name))
        else:
            requirements = everything if whole else (breaks,)
            jobs.append(Job("judge", _REFERENCE, variant=variant, requirements=requirements, mutant=name))
    return jobs


def _behind_driver(variant: str, requirements: tuple[str, ...], mutant: str = "") -> Job:
    command = f"{resolve('driver:reference').driver} {mutant}"
    return Job("judge", "", "", variant, requirements, mutant=mutant, driver=command, confirm=0)


async def run_selftest(whole: bool, listen: Callable[[str], None]) -> KillMatrix:
    """Judge all mutants, each by what it breaks (or, whole, by everything), and the reference by everything;
    `listen` hears the name of each when it is done.

    Raises SuiteFault.
    """
    matrix = KillMatrix()
    jobs = selftest_jobs(whole)
    async for job, result in judge(jobs, lambda job, what: listen(job.mutant) if what == "storms" else None):
        if not isinstance(result, Judgement):
            continue
        if job.driver:
            listen(job.mutant)  # it has one requirement, and no storms
        by_own_plan = result.failure is not None and result.failure.check.startswith(result.requirement)
        if by_own_plan or (not job.mutant and result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)):
            matrix.kills[job.mutant].add(result.requirement)
    return matrix
