"""The proof speaks about our machine: on small sets, its formulas and the model make the same steps.

For every state that the model can reach, the state of the machine in logic that means the same is written
down ("lifted"). There every invariant of the proof must hold, and the steps that its formulas allow must be
those of the model: the same labels, leading to states that mean the same. Symbols that mean nothing in a
state, such as the holder of a lock that is free, are given arbitrary values, several times over.

What the two have in common by design is checked as well: a fault planted in one of them only must show.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeVar

from ..explore import Action, Model, explore
from . import Proved
from .finite import Finite, Tables

ModelState = TypeVar("ModelState", bound=Hashable)
MachineState = TypeVar("MachineState")


@dataclass(frozen=True)
class Bridge(Generic[ModelState, MachineState]):
    """A model, the same machine in logic, and how to get from the states of one to those of the other.

    `lift` gives some of the states that mean the same as one of the model's. `steps` gives what the machine
    does in one of these, with labels and states as `view` shows those of the model.
    """

    machine: str
    sizes: str
    model: Model[ModelState]
    finite: Finite[MachineState]
    lift: Callable[[ModelState], Iterable[Tables]]
    view: Callable[[ModelState, ModelState], Hashable]
    steps: Callable[[ModelState, Tables], Iterable[tuple[Action, Hashable]]]


def compare(bridge: Bridge[ModelState, MachineState], *, symmetric: bool = False) -> Proved:
    """Every step from every state, both ways.

    From canonical states only if `symmetric`: no formula names a caller, so all that differ from these in
    the names of callers only are compared along with them.
    """
    start, steps, failures = perf_counter(), 0, list[str]()
    for state in explore(bridge.model, symmetric=symmetric).states:
        wanted = {
            (action, bridge.view(state, after))
            for action, after in bridge.model.actions(state)
            if action != ("Done",)
        }
        for lifted in bridge.lift(state):
            found = set(bridge.steps(state, lifted))
            steps += len(found)
            failures += [f"{name} at {state}" for name in bridge.finite.broken(lifted)]
            failures += [f"{action} at {state}" for action, _ in found ^ wanted]
        if failures:
            break
    return Proved(
        machine=bridge.machine,
        claim="same steps as the model",
        method="compared",
        sizes=bridge.sizes,
        steps=steps,
        seconds=perf_counter() - start,
        failures=tuple(failures),
    )
