"""The pool for any number of callers and connections, and any capacity.

The machine is that of models/full_pool.py, rule by rule. Where the model makes a choice that no promise
depends on (the idle connection used last, the free slot with the lowest number), any choice is allowed here.
The plain pool is this one without Age, Expire, Drain and Drained, so what is proved here holds for it too.

A connection that comes back, and the place of one that is gone, pass to the first waiter in the same step.
The cases of that (`give_back`, `discard`) are rules of their own, for a prover likes many small rules better
than few with branches.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from z3 import And, BoolVal, If, Implies, Not, Or

from . import Proved, unbounded
from .pool_state import (
    HEIR,
    INVARIANTS,
    ME,
    PHASES,
    PLACE,
    SLOT,
    STEP_INVARIANTS,
    USES,
    Caller,
    Place,
    Slot,
    State,
    all_out,
    at,
    nobody_queues,
    nothing_idle,
    used_as,
)
from .unbounded import Machine, Rule, Term, arbitrary, constant, each, each_two, every, put

Rules: TypeAlias = Iterator[Rule[State]]
Cases: TypeAlias = Iterator[tuple[str, Term, State]]

FALSE = BoolVal(False)


class Pool(Machine[State]):
    """Rules are steps of the caller `ME`, or of the pool; what is passed on goes to `HEIR`."""

    name = "pool"
    state = arbitrary(State)

    def initial(self, state: State) -> Term:
        return And(
            all_out(state),
            nobody_queues(state),
            every(Slot, lambda slot: used_as(state, slot, "free")),
            every(Slot, lambda slot: Not(Or(state.idle(slot), state.old(slot)))),
            every(Place, lambda place: Not(state.taken(place))),
            Not(state.draining()),
            Not(state.closed()),
        )

    def rules(self, state: State) -> Rules:
        for part in (self.arriving, self.having, self.leaving, self.ageing, self.ending):
            yield from part(state)

    # How a caller comes by a connection, and loses it.

    def arriving(self, state: State) -> Rules:
        may = And(at(state, ME, "out"), Not(state.closed()), Not(state.draining()))
        young = And(state.idle(SLOT), Not(state.old(SLOT)))
        lent = lend(state, ME, SLOT, "holding")
        yield Rule(
            "Acquire/idle", (ME, SLOT), And(may, young), replace(lent, idle=put(state.idle, SLOT, False))
        )
        room = And(nothing_idle(state), used_as(state, SLOT, "free"), self.is_room(state))
        yield Rule("Acquire/dial", (ME, SLOT, PLACE), And(may, room), take_place(dial(state, ME, SLOT)))
        full = And(nothing_idle(state), every(Place, lambda place: state.taken(place)))
        yield Rule("Acquire/wait", (ME,), And(may, full), queue_up(state))

    def is_room(self, state: State) -> Term:
        return Not(state.taken(PLACE))

    def having(self, state: State) -> Rules:
        slot = state.slot(ME)
        dialled = And(at(state, ME, "dialling"), Not(state.closed()))
        too_late = And(at(state, ME, "dialling"), state.closed())
        yield Rule("DialOk", (ME,), dialled, lend(state, ME, slot, "holding"))
        yield Rule("DialOk/closed", (ME,), too_late, free(go(state, ME, "out"), slot))
        yield Rule("Take", (ME,), at(state, ME, "granted"), go(state, ME, "holding"))
        yield Rule("Break", (ME,), at(state, ME, "holding"), go(state, ME, "broken"))

    # How a caller leaves, and what it had is passed on.

    def leaving(self, state: State) -> Rules:
        left, slot = go(state, ME, "out"), state.slot(ME)
        out_of_queue = replace(left, queued=put(state.queued, ME, False))
        yield Rule("Cancel/waiting", (ME,), at(state, ME, "waiting"), out_of_queue)
        for case, guard, after in self.discard(left, slot):
            for name, phase in (
                ("DialFail", "dialling"),
                ("Cancel/dialling", "dialling"),
                ("Release/broken", "broken"),
            ):
                yield Rule(f"{name}/{case}", (ME, HEIR), And(at(state, ME, phase), guard), after)
        for case, guard, after in self.give_back(left, slot):
            for name, phase in ("Release", "holding"), ("Cancel/granted", "granted"):
                yield Rule(f"{name}/{case}", (ME, HEIR), And(at(state, ME, phase), guard), after)

    def give_back(self, state: State, slot: Term) -> Cases:
        """A healthy connection: it is discarded if it is old, or if the pool drains and nobody waits."""
        nobody, wanted = nobody_queues(state), And(Not(state.closed()), Not(state.old(slot)))
        idle = replace(state, use=put(state.use, slot, USES["idle"]), idle=put(state.idle, slot, True))
        yield "closed", state.closed(), free(state, slot)
        yield "hand", And(wanted, self.is_next(state)), dequeue(lend(state, HEIR, slot, "granted"))
        yield "idle", And(wanted, nobody, Not(state.draining())), idle
        yield "drained", And(wanted, nobody, state.draining()), free(state, slot)
        for case, guard, after in self.discard(state, slot):
            yield f"old/{case}", And(Not(state.closed()), state.old(slot), guard), after

    def discard(self, state: State, slot: Term) -> Cases:
        """The connection is gone, or has never been; the place goes to the first waiter, who dials."""
        yield "free", Or(state.closed(), nobody_queues(state)), free(state, slot)
        yield "hand", And(Not(state.closed()), self.is_next(state)), dequeue(dial(state, HEIR, slot))

    def is_next(self, state: State) -> Term:
        """The heir is the first in the queue."""

        def behind(other: Term) -> Term:
            return Implies(And(state.queued(other), other != HEIR), Not(state.earlier(other, HEIR)))

        return And(state.queued(HEIR), every(Caller, behind))

    # What happens to the pool itself.

    def ageing(self, state: State) -> Rules:
        gone = replace(free(state, SLOT), idle=put(state.idle, SLOT, False))
        ageable = And(used_as(state, SLOT, "idle", "lent"), Not(state.old(SLOT)), Not(state.closed()))
        yield Rule("IdleBreak", (SLOT,), state.idle(SLOT), gone)
        yield Rule("Age", (SLOT,), ageable, replace(state, old=put(state.old, SLOT, True)))
        yield Rule("Expire", (SLOT,), And(state.idle(SLOT), state.old(SLOT)), gone)

    def ending(self, state: State) -> Rules:
        yield Rule("Drain", (), Not(Or(state.closed(), state.draining())), self.drain(state))
        yield Rule("Drained", (), And(state.draining(), all_out(state)), self.close(state))
        yield Rule("Close", (), Not(state.closed()), self.close(state))

    def drain(self, state: State) -> State:
        return replace(close_idle(state), draining=constant(True))

    def close(self, state: State) -> State:
        return replace(
            turn_away(close_idle(state)),
            old=each(lambda _: FALSE),
            draining=constant(False),
            closed=constant(True),
        )

    def invariants(self, state: State) -> dict[str, Term]:
        return {name: holds(state) for name, holds in INVARIANTS.items()}

    def step_invariants(self, before: State, after: State) -> dict[str, Term]:
        return {name: holds(before, after) for name, holds in STEP_INVARIANTS.items()}


def prove() -> list[Proved]:
    return unbounded.prove(Pool())


# What the rules change.


def go(state: State, caller: Term, phase: str) -> State:
    return replace(state, phase=put(state.phase, caller, PHASES[phase]))


def own(state: State, caller: Term, slot: Term, phase: str, use: str) -> State:
    return replace(
        go(state, caller, phase),
        slot=put(state.slot, caller, slot),
        owner=put(state.owner, slot, caller),
        use=put(state.use, slot, USES[use]),
    )


def lend(state: State, caller: Term, slot: Term, phase: str) -> State:
    return own(state, caller, slot, phase, "lent")


def dial(state: State, caller: Term, slot: Term) -> State:
    """A new connection takes the slot, and it is young."""
    return replace(own(state, caller, slot, "dialling", "dialling"), old=put(state.old, slot, False))


def free(state: State, slot: Term) -> State:
    return replace(
        state,
        use=put(state.use, slot, USES["free"]),
        taken=put(state.taken, state.place(slot), False),
        old=put(state.old, slot, False),
    )


def take_place(state: State) -> State:
    return replace(
        state,
        place=put(state.place, SLOT, PLACE),
        taken=put(state.taken, PLACE, True),
        holder=put(state.holder, PLACE, SLOT),
    )


def queue_up(state: State) -> State:
    """`ME` is queued behind all others."""

    def earlier(one: Term, other: Term) -> Term:
        return If(other == ME, And(one != ME, state.queued(one)), And(one != ME, state.earlier(one, other)))

    return replace(go(state, ME, "waiting"), queued=put(state.queued, ME, True), earlier=each_two(earlier))


def dequeue(state: State) -> State:
    return replace(state, queued=put(state.queued, HEIR, False))


def close_idle(state: State) -> State:
    """Every idle connection is closed."""
    return replace(
        state,
        use=each(lambda slot: If(state.idle(slot), USES["free"], state.use(slot))),
        idle=each(lambda _: FALSE),
        old=each(lambda slot: And(state.old(slot), Not(state.idle(slot)))),
        taken=each(lambda place: And(state.taken(place), Not(state.idle(state.holder(place))))),
    )


def turn_away(state: State) -> State:
    """Whoever waits is told."""
    return replace(
        state,
        phase=each(lambda caller: If(at(state, caller, "waiting"), PHASES["out"], state.phase(caller))),
        queued=each(lambda _: FALSE),
    )
