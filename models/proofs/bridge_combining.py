"""Leader and follower: which states of the proof mean the same as one of the model."""

from collections.abc import Iterator
from random import Random

from ..combining import Combining as Model
from ..combining_state import NONE, Call, State
from ..explore import Action
from . import Proved
from .bridge import Bridge, compare
from .combining import Combining
from .combining_state import Call as CallSort
from .combining_state import State as MachineState
from .finite import Finite, Tables
from .unbounded import Machine

AIMS = "queueing", "settling", "telling", "promoting"


def bridge(
    calls: int, model: Model | None = None, machine: Machine[MachineState] | None = None, tries: int = 2
) -> Bridge[State, MachineState]:
    """With `calls` calls. Another model or machine, such as a faulty one, can be put on either side."""
    finite, random = Finite(machine or Combining(), {CallSort: calls}), Random(0)

    def lift(state: State) -> Iterator[Tables]:
        for _ in range(tries):
            yield lifted(state, random)

    def steps(_: State, tables: Tables) -> Iterator[tuple[Action, State]]:
        for rule, values, after in finite.steps(tables):
            yield (rule.split("/")[0], *values), lowered(after)

    return Bridge(
        machine="combining",
        sizes=f"{calls} calls",
        model=model or Model(calls),
        finite=finite,
        lift=lift,
        view=lambda _, after: after,
        steps=steps,
    )


def lifted(state: State, random: Random) -> Tables:
    """A call that is nowhere to be found in the model is any call here."""
    calls, writer, reader = state
    any_call = range(len(calls))

    def some(call: int) -> int:
        return random.choice(any_call) if call == NONE else call

    return (
        tuple(call.phase for call in calls),
        tuple(call.place or "nowhere" for call in calls),
        tuple(call.owed for call in calls),
        tuple(call.outcome or "none" for call in calls),
        tuple(call.woken for call in calls),
        tuple(some(call.target) for call in calls),
        (writer != NONE,),
        (some(writer),),
        (reader != NONE,),
        (some(reader),),
    )


def lowered(tables: Tables) -> State:
    """A target, or the holder of a lock, is forgotten where it means nothing."""
    phases, places, owed, outcomes, woken, targets, (write_locked,), (writer,), (read_locked,), (reader,) = (
        tables
    )
    calls = tuple(
        Call(
            phase=str(phase),
            place="" if place == "nowhere" else str(place),
            owed=bool(owes),
            outcome="" if outcome == "none" else str(outcome),
            woken=bool(wakes),
            target=int(target) if phase in AIMS else NONE,
        )
        for phase, place, owes, outcome, wakes, target in zip(
            phases, places, owed, outcomes, woken, targets, strict=True
        )
    )
    return State(calls, int(writer) if write_locked else NONE, int(reader) if read_locked else NONE)


def agree(calls: int = 2, *, symmetric: bool = False) -> Proved:
    return compare(bridge(calls), symmetric=symmetric)
