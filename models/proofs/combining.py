"""Leader and follower for any number of calls: nobody sleeps for ever, whatever the order of their steps.

The protocol is that of models/combining.py, action by action. Nothing in it is counted and nothing is in
order, so all is said in first-order logic over one sort, and z3 decides it in a few seconds.
"""

from collections.abc import Iterator
from dataclasses import replace

from z3 import And, BoolVal, If, Not, Or

from . import Proved, unbounded
from .combining_state import (
    INVARIANTS,
    ME,
    ONE,
    OUTCOMES,
    PHASES,
    PLACES,
    Call,
    State,
    at,
    failing,
    lies,
    owes,
    untouched,
)
from .unbounded import Machine, Rule, Term, arbitrary, constant, each, every, put, some

FALSE = BoolVal(False)


class Combining(Machine[State]):
    """Each rule is a step of the call `ME`; `ONE` is the other call that some of them concern."""

    name = "combining"
    state = arbitrary(State)

    def initial(self, state: State) -> Term:
        return And(
            every(Call, lambda call: And(at(state, call, "new"), untouched(state, call))),
            Not(state.write_locked()),
            Not(state.read_locked()),
        )

    def rules(self, state: State) -> Iterator[Rule[State]]:
        for part in (self.writing, self.waiting, self.reading, self.failing, self.leaving):
            yield from part(state)

    def writing(self, state: State) -> Iterator[Rule[State]]:
        backlog = some(Call, lambda one: lies(state, one, "backlog"))
        one = lies(state, ONE, "backlog")
        queued = put_down(state, state.target(ME), "in flight")
        sent = replace(state, owed=each(lambda call: lies(state, call, "in flight")))
        yield step(state, "Append", "new", "appended", put_down(state, ME, "backlog"))
        yield step(state, "FindBacklog", "appended", "willing", state, backlog)
        yield step(state, "FindNoBacklog", "appended", "waiting", state, Not(backlog))
        yield step(state, "LockWriting", "willing", "writing", write(state), Not(state.write_locked()))
        yield step(state, "FindWriter", "willing", "waiting", state, state.write_locked())
        yield take(state, "Skip", "writing", "writing", "nowhere", And(one, Not(owes(state, ONE))))
        yield take(state, "Gather", "writing", "queueing", "writer", And(one, owes(state, ONE)))
        yield step(state, "Queue", "queueing", "writing", queued)
        yield step(state, "Send", "writing", "written", sent, Not(backlog))
        yield step(
            state, "UnlockWriting", "written", "appended", replace(state, write_locked=constant(False))
        )

    def waiting(self, state: State) -> Iterator[Rule[State]]:
        yield step(state, "FindOutcome", "waiting", "leaving", state, Not(owes(state, ME)))
        yield step(state, "FindNoOutcome", "waiting", "unserved", state, owes(state, ME))
        yield step(state, "LockReading", "unserved", "reading", read(state), Not(state.read_locked()))
        yield step(state, "FindReader", "unserved", "parked", state, state.read_locked())
        yield step(state, "Wake", "parked", "waiting", wake(state, ME, False), state.woken(ME))
        yield step(state, "Expire", "parked", "leaving", end(state, ME, "expired"))

    def reading(self, state: State) -> Iterator[Rule[State]]:
        one = And(lies(state, ONE, "in flight"), state.owed(ONE))
        expired = end(state, ME, "expired")
        lost = replace(state, owed=each(lambda _: FALSE))
        yield step(state, "Push", "reading", "reading", state)
        yield take(state, "Receive", "reading", "settling", "reader", one)
        yield from self.dealing(state, "reading", Not(failing(state, ME)))
        yield step(state, "UnlockReading", "reading", "waiting", unread(state), Not(owes(state, ME)))
        yield step(state, "Expire/reading", "reading", "reading", expired, owes(state, ME))
        yield step(state, "Lose", "reading", "lost", lost, owes(state, ME))

    def failing(self, state: State) -> Iterator[Rule[State]]:
        one = Or(lies(state, ONE, "in flight"), lies(state, ONE, "backlog"))
        some_left = some(Call, lambda one: Or(lies(state, one, "in flight"), lies(state, one, "backlog")))
        yield step(state, "LockWriting/lost", "lost", "failing", write(state), Not(state.write_locked()))
        yield take(state, "Fail", "failing", "settling", "reader", one)
        yield from self.dealing(state, "failing", failing(state, ME))
        yield step(state, "UnlockReading/failing", "failing", "written", unread(state), Not(some_left))

    def dealing(self, state: State, back: str, guard: Term) -> Iterator[Rule[State]]:
        """The reader has a command in its hand: it settles it, tells its caller, and goes on where it was."""
        target = state.target(ME)
        settled, mine = end(put_down(state, target, "nowhere"), target, "settled"), target == ME
        yield step(state, f"Settle/{back}/mine", "settling", back, settled, And(guard, mine))
        yield step(state, f"Settle/{back}", "settling", "telling", settled, And(guard, Not(mine)))
        yield step(state, f"Tell/{back}", "telling", back, wake(state, target), guard)

    def leaving(self, state: State) -> Iterator[Rule[State]]:
        heirs = some(Call, lambda one: self.heir(state, one))
        chosen = replace(state, target=put(state.target, ME, ONE))
        yield step(state, "FindNoReader", "leaving", "choosing", state, Not(state.read_locked()))
        yield step(state, "FindReader", "leaving", "out", state, state.read_locked())
        yield step(state, "Choose", "choosing", "promoting", chosen, self.heir(state, ONE), ONE)
        yield step(state, "ChooseNobody", "choosing", "out", state, Not(heirs))
        yield step(state, "Promote", "promoting", "out", wake(state, state.target(ME)))

    def heir(self, state: State, one: Term) -> Term:
        return And(lies(state, one, "in flight"), owes(state, one))

    def invariants(self, state: State) -> dict[str, Term]:
        return {name: claim(state) for name, claim in INVARIANTS.items()}


def prove() -> list[Proved]:
    return unbounded.prove(Combining())


# The words of the rules.


def step(
    state: State, name: str, phase: str, then: str, after: State, guard: Term | bool = True, *others: Term
) -> Rule[State]:
    """`ME`, at `phase`, changes the state to `after` and goes on at `then`."""
    after = replace(after, phase=put(state.phase, ME, PHASES[then]))
    return Rule(name, (ME, *others), And(at(state, ME, phase), guard), after)


def take(state: State, name: str, phase: str, then: str, place: str, guard: Term) -> Rule[State]:
    """A step in which `ME` takes the command of `ONE`, and puts it down at `place`."""
    taken = replace(put_down(state, ONE, place), target=put(state.target, ME, ONE))
    return step(state, name, phase, then, taken, guard, ONE)


def write(state: State) -> State:
    return replace(state, write_locked=constant(True), writer=constant(ME))


def read(state: State) -> State:
    return replace(state, read_locked=constant(True), reader=constant(ME))


def unread(state: State) -> State:
    return replace(state, read_locked=constant(False))


def put_down(state: State, call: Term, place: str) -> State:
    return replace(state, place=put(state.place, call, PLACES[place]), owed=put(state.owed, call, False))


def end(state: State, call: Term, outcome: str) -> State:
    """The outcome of `call`, unless it has one."""
    ended = If(owes(state, call), OUTCOMES[outcome], state.outcome(call))
    return replace(state, outcome=put(state.outcome, call, ended))


def wake(state: State, call: Term, woken: bool = True) -> State:
    return replace(state, woken=put(state.woken, call, woken))
