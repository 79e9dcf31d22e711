"""The planted faults of models/faults_combining.py again, in logic: no proof may pass any of them.

They have the same names, one by one, and change the same rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from z3 import And, If, Not

from .combining import Combining, end, put_down, step, take, wake
from .combining_state import ME, ONE, PHASES, State, at, lies, owes
from .unbounded import Rule, Term, put

Rules = Iterator[Rule[State]]


class OnlyReadersPromote(Combining):
    def rules(self, state: State) -> Rules:
        return rerouted(super().rules(state), {"UnlockReading": "leaving", "FindOutcome": "out"})


class NobodyPromotes(Combining):
    def rules(self, state: State) -> Rules:
        return rerouted(super().rules(state), {"FindOutcome": "out"})


class ExpiredLeavesAtOnce(Combining):
    def rules(self, state: State) -> Rules:
        return rerouted(super().rules(state), {"Expire": "out"})


class ExpiredHeir(Combining):
    def heir(self, state: State, one: Term) -> Term:
        return lies(state, one, "in flight")


class NoSecondLook(Combining):
    def rules(self, state: State) -> Rules:
        return rerouted(super().rules(state), {"UnlockWriting": "waiting"})


class NoLookOnceSettled(Combining):
    def rules(self, state: State) -> Rules:
        for rule in super().rules(state):
            if rule.name == "UnlockWriting":
                then = If(owes(state, ME), PHASES["appended"], PHASES["leaving"])
                rule = replace(rule, after=replace(rule.after, phase=put(state.phase, ME, then)))
            yield rule


class TwoWriters(Combining):
    def rules(self, state: State) -> Rules:
        return heedless(super().rules(state), {"LockWriting": "willing"})


class TwoReaders(Combining):
    def rules(self, state: State) -> Rules:
        return heedless(super().rules(state), {"LockReading": "unserved"})


class SentBeforeQueued(Combining):
    def rules(self, state: State) -> Rules:
        for rule in super().rules(state):
            if rule.name == "Gather":
                rule = replace(rule, after=replace(rule.after, owed=put(state.owed, ONE, True)))
            yield rule


class PushSettles(Combining):
    def rules(self, state: State) -> Rules:
        yield from super().rules(state)
        pushed = take(state, "Push/settles", "reading", "settling", "reader", lies(state, ONE, "in flight"))
        yield replace(pushed, after=replace(pushed.after, owed=state.owed))


class StaleReplies(Combining):
    def rules(self, state: State) -> Rules:
        for rule in super().rules(state):
            if rule.name in ("Lose", "Fail"):
                rule = replace(rule, after=replace(rule.after, owed=state.owed))
            yield rule


class ForgottenInFlight(Combining):
    def rules(self, state: State) -> Rules:
        for rule in super().rules(state):
            if rule.name == "Fail":
                rule = replace(rule, guard=And(rule.guard, ONE == ME, owes(state, ME)))
            if rule.name == "UnlockReading/failing":
                rule = replace(rule, guard=And(at(state, ME, "failing"), Not(owes(state, ME))))
            yield rule


class Untold(Combining):
    def rules(self, state: State) -> Rules:
        return rerouted(super().rules(state), {"Settle/reading": "reading", "Settle/failing": "failing"})


class ToldBeforeSettled(Combining):
    def dealing(self, state: State, back: str, guard: Term) -> Rules:
        target = state.target(ME)
        settled = end(put_down(state, target, "nowhere"), target, "settled")
        yield step(state, f"Settle/{back}", "settling", "telling", wake(state, target), guard)
        yield step(state, f"Tell/{back}", "telling", back, settled, guard)


FAULTS: list[type[Combining]] = [
    OnlyReadersPromote,
    NobodyPromotes,
    ExpiredLeavesAtOnce,
    ExpiredHeir,
    NoSecondLook,
    NoLookOnceSettled,
    TwoWriters,
    TwoReaders,
    SentBeforeQueued,
    PushSettles,
    StaleReplies,
    ForgottenInFlight,
    Untold,
    ToldBeforeSettled,
]


def rerouted(rules: Rules, routes: Mapping[str, str]) -> Rules:
    """The same rules, but these lead to other phases."""
    for rule in rules:
        if rule.name in routes:
            phase = put(rule.after.phase, ME, PHASES[routes[rule.name]])
            rule = replace(rule, after=replace(rule.after, phase=phase))
        yield rule


def heedless(rules: Rules, phases: Mapping[str, str]) -> Rules:
    """The same rules, but these have no condition other than the phase."""
    for rule in rules:
        yield replace(rule, guard=at(Combining.state, ME, phases[rule.name])) if rule.name in phases else rule
