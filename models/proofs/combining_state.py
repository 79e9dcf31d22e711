"""What the calls of leader and follower are like in the proof, and what must hold of them.

A call is an element of an unknown set; who has a lock is said by a flag and, if it is set, a call. The
invariants have the names of those in models/combining_state.py. PhasesFit carries the induction: it says
what a call can be like in each phase.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from z3 import And, Const, DeclareSort, If, Implies, Not, Or

from ..combining_state import READING, WRITING
from .unbounded import BOOL, Symbol, Term, enumeration, every, one_of, some, sorts

Call = DeclareSort("Call")
Phase, PHASES = enumeration(
    "CombiningPhase",
    *("new", "appended", "willing", "writing", "queueing", "written", "waiting", "unserved", "parked"),
    *("reading", "settling", "telling", "lost", "failing", "leaving", "choosing", "promoting", "out"),
)
Place, PLACES = enumeration("Place", "nowhere", "backlog", "writer", "in flight", "reader")
Outcome, OUTCOMES = enumeration("Outcome", "none", "settled", "expired")

SETTLED = OUTCOMES["settled"]
AFTER = "leaving", "choosing", "promoting", "out"
WRITES = "appended", "willing", "writing", "queueing", "written"


@dataclass(frozen=True)
class State:
    """Of each call, what models/combining_state.py says of it; whether a lock is taken, and by whom."""

    phase: Symbol = field(metadata=sorts(Call, Phase))
    place: Symbol = field(metadata=sorts(Call, Place))
    owed: Symbol = field(metadata=sorts(Call, BOOL))
    outcome: Symbol = field(metadata=sorts(Call, Outcome))
    woken: Symbol = field(metadata=sorts(Call, BOOL))
    target: Symbol = field(metadata=sorts(Call, Call))
    write_locked: Symbol = field(metadata=sorts(BOOL))
    writer: Symbol = field(metadata=sorts(Call))
    read_locked: Symbol = field(metadata=sorts(BOOL))
    reader: Symbol = field(metadata=sorts(Call))


ME, ONE = Const("me", Call), Const("one", Call)


def at(state: State, call: Term, *phases: str) -> Term:
    return one_of(state.phase(call), *(PHASES[phase] for phase in phases))


def lies(state: State, call: Term, place: str) -> Term:
    return state.place(call) == PLACES[place]


def owes(state: State, call: Term) -> Term:
    """The call has no outcome yet."""
    return state.outcome(call) == OUTCOMES["none"]


def untouched(state: State, call: Term) -> Term:
    return And(lies(state, call, "nowhere"), Not(state.owed(call)), owes(state, call), Not(state.woken(call)))


def writes(state: State, call: Term) -> Term:
    return And(state.write_locked(), state.writer() == call)


def reads(state: State, call: Term) -> Term:
    return And(state.read_locked(), state.reader() == call)


def failing(state: State, reader: Term) -> Term:
    """A reader that has taken the writing too."""
    return writes(state, reader)


# What holds in every state.


def one_writer(state: State) -> Term:
    kept = at(state, state.writer(), *WRITING, "settling", "telling")
    return And(
        every(Call, lambda me: Implies(at(state, me, *WRITING), writes(state, me))),
        Implies(state.write_locked(), kept),
    )


def one_reader(state: State) -> Term:
    return And(
        every(Call, lambda me: at(state, me, *READING) == reads(state, me)),
    )


def nothing_mislaid(state: State) -> Term:
    def known(one: Term) -> Term:
        nowhere = Or(Not(owes(state, one)), at(state, one, "new"))
        writer, reader = state.writer(), state.reader()
        in_writer = And(state.write_locked(), at(state, writer, "queueing"), state.target(writer) == one)
        in_reader = And(state.read_locked(), at(state, reader, "settling"), state.target(reader) == one)
        return And(
            Implies(lies(state, one, "nowhere"), nowhere),
            Implies(lies(state, one, "writer"), in_writer),
            Implies(lies(state, one, "reader"), in_reader),
        )

    return every(Call, known)


def in_step(state: State) -> Term:
    writer, reader = state.writer(), state.reader()
    unsent = And(state.write_locked(), at(state, writer, "writing", "queueing"))
    lost = And(state.read_locked(), Or(at(state, reader, "lost"), failing(state, reader)))
    return every(
        Call,
        lambda call: If(
            state.owed(call),
            lies(state, call, "in flight"),
            Implies(lies(state, call, "in flight"), Or(unsent, lost)),
        ),
    )


def somebody_writes(state: State) -> Term:
    return Implies(
        some(Call, lambda call: lies(state, call, "backlog")),
        some(Call, lambda call: Or(at(state, call, *WRITES), And(reads(state, call), failing(state, call)))),
    )


def somebody_reads(state: State) -> Term:
    def asleep(call: Term) -> Term:
        return And(at(state, call, "parked"), Not(state.woken(call)))

    def awake(call: Term) -> Term:
        in_vain = And(at(state, call, "promoting"), Not(owes(state, state.target(call))))
        return Not(Or(asleep(call), at(state, call, "new", "out"), in_vain))

    return Implies(some(Call, lambda call: And(asleep(call), owes(state, call))), some(Call, awake))


def nobody_overslept(state: State) -> Term:
    def told(call: Term) -> Term:
        reader = state.reader()
        return And(state.read_locked(), at(state, reader, "telling"), state.target(reader) == call)

    return every(
        Call,
        lambda call: Implies(
            at(state, call, "unserved", "parked"), Or(state.woken(call), owes(state, call), told(call))
        ),
    )


def phases_fit(state: State) -> Term:
    """What carries the induction: what a call is like in each phase."""
    return every(
        Call,
        lambda call: And(
            Implies(at(state, call, "new"), untouched(state, call)),
            Implies(at(state, call, *AFTER), Not(owes(state, call))),
            Implies(at(state, call, "lost"), owes(state, call)),
            Implies(at(state, call, "queueing"), lies(state, state.target(call), "writer")),
            Implies(at(state, call, "settling"), lies(state, state.target(call), "reader")),
            Implies(at(state, call, "telling", "promoting"), Not(at(state, state.target(call), "new"))),
            Implies(state.outcome(call) == SETTLED, lies(state, call, "nowhere")),
        ),
    )


INVARIANTS: dict[str, Callable[[State], Term]] = {
    "OneWriter": one_writer,
    "OneReader": one_reader,
    "NothingMislaid": nothing_mislaid,
    "InStep": in_step,
    "SomebodyWrites": somebody_writes,
    "SomebodyReads": somebody_reads,
    "NobodyOverslept": nobody_overslept,
    "PhasesFit": phases_fit,
}
