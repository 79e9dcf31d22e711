"""First opinion: our own search of the models, to the end."""

from time import perf_counter

from poolproof.models import Steps, explore, starvation

from .machines import MACHINES, Sizes, name_of
from .run import FAULTS_FOUND, Run, counted

METHOD = "search"


def search(name: str, sizes: Sizes, symmetric: bool = False) -> list[Run]:
    """Every state of that machine, or one of each class that differs in names only."""
    machine = MACHINES[name]
    start = perf_counter()
    found = explore(machine.make(*sizes), symmetric=symmetric)
    seconds = perf_counter() - start
    broken = (found.counterexample.broken,) if found.counterexample else ()
    given_up = () if found.exhausted or broken else ("gave up",)
    words = machine.sized(sizes) + (", up to names" if symmetric else "")
    decided = counted(len(found.states), found.transitions)
    return [Run(name, METHOD, words, machine.invariants, decided, seconds, broken + given_up)]


def search_steps(name: str, sizes: Sizes) -> list[Run]:
    """Every step of that machine."""
    machine = MACHINES[name]
    start = perf_counter()
    found = explore(Steps(machine.make(*sizes), machine.steps))
    seconds = perf_counter() - start
    broken = (found.counterexample.broken,) if found.counterexample else ()
    decided = f"{len(found.states):,} steps"
    return [Run(name, METHOD, machine.sized(sizes), tuple(machine.steps), decided, seconds, broken)]


def search_cycles(name: str, sizes: Sizes) -> list[Run]:
    """Every fair cycle of that machine, for each of its promises."""
    machine = MACHINES[name]
    runs: list[Run] = []
    for promise in machine.promises:
        start = perf_counter()
        lasso = starvation(machine.make(*sizes), promise)
        seconds, broken = perf_counter() - start, (promise.name,) if lasso else ()
        words = machine.sized(sizes)
        runs.append(Run(name, METHOD, words, (promise.name,), "all fair cycles", seconds, broken))
    return runs


def search_faults(name: str) -> list[Run]:
    """Every planted fault: it must break what it is known to break."""
    machine = MACHINES[name]
    start, missed = perf_counter(), list[str]()
    for fault, broken in machine.faults:
        model = fault(*machine.sizes_of(fault))
        if broken in machine.steps:
            found = explore(Steps(model, machine.steps)).counterexample
        else:
            found = explore(model, symmetric=True).counterexample
        if found is None or found.broken != broken:
            missed.append(name_of(fault))
    for fault, promise in machine.starving.items():
        if starvation(fault(*machine.waiting_sizes), promise) is None:
            missed.append(name_of(fault))
    total, seconds = len(machine.faults) + len(machine.starving), perf_counter() - start
    decided = f"{total - len(missed)} of {total} breaches"
    words = machine.sized(machine.fault_sizes)
    return [Run(name, METHOD, words, (FAULTS_FOUND,), decided, seconds, tuple(missed))]
