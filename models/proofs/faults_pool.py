"""The planted faults of the pool again, in logic: no proof may pass any of them.

They have the names of those in models/faults.py and models/faults_full.py, one by one, and do the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from z3 import And, Implies, Not, Or

from .pool import Cases, Pool, Rules, dial, free, go, turn_away
from .pool_state import HEIR, ME, SLOT, USES, Caller, State, at, used_as
from .unbounded import Rule, Term, constant, every, put


class DoubleIssue(Pool):
    def give_back(self, state: State, slot: Term) -> Cases:
        for case, guard, after in super().give_back(state, slot):
            both = replace(after, idle=put(state.idle, slot, True))
            yield case, guard, both if case == "hand" else after


class LeakedGrant(Pool):
    def rules(self, state: State) -> Rules:
        yield from changed(super().rules(state), "Cancel/granted", lambda _: go(state, ME, "out"))


class LeakedDial(Pool):
    def rules(self, state: State) -> Rules:
        yield from changed(super().rules(state), "Cancel/dialling", lambda _: go(state, ME, "out"))


class StaleWaiter(Pool):
    def rules(self, state: State) -> Rules:
        yield from changed(super().rules(state), "Cancel/waiting", lambda _: go(state, ME, "out"))


class OverCapacity(Pool):
    def is_room(self, state: State) -> Term:
        return used_as(state, SLOT, "free")


class LostWakeUp(Pool):
    def discard(self, state: State, slot: Term) -> Cases:
        yield "free", used_as(state, slot, "dialling", "lent"), free(state, slot)


class IdleWhileWaiting(Pool):
    def give_back(self, state: State, slot: Term) -> Cases:
        for case, guard, after in super().give_back(state, slot):
            if case == "idle":
                guard = Not(Or(state.closed(), state.old(slot), state.draining()))
            if case != "hand":
                yield case, guard, after


class LastInFirstServed(Pool):
    def is_next(self, state: State) -> Term:
        def ahead(other: Term) -> Term:
            return Implies(And(state.queued(other), other != HEIR), Not(state.earlier(HEIR, other)))

        return And(state.queued(HEIR), every(Caller, ahead))


class ForgottenWaiters(Pool):
    def close(self, state: State) -> State:
        return replace(super().close(state), phase=state.phase, queued=state.queued)


class IdleAfterClose(Pool):
    def give_back(self, state: State, slot: Term) -> Cases:
        idle = replace(state, use=put(state.use, slot, USES["idle"]), idle=put(state.idle, slot, True))
        for case, guard, after in super().give_back(state, slot):
            yield case, guard, idle if case == "closed" else after


class ExpiredIsLent(Pool):
    def arriving(self, state: State) -> Rules:
        for rule in super().arriving(state):
            heedless = And(at(state, ME, "out"), Not(Or(state.closed(), state.draining())), state.idle(SLOT))
            yield replace(rule, guard=heedless) if rule.name == "Acquire/idle" else rule


class OldIsPassedOn(Pool):
    def give_back(self, state: State, slot: Term) -> Cases:
        for case, guard, after in super().give_back(state, slot):
            if case == "hand":
                guard = And(Not(state.closed()), self.is_next(state))
            yield case, guard, after


class AgeClosesInUse(Pool):
    def ageing(self, state: State) -> Rules:
        yield from super().ageing(state)
        yield Rule(
            "Expire/lent", (SLOT,), And(used_as(state, SLOT, "lent"), state.old(SLOT)), free(state, SLOT)
        )


class ReplacedInUse(Pool):
    def ageing(self, state: State) -> Rules:
        yield from super().ageing(state)
        old = And(at(state, ME, "holding"), state.old(state.slot(ME)))
        yield Rule("Expire/replaced", (ME,), old, dial(state, ME, state.slot(ME)))


class InheritedAge(Pool):
    def discard(self, state: State, slot: Term) -> Cases:
        for case, guard, after in super().discard(state, slot):
            yield case, guard, replace(after, old=state.old)


class DrainLetsIn(Pool):
    def arriving(self, state: State) -> Rules:
        as_open = replace(state, draining=constant(False))
        for rule in super().arriving(as_open):
            yield replace(rule, after=replace(rule.after, draining=state.draining))


class DrainTurnsAway(Pool):
    def drain(self, state: State) -> State:
        return turn_away(super().drain(state))


class DrainForgetsWaiters(Pool):
    def rules(self, state: State) -> Rules:
        yield from super().rules(state)
        left = free(go(state, ME, "out"), state.slot(ME))
        yield Rule("Release/forgets", (ME,), And(at(state, ME, "holding"), state.draining()), left)


class DrainKeepsIdle(Pool):
    def give_back(self, state: State, slot: Term) -> Cases:
        idle = replace(state, use=put(state.use, slot, USES["idle"]), idle=put(state.idle, slot, True))
        for case, guard, after in super().give_back(state, slot):
            yield case, guard, idle if case == "drained" else after


FAULTS: list[type[Pool]] = [
    DoubleIssue,
    LeakedGrant,
    LeakedDial,
    StaleWaiter,
    OverCapacity,
    LostWakeUp,
    IdleWhileWaiting,
    LastInFirstServed,
    ForgottenWaiters,
    IdleAfterClose,
    ExpiredIsLent,
    OldIsPassedOn,
    AgeClosesInUse,
    ReplacedInUse,
    InheritedAge,
    DrainLetsIn,
    DrainTurnsAway,
    DrainForgetsWaiters,
    DrainKeepsIdle,
]


def changed(rules: Rules, name: str, effect: Callable[[State], State]) -> Iterator[Rule[State]]:
    """The same rules, but this one, in all its cases, leads elsewhere."""
    for rule in rules:
        yield replace(rule, after=effect(rule.after)) if rule.name.startswith(name) else rule
