"""Starvation: a run that could go on for ever, while somebody in it waits and never gets on.

No single state shows it. A waiter starves where others can go round and round past him, so what is looked
for is a *lasso*: a run into a cycle in all of whose states he waits. Many cycles prove nothing, though. That
a borrower never returns what it has lent, or that a server never answers, is not the pool's fault. So we say
which steps are *fair*: if from some point on one of a group of steps could always be taken, one of them is
taken at last (weak fairness). Only a cycle that keeps to that is a reproach. It does, for each group, if

    a step of the group is taken on the cycle, or
    in some state on the cycle no step of the group is possible.

All cycles are looked at together. The states in which he waits, with the steps between them, fall into
strongly connected parts: within a part there is a way from each state to each other one. Every cycle lies in
one part, and a part as a whole can be gone round. So there is a fair cycle exactly if there is a fair part.
A part may be a single state without any step: whoever waits there waits for ever, if nothing is fair.

What is promised of every waiter need be looked for at one only: callers differ in their names, no more.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from .explore import Action, Model

State = TypeVar("State", bound=Hashable)
Step: TypeAlias = tuple[Action, State]
Graph: TypeAlias = Mapping[State, Sequence[tuple[Action, State]]]


@dataclass(frozen=True)
class Promise(Generic[State]):
    """Whoever waits gets on at last, if certain steps are fair.

    `fair` names the group of each fair kind of step. A step belongs to the group of its kind and of its
    arguments: what caller 0 does is one group, and what caller 1 does is another.
    """

    name: str
    waits: Callable[[State], bool]
    fair: Mapping[str, str]

    def group(self, action: Action) -> Action | None:
        name, *arguments = action
        return (self.fair[name], *arguments) if name in self.fair else None

    def groups(self, steps: Iterable[tuple[Action, State]]) -> set[Action]:
        return {group for action, _ in steps if (group := self.group(action))}


@dataclass(frozen=True)
class Lasso(Generic[State]):
    """A run (`trace`, from the initial state) to where the `cycle` begins that breaks the promise `broken`.

    An empty cycle says that nothing happens any more.
    """

    broken: str
    trace: tuple[tuple[Action, State], ...]
    cycle: tuple[tuple[Action, State], ...]


def starvation(model: Model[State], promise: Promise[State]) -> Lasso[State] | None:
    """A run of the model that breaks the promise, whose cycle is as close to the start as possible; or None.

    It looks at all reachable states, whatever their invariants say. ValueError if they are too many.
    """
    graph = reachable(model)
    waiting = {
        state: [step for step in steps if promise.waits(step[1])]
        for state, steps in graph.items()
        if promise.waits(state)
    }
    distance = {state: place for place, state in enumerate(graph)}
    parts = [part for part in connected_parts(waiting) if keeps_to_fairness(part, graph, promise)]
    if not parts:
        return None
    part = min(parts, key=lambda part: min(map(distance.__getitem__, part)))
    entry = min(part, key=distance.__getitem__)
    trace = route(graph, model.initial(), lambda state: state == entry)
    return Lasso(promise.name, tuple(trace), tuple(round_trip(part, entry, graph, promise)))


def reachable(model: Model[State], limit: int = 500_000) -> dict[State, Sequence[Step[State]]]:
    """Every state, nearest first, with its steps."""
    graph: dict[State, Sequence[Step[State]]] = {}
    queue = [model.initial()]
    known = set(queue)
    for state in queue:  # which grows while it is read
        graph[state] = model.actions(state)
        for _, successor in graph[state]:
            if successor not in known:
                known.add(successor)
                queue.append(successor)
        if len(queue) > limit:
            raise ValueError(f"more than {limit} states can be reached")
    return graph


def connected_parts(graph: Graph[State]) -> list[set[State]]:
    """The strongly connected parts: each is what leads, against the arrows, to a state finished last."""
    against: dict[State, list[State]] = {state: [] for state in graph}
    for state, steps in graph.items():
        for _, successor in steps:
            against[successor].append(state)
    parts: list[set[State]] = []
    placed: set[State] = set()
    for root in reversed(order_of_finishing(graph)):
        if root in placed:
            continue
        part, found = {root}, [root]
        for state in found:
            for origin in against[state]:
                if origin not in placed and origin not in part:
                    part.add(origin)
                    found.append(origin)
        placed |= part
        parts.append(part)
    return parts


def order_of_finishing(graph: Graph[State]) -> list[State]:
    """The states in the order in which a depth-first search leaves them."""
    order: list[State] = []
    known: set[State] = set()
    for root in graph:
        if root in known:
            continue
        known.add(root)
        path = [(root, iter(graph[root]))]
        while path:
            state, steps = path[-1]
            successor = next((successor for _, successor in steps if successor not in known), None)
            if successor is None:
                order.append(state)
                path.pop()
            else:
                known.add(successor)
                path.append((successor, iter(graph[successor])))
    return order


def keeps_to_fairness(part: AbstractSet[State], graph: Graph[State], promise: Promise[State]) -> bool:
    """Whether one can go round the part for ever without putting off any group that is always possible."""
    always = set[Action].intersection(*(promise.groups(graph[state]) for state in part))
    return always <= promise.groups(step for steps in within(part, graph).values() for step in steps)


def within(part: AbstractSet[State], graph: Graph[State]) -> dict[State, list[Step[State]]]:
    """The steps that do not leave the part."""
    return {state: [step for step in graph[state] if step[1] in part] for state in part}


def round_trip(
    part: AbstractSet[State], entry: State, graph: Graph[State], promise: Promise[State]
) -> list[Step[State]]:
    """A way through the part back to `entry` that puts off no group."""
    inner = within(part, graph)
    trip: list[Step[State]] = []
    for group in sorted(promise.groups(graph[entry])):

        def settled(state: State, group: Action = group) -> bool:
            return group not in promise.groups(graph[state]) or group in promise.groups(inner[state])

        trip += route(inner, trip[-1][1] if trip else entry, settled)
        here = trip[-1][1] if trip else entry
        trip += [step for step in inner[here] if promise.group(step[0]) == group][:1]
    return trip + route(inner, trip[-1][1] if trip else entry, lambda state: state == entry)


def route(graph: Graph[State], start: State, arrived: Callable[[State], bool]) -> list[Step[State]]:
    """A shortest way from `start` to a state where one has arrived, which there must be."""
    ways: dict[State, list[Step[State]]] = {start: []}
    queue = [start]
    for state in queue:
        if arrived(state):
            return ways[state]
        for action, successor in graph[state]:
            if successor not in ways:
                ways[successor] = [*ways[state], (action, successor)]
                queue.append(successor)
    raise AssertionError("no state like that can be reached")
