"""A model's state graph as text for graphviz: small ones can be looked at.

Every state is a box with its parts on lines of their own, every step an arrow with its label; the initial
state stands out, and a broken one, if there is any, stands out more. Where several steps lead from one state
to another they share an arrow. What `dot` makes of it can be read up to some dozens of states, so choose the
sizes accordingly, or look at canonical states only.
"""

from collections.abc import Hashable
from typing import TypeVar, cast

from .explore import Action, Model, explore, unchanged

State = TypeVar("State", bound=Hashable)

HEADER = """digraph {
  rankdir=LR
  node [shape=box style="rounded,filled" fillcolor=white fontname=monospace fontsize=10]
  edge [fontname=monospace fontsize=9]
"""


def graph(model: Model[State], *, symmetric: bool = False, limit: int = 2_000) -> str:
    """The graph of all reachable states, in the DOT language. ValueError if there are more than `limit`."""
    exploration = explore(model, symmetric=symmetric, limit=limit)
    if not exploration.exhausted and exploration.counterexample is None:
        raise ValueError(f"more than {limit} states: too many to draw")
    canonical = model.canonical if symmetric else unchanged
    names = {state: f"s{number}" for number, state in enumerate(exploration.states)}
    lines = [node(model, state, name) for state, name in names.items()]
    for state, name in names.items():
        arrows: dict[str, list[str]] = {}
        for action, successor in model.actions(state):
            target = names.get(canonical(successor))
            if target:
                arrows.setdefault(target, []).append(spelled(action))
        for target, labels in arrows.items():
            together = r"\n".join(labels)
            lines.append(f'  {name} -> {target} [label="{together}"]')
    return HEADER + "\n".join(lines) + "\n}\n"


def node(model: Model[State], state: State, name: str) -> str:
    broken = model.violated(state)
    colour = "tomato" if broken else "lightblue" if name == "s0" else "white"
    lines = [*([broken] if broken else []), *parts(state)]
    text = r"\l".join(line.replace("\\", r"\\").replace('"', r"\"") for line in lines)
    return f'  {name} [label="{text}\\l" fillcolor={colour}]'


def parts(state: object) -> list[str]:
    """The parts of a state as they are printed, one a line."""
    match state:
        case tuple():
            return [repr(part) for part in cast("tuple[object, ...]", state)]
        case _:
            return [repr(state)]


def spelled(action: Action) -> str:
    """An action as it is written in traces: its name and its arguments."""
    return " ".join(map(str, action))
