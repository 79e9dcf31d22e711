"""Third opinion: what models/proofs proves, for any sizes (z3) and for small ones (CrossHair).

A proof speaks about formulas. That these say the same as the models is compared state by state, and that a
false claim would not be proved is shown by planted faults, each of which must be refuted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from pkgutil import iter_modules
from time import perf_counter
from types import ModuleType

from poolproof.models import proofs
from poolproof.models.proofs import Proved

from .machines import Sizes
from .run import FAULTS_FOUND, Job, Run

Z3, CROSSHAIR = "inductive, z3", "inductive, CrossHair"  # as the proofs call them

# Where formulas and models are compared: the function, and its sizes; the second ones if thorough.
BRIDGES: dict[tuple[str, str], tuple[list[Sizes], list[Sizes]]] = {
    ("bridge_pool", "agree"): ([(4, 2)], []),
    ("bridge_pool", "agree_plain"): ([(4, 2)], [(5, 3)]),
    ("bridge_multiplexer", "agree"): ([(2, 2, 2, 1, 1)], [(2, 2, 2, 2, 1)]),
    ("bridge_multiplexer", "agree_plain"): ([(2, 2, 2)], [(2, 3, 2)]),
    ("bridge_combining", "agree"): ([(2,)], []),
}


@dataclass
class Sum:
    """The claims that one method has decided about one machine."""

    claims: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])
    steps: int = 0
    seconds: float = 0.0


def third_opinions(thorough: bool) -> list[Job]:
    """All of it, if z3 and CrossHair are installed; else a job that says what is missing."""
    missing = [name for name in ("z3", "crosshair") if find_spec(name) is None]
    if missing:
        return [Job("proofs", partial(skip, " and ".join(missing)))]
    names = [module.name for module in iter_modules(proofs.__path__)]
    names.sort(key=lambda name: "inductive" not in name)  # CrossHair takes longest
    jobs = [Job(f"proofs: {name}", partial(prove, name)) for name in names]
    jobs += [
        Job(f"proofs: {name}", partial(refute_faults, name)) for name in names if name.startswith("faults_")
    ]
    if thorough:
        larger = partial(agree, "bridge_combining", "agree", (3,), symmetric=True)
        jobs.append(Job("proofs: bridge_combining.agree (3,) up to names", larger))
    return jobs + [
        Job(f"proofs: {module}.{function} {each}", partial(agree, module, function, each))
        for (module, function), (always, more) in BRIDGES.items()
        for each in always + (more if thorough else [])
    ]


def skip(missing: str) -> list[Run]:
    return [Run("all", "proof", "any", (), "", 0.0, skipped=f"not installed: {missing}")]


def load(name: str) -> ModuleType:
    return import_module(f"{proofs.__name__}.{name}")


def prove(name: str) -> list[Run]:
    """A run for each machine, method and size that the module proves; none if it is a part of others."""
    prover: Callable[[], list[Proved]] | None = getattr(load(name), "prove", None)
    if prover is None or any(each.default is each.empty for each in signature(prover).parameters.values()):
        return []
    return summed(prover())


def agree(module: str, function: str, sizes: Sizes, **options: bool) -> list[Run]:
    """Whether the formulas allow the same steps as the model, from every state of that size."""
    compare: Callable[..., Proved] = getattr(load(module), function)
    return summed([compare(*sizes, **options)])


def summed(proved: Sequence[Proved]) -> list[Run]:
    sums: dict[tuple[str, str, str], Sum] = {}
    for each in proved:
        total = sums.setdefault((each.machine, each.method, each.sizes), Sum())
        total.claims.append(each.claim)
        total.failures += [f"{each.claim}: {step}" for step in each.failures]
        total.failures += [] if each.steps else [f"{each.claim}: nothing was decided"]
        total.steps += each.steps
        total.seconds += each.seconds
    return [
        Run(
            *(machine, method, sizes, tuple(total.claims), f"{total.steps:,} steps"),
            *(total.seconds, tuple(total.failures)),
        )
        for (machine, method, sizes), total in sums.items()
    ]


def refute_faults(name: str) -> list[Run]:
    """Every planted fault: it must not be provable, and a counterexample must be found."""
    faults: Sequence[Callable[[], object]] = load(name).FAULTS
    if name != "faults_inductive":
        refute: Callable[[object], object | None] = load("refutation").refute
        machine = name.removeprefix("faults_")
        return [refuted(machine, Z3, "any", faults, lambda fault: refute(fault()) is not None)]
    is_refuted: Callable[[object], bool] = load("crosshair").is_refuted
    runs: list[Run] = []
    for machine in ("pool", "multiplexer"):  # each contract says whose states must be sound
        of_machine = [fault for fault in faults if f"{machine}.sound(" in (fault.__doc__ or "")]
        runs.append(refuted(machine, CROSSHAIR, "small", of_machine, is_refuted))
    return runs


def refuted(
    machine: str,
    method: str,
    sizes: str,
    faults: Sequence[Callable[[], object]],
    notice: Callable[[Callable[[], object]], bool],
) -> Run:
    start = perf_counter()
    missed = tuple(getattr(fault, "__name__", "?") for fault in faults if not notice(fault))
    decided = f"{len(faults) - len(missed)} of {len(faults)} breaches"
    return Run(machine, method, sizes, (FAULTS_FOUND,), decided, perf_counter() - start, missed)
