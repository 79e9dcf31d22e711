"""What a worker does for a client in the real world; the tasks are those of `worker.Job`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..checks import RULES
from ..plan import Plan
from ..protocol.driver import Driver
from .judge import RealJudge, run_one
from .session import How

if TYPE_CHECKING:
    from ..worker import Job


class Say(Protocol):
    """Writes an answer."""

    def __call__(self, **message: Any) -> None: ...


def do(job: Job, say: Say) -> None:
    """Do the job. Raises DriverFault, AdapterMistake, Unfit."""
    how = How(job.driver, job.time_scale, job.confirm, job.checks_at_a_time, job.thorough, job.proxy)
    rules = [RULES[each] for each in job.requirements]
    match job.task:
        case "variants":
            with Driver(job.driver) as driver:
                hello = driver.hello(job.time_scale)
            names = [each.name for each in hello.variants]
            say(type="variants", names=names, version=hello.version, runtime=hello.title)
        case "judge":
            judge = RealJudge(job.variant, how, lambda what: say(type="progress", what=what))
            for judgement in judge.judge(rules):
                say(type="judgement", **judgement.to_data())
        case _:
            failure = run_one(job.variant, how, rules[0], Plan.from_data(job.plan))
            say(type="replayed", failure=failure.to_data() if failure else None)
