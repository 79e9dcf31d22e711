"""The pool's core: who holds which connection, and who waits for one.

Each method is an event, and what it returns is what must happen next. A caller is anything hashable, so is a
connection; the shell decides what they are.

    acquire ──┬─ a connection is idle ──────────────────────────────┬─▶ lent ── release ──▶
              ├─ room for one more ────▶ dialling ───────── opened ─┤    │
              │                          ▲      ▲                   │    │ found dead
              │                 a permit │      │ its connection    │    ▼
              │                          │      │ is dead           │  first in the queue
              └─ neither ─▶ waiting ─────┤      │                   │
                                         └─▶ granted ────── resume ─┘
                                a connection

From everywhere but `lent` a caller may leave by `abandon` (cancelled, timed out, dial failed), and what it
held goes to the first waiter: a connection as a *grant*, a permit as the right to dial. So no mix of failures
can lose capacity (POOL-03), and nobody waits beside something free (POOL-04). Waiters are served first come,
first served (POOL-05), and no newcomer overtakes: while somebody waits, nothing is idle and no permit to be
had. Idle connections are lent last in, first out, so that the ones not needed grow old (`idle.py`).

The hard case is `granted`: a connection was handed to a waiter that has not run since, and may be cancelled
by now. The core still knows who holds it, so that `abandon` can pass it on (CALL-04).

Only `max_dialling` callers dial at a time, each for itself; those behind them are served by what comes first,
a connection returned or a permit to dial (POOL-10).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .errors import Closed, Misuse
from .idle import Idle, Limits
from .metrics import Durations

CallerT = TypeVar("CallerT", bound=Hashable)
ConnectionT = TypeVar("ConnectionT", bound=Hashable)


class Next(Enum):
    """What a caller that got no connection yet does next."""

    DIAL = "dial"  # it holds a permit: it opens a connection, then says `opened` or `abandon`
    WAIT = "wait"  # it sleeps until it is named as the one to wake, then says `resume`, or `abandon`
    CHECK = "check"  # it is lent one that was idle for long: if that proves dead, it says `lost`, `replace`


DIAL, WAIT, CHECK = Next  # a member looked up in its class costs as much as a whole acquire


@dataclass(frozen=True)
class Closing(Generic[CallerT, ConnectionT]):
    """What closing leaves to do."""

    callers: tuple[CallerT, ...]  # waiting or dialling: they give up, and fail with `Closed`
    connections: tuple[ConnectionT, ...]  # to be aborted, lent ones included


class PoolCore(Generic[CallerT, ConnectionT]):
    """The book of a pool. `now` never goes back. A method that returns a caller names a waiter to be woken.

    Invariant:
        a caller is at most one of waiting, granted, dialling and lent to
        a connection is at most one of idle, granted and lent                                    (POOL-02)
        idle + granted + dialling + lent <= max_size                                             (POOL-01)
        while anybody waits, nothing is idle, and nobody could dial: all permits are taken, or
        `max_dialling` callers dial already                                             (POOL-04, POOL-10)
        only a granted or lent connection is broken; when closed, nothing is idle and nobody waits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.draining = False  # nobody is let in any more
        self.closed = False
        self.idle: Idle[ConnectionT] = Idle(limits)
        self.waiting: OrderedDict[CallerT, None] = OrderedDict()  # a queue that can be left at once, wherever
        self.granted: dict[CallerT, ConnectionT] = {}
        self.dialling: set[CallerT] = set()
        self.lent: dict[CallerT, tuple[ConnectionT, float]] = {}  # since when
        self.broken: set[ConnectionT] = set()  # dead, though granted or lent: the permit stays taken
        self.use_time = Durations()
        self._check_after_seconds = limits.check_after_seconds

    def acquire(self, caller: CallerT, now: float) -> ConnectionT | Next:
        """A connection at once if one is idle; else what the caller does next. `Closed` after close."""
        if caller in self.lent or caller in self.dialling or caller in self.granted or caller in self.waiting:
            raise Misuse("this caller holds a connection or is about to: release it before acquiring again")
        if self.draining:
            raise Closed("the pool is closed: open a new one")
        idle = self.idle
        if now >= idle.next_look:
            idle.discard_expired(now)
        if idle.shelf:
            connection, since = idle.shelf.pop()
            self.lent[caller] = connection, now
            return CHECK if now - since >= self._check_after_seconds else connection
        self.waiting[caller] = None
        return WAIT if self._dial_next() is None else DIAL

    def warm(self, caller: CallerT) -> bool:
        """Whether one more is to be dialled ahead of need; if so, by this caller, as after `DIAL`."""
        short = len(self.idle) + len(self.dialling) < self.limits.min_idle
        if short and self._may_dial() and not self.draining:
            self.dialling.add(caller)
            return True
        return False

    def resume(self, caller: CallerT, now: float) -> ConnectionT | Next:
        """A woken waiter runs again: its connection, or what it does next; `Closed` if there is no more."""
        if (connection := self.granted.pop(caller, None)) is not None:
            if connection in self.broken:
                return self._replace(caller, connection, now)
            self.lent[caller] = connection, now
            return connection
        if self.closed:
            raise Closed("the pool was closed while this caller waited for a connection")
        if caller in self.dialling:
            return DIAL
        if caller not in self.waiting:
            raise Misuse("this caller was not acquiring")
        return WAIT

    def opened(self, caller: CallerT, connection: ConnectionT, now: float, random: float) -> CallerT | None:
        """The caller's dial succeeded: the connection is lent to it. `Closed` if close came first."""
        if caller not in self.dialling:
            raise Misuse("this caller was not asked to dial")
        if self.closed:
            raise Closed("the pool was closed while this connection was being opened")
        self.dialling.remove(caller)
        self.lent[caller] = connection, now
        self.idle.begin(connection, now, random)
        return self._dial_next()

    def replace(self, caller: CallerT, now: float) -> ConnectionT | Next:
        """The connection was found dead before it was used; the caller keeps its turn, which is the first."""
        if self.lent[caller][0] not in self.broken:
            raise Misuse("a connection is replaced if it is dead")
        return self._replace(caller, self.lent.pop(caller)[0], now)

    def lost(self, connection: ConnectionT) -> None:
        """The connection has ended, or must not be used again: it will not be lent any more (POOL-12)."""
        if connection in self.idle:
            self.idle.forget(connection)
        elif connection in self.granted.values() or any(connection == loan[0] for loan in self.lent.values()):
            self.broken.add(connection)

    def release(self, caller: CallerT, now: float) -> CallerT | None:
        """The caller gives its connection back; `Misuse` if it holds none of this pool's (POOL-08)."""
        if (loan := self.lent.pop(caller, None)) is None:
            raise Misuse("not on loan from this pool: released twice, or into the wrong pool")
        connection, since = loan
        self.use_time.record(now - since)
        if self.waiting or self.broken or self.draining or self.idle.ageing:
            return self._returned(connection, now)
        self.idle.shelf.append((connection, now))
        return None

    def abandon(self, caller: CallerT, now: float) -> CallerT | None:
        """The caller leaves empty-handed: cancelled, timed out, or its dial failed (CALL-04, POOL-07)."""
        if caller in self.granted:
            return self._returned(self.granted.pop(caller), now)
        if caller in self.dialling:
            self.dialling.remove(caller)
            return self._dial_next()
        if caller in self.waiting:
            del self.waiting[caller]
        elif not self.closed:  # close has sent the waiters away by itself
            raise Misuse("this caller was not acquiring")
        return None

    def drain(self) -> None:
        """Nobody is let in any more; who is inside is served. The pool is empty in the end (LIFE-03)."""
        self.draining = True
        for connection, _ in self.idle.shelf.copy():
            self.idle.discard(connection)

    def close(self) -> Closing[CallerT, ConnectionT]:
        """The end, now; who dials or holds a connection stays until it leaves (LIFE-02)."""
        held = [connection for connection, _ in (*self.idle.shelf, *self.lent.values())]
        closing = Closing((*self.waiting, *self.dialling), (*held, *self.granted.values()))
        self.draining = self.closed = True
        self.idle.shelf.clear()
        self.waiting.clear()
        return closing

    @property
    def empty(self) -> bool:  # everybody is out
        return not (self.waiting or self.granted or self.dialling or self.lent)

    @property
    def permits_taken(self) -> int:  # connections that exist or are about to
        return len(self.idle) + len(self.granted) + len(self.dialling) + len(self.lent)

    def check(self) -> None:
        """Asserts the invariant."""
        callers = [*self.waiting, *self.granted, *self.dialling, *self.lent]
        assert len(callers) == len(set(callers)), "a caller is in two places"
        in_use = [*self.granted.values(), *(loan[0] for loan in self.lent.values())]
        connections = [*(one for one, _ in self.idle.shelf), *in_use]
        assert len(connections) == len(set(connections)), "a connection is in two places"
        assert self.permits_taken <= self.limits.max_size, "over capacity"
        assert not self.waiting or not (self.idle.shelf or self._may_dial()), "a needless wait"
        assert self.broken <= set(in_use), "a broken connection that nobody holds"
        assert not self.closed or (not self.idle.shelf and not self.waiting), "closed, yet something is kept"
        self.idle.check()

    def _returned(self, connection: ConnectionT, now: float) -> CallerT | None:
        """The first waiter gets it, nobody can overtake; else it is idle, unless its time is up (POOL-05)."""
        if self.closed or connection in self.broken:  # close has had it aborted
            self._forget(connection)
        elif self.idle.old(connection, now) or (self.draining and not self.waiting):
            self.idle.discard(connection)
        elif self.waiting:
            caller, _ = self.waiting.popitem(last=False)
            self.granted[caller] = connection
            return caller
        else:
            self.idle.put(connection, now)
            return None
        return self._dial_next()

    def _replace(self, caller: CallerT, connection: ConnectionT, now: float) -> ConnectionT | Next:
        self._forget(connection)
        if self.closed:
            raise Closed("the pool was closed while this caller waited for a connection")
        if self.idle.shelf:  # then nobody waits
            return self.acquire(caller, now)
        self.waiting[caller] = None
        self.waiting.move_to_end(caller, last=False)
        return DIAL if self._dial_next() == caller else WAIT

    def _may_dial(self) -> bool:
        return self.permits_taken < self.limits.max_size and len(self.dialling) < self.limits.max_dialling

    def _dial_next(self) -> CallerT | None:
        """If there is room for one more connection, the first waiter dials it."""
        if not (self.waiting and self._may_dial()):
            return None
        caller, _ = self.waiting.popitem(last=False)
        self.dialling.add(caller)
        return caller

    def _forget(self, connection: ConnectionT) -> None:
        self.broken.discard(connection)
        self.idle.forget(connection)
