"""The pool: which states of the proof mean the same as one of the model.

The proof says nothing of the order of idle connections and lends any of them; the model lends the one that
was used last, and dials in the free slot with the lowest number. Those of the proof's steps that choose
otherwise are passed over, and the order of the idle ones is forgotten. Which connection has which place is
not in the model at all: every way of giving them out is tried.
"""

from collections.abc import Hashable, Iterator
from itertools import permutations
from random import Random

from ..explore import Action
from ..full_pool import FullPool, State
from ..pool import NONE, Pool
from ..pool import State as PlainState
from . import Proved
from .bridge import Bridge, compare
from .finite import Finite, Tables
from .pool import Pool as Machine
from .pool_state import Caller, Place, Slot
from .pool_state import State as MachineState

NOT_IN_PLAIN = "Age", "Expire", "Drain", "Drained"


def bridge(model: FullPool, machine: Machine | None = None) -> Bridge[State, MachineState]:
    """Another machine, such as a faulty one, can be put in the place of the right one."""
    callers, capacity = model.plain.callers, model.plain.capacity
    finite = finite_pool(callers, capacity, machine)
    random = Random(0)

    def steps(state: State, tables: Tables) -> Iterator[tuple[Action, Hashable]]:
        for rule, values, after in finite.steps(tables):
            if is_our_choice(rule, values, state[0]):
                yield label(rule, values), lowered(after)

    return Bridge(
        machine="pool",
        sizes=f"{callers} callers, {capacity} connections",
        model=model,
        finite=finite,
        lift=lambda state: lifted(state, capacity, random),
        view=lambda _, after: view(after),
        steps=steps,
    )


def plain_bridge(model: Pool, machine: Machine | None = None) -> Bridge[PlainState, MachineState]:
    """The same for the plain pool, which has no ages and does not drain."""
    finite = finite_pool(model.callers, model.capacity, machine)
    random, all_young = Random(0), (False,) * (model.capacity + 1)

    def steps(state: PlainState, tables: Tables) -> Iterator[tuple[Action, Hashable]]:
        for rule, values, after in finite.steps(tables):
            if rule not in NOT_IN_PLAIN and is_our_choice(rule, values, state):
                yield label(rule, values), lowered(after)

    return Bridge(
        machine="pool",
        sizes=f"{model.callers} callers, {model.capacity} connections, plain",
        model=model,
        finite=finite,
        lift=lambda state: lifted((state, False, all_young), model.capacity, random),
        view=lambda _, after: view((after, False, all_young)),
        steps=steps,
    )


def agree(callers: int = 4, capacity: int = 2) -> Proved:
    return compare(bridge(FullPool(callers, capacity)))


def agree_plain(callers: int = 4, capacity: int = 2) -> Proved:
    return compare(plain_bridge(Pool(callers, capacity)))


def finite_pool(callers: int, capacity: int, machine: Machine | None) -> Finite[MachineState]:
    return Finite(machine or Machine(), {Caller: callers, Slot: capacity + 1, Place: capacity})


def label(rule: str, values: tuple[int, ...]) -> Action:
    """The action of the model: only the first parameter, a caller or a slot, is in its label."""
    name, *_ = rule.split("/")
    return (name, *values[:1])


def is_our_choice(rule: str, values: tuple[int, ...], state: PlainState) -> bool:
    _, slots, idle, _, _ = state
    if rule == "Acquire/idle":
        return values[1] == idle[-1]
    return rule != "Acquire/dial" or values[1] == slots.index("free")


def lifted(state: State, capacity: int, random: Random) -> Iterator[Tables]:
    """The machine's states, one for each way in which the slots in use can have the places."""
    (callers, uses, idle, waiting, closed), draining, old = state
    in_use = [slot for slot, use in enumerate(uses) if use != "free"]
    any_slot, any_caller, any_place = range(len(uses)), range(len(callers)), range(capacity)
    for places in permutations(any_place, len(in_use)):
        place, holder = [random.choice(any_place) for _ in uses], [random.choice(any_slot) for _ in any_place]
        for slot, given in zip(in_use, places, strict=True):
            place[slot], holder[given] = given, slot
        owner = [random.choice(any_caller) for _ in uses]
        for caller, (_, slot) in enumerate(callers):
            if slot != NONE:
                owner[slot] = caller
        yield (
            tuple(phase for phase, _ in callers),
            tuple(random.choice(any_slot) if slot == NONE else slot for _, slot in callers),
            uses,
            tuple(slot in idle for slot in any_slot),
            old,
            tuple(caller in waiting for caller in any_caller),
            tuple(earlier(one, other, waiting, random) for one in any_caller for other in any_caller),
            tuple(place),
            tuple(given in places for given in any_place),
            tuple(owner),
            tuple(holder),
            (draining,),
            (closed,),
        )


def earlier(one: int, other: int, waiting: tuple[int, ...], random: Random) -> bool:
    if one in waiting and other in waiting:
        return waiting.index(one) < waiting.index(other)
    return random.random() < 0.5


def lowered(tables: Tables) -> Hashable:
    """What `view` shows of the model's state."""
    phases, slots, uses, idle, old, queued, before, _, _, _, _, (draining,), (closed,) = tables
    waiting = [caller for caller, is_queued in enumerate(queued) if is_queued]
    place = {
        caller: sum(bool(before[other * len(phases) + caller]) for other in waiting) for caller in waiting
    }
    callers = tuple(
        (phase, NONE if phase in ("out", "waiting") else slot)
        for phase, slot in zip(phases, slots, strict=True)
    )
    lying = frozenset(slot for slot, is_idle in enumerate(idle) if is_idle)
    return callers, uses, lying, tuple(sorted(waiting, key=place.__getitem__)), closed, draining, old


def view(state: State) -> Hashable:
    """A state of the model with the order of the idle connections forgotten."""
    (callers, uses, idle, waiting, closed), draining, old = state
    return callers, uses, frozenset(idle), waiting, closed, draining, old
