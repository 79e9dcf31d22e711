"""The pool's core: who holds which connection, and who waits for one.

It opens no socket and suspends nobody: each method is an event, and what it returns is what must happen next.
A caller is anything hashable, and so is a connection; the shell decides what they are.

    acquire ──┬─ a connection is idle ──────────────────────────────┬─▶ lent ── release ──▶
              ├─ room for one more ────▶ dialling ───────── opened ─┤
              │                          ▲      ▲                   │
              │                 a permit │      │ its connection    │
              │                          │      │ is lost           │
              └─ neither ─▶ waiting ─────┤      │                   │
                                         └─▶ granted ────── resume ─┘
                                a connection

From everywhere but `lent` a caller may leave by `abandon` (cancelled, timed out, dial failed), and what it
held goes to the first waiter: a connection as a *grant*, a permit as the right to dial. So no mix of failures
can lose capacity (POOL-03), and nobody waits beside something free (POOL-04). Waiters are served first come,
first served (POOL-05); idle connections are lent last in, first out, so that the ones not needed stay idle. A
newcomer cannot overtake: while somebody waits, nothing is idle and no permit is free.

The hard case is `granted`: a connection was handed to a waiter that has not run since, and may have been
cancelled in the meantime. It is still the core that knows who holds it, so that `abandon` can pass it on
(CALL-04).

Left out as yet: idle and lifetime limits (POOL-11), a limit on concurrent dials (POOL-10), close by draining
(LIFE-03).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .errors import Closed, Misuse

CallerT = TypeVar("CallerT", bound=Hashable)
ConnectionT = TypeVar("ConnectionT", bound=Hashable)


class Next(Enum):
    """What a caller that got no connection yet does next."""

    DIAL = "dial"  # it holds a permit: it opens a connection, then says `opened` or `abandon`
    WAIT = "wait"  # it sleeps until it is named as the one to wake, then says `resume`, or `abandon`


DIAL, WAIT = Next  # a member looked up in its class costs as much as a whole acquire


@dataclass(frozen=True)
class Closing(Generic[CallerT, ConnectionT]):
    """What closing leaves to do."""

    callers: tuple[CallerT, ...]  # waiting or dialling: they give up, and fail with `Closed`
    connections: tuple[ConnectionT, ...]  # to be aborted, lent ones included


class PoolCore(Generic[CallerT, ConnectionT]):
    """The book of a pool of at most `capacity` connections.

    A method that returns a caller names a waiter to be woken: it has been granted a connection, or a permit
    to dial.

    Invariant:
        a caller is at most one of waiting, granted, dialling and lent to
        a connection is at most one of idle, granted and lent                                    (POOL-02)
        idle + granted + dialling + lent <= capacity                                             (POOL-01)
        while anybody waits, nothing is idle and idle + granted + dialling + lent = capacity     (POOL-04)
        only a lent connection is broken; when closed, nothing is idle and nobody waits
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise Misuse(f"max_size is {capacity}: a pool needs room for at least 1 connection")
        self.capacity = capacity
        self.closed = False
        self.idle: list[ConnectionT] = []  # the last one to come back is the first one to go
        self.waiting: OrderedDict[CallerT, None] = OrderedDict()  # a queue that can be left at once, wherever
        self.granted: dict[CallerT, ConnectionT] = {}
        self.dialling: set[CallerT] = set()
        self.lent: dict[CallerT, ConnectionT] = {}
        self.broken: set[ConnectionT] = set()  # lost while lent; the permit stays taken until the release

    def acquire(self, caller: CallerT) -> ConnectionT | Next:
        """A connection at once if one is idle; else what the caller does next. `Closed` after close."""
        if caller in self.lent or caller in self.dialling or caller in self.granted or caller in self.waiting:
            raise Misuse("this caller holds a connection or is about to: release it before acquiring again")
        if self.closed:
            raise Closed("the pool is closed: open a new one")
        if self.idle:
            connection = self.lent[caller] = self.idle.pop()
            return connection
        if self.permits_taken < self.capacity:
            self.dialling.add(caller)
            return DIAL
        self.waiting[caller] = None
        return WAIT

    def opened(self, caller: CallerT, connection: ConnectionT) -> None:
        """The caller's dial succeeded: the connection is lent to it. `Closed` if close came first."""
        if caller not in self.dialling:
            raise Misuse("this caller was not asked to dial")
        if self.closed:
            raise Closed("the pool was closed while this connection was being opened")
        self.dialling.remove(caller)
        self.lent[caller] = connection

    def resume(self, caller: CallerT) -> ConnectionT | Next:
        """A woken waiter runs again: its connection, or `DIAL`; `Closed` in place of a dial after close."""
        if caller in self.granted:
            connection = self.lent[caller] = self.granted.pop(caller)
            return connection
        if self.closed:
            raise Closed("the pool was closed while this caller waited")
        if caller not in self.dialling:
            raise Misuse("this caller was not woken")
        return DIAL

    def abandon(self, caller: CallerT) -> CallerT | None:
        """The caller leaves empty-handed: cancelled, timed out, or its dial failed (CALL-04, POOL-07)."""
        if caller in self.granted:
            return self._returned(self.granted.pop(caller))
        if caller in self.dialling:
            self.dialling.remove(caller)
            return self._permit_freed()
        if caller in self.waiting:
            del self.waiting[caller]
        elif not self.closed:  # close has sent the waiters away by itself
            raise Misuse("this caller was not acquiring")
        return None

    def release(self, caller: CallerT) -> CallerT | None:
        """The caller gives its connection back; `Misuse` if it holds none of this pool's (POOL-08)."""
        if caller not in self.lent:
            raise Misuse("not on loan from this pool: released twice, or into the wrong pool")
        connection = self.lent.pop(caller)
        if connection in self.broken:
            self.broken.remove(connection)
            return self._permit_freed()
        return self._returned(connection)

    def lost(self, connection: ConnectionT) -> None:
        """The connection has ended, or must not be used again: it will not be lent any more (POOL-12)."""
        if connection in self.idle:
            self.idle.remove(connection)
        elif connection in self.lent.values():
            self.broken.add(connection)
        else:
            for caller, granted in self.granted.items():
                if granted == connection:
                    del self.granted[caller]
                    self.dialling.add(caller)  # it keeps its turn, and dials instead
                    return

    def close(self) -> Closing[CallerT, ConnectionT]:
        """Nobody is let in any more; who dials or holds a connection stays until it leaves (LIFE-02)."""
        closing = Closing(
            callers=(*self.waiting, *self.dialling),
            connections=(*self.idle, *self.granted.values(), *self.lent.values()),
        )
        self.closed = True
        self.idle.clear()
        self.waiting.clear()
        return closing

    @property
    def permits_taken(self) -> int:
        """Connections that exist or are about to."""
        return len(self.idle) + len(self.granted) + len(self.dialling) + len(self.lent)

    def __str__(self) -> str:
        lent = len(self.lent) + len(self.granted)
        held = "all lent" if lent == self.capacity else f"{lent} lent, {len(self.dialling)} dialling"
        return f"capacity {self.capacity}: {held}, {len(self.waiting)} callers waiting"

    def check(self) -> None:
        """Asserts the invariant."""
        callers = [*self.waiting, *self.granted, *self.dialling, *self.lent]
        assert len(callers) == len(set(callers)), "a caller is in two places"
        connections = [*self.idle, *self.granted.values(), *self.lent.values()]
        assert len(connections) == len(set(connections)), "a connection is in two places"
        assert self.permits_taken <= self.capacity, "over capacity"
        assert not self.waiting or (not self.idle and self.permits_taken == self.capacity), "a needless wait"
        assert self.broken <= set(self.lent.values()), "a broken connection that is not lent"
        assert not self.closed or (not self.idle and not self.waiting), "closed, yet something is kept"

    def _returned(self, connection: ConnectionT) -> CallerT | None:
        """A sound connection is free: the first waiter gets it, nobody can overtake (POOL-05, POOL-06)."""
        if self.closed:
            return None  # close has had it aborted
        if not self.waiting:
            self.idle.append(connection)
            return None
        caller, _ = self.waiting.popitem(last=False)
        self.granted[caller] = connection
        return caller

    def _permit_freed(self) -> CallerT | None:
        """There is room for one more connection: the first waiter dials it."""
        if not self.waiting:
            return None
        caller, _ = self.waiting.popitem(last=False)
        self.dialling.add(caller)
        return caller
