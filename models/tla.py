"""The same machine by another hand: compares TLC's graph of a TLA+ text with that of a model, edge by edge.

specs/*.tla say in TLA+ what the models say in Python. Two texts about one thing drift apart, and two counts
that agree prove little: a pool that serves its last waiter first has exactly as many states and steps as one
that serves the first. So what is compared is the whole graph, every (state, name of the action, state).
Where two graphs are equal, all that was ever checked of one text holds of the other, and whatever is wrong
with the search, the checker, or the author's reading of his own text shows as an edge that only one of them
has.

TLC writes its graph with `-dump dot,actionlabels FILE`, line by line:

    4437 [label="/\\\\ idle = <<0>>\\n/\\\\ closed = FALSE"];         a state
    4437 -> -2370 [label="DialOk",color="black"];                 a step; TLC does not say whose

Values are read as the models write them: sequences and tuples as tuples, and a function of 0, 1, 2, ... as
the tuple of its values. What variables make up which part of a state is said by one function for each
machine, such as `plain_pool`. So that there is nothing to translate, callers, slots and phases have the same
names in both texts.
"""

import ast
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from .explore import Model, State, edges

Edge = tuple[Hashable, str, Hashable]
Variables = Mapping[str, Hashable]
Reading = Callable[[Variables], Hashable]

NODE = re.compile(r'(-?\d+) \[label="((?:[^"\\]|\\.)*)"')
STEP = re.compile(r'(-?\d+) -> (-?\d+) \[label="(\w+)"')
VARIABLE = re.compile(r"/\\ (\w+) = (.*?)(?=\n/\\ |\Z)", re.DOTALL)

IN_PYTHON = {
    "<<": "(",
    ">>": ",)",
    "(": "{",
    ")": "}",
    ":>": ":",
    "@@": ",",
    "TRUE": "True",
    "FALSE": "False",
}
SYMBOL = re.compile("|".join(map(re.escape, IN_PYTHON)))


@dataclass(frozen=True)
class Comparison:
    """Two graphs: how large they are together, and what only one of them has."""

    states: int
    edges: int
    only_in_spec: frozenset[Edge]
    only_in_model: frozenset[Edge]

    @property
    def equal(self) -> bool:
        return self.edges > 0 and not (self.only_in_spec or self.only_in_model)


def compare(
    dump: Iterable[str], reading: Reading, model: Model[State], states: Iterable[State]
) -> Comparison:
    """TLC's graph, as it was dumped, and that of the model over all its reachable `states`.

    Raises `ValueError` if the dump can't be read.
    """
    spec = set(read_graph(dump, reading))
    ours: set[Edge] = {(before, name, after) for before, (name, *_), after in edges(model, states)}
    both = spec | ours
    seen = {before for before, _, _ in both} | {after for _, _, after in both}
    return Comparison(len(seen), len(both), frozenset(spec - ours), frozenset(ours - spec))


def read_graph(dump: Iterable[str], reading: Reading) -> Iterable[Edge]:
    """The edges that TLC has dumped, their states read by `reading`."""
    states: dict[str, Hashable] = {}
    steps: list[tuple[str, str, str]] = []
    for line in dump:
        if step := STEP.match(line):
            before, after, name = step.groups()
            steps.append((before, name, after))
        elif node := NODE.match(line):
            fingerprint, label = node.groups()
            states[fingerprint] = reading(read_state(label))
    if not states:
        raise ValueError("there is no state in what TLC has dumped")
    return ((states[before], name, states[after]) for before, name, after in steps)


def read_state(label: str) -> Variables:
    """The variables of a state, from the label of its node."""
    text = label.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    return {name: read_value(value.strip()) for name, value in VARIABLE.findall(text)}


@cache  # a graph has many states, but few values of any one variable
def read_value(text: str) -> Hashable:
    """A value of TLA+ as the models write it. Raises `ValueError` for what none of the specs contains."""
    in_python = SYMBOL.sub(lambda symbol: IN_PYTHON[symbol[0]], text)
    try:
        return as_tuples(ast.literal_eval(re.sub(r"\(\s*,\)", "()", in_python)))
    except SyntaxError:
        raise ValueError(f"this value of TLA+ can't be read: {text}") from None


def as_tuples(value: object) -> Hashable:
    """Functions of 0, 1, 2, ... become tuples, at any depth."""
    if isinstance(value, dict):
        items = cast(dict[int, object], value)
        return tuple(as_tuples(items[key]) for key in sorted(items))
    if isinstance(value, tuple):
        return tuple(map(as_tuples, cast(tuple[object, ...], value)))
    if isinstance(value, int | str):
        return value
    raise ValueError(f"no model has a value like {value!r}")


# Which variables make up a state.


def plain_pool(variables: Variables) -> Hashable:
    return tuple(variables[name] for name in ("callers", "slots", "idle", "waiting", "closed"))


def full_pool(variables: Variables) -> Hashable:
    return plain_pool(variables), variables["draining"], variables["old"]


def plain_multiplexer(variables: Variables) -> Hashable:
    return tuple(variables[name] for name in ("callers", "in_flight", "server", "wire", "up", "epoch"))


def full_multiplexer(variables: Variables) -> Hashable:
    extensions = (variables[name] for name in ("backlog", "written", "part", "closed"))
    return plain_multiplexer(variables), *extensions


def combining(variables: Variables) -> Hashable:
    columns = [variables[name] for name in ("phase", "place", "owed", "outcome", "woken", "target")]
    calls = tuple(zip(*cast(list[tuple[Hashable, ...]], columns), strict=True))
    return calls, variables["writer"], variables["reader"]
