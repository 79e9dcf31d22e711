"""The planted faults of the multiplexer again, in logic: no proof may pass any of them.

They have the names of those in models/faults.py and models/faults_full.py, one by one, and do the same. As
integers are without end, a refutation shows a small piece of such a run, not the run.
"""

from dataclasses import replace

from z3 import And, If, Not

from .multiplexer import Multiplexer, Rules, accept, tell
from .multiplexer_state import ONE, State, has
from .unbounded import Rule, Term, constant, each


class ReplyToLast(Multiplexer):
    def settle(self, state: State) -> State:
        last = state.flight_tail() - 1
        return replace(self.answered(state, state.flight(last)), flight_tail=constant(last))


class NoTombstone(Multiplexer):
    def cancelled(self, state: State) -> State:
        place, after = state.place(ONE), super().cancelled(state)
        return replace(
            tell(after, ONE, "failed"),
            flight=each(lambda i: If(i < place, state.flight(i), state.flight(i + 1))),
            place=each(lambda one: If(state.place(one) > place, state.place(one) - 1, state.place(one))),
            flight_tail=constant(state.flight_tail() - 1),
        )


class LiveTombstone(Multiplexer):
    def cancelled(self, state: State) -> State:
        return tell(state, ONE, "gone")


class StaleReplies(Multiplexer):
    def lose(self, state: State) -> State:
        return replace(super().lose(state), wire_head=state.wire_head, wire_tail=state.wire_tail)


class StaleTombstones(Multiplexer):
    def lose(self, state: State) -> State:
        return replace(super().lose(state), flight_head=state.flight_head, flight_tail=state.flight_tail)


class ForgottenCallers(Multiplexer):
    def tell_all(self, state: State) -> State:
        return state


class PushIsAReply(Multiplexer):
    def receiving_push(self, state: State) -> Rules:
        for rule in super().receiving_push(state):
            owed = state.flight_head() < state.flight_tail()
            yield replace(rule, guard=And(rule.guard, owed), after=self.settle(rule.after))
            yield replace(rule, guard=And(rule.guard, Not(owed)))


class HalfReplyKept(Multiplexer):
    def lose(self, state: State) -> State:
        return replace(super().lose(state), half=state.half)


class SentAgain(Multiplexer):
    """One of those in flight goes back to the backlog when the connection is lost."""

    def connecting(self, state: State) -> Rules:
        yield from super().connecting(state)
        guard = And(state.up(), has(state, ONE, "waiting"), state.written(ONE))
        yield Rule("Disconnect/again", (ONE,), guard, accept(self.lose(state)))


class BacklogForgotten(Multiplexer):
    def tell_all(self, state: State) -> State:
        told = super().tell_all(state)
        return replace(
            told, status=each(lambda one: If(state.written(one), told.status(one), state.status(one)))
        )


class BacklogKept(Multiplexer):
    def lose(self, state: State) -> State:
        return replace(super().lose(state), backlog_head=state.backlog_head)


class LastInFirstWritten(Multiplexer):
    def flushing(self, state: State) -> Rules:
        last = state.backlog_tail() - 1
        due = And(state.up(), state.backlog_head() < state.backlog_tail())
        after = replace(self.write(state, state.backlog(last)), backlog_tail=constant(last))
        yield Rule("Flush", (), And(due, state.live(state.backlog(last)), self.may_write(state)), after)


class GivenUpIsWritten(Multiplexer):
    def flushing(self, state: State) -> Rules:
        for rule in super().flushing(state):
            if rule.name == "Flush/dropped":
                first = state.backlog(state.backlog_head())
                passed = replace(state, backlog_head=constant(state.backlog_head() + 1))
                rule = replace(
                    rule, guard=And(rule.guard, self.may_write(state)), after=self.write(passed, first)
                )
            yield rule


class UnboundedInFlight(Multiplexer):
    def may_write(self, state: State) -> Term:
        return state.up()


class UnboundedBacklog(Multiplexer):
    def may_accept(self, state: State) -> Term:
        return If(state.up(), super().may_accept(state), True)


class OpenedByUse(Multiplexer):
    def calling(self, state: State) -> Rules:
        for rule in super().calling(state):
            may = And(has(state, ONE, "new"), self.may_accept(state))
            yield replace(rule, guard=may) if rule.name == "Send" else rule


FAULTS: list[type[Multiplexer]] = [
    ReplyToLast,
    NoTombstone,
    LiveTombstone,
    StaleReplies,
    StaleTombstones,
    ForgottenCallers,
    PushIsAReply,
    HalfReplyKept,
    SentAgain,
    BacklogForgotten,
    BacklogKept,
    LastInFirstWritten,
    GivenUpIsWritten,
    UnboundedInFlight,
    UnboundedBacklog,
    OpenedByUse,
]
