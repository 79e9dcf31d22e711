"""The multiplexer: the proof's steps beside those of the model.

The model's callers send one request at a time, there is one push at a time, and connections are limited;
those of the proof's steps that go beyond that are passed over.

The plain model has no backlog, and a reply comes whole: its Send is the proof's Send and Flush in one, its
Receive the proof's Read and Receive.
"""

from collections.abc import Callable, Hashable, Iterator
from random import Random

from .. import multiplexer
from ..explore import Action
from ..full_multiplexer import PUSH, FullMultiplexer, State
from ..multiplexer import Multiplexer
from . import Proved
from .bridge import Bridge, compare
from .finite import Finite, Tables
from .lifting_multiplexer import Lifting, Lowering
from .multiplexer import Multiplexer as Machine
from .multiplexer_state import Request
from .multiplexer_state import State as MachineState
from .unbounded import INT

TRIES = 2
ENDS_WITH = {"Send": "Flush", "Read": "Receive"}
PLAINLY: dict[str, Action] = {"Read": ("Receive",)}
NOT_IN_PLAIN = "Push", "Flush", "Receive", "DialFail", "Close"


def bridge(model: FullMultiplexer, machine: Machine | None = None) -> Bridge[State, MachineState]:
    """Another machine, such as a faulty one, can be put in the place of the right one."""
    finite = finite_multiplexer(model, machine)

    def steps(state: State, tables: Tables) -> Iterator[tuple[Action, Hashable]]:
        for rule, values, after in finite.steps(tables):
            action = label(rule, values, model)
            if is_in_model(action, values, state, model):
                yield action, Lowering(model, finite, after).lowered()

    sizes = f"{model.max_in_flight} in flight, {model.max_backlog} in the backlog"
    return Bridge(
        machine="multiplexer",
        sizes=f"{names_of(model)}, {sizes}",
        model=model,
        finite=finite,
        lift=lifting(model, finite),
        view=lambda _, after: after,
        steps=steps,
    )


def plain_bridge(
    plain: Multiplexer, machine: Machine | None = None
) -> Bridge[multiplexer.State, MachineState]:
    """The same for the plain multiplexer: in the full one its bounds are never reached."""
    model = FullMultiplexer(plain.callers, plain.requests, plain.connections, 100, 100)
    finite = finite_multiplexer(model, machine)
    lift = lifting(model, finite)

    def steps(state: multiplexer.State, tables: Tables) -> Iterator[tuple[Action, Hashable]]:
        for rule, values, first in finite.steps(tables):
            action = label(rule, values, model)
            if action[0] in NOT_IN_PLAIN or not is_in_model(action, values, widened(state), model):
                continue
            for after in second(finite, rule, first):
                yield PLAINLY.get(rule, action), Lowering(model, finite, after).lowered().plain

    return Bridge(
        machine="multiplexer",
        sizes=f"{names_of(model)}, plain",
        model=plain,
        finite=finite,
        lift=lambda state: lift(widened(state)),
        view=lambda _, after: after,
        steps=steps,
    )


def second(finite: Finite[MachineState], rule: str, first: Tables) -> list[Tables]:
    """Where a step of the plain model leads that is two steps here."""
    if rule not in ENDS_WITH:
        return [first]
    return [after for name, _, after in finite.steps(first) if name == ENDS_WITH[rule]]


def agree(
    callers: int = 2, requests: int = 2, connections: int = 2, max_in_flight: int = 1, max_backlog: int = 1
) -> Proved:
    return compare(bridge(FullMultiplexer(callers, requests, connections, max_in_flight, max_backlog)))


def agree_plain(callers: int = 2, requests: int = 2, connections: int = 2) -> Proved:
    return compare(plain_bridge(Multiplexer(callers, requests, connections)))


def widened(state: multiplexer.State) -> State:
    """The state of the full multiplexer with an empty backlog."""
    return State(state, (), tuple(sent for _, sent, _ in state[0]))


def finite_multiplexer(model: FullMultiplexer, machine: Machine | None) -> Finite[MachineState]:
    requests = model.plain.callers * model.plain.requests
    return Finite(machine or Machine(), {Request: requests, INT: requests + 4})


def lifting(model: FullMultiplexer, finite: Finite[MachineState]) -> Callable[[State], Iterator[Tables]]:
    random = Random(0)
    return lambda state: (Lifting(model, finite, first, random).lifted(state) for first in range(TRIES))


def names_of(model: FullMultiplexer) -> str:
    plain = model.plain
    return f"{plain.callers} callers with {plain.requests} requests, {plain.connections} connections"


def label(rule: str, values: tuple[int, ...], model: FullMultiplexer) -> Action:
    """Send and Cancel carry the caller, who is known by its request."""
    name, *_ = rule.split("/")
    return (name, *(value // model.plain.requests for value in values))


def is_in_model(action: Action, values: tuple[int, ...], state: State, model: FullMultiplexer) -> bool:
    callers, _, _, wire, _, epoch = state.plain
    match action:
        case "Send", caller:
            phase, sent, _ = callers[caller]
            return phase == "out" and values[0] % model.plain.requests == sent
        case ("Push",):
            return PUSH not in (*state.part, *wire)
        case ("Reconnect",):
            return epoch < model.plain.connections
        case _:
            return True
