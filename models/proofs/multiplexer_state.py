"""What requests, queues and replies are in the proof of the multiplexer, and what must hold of them.

A queue is a function from numbers to what stands there, and two counters, for its head and for its tail. The
client's two queues, what the server has been sent, and what is on the wire are separate, so that each can go
wrong alone:

    backlog[backlog_head .. backlog_tail)    accepted, not yet written; numbered through, whatever is lost
    flight[flight_head .. flight_tail)       written, reply owed; numbered anew on each connection
    sent(epoch, [served .. sent_tail))       what the server has been sent on that connection and not executed
    wire[wire_head .. wire_tail)             replies and pushes that have not been read

Requests are elements of an unknown set. The model's callers are left out: whatever caller a request belongs
to, it is in the queues in the order in which it was accepted, so those of one caller are as well.

Some symbols no rule looks at; they are for the invariants: a request's number in the backlog and in flight
(`accepted_as`, `place`), whether it was ever written, whose reply it was given, and of each item on the wire
its connection and the number of replies before it (`item_epoch`, `replies_before`).

The invariants have the names of those in models/full_multiplexer.py. What they need besides to be inductive
is in four more, from CountersFit on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from z3 import And, Const, DeclareSort, If, Implies, Not, Or

from .unbounded import BOOL, INT, Symbol, Term, enumeration, every, one_of, sorts

Request = DeclareSort("Request")
Status, STATUSES = enumeration("Status", "new", "waiting", "gone", "answered", "failed")
ONE = Const("request", Request)


@dataclass(frozen=True)
class State:
    """`gone` is a request that its caller has given up. A `half` item has been read in part."""

    status: Symbol = field(metadata=sorts(Request, Status))
    answer: Symbol = field(metadata=sorts(Request, Request))
    live: Symbol = field(metadata=sorts(Request, BOOL))
    written: Symbol = field(metadata=sorts(Request, BOOL))
    accepted_as: Symbol = field(metadata=sorts(Request, INT))
    place: Symbol = field(metadata=sorts(Request, INT))
    backlog: Symbol = field(metadata=sorts(INT, Request))
    backlog_head: Symbol = field(metadata=sorts(INT))
    backlog_tail: Symbol = field(metadata=sorts(INT))
    flight: Symbol = field(metadata=sorts(INT, Request))
    flight_head: Symbol = field(metadata=sorts(INT))
    flight_tail: Symbol = field(metadata=sorts(INT))
    sent: Symbol = field(metadata=sorts(INT, INT, Request))
    sent_tail: Symbol = field(metadata=sorts(INT))
    served: Symbol = field(metadata=sorts(INT))
    wire: Symbol = field(metadata=sorts(INT, Request))
    is_push: Symbol = field(metadata=sorts(INT, BOOL))
    item_epoch: Symbol = field(metadata=sorts(INT, INT))
    replies_before: Symbol = field(metadata=sorts(INT, INT))
    wire_head: Symbol = field(metadata=sorts(INT))
    wire_tail: Symbol = field(metadata=sorts(INT))
    half: Symbol = field(metadata=sorts(BOOL))
    half_is_push: Symbol = field(metadata=sorts(BOOL))
    half_reply: Symbol = field(metadata=sorts(Request))
    half_epoch: Symbol = field(metadata=sorts(INT))
    up: Symbol = field(metadata=sorts(BOOL))
    closed: Symbol = field(metadata=sorts(BOOL))
    epoch: Symbol = field(metadata=sorts(INT))
    max_in_flight: Symbol = field(metadata=sorts(INT))
    max_backlog: Symbol = field(metadata=sorts(INT))


def has(state: State, request: Term, *statuses: str) -> Term:
    return one_of(state.status(request), *(STATUSES[status] for status in statuses))


def in_backlog(state: State, number: Term) -> Term:
    return And(state.backlog_head() <= number, number < state.backlog_tail())


def in_flight(state: State, number: Term) -> Term:
    return And(state.flight_head() <= number, number < state.flight_tail())


def on_wire(state: State, number: Term) -> Term:
    return And(state.wire_head() <= number, number < state.wire_tail())


def each_queued(state: State, holds: Callable[[Term], Term]) -> Term:
    """For every request in either of the client's queues."""
    return And(
        every(INT, lambda i: Implies(in_backlog(state, i), holds(state.backlog(i)))),
        every(INT, lambda i: Implies(in_flight(state, i), holds(state.flight(i)))),
    )


# What holds in every state.


def right_reply(state: State) -> Term:
    return every(Request, lambda one: Implies(has(state, one, "answered"), state.answer(one) == one))


def in_step(state: State) -> Term:
    """The k-th in flight is the k-th that was sent, and the next reply to come is for the first of them."""
    epoch, head = state.epoch(), state.flight_head()
    half_reply = And(state.half(), Not(state.half_is_push()))

    def is_kth(number: Term) -> Term:
        return Implies(in_flight(state, number), state.flight(number) == state.sent(epoch, number))

    def item_fits(number: Term) -> Term:
        before = state.replies_before(number)
        reply = And(state.wire(number) == state.sent(epoch, before), before < state.served())
        after = state.replies_before(number + 1) == If(state.is_push(number), before, before + 1)
        fits = And(state.item_epoch(number) == epoch, after, Or(state.is_push(number), reply))
        return Implies(on_wire(state, number), fits)

    next_reply = state.replies_before(state.wire_head()) == If(half_reply, head + 1, head)
    last_reply = state.replies_before(state.wire_tail()) == state.served()
    half_fits = And(state.half_reply() == state.sent(epoch, head), head < state.served())
    connected = And(every(INT, is_kth), every(INT, item_fits), next_reply, last_reply)
    return And(
        Implies(state.up(), And(connected, Implies(half_reply, half_fits))),
        Implies(state.half(), And(state.up(), state.half_epoch() == epoch)),
    )


def settled_once(state: State) -> Term:
    return And(
        each_queued(state, lambda one: has(state, one, "waiting", "gone")),
        each_queued(state, lambda one: state.live(one) == has(state, one, "waiting")),
        every(INT, lambda i: Implies(in_backlog(state, i), state.accepted_as(state.backlog(i)) == i)),
        every(INT, lambda i: Implies(in_flight(state, i), state.place(state.flight(i)) == i)),
    )


def nobody_left_waiting(state: State) -> Term:
    def queued(one: Term) -> Term:
        number, place = state.accepted_as(one), state.place(one)
        unwritten = And(in_backlog(state, number), state.backlog(number) == one)
        owed = And(in_flight(state, place), state.flight(place) == one)
        return Implies(has(state, one, "waiting"), And(state.live(one), Or(unwritten, owed)))

    return every(Request, queued)


def order_per_caller(state: State) -> Term:
    def ordered(i: Term, j: Term) -> Term:
        both = And(in_flight(state, i), in_flight(state, j), i < j)
        return Implies(both, state.accepted_as(state.flight(i)) < state.accepted_as(state.flight(j)))

    def before_backlog(i: Term) -> Term:
        return Implies(in_flight(state, i), state.accepted_as(state.flight(i)) < state.backlog_head())

    return And(every(INT, INT, ordered), every(INT, before_backlog))


def nothing_resent(state: State) -> Term:
    return every(INT, lambda i: Implies(in_backlog(state, i), Not(state.written(state.backlog(i)))))


def closed_means_closed(state: State) -> Term:
    empty = And(
        state.backlog_head() == state.backlog_tail(),
        state.flight_head() == state.flight_tail(),
        state.wire_head() == state.wire_tail(),
    )
    nobody = every(Request, lambda one: Not(has(state, one, "waiting")))
    return Implies(state.closed(), And(Not(state.up()), Not(state.half()), empty, nobody))


def bound_kept(state: State) -> Term:
    in_flight = state.flight_tail() - state.flight_head()
    accepted = in_flight + state.backlog_tail() - state.backlog_head()
    return And(in_flight <= state.max_in_flight(), accepted <= state.max_in_flight() + state.max_backlog())


def counters_fit(state: State) -> Term:
    return And(
        state.backlog_head() <= state.backlog_tail(),
        state.flight_head() >= 0,
        state.flight_head() <= state.flight_tail(),
        state.wire_head() <= state.wire_tail(),
        state.max_backlog() >= 0,
    )


def server_fits(state: State) -> Term:
    sent, served = state.sent_tail(), state.served()
    return Implies(
        state.up(), And(state.flight_tail() == sent, state.flight_head() <= served, served <= sent)
    )


def down_is_empty(state: State) -> Term:
    counters = state.flight_head(), state.flight_tail(), state.wire_head(), state.wire_tail()
    return Or(state.up(), And(*(counter == 0 for counter in counters)))


def new_is_unwritten(state: State) -> Term:
    return every(Request, lambda one: Implies(has(state, one, "new"), Not(state.written(one))))


INVARIANTS: dict[str, Callable[[State], Term]] = {
    "RightReply": right_reply,
    "InStep": in_step,
    "SettledOnce": settled_once,
    "NobodyLeftWaiting": nobody_left_waiting,
    "OrderPerCaller": order_per_caller,
    "NothingResent": nothing_resent,
    "ClosedMeansClosed": closed_means_closed,
    "BoundKept": bound_kept,
    "CountersFit": counters_fit,
    "ServerFits": server_fits,
    "DownIsEmpty": down_is_empty,
    "NewIsUnwritten": new_is_unwritten,
}


def written_in_turn(before: State, after: State) -> Term:
    def first(one: Term) -> Term:
        head = before.backlog_head()
        in_turn = And(in_backlog(before, head), before.backlog(head) == one, has(before, one, "waiting"))
        return Implies(And(after.written(one), Not(before.written(one))), in_turn)

    return every(Request, first)


STEP_INVARIANTS: dict[str, Callable[[State, State], Term]] = {"WrittenInTurn": written_in_turn}
