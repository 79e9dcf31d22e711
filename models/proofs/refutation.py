"""Why a proof fails: a step from a sound state of a few elements to a broken one.

Asked for a counterexample over sets of any size, z3 often says that it does not know. Asked for one over two
callers and a connection it always knows, because then every quantifier can be written out: "for every caller"
is "for the first and for the second". So sizes are tried from the smallest on, each sort on its own, for most
faults need more callers than connections.

The state found need not be reachable; the planted faults have a run from the initial state besides, in the
finite models. Integers are written out from -1 to 3 only, so over integers a refutation is an example.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, TypeVar

import z3
from z3 import And, Const, Distinct, ExprRef, IntVal, Or, SortRef

from .unbounded import Machine, Obligation, Term, obligations, one_of, proved, signature_of, solver

State = TypeVar("State")
Universe: TypeAlias = Mapping[str, Sequence[Term]]

PROOF_SECONDS = 0.1  # most take a tenth of that; one that takes longer is no fault, only looked at in vain
SEARCH_SECONDS = 2.0
INTEGERS = tuple(IntVal(value) for value in range(-1, 4))


@dataclass(frozen=True)
class Refutation:
    """From a state with all invariants, `step` leads to one without `claim`; `text` shows both."""

    step: str
    claim: str
    sizes: Mapping[str, int]
    text: str


def refute(machine: Machine[State], claim: str | None = None, largest: int = 3) -> Refutation | None:
    """A smallest state that shows why `claim`, or if None the first that fails, is not inductive.

    None if all is proved, or if there is no such state within `largest` elements of each sort.
    """
    for obligation in obligations(machine):
        if claim in (None, obligation.claim) and not proved(obligation, PROOF_SECONDS):
            for sizes, universe in universes(machine, largest):
                found = counterexample(machine, obligation, universe)
                if found is not None:
                    text = shown(machine, obligation, universe, found)
                    return Refutation(obligation.step, obligation.claim, sizes, text)
    return None


def universes(machine: Machine[State], largest: int) -> Iterator[tuple[dict[str, int], Universe]]:
    """The smallest first: for each sort that is not interpreted, its elements."""
    sorts: dict[str, SortRef] = {
        str(sort): sort
        for sorts in signature_of(type(machine.state)).values()
        for sort in sorts
        if sort.kind() == z3.Z3_UNINTERPRETED_SORT
    }
    for sizes in sorted(product(range(1, largest + 1), repeat=len(sorts)), key=sum):
        of = dict(zip(sorts, sizes, strict=True))
        elements = {
            name: [Const(f"{name.lower()}{i + 1}", sort) for i in range(of[name])]
            for name, sort in sorts.items()
        }
        yield of, elements | {"Int": INTEGERS}


def counterexample(
    machine: Machine[State], obligation: Obligation[State], universe: Universe
) -> z3.ModelRef | None:
    """A state with nothing in it but `universe` that refutes the obligation, if there is one."""
    hypotheses = [written_out(formula, universe) for formula in obligation.hypotheses]
    for name, elements in universe.items():
        if name != "Int":
            hypotheses.append(Distinct(*elements))
    if obligation.rule:
        hypotheses += [one_of(each, *universe[str(each.sort())]) for each in obligation.rule.parameters]
    for name, (*arguments, value) in signature_of(type(machine.state)).items():
        if str(value) in universe:
            symbol = getattr(machine.state, name)
            for point in product(*(elements_of(sort, universe) for sort in arguments)):
                hypotheses.append(one_of(symbol(*point), *universe[str(value)]))
    asked = solver(tuple(hypotheses), written_out(obligation.goal, universe), SEARCH_SECONDS)
    return asked.model() if asked.check() == z3.sat else None


def written_out(term: ExprRef, universe: Universe) -> ExprRef:
    """Without quantifiers: each is replaced by what it says of every element."""
    if isinstance(term, z3.QuantifierRef):
        sorts = [term.var_sort(index) for index in range(term.num_vars())]
        cases = [
            written_out(z3.substitute_vars(term.body(), *reversed(point)), universe)
            for point in product(*(universe[str(sort)] for sort in sorts))
        ]
        return And(*cases) if term.is_forall() else Or(*cases)
    parts = term.children()
    changed = [(part, written_out(part, universe)) for part in parts if has_quantifier(part)]
    return z3.substitute(term, *changed) if changed else term


def has_quantifier(term: ExprRef) -> bool:
    return z3.is_quantifier(term) or any(map(has_quantifier, term.children()))


def elements_of(sort: SortRef, universe: Universe) -> Sequence[Term]:
    if str(sort) in universe:
        return universe[str(sort)]
    if sort == z3.BoolSort():
        return [z3.BoolVal(False), z3.BoolVal(True)]
    return [sort.constructor(index)() for index in range(sort.num_constructors())]


def shown(
    machine: Machine[State], obligation: Obligation[State], universe: Universe, model: z3.ModelRef
) -> str:
    """One line for each symbol: its values, and what the step changes."""
    names = {str(model.eval(each, True)): str(each) for elements in universe.values() for each in elements}

    def text(term: Term) -> str:
        value = str(model.eval(term, True))
        return names.get(value, value)

    rule = obligation.rule
    lines = (
        [f"{rule.name}: " + ", ".join(f"{each} = {text(each)}" for each in rule.parameters)] if rule else []
    )
    for name, (*arguments, _) in signature_of(type(machine.state)).items():
        cells: list[str] = []
        for point in product(*(elements_of(sort, universe) for sort in arguments)):
            old = text(getattr(machine.state, name)(*point))
            new = text(getattr(rule.after, name)(*point)) if rule else old
            at = ",".join(map(text, point))
            cells.append(f"{at and at + ': '}{old}" + (f" -> {new}" if new != old else ""))
        lines.append(f"  {name:12} {'   '.join(cells)}")
    return "\n".join(lines)
