"""A program: CPython's own tests of locks, queues and `local`, on simulated threads, switched at random.

Prints, as JSON, how many tests there were and what went wrong. Exit code 77: this Python comes without them.
"""

from __future__ import annotations

import json
import random
import sys
import unittest
from typing import Any

from poolproof.conformance.simulation.threads import install
from poolproof.conformance.simulation.threads.scheduler import Scheduler
from poolproof.conformance.simulation.threads.thread import present

SEEDS = range(2)  # every test runs once with each, switched in other places
PATIENCE_SECONDS = 3_600.0  # virtual
LEFT_OUT = {"test_recursion_count"}  # of Condition, which has none; test_threading leaves it out as well


def suite() -> list[unittest.TestCase]:
    """All the tests, on what `threading` and `queue` are in the simulated world."""
    import threading

    from test import lock_tests, test_queue, test_threading_local  # type: ignore[import-not-found]

    makers = {
        "LockTests": ("locktype", threading.Lock),
        "RLockTests": ("locktype", threading.RLock),
        "EventTests": ("eventtype", threading.Event),
        "ConditionTests": ("condtype", threading.Condition),
        "SemaphoreTests": ("semtype", threading.Semaphore),
        "BoundedSemaphoreTests": ("semtype", threading.BoundedSemaphore),
        "BarrierTests": ("barriertype", threading.Barrier),
    }
    cases: list[Any] = []
    for name, (attribute, make) in makers.items():
        case = type(name, (getattr(lock_tests, name),), {attribute: staticmethod(make)})
        cases += unittest.defaultTestLoader.loadTestsFromTestCase(case)
    for name, case in vars(test_queue).items():
        if name.startswith("Py") and name.endswith("Test"):  # the twins of those that test the module in C
            cases += unittest.defaultTestLoader.loadTestsFromTestCase(case)
    cases += unittest.defaultTestLoader.loadTestsFromTestCase(test_threading_local.ThreadLocalTest)
    return [case for case in cases if case.id().rpartition(".")[2] not in LEFT_OUT]


def run_simulated(case: unittest.TestCase, seed: int) -> unittest.TestResult:
    """The test runs in a simulated thread of its own."""
    choices = random.Random(seed)
    order = [choices.randrange(4) if choices.random() < 0.3 else 0 for _ in range(2_000)]
    result = unittest.TestResult()
    scheduler = Scheduler(order, turn_limit=10_000_000)
    install.begin_again(lambda _: None)
    present.scheduler = scheduler
    thread = scheduler.start("test", lambda: case.run(result))
    scheduler.pass_time(PATIENCE_SECONDS)
    if not thread.done():
        result.errors.append((case, "does not come to an end"))
    scheduler.end()
    present.scheduler = None
    install.forget_threads()
    return result


def main() -> None:
    install.install()
    try:
        cases = suite()
    except ImportError:
        sys.exit(77)
    problems: list[str] = []
    ran = 0
    for seed in SEEDS:
        for case in cases:
            result = run_simulated(case, seed)
            ran += result.testsRun - len(result.skipped)
            problems += [f"seed {seed}: {test.id()}: {why}" for test, why in result.failures + result.errors]
    print(json.dumps({"ran": ran, "problems": problems}))


if __name__ == "__main__":
    main()
