"""What callers, connections and places are in the proof of the pool, and what must hold of them.

The capacity is a set of places, of any size: a connection that is not free has a place, and no two have the
same. So nothing is counted, and still there can never be more connections than places. The queue is the set
of those who stand in it and the order in which they came.

Two symbols have no other purpose than to be witnesses. `owner` is the caller who has a slot, `holder` the
slot that has a place. With them one can say "every slot that is in use has an owner" without "there is a
caller such that", which would be hard on the prover.

The invariants have the names of those in models/pool.py and models/full_pool.py. Three more (PlacesFit,
PhasesFit, QueueInOrder) carry the induction.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from z3 import And, Const, DeclareSort, If, Implies, Not, Or

from .unbounded import BOOL, Symbol, Term, enumeration, every, one_of, some, sorts

Caller, Slot, Place = DeclareSort("Caller"), DeclareSort("Slot"), DeclareSort("Place")
Phase, PHASES = enumeration("PoolPhase", "out", "waiting", "dialling", "granted", "holding", "broken")
Use, USES = enumeration("Use", "free", "dialling", "lent", "idle")

OWNING = "dialling", "granted", "holding", "broken"
ME, HEIR = Const("me", Caller), Const("heir", Caller)
SLOT, PLACE = Const("slot", Slot), Const("place", Place)


@dataclass(frozen=True)
class State:
    """What models/full_pool.py says of callers and slots; the list of idle ones is a set here."""

    phase: Symbol = field(metadata=sorts(Caller, Phase))
    slot: Symbol = field(metadata=sorts(Caller, Slot))
    use: Symbol = field(metadata=sorts(Slot, Use))
    idle: Symbol = field(metadata=sorts(Slot, BOOL))
    old: Symbol = field(metadata=sorts(Slot, BOOL))
    queued: Symbol = field(metadata=sorts(Caller, BOOL))
    earlier: Symbol = field(metadata=sorts(Caller, Caller, BOOL))
    place: Symbol = field(metadata=sorts(Slot, Place))
    taken: Symbol = field(metadata=sorts(Place, BOOL))
    owner: Symbol = field(metadata=sorts(Slot, Caller))
    holder: Symbol = field(metadata=sorts(Place, Slot))
    draining: Symbol = field(metadata=sorts(BOOL))
    closed: Symbol = field(metadata=sorts(BOOL))


def at(state: State, caller: Term, *phases: str) -> Term:
    return one_of(state.phase(caller), *(PHASES[phase] for phase in phases))


def used_as(state: State, slot: Term, *uses: str) -> Term:
    return one_of(state.use(slot), *(USES[use] for use in uses))


def nobody_queues(state: State) -> Term:
    return Not(some(Caller, lambda caller: state.queued(caller)))


def nothing_idle(state: State) -> Term:
    return Not(some(Slot, lambda slot: state.idle(slot)))


def all_out(state: State) -> Term:
    return every(Caller, lambda caller: at(state, caller, "out"))


# What holds in every state.


def one_owner(state: State) -> Term:
    def apart(me: Term, other: Term) -> Term:
        both = And(at(state, me, *OWNING), at(state, other, *OWNING))
        return Implies(And(both, state.slot(me) == state.slot(other)), me == other)

    return And(
        every(Caller, Caller, apart),
        every(Caller, lambda me: Not(And(at(state, me, *OWNING), state.idle(state.slot(me))))),
    )


def no_leak(state: State) -> Term:
    def kept(slot: Term) -> Term:
        owner = state.owner(slot)
        owned = And(at(state, owner, *OWNING), state.slot(owner) == slot)
        return And(
            Implies(used_as(state, slot, "lent", "dialling"), owned),
            used_as(state, slot, "idle") == state.idle(slot),
        )

    return every(Slot, kept)


def capacity(state: State) -> Term:
    def apart(slot: Term, other: Term) -> Term:
        both = Not(Or(used_as(state, slot, "free"), used_as(state, other, "free")))
        return Implies(And(both, state.place(slot) == state.place(other)), slot == other)

    return every(Slot, Slot, apart)


def no_lost_wake_up(state: State) -> Term:
    def in_vain(caller: Term, slot: Term, place: Term) -> Term:
        return Implies(state.queued(caller), And(Not(state.idle(slot)), state.taken(place)))

    return every(Caller, Slot, Place, in_vain)


def queued_once(state: State) -> Term:
    return every(Caller, lambda me: state.queued(me) == at(state, me, "waiting"))


def closed_means_closed(state: State) -> Term:
    return Implies(state.closed(), And(nobody_queues(state), nothing_idle(state)))


def nothing_kept(state: State) -> Term:
    return Implies(state.draining(), And(nothing_idle(state), Not(state.closed())))


def ages_of_connections(state: State) -> Term:
    def aged(slot: Term) -> Term:
        return Implies(state.old(slot), And(Not(state.closed()), used_as(state, slot, "idle", "lent")))

    return every(Slot, aged)


def places_fit(state: State) -> Term:
    def slot_has(slot: Term) -> Term:
        place = state.place(slot)
        return Or(used_as(state, slot, "free"), And(state.taken(place), state.holder(place) == slot))

    def place_is_had(place: Term) -> Term:
        slot = state.holder(place)
        return Implies(state.taken(place), And(Not(used_as(state, slot, "free")), state.place(slot) == place))

    return And(every(Slot, slot_has), every(Place, place_is_had))


def phases_fit(state: State) -> Term:
    def fits(me: Term) -> Term:
        slot = state.slot(me)
        use = If(at(state, me, "dialling"), USES["dialling"], USES["lent"])
        return Implies(at(state, me, *OWNING), And(state.use(slot) == use, state.owner(slot) == me))

    return every(Caller, fits)


def queue_in_order(state: State) -> Term:
    """The order of arrival is a strict total order of those who queue."""
    earlier, queued = state.earlier, state.queued

    def one_first(me: Term, other: Term) -> Term:
        ordered = If(me == other, Not(earlier(me, other)), earlier(me, other) != earlier(other, me))
        return Implies(And(queued(me), queued(other)), ordered)

    def transitive(a: Term, b: Term, c: Term) -> Term:
        return Implies(And(queued(a), queued(b), queued(c), earlier(a, b), earlier(b, c)), earlier(a, c))

    return And(every(Caller, Caller, one_first), every(Caller, Caller, Caller, transitive))


INVARIANTS: dict[str, Callable[[State], Term]] = {
    "OneOwner": one_owner,
    "NoLeak": no_leak,
    "Capacity": capacity,
    "NoLostWakeUp": no_lost_wake_up,
    "QueuedOnce": queued_once,
    "ClosedMeansClosed": closed_means_closed,
    "NothingKept": nothing_kept,
    "AgesOfConnections": ages_of_connections,
    "PlacesFit": places_fit,
    "PhasesFit": phases_fit,
    "QueueInOrder": queue_in_order,
}


# What holds of every step.


def in_order(before: State, after: State) -> Term:
    def first(me: Term, other: Term) -> Term:
        served = And(before.queued(me), at(after, me, "granted", "dialling"))
        return Implies(And(served, before.queued(other), me != other), before.earlier(me, other))

    return every(Caller, Caller, first)


def nobody_barges(before: State, after: State) -> Term:
    """POOL-06: who comes while others wait is not served before them."""
    return every(
        Caller,
        Caller,
        lambda me, other: Implies(
            And(at(before, me, "out"), at(after, me, *OWNING)), Not(before.queued(other))
        ),
    )


def young_is_lent(before: State, after: State) -> Term:
    def young(me: Term) -> Term:
        slot = after.slot(me)
        had = And(at(before, me, *OWNING), before.slot(me) == slot)
        return Implies(And(at(after, me, "granted", "holding"), Not(had)), Not(before.old(slot)))

    return every(Caller, young)


def spared_in_use(before: State, after: State) -> Term:
    def spared(me: Term) -> Term:
        keeps = And(after.slot(me) == before.slot(me), used_as(after, before.slot(me), "lent"))
        return Implies(at(before, me, "holding", "broken"), Or(at(after, me, "out"), keeps))

    return every(Caller, spared)


def nobody_new(before: State, after: State) -> Term:
    def let_in(me: Term) -> Term:
        return And(at(before, me, "out"), Not(at(after, me, "out")))

    return Not(And(some(Caller, let_in), Or(before.draining(), before.closed())))


def waiters_stay(before: State, after: State) -> Term:
    def stays(me: Term, other: Term) -> Term:
        return And(
            before.queued(me) == after.queued(me), before.earlier(me, other) == after.earlier(me, other)
        )

    return Or(before.draining(), Not(after.draining()), every(Caller, Caller, stays))


STEP_INVARIANTS: dict[str, Callable[[State, State], Term]] = {
    "InOrder": in_order,
    "NobodyBarges": nobody_barges,
    "YoungIsLent": young_is_lent,
    "SparedInUse": spared_in_use,
    "NobodyNew": nobody_new,
    "WaitersStay": waiters_stay,
}
