"""Breadth-first search: every state a model can reach, or the shortest run to one it must not reach.

A model is a state machine small enough to be searched to the end: an initial state, the actions that each
state allows, and invariants that hold in every state. A state is nested tuples of ints and short strings:
it can be hashed, compared and printed, and handed as it is to any other tool. An action is a label with its
arguments, such as `("Acquire", 0)`. No state offers the same label twice, so a list of labels is a run,
which can be replayed against real code.

The search visits states in the order of their distance from the initial one, so the first broken one ends a
shortest run. A state that allows no action is broken too ("Deadlock"): where a model means to end, it says
so by an action `("Done",)` that leads from a state to itself.

Symmetry: callers differ in their names only, and so do many states. `canonical` picks one out of each such
class, and a symmetric search visits no others. The run it reports is still a run of the model itself.

Steps: some promises are about a step and not about a state. That whoever leaves the queue was first in it
shows in no single state. `Steps` makes of any model one whose states are pairs (before, after), where such
a promise is an invariant like any other.

Left out: what must happen sooner or later, for which see `starvation`.
"""

import gc
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar

Action: TypeAlias = tuple[str, *tuple[int, ...]]
State = TypeVar("State", bound=Hashable)
Value = TypeVar("Value")

DEADLOCK = "Deadlock"
REPORTED = 5_000  # states between two reports


class Model(Protocol[State]):
    """A state machine that can be searched. Models inherit from it, for the default of `canonical`."""

    def initial(self) -> State:
        """The state in which every run begins."""
        ...

    def actions(self, state: State) -> Sequence[tuple[Action, State]]:
        """All that can happen next: each label once, with the state it leads to."""
        ...

    def violated(self, state: State) -> str | None:
        """The name of the first invariant that `state` breaks; None if all hold."""
        ...

    def canonical(self, state: State) -> State:
        """The state that stands for all those that differ from this one in the names of callers."""
        return state


@dataclass(frozen=True)
class Counterexample(Generic[State]):
    """A shortest run from the initial state (itself not in `trace`) to one where `broken` does not hold."""

    broken: str
    trace: tuple[tuple[Action, State], ...]


@dataclass(frozen=True)
class Exploration(Generic[State]):
    """What a search has seen. The invariants hold if it was `exhausted` and there is no counterexample.

    `transitions` counts the steps out of visited states, `depth` the steps to the farthest of `states`.
    `exhausted` is False if a counterexample or the limit ended the search early.
    """

    states: AbstractSet[State] = field(repr=False)
    transitions: int
    depth: int
    exhausted: bool
    counterexample: Counterexample[State] | None


@contextmanager
def collector_paused() -> Generator[None, None, None]:
    """No looking for garbage meanwhile: states hold no cycles, and to find that out takes a third longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collector_paused()
def explore(
    model: Model[State],
    *,
    symmetric: bool = False,
    limit: int = 1_000_000,
    listen: Callable[[int, int], None] | None = None,
) -> Exploration[State]:
    """Visit every state that `model` can reach, nearest first, until one is broken.

    The search gives up, and is not `exhausted`, as soon as it knows of more than `limit` states. Whenever it
    has found another `REPORTED` of them, it tells `listen` how many it knows, and the transitions so far.
    """
    canonical = model.canonical if symmetric else unchanged
    first = canonical(model.initial())
    parents, queue = {first: first}, [first]
    transitions, exhausted, counterexample = 0, False, None
    mark = min(limit, REPORTED)
    for state in queue:  # which grows while it is read
        broken = model.violated(state)
        steps = () if broken else model.actions(state)
        if not steps:
            trace = retrace(model, path_to(state, parents), canonical)
            counterexample = Counterexample(broken or DEADLOCK, trace)
            break
        transitions += len(steps)
        for _, successor in steps:
            if symmetric:
                successor = canonical(successor)
            if successor not in parents:
                parents[successor] = state
                queue.append(successor)
        if len(queue) > mark:
            if len(queue) > limit:
                break
            if listen:
                listen(len(queue), transitions)
            mark = min(limit, len(queue) + REPORTED)
    else:
        exhausted = True
    depth = len(path_to(queue[-1], parents))
    return Exploration(parents.keys(), transitions, depth, exhausted, counterexample)


def edges(model: Model[State], states: Iterable[State]) -> Iterator[tuple[State, Action, State]]:
    """The labelled graph over `states`: every (state, action, next state)."""
    for state in states:
        for action, successor in model.actions(state):
            yield state, action, successor


class Steps(Model[tuple[State, State]]):
    """Another model seen two states at a time, for invariants of a step: each is given (before, after).

    In the initial state nothing has happened yet: there, before and after are the same.
    """

    def __init__(self, model: Model[State], invariants: Mapping[str, Callable[[State, State], bool]]) -> None:
        self.model = model
        self.invariants = invariants

    def initial(self) -> tuple[State, State]:
        first = self.model.initial()
        return first, first

    def actions(self, state: tuple[State, State]) -> Sequence[tuple[Action, tuple[State, State]]]:
        _, now = state
        return [(action, (now, successor)) for action, successor in self.model.actions(now)]

    def violated(self, state: tuple[State, State]) -> str | None:
        return next((name for name, holds in self.invariants.items() if not holds(*state)), None)


def put(values: tuple[Value, ...], index: int, value: Value) -> tuple[Value, ...]:
    """`values` with one of them replaced: TLA+'s [values EXCEPT ![index] = value]."""
    changed = list(values)
    changed[index] = value
    return tuple(changed)


def unchanged(state: State) -> State:
    """The canonical form where no two states count as one."""
    return state


def path_to(state: State, parents: Mapping[State, State]) -> list[State]:
    """The states from the first, which is not in the list, to `state`."""
    path: list[State] = []
    while parents[state] != state:
        path.append(state)
        state = parents[state]
    return path[::-1]


def retrace(
    model: Model[State], path: Sequence[State], canonical: Callable[[State], State]
) -> tuple[tuple[Action, State], ...]:
    """A run of `model` whose states are, up to the names of callers, those of `path`."""
    state = model.initial()
    trace: list[tuple[Action, State]] = []
    for wanted in path:
        action, state = next(step for step in model.actions(state) if canonical(step[1]) == wanted)
        trace.append((action, state))
    return tuple(trace)
