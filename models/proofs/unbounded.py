"""Inductive proofs for any sizes: a machine in logic, and what must be shown of it.

A machine says in formulas what a model of models/ says in Python: how it begins, what its actions do, which
invariants hold. Its state has a symbol for each variable, and a symbol is a function that builds a term:
`state.phase(call)`. A step gives the state after it by redefining some symbols, as `put` does at one point;
nothing has to be said of what stays the same. Symbols range over sets of any size, finite or not.

An invariant is inductive if it holds in the initial state, and if each action keeps it: from any state in
which all invariants hold, reachable or not, one step leads to a state in which it holds again. Then it holds
in every state of every run, whatever the sizes. `obligations` lists what there is to show, one implication
for each action and claim, and z3 is asked for a state that refutes it. It answers "unsat" (there is none: the
claim is proved), "sat", or that it does not know; only the first counts.

Single small questions are decided in milliseconds where one large one takes minutes, and of z3's ways to
deal with quantifiers the one that builds models (MBQI) suits these formulas: the other is switched off.

A failed proof is not yet a fault of the machine: perhaps only an invariant is missing that would rule out
the state found. The planted faults are told apart by a state of a few elements (refutation.py), and by a
run from the initial state in the finite model.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import count
from time import perf_counter
from typing import Generic, Protocol, TypeAlias, TypeVar, cast, overload

import z3
from z3 import And, Const, ExprRef, If, Not, Or, SortRef

from . import Proved

Term: TypeAlias = ExprRef
Symbol: TypeAlias = Callable[..., Term]
State = TypeVar("State")

BOOL, INT = z3.BoolSort(), z3.IntSort()
LIMIT_SECONDS = 10
fresh = count()


@dataclass(frozen=True)
class Rule(Generic[State]):
    """One action, or one case of it ("Acquire/dial"), for all values of its parameters."""

    name: str
    parameters: tuple[Term, ...]
    guard: Term
    after: State


class Machine(Protocol[State]):
    """A state machine in logic. Machines inherit from it, for the default of `step_invariants`."""

    name: str
    state: State  # the arbitrary one: nothing is known of its symbols

    def initial(self, state: State) -> Term:
        """True in the states where a run can begin."""
        ...

    def rules(self, state: State) -> Iterator[Rule[State]]:
        """All that can happen next."""
        ...

    def invariants(self, state: State) -> dict[str, Term]:
        """What is claimed of every state."""
        ...

    def step_invariants(self, before: State, after: State) -> dict[str, Term]:  # noqa: ARG002
        """What is claimed of every step."""
        return {}


# The vocabulary of machines.


def sorts(*arguments_and_value: SortRef) -> dict[str, tuple[SortRef, ...]]:
    """Says of a field of a state class that it is a symbol: field(metadata=sorts(Call, Phase))."""
    return {"sorts": arguments_and_value}


def arbitrary(state_class: type[State]) -> State:
    """The state of which nothing is known. `state_class` is a dataclass whose fields are symbols."""
    signature = signature_of(state_class)
    return state_class(**{name: z3.Function(name, *sorts) for name, sorts in signature.items()})


def signature_of(state_class: type[State]) -> dict[str, tuple[SortRef, ...]]:
    """The sorts of each symbol, in the order of the class."""
    return {each.name: each.metadata["sorts"] for each in fields(cast("type[Rule[State]]", state_class))}


def enumeration(name: str, *values: str) -> tuple[SortRef, dict[str, Term]]:
    """A sort of these few values, and the values by their names."""
    sort, terms = z3.EnumSort(name, values)
    return sort, dict(zip(values, terms, strict=True))


def put(old: Symbol, *point_and_value: Term | bool) -> Symbol:
    """`old`, redefined at one point: put(state.phase, call, OUT). TLA+'s [old EXCEPT ![point] = value]."""
    *point, value = point_and_value

    def new(*arguments: Term) -> Term:
        here = And(*(argument == at for argument, at in zip(arguments, point, strict=True)))
        return If(here, value, old(*arguments))

    return new if point else constant(value)


def constant(value: Term | bool) -> Symbol:
    term = z3.BoolVal(value) if isinstance(value, bool) else value
    return lambda: term


def each(body: Callable[[Term], Term]) -> Symbol:
    """A symbol of one argument, redefined everywhere."""
    return body


def each_two(body: Callable[[Term, Term], Term]) -> Symbol:
    """A symbol of two arguments, redefined everywhere."""
    return body


def one_of(term: Term, *values: Term) -> Term:
    return Or(*(term == value for value in values))


@overload
def every(sort: SortRef, body: Callable[[Term], Term], /) -> Term: ...
@overload
def every(sort: SortRef, other: SortRef, body: Callable[[Term, Term], Term], /) -> Term: ...
@overload
def every(a: SortRef, b: SortRef, c: SortRef, body: Callable[[Term, Term, Term], Term], /) -> Term: ...
def every(*sorts_and_body: SortRef | Callable[..., Term]) -> Term:
    """For all values of these sorts, `body` holds."""
    variables, body = bound(sorts_and_body)
    return z3.ForAll(variables, body(*variables))


def some(sort: SortRef, body: Callable[[Term], Term]) -> Term:
    """For at least one value of this sort, `body` holds."""
    variable = Const(f"q{next(fresh)}", sort)
    return z3.Exists([variable], body(variable))


def bound(
    sorts_and_body: tuple[SortRef | Callable[..., Term], ...],
) -> tuple[list[Term], Callable[..., Term]]:
    *sorts, body = sorts_and_body
    variables = [Const(f"q{next(fresh)}", cast(SortRef, sort)) for sort in sorts]
    return variables, cast(Callable[..., Term], body)


# The proof.


@dataclass(frozen=True)
class Obligation(Generic[State]):
    """What is to be shown: in every state with these hypotheses, after `rule` (None: initially), `goal`."""

    rule: Rule[State] | None
    claim: str
    hypotheses: tuple[Term, ...]
    goal: Term

    @property
    def step(self) -> str:
        return self.rule.name if self.rule else "Init"


def obligations(machine: Machine[State]) -> Iterator[Obligation[State]]:
    """Everything there is to show: each claim, of the initial states and of every rule."""
    before = machine.state
    invariants = machine.invariants(before)
    for claim, holds in invariants.items():
        yield Obligation(None, claim, (machine.initial(before),), holds)
    for rule in machine.rules(before):
        claims = machine.invariants(rule.after) | machine.step_invariants(before, rule.after)
        for claim, holds in claims.items():
            yield Obligation(rule, claim, (*invariants.values(), rule.guard), holds)


def solver(hypotheses: tuple[Term, ...], goal: Term, limit_seconds: float) -> z3.Solver:
    """Asked to `check`, it looks for a state with the hypotheses and without the goal."""
    asked = z3.SimpleSolver()
    asked.set("timeout", int(limit_seconds * 1000))
    asked.set("ematching", False)
    asked.add(*hypotheses, Not(goal))
    return asked


def proved(obligation: Obligation[State], limit_seconds: float = LIMIT_SECONDS) -> bool:
    """Whether there is no state that refutes it. False also if that was not decided in time."""
    return solver(obligation.hypotheses, obligation.goal, limit_seconds).check() == z3.unsat


def prove(machine: Machine[State]) -> list[Proved]:
    """All obligations, by claim."""
    return decide(machine.name, "inductive, z3", obligations(machine))


def decide(machine: str, method: str, asked: Iterator[Obligation[State]]) -> list[Proved]:
    """What becomes of these obligations, by claim."""
    found: dict[str, list[tuple[str, bool, float]]] = {}
    for obligation in asked:
        start = perf_counter()
        holds = proved(obligation)
        found.setdefault(obligation.claim, []).append((obligation.step, holds, perf_counter() - start))
    return [
        Proved(
            machine=machine,
            claim=claim,
            method=method,
            sizes="any",
            steps=len(steps),
            seconds=sum(seconds for *_, seconds in steps),
            failures=tuple(step for step, holds, _ in steps if not holds),
        )
        for claim, steps in found.items()
    ]
