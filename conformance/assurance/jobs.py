"""All that is run, and running it: a few processes side by side, the longest jobs first."""

import os
import signal
import tempfile
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory

from .code import run_tests
from .machines import MACHINES, Sizes
from .provers import third_opinions
from .run import Job, Run
from .searches import search, search_cycles, search_faults, search_steps
from .second_opinion import check_faults, check_promises, check_symmetric, compare
from .tlc import NoTlc, find_tlc, tlc_is_required

MOST_PROCESSES = 4  # each may have a Java of up to a gigabyte beside it

# Which sizes, machine by machine; those in the second place are for `thorough` only.
SEARCHED: dict[str, tuple[list[Sizes], list[Sizes]]] = {
    "pool": ([(4, 2), (5, 3)], [(7, 3)]),
    "full pool": ([(4, 2)], [(5, 2)]),
    "multiplexer": ([(2, 3, 2)], [(3, 2, 2)]),
    "full multiplexer": ([(2, 2, 2, 1, 1)], [(2, 2, 2, 2, 1), (3, 1, 2, 2, 1)]),
    "combining": ([(2,)], []),
    "client": ([(2, 2, 1, 1, 2)], []),
}
COMPARED: dict[str, tuple[list[Sizes], list[Sizes]]] = {
    "pool": ([(3, 2), (4, 2)], [(5, 3)]),
    "full pool": ([(4, 2)], []),
    "multiplexer": ([(2, 3, 2)], []),
    "full multiplexer": ([(2, 2, 2, 1, 1)], [(2, 2, 2, 2, 1)]),
    "combining": ([(2,)], []),
}
PROMISED: dict[str, tuple[list[Sizes], list[Sizes]]] = {
    "pool": ([(3, 2)], [(4, 2)]),
    "full pool": ([(3, 1)], [(3, 2)]),
    "multiplexer": ([(2, 2, 2)], [(2, 3, 2)]),
    "full multiplexer": ([(2, 1, 2, 1, 1)], [(2, 2, 2, 1, 1)]),
}
UP_TO_NAMES: list[tuple[str, Sizes]] = [("pool", (7, 3)), ("combining", (3,))]

TESTED = [
    ("pool", "lockstep", "code does what the model does", "test_pool.py"),
    ("multiplexer", "lockstep", "code does what the model does", "test_multiplexer.py"),
    ("client", "schedules", "code in every order of callbacks", "test_schedules.py"),
]


def assure(thorough: bool, listen: Callable[[Job, int], None]) -> list[Run]:
    """Run everything. `listen` is told of each job that is done, and how many there are in all.

    Interrupted, it ends whatever it has started and leaves nothing behind.
    """
    missing = missing_tlc()
    runs, jobs = absent(missing), all_jobs(thorough, with_tlc=missing is None)
    with TemporaryDirectory(prefix="poolproof-proofs-") as folder, workers(folder) as executor:
        begun = {executor.submit(job.work): job for job in jobs}
        for future in as_completed(begun):
            job, problem = begun[future], future.exception()
            runs += [broken_off(job, problem)] if problem else future.result()
            listen(job, len(jobs))
    return runs


@contextmanager
def workers(folder: str) -> Generator[ProcessPoolExecutor, None, None]:
    """Processes with temporary files in that folder; if this is interrupted, they are ended at once.

    Each leads a group, so that Java or CrossHair, if it has started one, ends together with it.
    """
    before = set(active_children())
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    with ProcessPoolExecutor(processes, get_context("spawn"), begin, (folder,)) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - before:
                end(worker)
            raise


def begin(folder: str) -> None:
    os.setsid()
    os.environ["TMPDIR"] = tempfile.tempdir = folder


def end(worker: BaseProcess) -> None:
    """End the group that this process leads, or the process alone if it has not come that far."""
    try:
        if worker.pid is not None:
            os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        worker.kill()


def all_jobs(thorough: bool, with_tlc: bool) -> list[Job]:
    """The longest first, so that none of them is alone at the end."""
    jobs = third_opinions(thorough)
    jobs += second_opinions(thorough) if with_tlc else []
    jobs += [Job(f"tests: {each[3]}", partial(run_tests, *each)) for each in TESTED]
    return jobs + first_opinions(thorough)


def second_opinions(thorough: bool) -> list[Job]:
    jobs = [Job(f"{name}: TLC on planted faults", partial(check_faults, name)) for name in COMPARED]
    jobs += [
        Job(f"{name}: TLC at {sizes}", partial(compare, name, sizes))
        for name, sizes in reversed(chosen(COMPARED, thorough))
    ]
    if thorough:
        jobs.append(Job("combining: TLC at (3,)", partial(check_symmetric, "combining", (3,))))
    return jobs + [
        Job(f"{name}: TLC on promises at {sizes}", partial(check_promises, name, sizes))
        for name, sizes in chosen(PROMISED, thorough)
    ]


def first_opinions(thorough: bool) -> list[Job]:
    jobs = [
        Job(f"{name}: search {sizes} up to names", partial(search, name, sizes, symmetric=True))
        for name, sizes in UP_TO_NAMES
    ]
    jobs += [
        Job(f"{name}: search {sizes}", partial(search, name, sizes))
        for name, sizes in chosen(SEARCHED, thorough)
    ]
    for name, machine in MACHINES.items():
        jobs.append(Job(f"{name}: search for planted faults", partial(search_faults, name)))
        if machine.steps:
            jobs.append(Job(f"{name}: search of steps", partial(search_steps, name, machine.fault_sizes)))
        if machine.promises:
            cycles = partial(search_cycles, name, machine.fault_sizes)
            jobs.append(Job(f"{name}: search for starvation", cycles))
    return jobs


def chosen(sizes: Mapping[str, tuple[list[Sizes], list[Sizes]]], thorough: bool) -> list[tuple[str, Sizes]]:
    return [
        (name, each) for name, (always, more) in sizes.items() for each in always + (more if thorough else [])
    ]


def missing_tlc() -> str | None:
    """Why TLC can't be run, if it can't."""
    try:
        find_tlc()
    except NoTlc as problem:
        return str(problem)
    return None


def absent(reason: str | None) -> list[Run]:
    """What stands in the table in place of TLC: that it is missing, a failure if it is required."""
    if reason is None:
        return []
    if tlc_is_required():
        return [Run("all", "TLC", "", (), "", 0.0, failures=(f"required, but {reason}",))]
    return [Run("all", "TLC", "", (), "", 0.0, skipped=reason)]


def broken_off(job: Job, problem: BaseException) -> Run:
    return Run(job.name, "", "", (), "", 0.0, failures=(f"{type(problem).__name__}: {problem}",))
