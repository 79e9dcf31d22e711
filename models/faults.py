"""Planted faults: each class is a model with one thing done wrong, named for what goes wrong.

An invariant is worth what it catches. Every invariant of the pool and of the multiplexer has a fault here
that it catches, and `POOL_FAULTS` and `MULTIPLEXER_FAULTS` say which: the one that a shortest run to a
broken state breaks. Whatever claims to check a model (a search, a proof, TLC) is given the faults too; if
it passes one of them, it has checked nothing.

Most of them have been shipped by well-known libraries: a connection lost along with its cancelled caller, a
waiter whom nobody tells that a dial has failed, a cancelled request whose reply goes to the next one.

One is unlike the others. A pool that serves the last waiter first reaches exactly the states of one that
serves the first waiter first, only by other steps; so no invariant of states can tell the two apart, but
one of steps can.
"""

from .explore import put
from .multiplexer import Multiplexer
from .multiplexer import State as MultiplexerState
from .pool import OUT, Effect, Pool
from .pool import State as PoolState


class DoubleIssue(Pool):
    """A returned connection is handed to a waiter and becomes idle as well."""

    def give_back(self, state: PoolState, caller: int) -> PoolState:
        slot = state[0][caller][1]
        callers, slots, idle, waiting, closed = super().give_back(state, caller)
        if slots[slot] == "lent":
            idle = (*idle, slot)
        return callers, slots, idle, waiting, closed


class LeakedGrant(Pool):
    """A caller is cancelled after a connection was granted to it; the connection stays lent to nobody."""

    def cancel_grant(self, state: PoolState, caller: int) -> PoolState:
        return gone_unnoticed(state, caller)


class LeakedDial(Pool):
    """A caller is cancelled while it dials; its place is never given back."""

    def cancel_dial(self, state: PoolState, caller: int) -> PoolState:
        return gone_unnoticed(state, caller)


class StaleWaiter(Pool):
    """A caller is cancelled while it waits; it is still in the queue."""

    def cancel_wait(self, state: PoolState, caller: int) -> PoolState:
        return gone_unnoticed(state, caller)


class OverCapacity(Pool):
    """The room is overestimated by one."""

    def may_dial(self, slots: tuple[str, ...]) -> bool:
        return "free" in slots


class LostWakeUp(Pool):
    """A connection is gone; its place becomes free and no waiter is told."""

    def discard(self, state: PoolState, caller: int) -> PoolState:
        return queue_overlooked(super().discard, state, caller)


class IdleWhileWaiting(Pool):
    """A connection is returned; it becomes idle although somebody waits for it."""

    def give_back(self, state: PoolState, caller: int) -> PoolState:
        return queue_overlooked(super().give_back, state, caller)


class LastInFirstServed(Pool):
    """The queue is served from its end."""

    def give_back(self, state: PoolState, caller: int) -> PoolState:
        return queue_reversed(super().give_back, state, caller)

    def discard(self, state: PoolState, caller: int) -> PoolState:
        return queue_reversed(super().discard, state, caller)


class ForgottenWaiters(Pool):
    """The pool is closed; nobody tells those who wait."""

    def close(self, state: PoolState) -> PoolState:
        callers, _, _, waiting, _ = state
        _, slots, idle, _, closed = super().close(state)
        return callers, slots, idle, waiting, closed


class IdleAfterClose(Pool):
    """A connection is returned to a closed pool; it becomes idle."""

    def give_back(self, state: PoolState, caller: int) -> PoolState:
        callers, slots, idle, waiting, _ = super().give_back((*state[:4], False), caller)
        return callers, slots, idle, waiting, state[4]


POOL_FAULTS: dict[type[Pool], str] = {
    DoubleIssue: "OneOwner",
    LeakedGrant: "NoLeak",
    LeakedDial: "NoLeak",
    OverCapacity: "Capacity",
    LostWakeUp: "NoLostWakeUp",
    IdleWhileWaiting: "NoLostWakeUp",
    StaleWaiter: "QueuedOnce",
    ForgottenWaiters: "ClosedMeansClosed",
    IdleAfterClose: "ClosedMeansClosed",
    LastInFirstServed: "InOrder",
}


class ReplyToLast(Multiplexer):
    """A reply goes to the youngest request in flight."""

    def receive(self, state: MultiplexerState) -> MultiplexerState:
        youngest_first = (state[0], state[1][::-1], *state[2:])
        callers, in_flight, server, wire, up, epoch = super().receive(youngest_first)
        return callers, in_flight[::-1], server, wire, up, epoch


class NoTombstone(Multiplexer):
    """A caller is cancelled; its request is forgotten, but the reply still comes."""

    def cancel(self, state: MultiplexerState, caller: int) -> MultiplexerState:
        callers, in_flight, server, wire, up, epoch = super().cancel(state, caller)
        cancelled = (caller, callers[caller][1])
        in_flight = tuple((request, live) for request, live in in_flight if request != cancelled)
        return callers, in_flight, server, wire, up, epoch


class LiveTombstone(Multiplexer):
    """A caller is cancelled; its request is still in flight as if somebody waited for the reply."""

    def cancel(self, state: MultiplexerState, caller: int) -> MultiplexerState:
        callers, _, server, wire, up, epoch = super().cancel(state, caller)
        return callers, state[1], server, wire, up, epoch


class StaleReplies(Multiplexer):
    """The connection is lost; replies that were on their way are read from the next one."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        callers, in_flight, server, _, up, epoch = super().disconnect(state)
        return callers, in_flight, server, state[3], up, epoch


class StaleTombstones(Multiplexer):
    """The connection is lost; its requests keep their places, for replies that never come."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        callers, _, server, wire, up, epoch = super().disconnect(state)
        return callers, tuple((request, False) for request, _ in state[1]), server, wire, up, epoch


class ForgottenCallers(Multiplexer):
    """The connection is lost; nobody tells those who wait."""

    def disconnect(self, state: MultiplexerState) -> MultiplexerState:
        _, in_flight, server, wire, up, epoch = super().disconnect(state)
        return state[0], in_flight, server, wire, up, epoch


MULTIPLEXER_FAULTS: dict[type[Multiplexer], str] = {
    ReplyToLast: "RightReply",
    NoTombstone: "InStep",
    StaleReplies: "InStep",
    StaleTombstones: "InStep",
    LiveTombstone: "SettledOnce",
    ForgottenCallers: "NobodyLeftWaiting",
}


def gone_unnoticed(state: PoolState, caller: int) -> PoolState:
    """The caller is out, and all else is as it was."""
    callers, slots, idle, waiting, closed = state
    return put(callers, caller, OUT), slots, idle, waiting, closed


def queue_overlooked(effect: Effect, state: PoolState, caller: int) -> PoolState:
    """What `effect` would be if nobody waited."""
    callers, slots, idle, waiting, closed = state
    callers, slots, idle, _, closed = effect((callers, slots, idle, (), closed), caller)
    return callers, slots, idle, waiting, closed


def queue_reversed(effect: Effect, state: PoolState, caller: int) -> PoolState:
    """What `effect` would be if the waiters had come in the opposite order."""
    callers, slots, idle, waiting, closed = state
    callers, slots, idle, waiting, closed = effect((callers, slots, idle, waiting[::-1], closed), caller)
    return callers, slots, idle, waiting[::-1], closed
