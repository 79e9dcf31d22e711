"""Second opinion: TLC on the TLA+ texts, and whether they are the same machines as the models."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from time import perf_counter

from poolproof.models import explore, tla

from .configuration import Configuration, planted_faults, read_configuration
from .machines import MACHINES, Machine, Make, Sizes, Text, name_of
from .run import FAULTS_FOUND, SAME_GRAPH, Run, counted
from .tlc import Tlc, find_tlc

METHOD = "TLC"


def text_of(machine: Machine) -> Text:
    if machine.text is None:
        raise LookupError(f"there is no TLA+ text of the {machine.name}")
    return machine.text


def configuration(machine: Machine, sizes: Sizes) -> Configuration:
    """The one that stands in specs/, at these sizes, for the states and steps of this machine."""
    text = text_of(machine)
    whole = read_configuration(files("poolproof.specs").joinpath(f"{text.module}.cfg").read_text("utf-8"))
    return replace(
        whole,
        constants=text.constants(sizes),
        invariants=tuple(name for name in whole.invariants if name in machine.invariants),
        properties=tuple(name for name in whole.properties if name in machine.steps),
    )


def compare(name: str, sizes: Sizes) -> list[Run]:
    """TLC checks every state and step, and its graph is compared with the model's, edge by edge."""
    machine, tlc, start = MACHINES[name], find_tlc(), perf_counter()
    wanted = configuration(machine, sizes)
    exploration = explore(machine.make(*sizes))
    with tlc.folder() as folder:
        dump = folder / "graph.dot"
        outcome = tlc.run(folder, text_of(machine).module, wanted, dump)
        failures = [outcome.broken] if outcome.broken else []
        if not failures and (outcome.states, outcome.transitions) != (
            len(exploration.states),
            exploration.transitions,
        ):
            failures.append("the counts differ")
        with dump.open(encoding="utf-8") as lines:
            reading = text_of(machine).reading
            same = tla.compare(lines, reading, machine.make(*sizes), exploration.states)
    if not same.equal:
        example = next(iter(same.only_in_spec or same.only_in_model), None)
        whose = "the TLA+ text" if same.only_in_spec else "the model"
        failures.append(f"only {whose} has {example}")
    claims = (*wanted.invariants, *wanted.properties, SAME_GRAPH)
    decided, seconds = counted(outcome.states, outcome.transitions), perf_counter() - start
    return [Run(name, METHOD, machine.sized(sizes), claims, decided, seconds, tuple(failures))]


def check_promises(name: str, sizes: Sizes) -> list[Run]:
    """What must come to pass, under fairness."""
    machine, tlc, runs = MACHINES[name], find_tlc(), list[Run]()
    for promise in machine.promises:
        start = perf_counter()
        with tlc.folder() as folder:
            outcome = tlc.run(folder, text_of(machine).module, waiting(machine, sizes, promise.name))
        failures = (outcome.broken,) if outcome.broken else ()
        decided, seconds = counted(outcome.states, outcome.transitions), perf_counter() - start
        words = machine.sized(sizes)
        runs.append(Run(name, METHOD, words, (promise.name,), decided, seconds, failures))
    return runs


def waiting(machine: Machine, sizes: Sizes, promise: str) -> Configuration:
    return replace(
        configuration(machine, sizes), specification="FairSpec", invariants=(), properties=(promise,)
    )


def check_symmetric(name: str, sizes: Sizes) -> list[Run]:
    """Every state up to the names of callers, where the text offers that; TLC alone."""
    machine, tlc, start = MACHINES[name], find_tlc(), perf_counter()
    wanted = replace(configuration(machine, sizes), symmetry="Symmetry")
    with tlc.folder() as folder:
        outcome = tlc.run(folder, text_of(machine).module, wanted)
    failures = (outcome.broken,) if outcome.broken else ()
    decided, seconds = counted(outcome.states, outcome.transitions), perf_counter() - start
    words = f"{machine.sized(sizes)}, up to names"
    return [Run(name, METHOD, words, wanted.invariants, decided, seconds, failures)]


def check_faults(name: str, only: tuple[str, ...] = ()) -> list[Run]:
    """Every planted fault, or only those named: TLC must find what the search finds."""
    machine, tlc, start = MACHINES[name], find_tlc(), perf_counter()
    chosen = [
        *machine.faults,
        *((fault, promise.name) for fault, promise in machine.starving.items()),
    ]
    chosen = [each for each in chosen if not only or name_of(each[0]) in only]
    with tlc.folder() as folder:
        missed = [
            f"{name_of(fault)}: {found or 'nothing'} instead of {broken}"
            for fault, broken in chosen
            if (found := find_fault(tlc, folder, machine, fault, broken)) != broken
        ]
    decided = f"{len(chosen) - len(missed)} of {len(chosen)} breaches"
    words, seconds = machine.sized(machine.fault_sizes), perf_counter() - start
    return [Run(name, METHOD, words, (FAULTS_FOUND,), decided, seconds, tuple(missed))]


def find_fault(tlc: Tlc, folder: Path, machine: Machine, fault: Make, broken: str) -> str:
    """What TLC says is broken when the fault is planted; asked is whatever is of the kind of `broken`."""
    module = f"{text_of(machine).module}Faults"
    sizes = machine.sizes_of(fault)
    wanted = configuration(machine, sizes)
    if broken in machine.invariants:
        wanted = replace(wanted, properties=())
    elif broken in machine.steps:
        wanted = replace(wanted, invariants=())
    else:
        wanted = waiting(machine, machine.waiting_sizes, broken)
    faults = planted_faults((folder / f"{module}.tla").read_text("utf-8"))
    if name_of(fault) not in faults:
        return f"no such fault in {module}.tla"
    symmetry = "Symmetry" if sizes != machine.fault_sizes else ""
    return tlc.run(folder, module, replace(wanted, replaced=faults[name_of(fault)], symmetry=symmetry)).broken
