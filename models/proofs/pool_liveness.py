"""Whoever waits for the pool is served or gone in the end: the steps of the argument, for any sizes.

Take a waiter and any one place. Their rank is a pair, compared by its first part and then by its second:

    the waiters who are ahead of this one
    how far the caller who has that place is from giving it up: dialling or granted 3, holding 2, broken 1

Whoever has a connection is assumed to take its next step at some time: its dial ends, it takes what it was
granted, it gives back what it holds. z3 shows that while this one waits

    SomebodyHasIt   the place is with a caller, who can take such a step
    NoOvertaking    no step of anybody puts a waiter ahead of this one
    NeverUp         no step of anybody raises the rank
    FairIsDown      such a step of the caller who has the place lowers it, or serves this one

So after at most three such steps for each waiter ahead and three more, it waits no longer. What is not
shown by z3 but left to the reader: that a finite set cannot shrink for ever, and that a queue of finitely
many has a first. (The capacity is at least one, or there would be no place to speak of.)
"""

from collections.abc import Iterator

from z3 import And, Const, If, Implies, IntVal, Not, Or

from . import Proved, unbounded
from .pool import Pool
from .pool_state import OWNING, Caller, Place, State, at
from .unbounded import Obligation, Rule, Term, every, some

FAIR = "DialOk", "DialFail", "Take", "Release"
WAITER, ANY_PLACE = Const("waiter", Caller), Const("any_place", Place)


def obligations(machine: Pool) -> Iterator[Obligation[State]]:
    """The four claims: the first of every state, the others of every step."""
    before = machine.state
    invariants = tuple(machine.invariants(before).values())
    here = has_it(before)
    able = And(at(before, here, *OWNING), before.slot(here) == before.holder(ANY_PLACE))
    yield Obligation(None, "SomebodyHasIt", (*invariants, waits(before)), able)
    for rule in machine.rules(before):
        hypotheses = (*invariants, rule.guard, waits(before), waits(rule.after))
        for claim, holds in claims(before, rule).items():
            yield Obligation(rule, claim, hypotheses, holds)


def claims(before: State, rule: Rule[State]) -> dict[str, Term]:
    after = rule.after
    fewer = some(Caller, lambda one: And(is_ahead(before, one), Not(is_ahead(after, one))))
    same = has_it(after) == has_it(before)
    stages = stage(after, has_it(before)), stage(before, has_it(before))
    found = {
        "NoOvertaking": every(Caller, lambda one: Implies(is_ahead(after, one), is_ahead(before, one))),
        "NeverUp": Or(fewer, And(same, stages[0] <= stages[1])),
    }
    if rule.name.split("/")[0] in FAIR:
        mine = rule.parameters[0] == has_it(before)
        found["FairIsDown"] = Implies(mine, Or(fewer, And(same, stages[0] < stages[1])))
    return found


def prove(machine: Pool | None = None) -> list[Proved]:
    machine = machine or Pool()
    return unbounded.decide(machine.name, "ranking, z3", obligations(machine))


def waits(state: State) -> Term:
    return at(state, WAITER, "waiting")


def is_ahead(state: State, one: Term) -> Term:
    return And(at(state, one, "waiting"), state.earlier(one, WAITER))


def has_it(state: State) -> Term:
    """The caller who has the place."""
    return state.owner(state.holder(ANY_PLACE))


def stage(state: State, caller: Term) -> Term:
    """How many steps this caller is from giving up what it has."""
    holding = If(
        at(state, caller, "holding"), IntVal(2), If(at(state, caller, "broken"), IntVal(1), IntVal(0))
    )
    return If(at(state, caller, "dialling", "granted"), IntVal(3), holding)
