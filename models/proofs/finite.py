"""A machine in logic, run on small sets: the very formulas that z3 is given, compiled to Python.

A proof is about the formulas that were written, and they could be about something else than was meant. So
they are evaluated as well: every sort becomes a range of numbers, every symbol a table of its values, every
quantifier a loop. The result is a machine that steps from state to state like a model of models/, and can
be compared with one (bridge.py).

    sort          the numbers 0, 1, ... below its size; integers too, counted round; enumerations by name
    symbol        a tuple of its values, in the order of its arguments, the last one running fastest
    state         the tuple of these tables, in the order of the machine's state class
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Generic, TypeAlias, TypeVar, cast

import z3
from z3 import Const, ExprRef, SortRef

from .unbounded import INT, Machine, Rule, Symbol, signature_of

Value: TypeAlias = int | str
Tables: TypeAlias = tuple[tuple[Value, ...], ...]
Compiled: TypeAlias = Callable[..., Value]
State = TypeVar("State")

INFIX = {
    z3.Z3_OP_LE: "<=",
    z3.Z3_OP_LT: "<",
    z3.Z3_OP_GE: ">=",
    z3.Z3_OP_GT: ">",
    z3.Z3_OP_ADD: "+",
    z3.Z3_OP_SUB: "-",
    z3.Z3_OP_EQ: "==",
    z3.Z3_OP_AND: "and",
    z3.Z3_OP_OR: "or",
}
EMPTY = {z3.Z3_OP_AND: "True", z3.Z3_OP_OR: "False", z3.Z3_OP_TRUE: "True", z3.Z3_OP_FALSE: "False"}


class Finite(Generic[State]):
    """`machine`, where each sort has as many elements as `sizes` says; integers are counted modulo theirs."""

    def __init__(self, machine: Machine[State], sizes: Mapping[SortRef, int]) -> None:
        self.sizes = {str(sort): size for sort, size in sizes.items()}
        self.signature = signature_of(type(machine.state))
        self.names = list(self.signature)
        self.points = {
            name: list(product(*map(self.elements, arguments)))
            for name, (*arguments, _) in self.signature.items()
        }
        self.values = {name: self.elements(value) for name, (*_, value) in self.signature.items()}
        self.rules = [self.compile_rule(rule, machine.state) for rule in machine.rules(machine.state)]
        self.invariants = {
            name: self.compile(holds) for name, holds in machine.invariants(machine.state).items()
        }
        self.initial = self.compile(machine.initial(machine.state))

    def steps(self, tables: Tables) -> Iterator[tuple[str, tuple[int, ...], Tables]]:
        """Every rule that can be applied, with the values of its parameters and the state it leads to."""
        for name, ranges, guard, updates in self.rules:
            for values in product(*ranges):
                if guard(tables, *values):
                    yield (
                        name,
                        values,
                        tuple(
                            old if new is None else tuple(new(tables, *values, *point) for point in points)
                            for old, (new, points) in zip(tables, updates, strict=True)
                        ),
                    )

    def broken(self, tables: Tables) -> list[str]:
        """The invariants that do not hold."""
        return [name for name, holds in self.invariants.items() if not holds(tables)]

    def elements(self, sort: SortRef) -> list[Value]:
        if str(sort) in self.sizes:
            return list(range(self.sizes[str(sort)]))
        if sort == z3.BoolSort():
            return [False, True]
        return [sort.constructor(index).name() for index in range(sort.num_constructors())]

    def compile_rule(
        self, rule: Rule[State], before: State
    ) -> tuple[str, list[range], Compiled, list[tuple[Compiled | None, list[tuple[Value, ...]]]]]:
        ranges = [range(self.sizes[str(parameter.sort())]) for parameter in rule.parameters]
        updates: list[tuple[Compiled | None, list[tuple[Value, ...]]]] = []
        for name, (*arguments, _) in self.signature.items():
            old, new = (cast(Symbol, getattr(state, name)) for state in (before, rule.after))
            point = [Const(f"at{index}", sort) for index, sort in enumerate(arguments)]
            changed = None if new is old else self.compile(new(*point), *rule.parameters, *point)
            updates.append((changed, self.points[name]))
        return rule.name, ranges, self.compile(rule.guard, *rule.parameters), updates

    def compile(self, term: ExprRef, *parameters: ExprRef) -> Compiled:
        """A function of the tables and of the values of these parameters."""
        known = {parameter.get_id(): f"p{index}" for index, parameter in enumerate(parameters)}
        source = (
            f"lambda tables{''.join(f', {name}' for name in known.values())}: {self.source(term, known, ())}"
        )
        return cast(Compiled, eval(source, {}))

    def source(self, term: ExprRef, known: Mapping[int, str], bound: tuple[str, ...]) -> str:
        """The term as a Python expression; the variables bound last stand last in `bound`."""
        if isinstance(term, z3.QuantifierRef):
            return self.loops(term, known, bound)
        if z3.is_var(term):
            return bound[-1 - z3.get_var_index(term)]
        if term.get_id() in known:
            return known[term.get_id()]
        operator, parts = term.decl().kind(), [self.source(part, known, bound) for part in term.children()]
        if operator == z3.Z3_OP_UNINTERPRETED:
            return self.looked_up(term.decl().name(), parts)
        if operator == z3.Z3_OP_DT_CONSTRUCTOR:
            return repr(term.decl().name())
        if operator == z3.Z3_OP_ANUM:
            return str(term)
        if operator in EMPTY and not parts:
            return EMPTY[operator]
        if operator in INFIX:
            return f"({f' {INFIX[operator]} '.join(parts)})"
        return self.connective(operator, parts)

    def connective(self, operator: int, parts: list[str]) -> str:
        if operator == z3.Z3_OP_NOT:
            return f"(not {parts[0]})"
        if operator == z3.Z3_OP_IMPLIES:
            return f"(not {parts[0]} or {parts[1]})"
        if operator == z3.Z3_OP_ITE:
            return f"({parts[1]} if {parts[0]} else {parts[2]})"
        if operator == z3.Z3_OP_DISTINCT:
            return f"(len({{{', '.join(parts)}}}) == {len(parts)})"
        raise NotImplementedError(f"operator {operator} of {parts}")

    def loops(self, term: z3.QuantifierRef, known: Mapping[int, str], bound: tuple[str, ...]) -> str:
        names = tuple(f"v{len(bound) + index}" for index in range(term.num_vars()))
        sizes = [self.sizes[str(term.var_sort(index))] for index in range(term.num_vars())]
        body = self.source(term.body(), known, bound + names)
        loops = " ".join(f"for {name} in range({size})" for name, size in zip(names, sizes, strict=True))
        return f"{'all' if term.is_forall() else 'any'}({body} {loops})"

    def looked_up(self, name: str, arguments: list[str]) -> str:
        """The value of a symbol: its table, at the place that the arguments number."""
        place = "0"
        for argument, sort in zip(arguments, self.signature[name], strict=False):
            elements = self.elements(sort)
            place = (
                f"({place}) * {len(elements)} + ({argument}){f' % {len(elements)}' if sort == INT else ''}"
            )
        return f"tables[{self.names.index(name)}][{place}]"
