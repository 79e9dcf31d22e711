"""The process in which a client runs: it takes one job on standard input and answers in JSON lines.

A process of its own, because a client may be any release (it comes first on the path), may print, block,
crash or exit, and none of that may reach the suite. Its standard output is therefore kept for the answers,
and whatever the client prints goes to standard error.

A client has to be imported into the world that it belongs to (asyncio, or simulated threads), and which one
that is only its adapter can say: so a copy of the process imports it first, to find out.
"""

import gc
import importlib
import json
import os
import random
import sys
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .simulation.aio import clock

if TYPE_CHECKING:
    from .adapter import AnyAdapter

clock.install()  # before any client is imported


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is to do.

    task: `variants` (which adapters are there?), `judge` or `replay`.
    adapters: `module` (all that it offers) or `module:Adapter`. folder: put first on the path.
    variant: the name of one of them. plan: for `replay`.
    mutant: a fault to plant in the reference first. driver: the command that starts a driver, for a client in
    the real world; those after it say how it is judged (`real/judge.py`).
    """

    task: str
    adapters: str
    folder: str = ""
    variant: str = ""
    requirements: tuple[str, ...] = ()
    seed: int = 0
    storms: int = 0
    mutant: str = ""
    plan: Any = None
    driver: str = ""
    time_scale: float = 1.0
    confirm: int = 3
    checks_at_a_time: int = 0
    thorough: bool = False
    proxy: str = ""


def main() -> None:
    """Do the job; the last line is `{"type": "done"}` or `{"type": "error", "blame": ..., "text": ...}`."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    job = Job(**json.load(sys.stdin))
    try:
        _do(job, answers)
        _say(answers, type="done")
    except _Blame as blame:
        _say(answers, type="error", blame=blame.whom, text=str(blame))
    except Exception:
        _say(answers, type="error", blame="suite", text=traceback.format_exc())
    finally:
        answers.flush()
        os._exit(0)  # a client's threads and exit handlers have nothing more to say


class _Blame(Exception):
    """The job can't be done; `whom` is `adapter` or `client`."""

    def __init__(self, whom: str, text: str) -> None:
        super().__init__(text)
        self.whom = whom


def _say(answers: TextIO, **message: Any) -> None:
    answers.write(json.dumps(message) + "\n")


def _do(job: Job, answers: TextIO) -> None:
    if job.driver:
        _do_behind_driver(job, answers)
        return
    if job.mutant:
        from .mutants.planting import plant

        plant(job.mutant)
    if job.variant and _is_synchronous(job):
        _enter_threads()
    metadata.version = cache(metadata.version)  # some clients read their own anew for each connection
    variants = _load(job)
    gc.collect()
    gc.freeze()
    gc.disable()  # the judge collects between runs, so that a run always goes the same way
    random.seed(job.seed)
    if job.variant and job.variant not in variants:
        raise _Blame("adapter", f"{job.adapters} has no variant {job.variant!r}")
    match job.task:
        case "variants":
            version = next(iter(variants.values())).version()
            _say(answers, type="variants", names=list(variants), version=version, runtime="")
        case "judge":
            _judge(job, variants[job.variant], answers)
        case _:
            _replay(job, variants[job.variant], answers)


def _do_behind_driver(job: Job, answers: TextIO) -> None:
    from .docket import Unfit
    from .protocol.messages import DriverFault
    from .real.work import do
    from .simulation.blame import AdapterMistake

    try:
        do(job, partial(_say, answers))
    except DriverFault as fault:
        raise _Blame("adapter", f"the driver {fault}") from None
    except AdapterMistake as mistake:
        raise _Blame("adapter", str(mistake)) from None
    except Unfit as reason:
        raise _Blame("client", str(reason)) from None


def _is_synchronous(job: Job) -> bool:
    """Whether the variant's adapter is for threads; False as well if there is none."""
    if not (copy := os.fork()):
        with suppress(BaseException):
            from .adapter import SynchronousAdapter

            os._exit(issubclass(_load(job)[job.variant], SynchronousAdapter))
        os._exit(False)
    _, status = os.waitpid(copy, 0)
    return os.waitstatus_to_exitcode(status) == 1


def _enter_threads() -> None:
    """From now on what is imported runs on simulated threads; what the suite needs, it must have before."""
    importlib.import_module("poolproof.conformance.judge")
    importlib.import_module("poolproof.conformance.simulation.threads.world")
    from .simulation.threads.install import install

    install()


def _judge(job: Job, client: "type[AnyAdapter]", answers: TextIO) -> None:
    from .checks import RULES
    from .judge import Judge
    from .simulation.blame import AdapterMistake

    judge = Judge(client, job.seed, job.storms, lambda what: _say(answers, type="progress", what=what))
    try:
        for judgement in judge.judge([RULES[each] for each in job.requirements]):
            _say(answers, type="judgement", **judgement.to_data())
    except AdapterMistake as mistake:
        raise _Blame("adapter", str(mistake)) from None
    if judge.storm_count:
        _say(answers, type="storms", **judge.storm_count.to_data())


def _replay(job: Job, client: "type[AnyAdapter]", answers: TextIO) -> None:
    from .checks import RULES
    from .docket import Unfit
    from .judge import replay
    from .plan import Plan
    from .simulation.blame import AdapterMistake

    try:
        failure = replay(client, RULES[job.requirements[0]], Plan.from_data(job.plan))
    except AdapterMistake as mistake:
        raise _Blame("adapter", str(mistake)) from None
    except Unfit as reason:
        raise _Blame("client", str(reason)) from None
    _say(answers, type="replayed", failure=failure.to_data() if failure else None)


def _load(job: Job) -> "dict[str, type[AnyAdapter]]":
    """The adapters by name. Whatever goes wrong here is the adapter's fault, or its user's."""
    from .adapter import AnyAdapter
    from .mutants.planting import MutantDoesNotFit

    module_name, _, name = job.adapters.partition(":")
    sys.path[:0] = [folder for folder in (job.folder, str(Path.cwd()) if name else "") if folder]
    try:
        module = importlib.import_module(module_name)
    except MutantDoesNotFit:
        raise
    except (Exception, SystemExit) as error:
        raise _Blame("adapter", f"{job.adapters} can't be imported: {_where(error)}") from None
    if name and not hasattr(module, name):
        raise _Blame("adapter", f"the module {module_name} has no {name}")
    adapters = [getattr(module, name)] if name else list(module.ADAPTERS)
    for adapter in adapters:
        if not (isinstance(adapter, type) and issubclass(adapter, AnyAdapter)):
            raise _Blame("adapter", f"{job.adapters} is no subclass of poolproof.conformance.adapter.Adapter")
    return {adapter.variant(): adapter for adapter in adapters}


def _where(error: BaseException) -> str:
    """The error in one line, with its place in the adapter's code, or in what that imports."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = "" if "importlib" in frame.filename else f" ({frame.filename}:{frame.lineno})"
    return f"{type(error).__name__}: {' '.join(str(error).split())}{place}"


if __name__ == "__main__":
    main()
