"""The pool: a few connections, each lent to one caller at a time; who finds none waits in a queue.

The life of a caller, from one acquire to the next:

    out ──Acquire──┬─ a connection is idle ──────────────────────┬─▶ holding ──Break──▶ broken
                   ├─ room for one more ──▶ dialling ────DialOk──┤
                   │                           ▲ a place         │
                   └─ neither ──▶ waiting ─────┤                 │
                                               ▼ a connection    │
                                            granted ───────Take──┘

Every way back leads to `out`: Release from `holding` and `broken`, DialFail from `dialling`, and Cancel
(its limit has expired, or its task was cancelled) from `waiting`, `dialling` and `granted`. What the caller
had is passed on in the same step. A healthy connection goes to the first waiter, to whom it is then
`granted`: it is lent, but its caller has not resumed and can still be cancelled. The place of a connection
that is gone goes to the first waiter too, who dials. That is all there is to a pool, and most bugs of pools
are one of these hand-overs forgotten, made twice, or made to somebody who has left.

Connections live in numbered slots. There is one slot more than the capacity, so that a pool that dials once
too often has a state to be caught in. A state is (callers, slots, idle, waiting, closed):

    callers    of each caller: (phase, slot), where slot is NONE in the phases `out` and `waiting`
    slots      of each slot: free, dialling, lent or idle
    idle       the idle slots; the one that was used last stands last and is lent first
    waiting    the waiting callers in the order of their arrival
    closed     whether the pool has been closed

Left out: how long anything takes, what is said over a connection, and (see `full_pool`) how old it is.
"""

from collections.abc import Callable
from typing import TypeAlias

from .explore import Action, Model, put

State: TypeAlias = tuple[tuple[tuple[str, int], ...], tuple[str, ...], tuple[int, ...], tuple[int, ...], bool]
Effect: TypeAlias = Callable[[State, int], State]

NONE = -1
OUT = ("out", NONE)
WAITING = ("waiting", NONE)


class Pool(Model[State]):
    """`callers` callers that share up to `capacity` connections until somebody closes the pool."""

    def __init__(self, callers: int, capacity: int) -> None:
        self.callers = callers
        self.capacity = capacity
        offers: dict[str, tuple[tuple[str, Effect], ...]] = {
            "out": (("Acquire", self.acquire),),
            "waiting": (("Cancel", self.cancel_wait),),
            "dialling": (("DialOk", self.dial_ok), ("DialFail", self.discard), ("Cancel", self.cancel_dial)),
            "granted": (("Take", self.take), ("Cancel", self.cancel_grant)),
            "holding": (("Break", self.break_), ("Release", self.give_back)),
            "broken": (("Release", self.discard),),
        }
        self.offers: dict[str, list[list[tuple[Action, Effect]]]] = {
            phase: [[((name, caller), effect) for name, effect in offered] for caller in range(callers)]
            for phase, offered in offers.items()
        }

    def initial(self) -> State:
        return (OUT,) * self.callers, ("free",) * (self.capacity + 1), (), (), False

    def actions(self, state: State) -> list[tuple[Action, State]]:
        callers, _, idle, _, closed = state
        steps = [
            (action, effect(state, caller))
            for caller, (phase, _) in enumerate(callers)
            if phase != "out" or not closed  # a closed pool lends nothing
            for action, effect in self.offers[phase][caller]
        ]
        for slot in idle:
            steps.append((("IdleBreak", slot), self.idle_break(state, slot)))
        if not closed:
            steps.append((("Close",), self.close(state)))
        elif all(caller == OUT for caller in callers):
            steps.append((("Done",), state))
        return steps

    def violated(self, state: State) -> str | None:
        return next((name for name, holds in INVARIANTS.items() if not holds(state)), None)

    def canonical(self, state: State) -> State:
        callers, _, _, waiting, _ = state
        place = {caller: position for position, caller in enumerate(waiting)}
        rank = [(phase, slot, place.get(caller, NONE)) for caller, (phase, slot) in enumerate(callers)]
        return renamed(state, sorted(range(len(callers)), key=rank.__getitem__))

    # How a caller comes by a connection, and loses it.

    def acquire(self, state: State, caller: int) -> State:
        """An idle connection if there is one, or else room to dial, or else a place in the queue."""
        callers, slots, idle, waiting, closed = state
        if idle:
            slot = idle[-1]
            callers, slots = put(callers, caller, ("holding", slot)), put(slots, slot, "lent")
            return callers, slots, idle[:-1], waiting, closed
        if self.may_dial(slots):
            slot = slots.index("free")
            callers, slots = put(callers, caller, ("dialling", slot)), put(slots, slot, "dialling")
            return callers, slots, idle, waiting, closed
        return put(callers, caller, WAITING), slots, idle, (*waiting, caller), closed

    def may_dial(self, slots: tuple[str, ...]) -> bool:
        return room(slots) > 0

    def dial_ok(self, state: State, caller: int) -> State:
        callers, slots, idle, waiting, closed = state
        if closed:
            return self.discard(state, caller)
        slot = callers[caller][1]
        callers, slots = put(callers, caller, ("holding", slot)), put(slots, slot, "lent")
        return callers, slots, idle, waiting, closed

    def take(self, state: State, caller: int) -> State:
        callers, slots, idle, waiting, closed = state
        return put(callers, caller, ("holding", callers[caller][1])), slots, idle, waiting, closed

    def break_(self, state: State, caller: int) -> State:
        callers, slots, idle, waiting, closed = state
        return put(callers, caller, ("broken", callers[caller][1])), slots, idle, waiting, closed

    # How a caller leaves, and what it had is passed on.

    def give_back(self, state: State, caller: int) -> State:
        """Its healthy connection goes to the first waiter, or else is idle; in a closed pool it is closed."""
        callers, slots, idle, waiting, closed = state
        slot = callers[caller][1]
        callers = put(callers, caller, OUT)
        if closed:
            return callers, put(slots, slot, "free"), idle, waiting, closed
        if not waiting:
            return callers, put(slots, slot, "idle"), (*idle, slot), waiting, closed
        return put(callers, waiting[0], ("granted", slot)), slots, idle, waiting[1:], closed

    def discard(self, state: State, caller: int) -> State:
        """Its connection is gone, or has never been; the place goes to the first waiter, who dials."""
        callers, slots, idle, waiting, closed = state
        slot = callers[caller][1]
        callers = put(callers, caller, OUT)
        if closed or not waiting:
            return callers, put(slots, slot, "free"), idle, waiting, closed
        callers, slots = put(callers, waiting[0], ("dialling", slot)), put(slots, slot, "dialling")
        return callers, slots, idle, waiting[1:], closed

    def cancel_wait(self, state: State, caller: int) -> State:
        callers, slots, idle, waiting, closed = state
        return put(callers, caller, OUT), slots, idle, without(waiting, caller), closed

    def cancel_dial(self, state: State, caller: int) -> State:
        return self.discard(state, caller)

    def cancel_grant(self, state: State, caller: int) -> State:
        return self.give_back(state, caller)

    # What happens to the pool itself.

    def idle_break(self, state: State, slot: int) -> State:
        callers, slots, idle, waiting, closed = state
        return callers, put(slots, slot, "free"), without(idle, slot), waiting, closed

    def close(self, state: State) -> State:
        """Waiters are turned away, idle connections are closed; what is lent or dialling ends by itself."""
        callers, slots, _, _, _ = state
        callers = tuple(OUT if caller == WAITING else caller for caller in callers)
        return callers, tuple("free" if use == "idle" else use for use in slots), (), (), True


# What holds in every state.


def one_owner(state: State) -> bool:
    """POOL-02: no connection belongs to two callers, nor to a caller while it is idle."""
    callers, _, idle, _, _ = state
    taken = [slot for _, slot in callers if slot != NONE]
    return len({*taken, *idle}) == len(taken) + len(idle)


def no_leak(state: State) -> bool:
    """POOL-03: a slot is in use exactly if a caller will give it back or the list of idle ones has it."""
    callers, slots, idle, _, _ = state
    uses = ["free"] * len(slots)
    for slot in idle:
        uses[slot] = "idle"
    for phase, slot in callers:
        if slot != NONE:
            uses[slot] = "dialling" if phase == "dialling" else "lent"
    return uses == list(slots)


def capacity(state: State) -> bool:
    """POOL-01: connections, those being dialled included, never exceed the capacity."""
    return room(state[1]) >= 0


def no_lost_wake_up(state: State) -> bool:
    """POOL-04: nobody waits while a connection is idle or there is room for one more."""
    _, slots, idle, waiting, _ = state
    return not waiting or not (idle or room(slots) > 0)


def queued_once(state: State) -> bool:
    """CALL-04: the queue holds every waiting caller once, and nobody who has left."""
    callers, _, _, waiting, _ = state
    return sorted(waiting) == [caller for caller, (phase, _) in enumerate(callers) if phase == "waiting"]


def closed_means_closed(state: State) -> bool:
    """LIFE-02, LIFE-04: in a closed pool nobody waits, and nothing is idle, even if it was returned later."""
    _, _, idle, waiting, closed = state
    return not closed or not (idle or waiting)


INVARIANTS: dict[str, Callable[[State], bool]] = {
    "OneOwner": one_owner,
    "NoLeak": no_leak,
    "Capacity": capacity,
    "NoLostWakeUp": no_lost_wake_up,
    "QueuedOnce": queued_once,
    "ClosedMeansClosed": closed_means_closed,
}


# What holds of every step.


def in_order(before: State, after: State) -> bool:
    """POOL-05: a waiter that is served was the first in the queue."""
    waiting, callers = before[3], after[0]
    return all(callers[waiter][0] not in ("granted", "dialling") for waiter in waiting[1:])


STEP_INVARIANTS: dict[str, Callable[[State, State], bool]] = {"InOrder": in_order}


def room(slots: tuple[str, ...]) -> int:
    """How many more connections the capacity allows; the last slot lies beyond it."""
    return slots.count("free") - 1


def without(items: tuple[int, ...], gone: int) -> tuple[int, ...]:
    return tuple(item for item in items if item != gone)


def renamed(state: State, order: list[int]) -> State:
    """The same state, but caller `order[i]` is called `i`."""
    callers, slots, idle, waiting, closed = state
    return tuple(callers[caller] for caller in order), slots, idle, tuple(map(order.index, waiting)), closed
