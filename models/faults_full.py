"""Planted faults of the models in full: what can go wrong with age, draining, backlogs, pushes and bounds.

They are to `full_pool` and `full_multiplexer` what those in `faults` are to the plain models, and the tables
at the end of each part say again which invariant a shortest run breaks. The faults of the plain models are
not repeated: the plain models are inside these, and are searched by themselves.

Two kinds of mistake stand out. A pool that drains is taken for one that is closed, so that those who wait
inside are forgotten, or for one that is open, so that connections outlive the drain. And a multiplexer that
wants to be helpful sends again what a lost connection may have carried out already.
"""

from .explore import Action, put
from .faults import queue_overlooked
from .full_multiplexer import PUSH, FullMultiplexer
from .full_multiplexer import State as MultiplexerState
from .full_pool import FullPool
from .full_pool import State as PoolState
from .pool import OUT
from .pool import State as PlainState


class ExpiredIsLent(FullPool):
    """An idle connection is lent without a look at its age."""

    def may_acquire(self, state: PoolState) -> bool:
        _, draining, _ = state
        return not draining


class OldIsPassedOn(FullPool):
    """A connection is returned; its age matters only once it is idle."""

    def unwanted(self, state: PoolState, caller: int) -> bool:
        plain, draining, _ = state
        return super().unwanted((plain, draining, self.all_young), caller)


class AgeClosesInUse(FullPool):
    """The look for what is too old takes in lent connections too."""

    def actions(self, state: PoolState) -> list[tuple[Action, PoolState]]:
        (_, slots, *_), _, old = state
        lent = [slot for slot, use in enumerate(slots) if use == "lent" and old[slot]]
        return super().actions(state) + [(("Expire", slot), self.expire(state, slot)) for slot in lent]


class ReplacedInUse(FullPool):
    """A lent connection grows too old; it is dialled anew behind the back of its borrower."""

    def actions(self, state: PoolState) -> list[tuple[Action, PoolState]]:
        steps = super().actions(state)
        (callers, slots, idle, waiting, closed), draining, old = state
        for caller, (phase, slot) in enumerate(callers):
            if phase == "holding" and old[slot]:
                dialling = put(callers, caller, ("dialling", slot)), put(slots, slot, "dialling")
                again = (*dialling, idle, waiting, closed), draining, put(old, slot, False)
                steps.append((("Expire", slot), again))
        return steps


class InheritedAge(FullPool):
    """A connection is gone; the next one in its slot begins with its age."""

    def ages(self, old: tuple[bool, ...], successor: PlainState) -> tuple[bool, ...]:  # noqa: ARG002
        return old


class DrainLetsIn(FullPool):
    """A draining pool serves everybody, newcomers as well, as long as it is not closed."""

    def may_acquire(self, state: PoolState) -> bool:
        plain, _, old = state
        return super().may_acquire((plain, False, old))


class DrainTurnsAway(FullPool):
    """The pool is drained; those who wait are sent away, as if it were closed."""

    def drain(self, state: PoolState) -> PoolState:
        plain, _, old = super().drain(state)
        callers, slots, idle, waiting, closed = plain
        for caller in waiting:
            callers = put(callers, caller, OUT)
        return (callers, slots, idle, (), closed), True, old


class DrainForgetsWaiters(FullPool):
    """A connection is returned to a draining pool; it is closed, and no waiter is told."""

    def extended(self, state: PoolState, action: Action, successor: PlainState) -> PoolState:
        plain, draining, _ = state
        match action:
            case "Release", caller if draining:
                successor = queue_overlooked(self.plain.discard, plain, caller)
            case _:
                pass
        return super().extended(state, action, successor)


class DrainKeepsIdle(FullPool):
    """A connection is returned to a draining pool; it becomes idle."""

    def unwanted(self, state: PoolState, caller: int) -> bool:
        plain, _, old = state
        return super().unwanted((plain, False, old), caller)


FULL_POOL_FAULTS: dict[type[FullPool], str] = {
    AgeClosesInUse: "NoLeak",
    ReplacedInUse: "SparedInUse",
    DrainForgetsWaiters: "NoLostWakeUp",
    DrainKeepsIdle: "NothingKept",
    InheritedAge: "AgesOfConnections",
    ExpiredIsLent: "YoungIsLent",
    OldIsPassedOn: "YoungIsLent",
    DrainLetsIn: "NobodyNew",
    DrainTurnsAway: "WaitersStay",
}


class PushIsAReply(FullMultiplexer):
    """A push is given to the oldest request in flight."""

    def receive(self, state: MultiplexerState) -> MultiplexerState:
        _, in_flight, *_ = state.plain
        if state.part == (PUSH,) and in_flight:
            callers, in_flight, server, wire, up, epoch = state.plain
            plain = self.plain.receive((callers, in_flight, server, (PUSH, *wire), up, epoch))
            return state._replace(plain=plain, part=())
        return super().receive(state)


class HalfReplyKept(FullMultiplexer):
    """The connection is lost in the middle of a reply; its first half is completed by the next one."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        return super().disconnect(state)._replace(part=state.part)


class SentAgain(FullMultiplexer):
    """The connection is lost; what was in flight goes back to the backlog."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        callers, in_flight, _, _, _, epoch = state.plain
        again = tuple((request, live) for request, live in in_flight if live)
        lost = (callers, (), (), (), False, epoch)
        return state._replace(plain=lost, backlog=again + state.backlog, part=())


class BacklogForgotten(FullMultiplexer):
    """The connection is lost; those whose requests were not written yet are not told."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        lost = super().disconnect(state)
        callers, *_, epoch = lost.plain
        for (caller, _), live in state.backlog:
            if live:
                callers = put(callers, caller, state.plain[0][caller])
        return lost._replace(plain=(callers, (), (), (), False, epoch))


class BacklogKept(FullMultiplexer):
    """The connection is lost; everybody is told, and what was not written yet is written all the same."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        return super().disconnect(state)._replace(backlog=state.backlog)


class LastInFirstWritten(FullMultiplexer):
    """The backlog is written from its end."""

    def flush(self, state: MultiplexerState) -> MultiplexerState:
        turned = super().flush(state._replace(backlog=state.backlog[::-1]))
        return turned._replace(backlog=turned.backlog[::-1])


class GivenUpIsWritten(FullMultiplexer):
    """What its caller has given up in the backlog is written as if nothing had happened."""

    def may_flush(self, state: MultiplexerState) -> bool:
        (request, _), *rest = state.backlog
        return super().may_flush(state._replace(backlog=((request, True), *rest)))

    def flush(self, state: MultiplexerState) -> MultiplexerState:
        (request, live), *rest = state.backlog
        written = self.write(state._replace(backlog=tuple(rest)), request)
        return written if live else self.cancel(written, request[0])


class UnboundedInFlight(FullMultiplexer):
    """All of the backlog is written, however much is in flight."""

    def may_flush(self, state: MultiplexerState) -> bool:  # noqa: ARG002
        return True


class UnboundedBacklog(FullMultiplexer):
    """Without a connection nothing is in flight, so nothing is refused."""

    def may_accept(self, state: MultiplexerState) -> bool:
        return not state.plain[4] or super().may_accept(state)


class OpenedByUse(FullMultiplexer):
    """A closed multiplexer accepts the next request as if it had only lost its connection."""

    def actions(self, state: MultiplexerState) -> list[tuple[Action, MultiplexerState]]:
        reopened = super().actions(state._replace(closed=False))
        sent = [
            (action, after._replace(closed=state.closed)) for action, after in reopened if action[0] == "Send"
        ]
        return super().actions(state) + (sent if state.closed else [])


FULL_MULTIPLEXER_FAULTS: dict[type[FullMultiplexer], str] = {
    PushIsAReply: "RightReply",
    HalfReplyKept: "InStep",
    BacklogKept: "SettledOnce",
    BacklogForgotten: "NobodyLeftWaiting",
    LastInFirstWritten: "OrderPerCaller",
    SentAgain: "NothingResent",
    OpenedByUse: "ClosedMeansClosed",
    UnboundedInFlight: "BoundKept",
    UnboundedBacklog: "BoundKept",
    GivenUpIsWritten: "WrittenInTurn",
}
