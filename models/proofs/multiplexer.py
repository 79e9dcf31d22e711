"""The multiplexer for any number of requests, replies, pushes and connections, and any bounds.

The machine is that of models/full_multiplexer.py, rule by rule, but for two things that only keep the model
finite: here there may be any number of pushes at a time and of connections one after the other, and a caller
need not wait for one reply before it sends the next request. So the plain multiplexer is this one too, with
every request flushed as soon as it is accepted and every reply received as soon as it is read.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from z3 import And, BoolVal, If, IntVal, Not

from . import Proved, unbounded
from .multiplexer_state import INVARIANTS, ONE, STATUSES, STEP_INVARIANTS, Request, State, has
from .unbounded import Machine, Rule, Term, arbitrary, constant, each, every, put

Rules: TypeAlias = Iterator[Rule[State]]

ZERO, FALSE = IntVal(0), BoolVal(False)


class Multiplexer(Machine[State]):
    """Send and Cancel are rules of the request `ONE`; all others concern what is first in a queue."""

    name = "multiplexer"
    state = arbitrary(State)

    def initial(self, state: State) -> Term:
        counters = (
            *(state.backlog_head, state.backlog_tail, state.flight_head, state.flight_tail),
            *(state.sent_tail, state.served, state.wire_head, state.wire_tail),
        )
        return And(
            state.up(),
            Not(state.closed()),
            Not(state.half()),
            *(counter() == 0 for counter in counters),
            state.replies_before(ZERO) == 0,
            every(Request, lambda one: And(has(state, one, "new"), Not(state.written(one)))),
            state.max_in_flight() >= 1,
            state.max_backlog() >= 0,
        )

    def rules(self, state: State) -> Rules:
        for part in (self.calling, self.flushing, self.serving, self.receiving, self.connecting):
            yield from part(state)

    # What a caller does.

    def calling(self, state: State) -> Rules:
        may = And(has(state, ONE, "new"), Not(state.closed()), self.may_accept(state))
        yield Rule("Send", (ONE,), may, accept(state))
        yield Rule("Cancel", (ONE,), has(state, ONE, "waiting"), self.cancelled(state))

    def may_accept(self, state: State) -> Term:
        accepted = in_flight(state) + state.backlog_tail() - state.backlog_head()
        return accepted < state.max_in_flight() + state.max_backlog()

    def cancelled(self, state: State) -> State:
        """The caller leaves; its request keeps its place."""
        return replace(tell(state, ONE, "gone"), live=put(state.live, ONE, False))

    # What the connection does.

    def flushing(self, state: State) -> Rules:
        head, first = state.backlog_head(), state.backlog(state.backlog_head())
        due = And(state.up(), head < state.backlog_tail())
        passed = replace(state, backlog_head=constant(head + 1))
        written = self.write(passed, first)
        yield Rule("Flush", (), And(due, state.live(first), self.may_write(state)), written)
        yield Rule("Flush/dropped", (), And(due, Not(state.live(first))), tell(passed, first, "failed"))

    def may_write(self, state: State) -> Term:
        return in_flight(state) < state.max_in_flight()

    def write(self, state: State, one: Term) -> State:
        return replace(
            state,
            flight=put(state.flight, state.flight_tail(), one),
            place=put(state.place, one, state.flight_tail()),
            flight_tail=constant(state.flight_tail() + 1),
            written=put(state.written, one, True),
            sent=put(state.sent, state.epoch(), state.sent_tail(), one),
            sent_tail=constant(state.sent_tail() + 1),
        )

    def serving(self, state: State) -> Rules:
        unserved = And(state.up(), state.served() < state.sent_tail())
        served = replace(state, served=constant(state.served() + 1))
        yield Rule("Serve", (), unserved, arrive(served, state.sent(state.epoch(), state.served()), False))
        yield Rule("Push", (), state.up(), arrive(state, state.wire(state.wire_tail()), True))

    def receiving(self, state: State) -> Rules:
        head = state.wire_head()
        unread = And(state.up(), Not(state.half()), head < state.wire_tail())
        owed = And(state.up(), state.flight_head() < state.flight_tail())
        yield Rule("Read", (), unread, read(state))
        reply = And(state.half(), Not(state.half_is_push()), owed)
        yield Rule("Receive", (), reply, self.settle(replace(state, half=constant(False))))
        yield from self.receiving_push(state)

    def receiving_push(self, state: State) -> Rules:
        push = And(state.up(), state.half(), state.half_is_push())
        yield Rule("Receive/push", (), push, replace(state, half=constant(False)))

    def settle(self, state: State) -> State:
        """The reply goes to the oldest in flight; if that is a tombstone, to nobody."""
        return replace(
            self.answered(state, state.flight(state.flight_head())),
            flight_head=constant(state.flight_head() + 1),
        )

    def answered(self, state: State, one: Term) -> State:
        status = If(state.live(one), STATUSES["answered"], STATUSES["failed"])
        return replace(
            state,
            status=put(state.status, one, status),
            answer=put(state.answer, one, state.half_reply()),
        )

    # How a connection ends, and the next begins.

    def connecting(self, state: State) -> Rules:
        unwritten = state.backlog_head() < state.backlog_tail()
        down = And(Not(state.up()), Not(state.closed()))
        ended = replace(self.lose(state), closed=constant(True))
        yield Rule("Disconnect", (), state.up(), self.lose(state))
        yield Rule("Reconnect", (), down, self.reconnected(state))
        yield Rule("DialFail", (), And(down, unwritten), self.lose(state))
        yield Rule("Close", (), Not(state.closed()), ended)

    def lose(self, state: State) -> State:
        """Everybody who waits is told, and the queues are gone."""
        return replace(
            self.tell_all(state),
            backlog_head=state.backlog_tail,
            flight_head=constant(ZERO),
            flight_tail=constant(ZERO),
            wire_head=constant(ZERO),
            wire_tail=constant(ZERO),
            half=constant(False),
            up=constant(False),
        )

    def tell_all(self, state: State) -> State:
        queued = each(
            lambda one: If(has(state, one, "waiting", "gone"), STATUSES["failed"], state.status(one))
        )
        return replace(state, status=queued)

    def reconnected(self, state: State) -> State:
        return replace(
            state,
            up=constant(True),
            epoch=constant(state.epoch() + 1),
            sent_tail=constant(ZERO),
            served=constant(ZERO),
            replies_before=put(state.replies_before, state.wire_tail(), ZERO),
        )

    def invariants(self, state: State) -> dict[str, Term]:
        return {name: holds(state) for name, holds in INVARIANTS.items()}

    def step_invariants(self, before: State, after: State) -> dict[str, Term]:
        return {name: holds(before, after) for name, holds in STEP_INVARIANTS.items()}


def prove() -> list[Proved]:
    return unbounded.prove(Multiplexer())


def in_flight(state: State) -> Term:
    return state.flight_tail() - state.flight_head()


def tell(state: State, one: Term, status: str) -> State:
    return replace(state, status=put(state.status, one, STATUSES[status]))


def accept(state: State) -> State:
    """`ONE` stands last in the backlog."""
    return replace(
        tell(state, ONE, "waiting"),
        live=put(state.live, ONE, True),
        accepted_as=put(state.accepted_as, ONE, state.backlog_tail()),
        backlog=put(state.backlog, state.backlog_tail(), ONE),
        backlog_tail=constant(state.backlog_tail() + 1),
    )


def arrive(state: State, reply: Term, is_push: bool) -> State:
    """An item is on the wire."""
    tail = state.wire_tail()
    return replace(
        state,
        wire=put(state.wire, tail, reply),
        is_push=put(state.is_push, tail, is_push),
        item_epoch=put(state.item_epoch, tail, state.epoch()),
        replies_before=put(state.replies_before, tail + 1, state.served()),
        wire_tail=constant(tail + 1),
    )


def read(state: State) -> State:
    """The first half of an item has come."""
    head = state.wire_head()
    return replace(
        state,
        half=constant(True),
        half_is_push=constant(state.is_push(head)),
        half_reply=constant(state.wire(head)),
        half_epoch=constant(state.item_epoch(head)),
        wire_head=constant(head + 1),
    )
