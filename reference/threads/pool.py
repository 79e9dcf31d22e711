"""The pool for threads: a shell around `pool.PoolCore`, in which a caller is a `Lease`.

The core is entered by one thread at a time, under one lock, which is never held while anything waits: not for
a dial, not for a turn, not for a reply (POOL-09). A thread that has to wait sleeps on a lock of its own; it
is woken by whoever made room for it, or by the passing of its limit. Whatever ends its waiting early, an
interrupt too, it says `abandon` to the core before the error reaches the caller, and wakes whom the core
names (CALL-04).

Nobody is told when an idle connection ends: no thread reads from it. So a connection is looked at when it is
first used, and replaced if it has ended, or if something has come that would be taken for an answer (POOL-12,
CONN-04); it has its place in the queue then. A pool with limits of age, or with connections to dial ahead of
need, has a thread that looks after them now and then.
"""

# pyright: reportPrivateUsage=false
# Pool and Lease are the two ends of one mechanism: they share what nobody else may see.

from __future__ import annotations

import random
import sys
import threading
import weakref
from _thread import allocate_lock
from math import inf
from time import monotonic

from ..errors import AcquireTimeout, Closed, ConnectFailed, ConnectionLost, PoolproofError
from ..ownership import forget_in_child
from ..pool import CHECK, DIAL, WAIT, Next, PoolCore
from ..resp import Argument, Reply
from ..shell import PoolShell
from .calls import Sleeper
from .connection import Connection
from .lease import Lease


class Pool(PoolShell[Lease, Connection]):
    __doc__ = PoolShell.__doc__

    def _start(self) -> None:
        self._lock = allocate_lock()
        self._dials: set[Connection] = set()
        self._emptied = threading.Event()
        self._closing = threading.Event()
        self._tender: threading.Thread | None = None
        forget_in_child(self)

    def acquire(self) -> Lease:
        """`with pool.acquire() as connection:`, or `connection = pool.acquire()` and a `release`.

        Does not wait when a connection is idle. Raises `AcquireTimeout`, `ConnectFailed` or `Closed`; then,
        and when interrupted, the caller has left the queue and what it had been given has gone to the next
        (CALL-04, POOL-07).
        """
        lease = Lease(self, sys._getframe(1).f_code)
        now = monotonic()
        try:
            with self._lock:  # and not acquire and release, which are quicker: an interrupt may come between
                step = self._core.acquire(lease, now)
                if step is WAIT:
                    lease._sleeper = Sleeper()  # from here on, who makes room can wake it
                if self._core.idle.discarded:
                    self._close_discarded()
            if step is WAIT or step is DIAL or step is CHECK:
                self._complete(lease, step, now)
        except BaseException:
            self._give_up(lease)  # closes a race: what it was given meanwhile is passed on
            raise
        return lease

    def release(self, lease: Lease) -> None:
        """Gives a connection back; the first waiter gets it. `Misuse` if it is not on loan here (POOL-08)."""
        core = self._core
        try:
            loan = core.lent.get(lease)
            if loan is not None and (loan[0].owed or not loan[0].session.clean or loan[0].end is not None):
                return self._give_up(lease)  # CONN-02, CONN-08
            if loan is None and lease._pool is self and hasattr(lease, "_bereft"):
                del lease._bereft
                return None
            with self._lock:
                waiter = core.release(lease, monotonic())
            if waiter is not None or core.idle.discarded or core.draining:
                self._carry_out(waiter)
        except BaseException as error:
            if not isinstance(error, PoolproofError):
                self._give_up(lease)  # interrupted: it is given back all the same (POOL-03)
            raise
        return None

    def execute(self, *command: Argument) -> Reply:
        """Acquires a connection, sends one command on it, and releases it; raises what these raise."""
        with self.acquire() as connection:
            return connection.execute(*command)

    def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Lets nobody in any more; those who are inside may finish for as long as given, and then everything
        ends: callers that wait or dial, and calls in flight, get `Closed` (LIFE-02, LIFE-03, LIFE-04)."""
        core = self._core
        with self._lock:
            core.drain()
            self._close_discarded()
            empty = core.empty
        try:
            if drain_timeout_seconds and not empty:
                self._emptied.wait(drain_timeout_seconds)
        finally:
            self._closing.set()
            with self._lock:
                closing = core.close()
                for connection in closing.connections:
                    core.lost(connection)
                aborted = [*closing.connections, *self._dials.copy()]
            for connection in aborted:  # who uses one closes it, at its release
                connection.abort(Closed, "the pool was closed")
            for caller in closing.callers:
                if hasattr(caller, "_sleeper"):
                    caller._sleeper.wake()

    # Acquiring, when it cannot be served at once.

    def _complete(self, lease: Lease, step: Next | Connection, began: float) -> None:
        self._tend()
        while isinstance(step, Next):
            step = self._advance(lease, step, began + self._acquire_limit)
        self._metrics.wait_time.record(monotonic() - began)

    def _advance(self, lease: Lease, step: Next, deadline: float) -> Next | Connection:
        """Does what the core says comes next, and asks what comes after it."""
        if step is DIAL:
            return self._dial(lease, deadline)
        if step is CHECK:
            connection = self._core.lent[lease][0]
            try:
                connection.execute(("PING",))
            except PoolproofError:
                return self._replace(lease, connection)
            return connection
        lease._sleeper.sleep(deadline - monotonic())
        with self._lock:
            now = monotonic()
            if now >= deadline and lease in self._core.waiting:
                raise self._too_late(now)
            further = self._core.resume(lease, now)
            self._close_discarded()
            return further

    def _dial(self, lease: Lease, deadline: float) -> Connection:
        began = monotonic()
        connection = self._new_connection()
        try:
            with self._lock:
                self._core.resume(lease, began)  # `Closed`, if close came before it could know of this dial
                self._dials.add(connection)
            connection.connect(deadline - began)
            with self._lock:
                waiter = self._core.opened(lease, connection, monotonic(), random.random())
        except BaseException as error:
            connection.close()  # before its place goes to the next (POOL-01)
            if isinstance(error, ConnectFailed) and self._core.closed:
                raise Closed("the pool was closed while this caller waited for a connection") from None
            if isinstance(error, ConnectFailed) and monotonic() >= deadline:
                raise self._late() from None
            raise
        finally:
            self._dials.discard(connection)  # without the lock, so that no interrupt can keep it there
        self._metrics.create_time.record(monotonic() - began)
        self._carry_out(waiter)
        return connection

    def _new_connection(self) -> Connection:
        return Connection(self._settings, self._command_limit)

    def _late(self) -> AcquireTimeout:
        with self._lock:
            return self._too_late(monotonic())

    def _replace(self, lease: Lease, connection: Connection) -> Next | Connection:
        connection.abort(ConnectionLost, "it was found dead")
        connection.close()
        with self._lock:
            self._core.lost(connection)
            step = self._core.replace(lease, monotonic())
            self._close_discarded()
            if step is WAIT:
                lease._sleeper = Sleeper()  # from here on, who makes room can wake it
        return step

    # Going.

    def _give_up(self, lease: Lease) -> None:
        try:
            self._let_go(lease)
        except BaseException:  # an interrupt, for nothing else can go wrong here
            self._let_go(lease)
            raise

    def _let_go(self, lease: Lease) -> None:
        """Ends a lease, wherever it stands, and its connection with it. As an interrupt may have struck
        anywhere, whoever may have been named to be woken is woken again."""
        core, now = self._core, monotonic()
        with self._lock:
            if lease in core.lent:
                connection = core.lent[lease][0]
                connection.abort(ConnectionLost, f"closed, as {connection.leftover()}")
                connection.close()
                core.lost(connection)
                core.release(lease, now)
            elif lease in core.waiting or lease in core.granted or lease in core.dialling:
                core.abandon(lease, now)
            while core._dial_next() is not None:  # for whom a release that was cut short had made room
                pass
            self._close_discarded()
            named = (*core.granted, *core.dialling)
        for caller in named:
            if hasattr(caller, "_sleeper"):
                caller._sleeper.wake()
        self._carry_out(None)

    def _carry_out(self, waiter: Lease | None) -> None:
        """What an event of the core leaves to do."""
        if self._core.idle.discarded:
            with self._lock:
                self._close_discarded()
        if waiter is not None:
            waiter._sleeper.wake()
        if self._core.draining and self._core.empty:
            self._emptied.set()

    def _close_discarded(self) -> None:
        """The lock is held: else somebody could dial before the place is free (POOL-01)."""
        while self._core.idle.discarded:
            self._core.idle.discarded.pop().close()

    # Tending.

    def _tend(self) -> None:
        period = self._limits.period_seconds
        if self._tender is None and period < inf:
            arguments = weakref.ref(self), self._closing, period
            self._tender = threading.Thread(target=_look, args=arguments, name="poolproof", daemon=True)
            self._tender.start()

    def _look(self) -> None:
        with self._lock:
            self._core.idle.discard_expired(monotonic())
            self._close_discarded()
        while True:
            lease = Lease(self, Pool._look.__code__)
            with self._lock:
                if not self._core.warm(lease):
                    return
            try:
                self._dial(lease, inf)
            except BaseException as error:
                self._give_up(lease)
                if isinstance(error, PoolproofError):
                    return
                raise
            self.release(lease)

    def _forget(self) -> None:
        """We are the child of a fork: what there is belongs to the parent (LIFE-07)."""
        for connection in (*self._core.close().connections, *self._dials):
            connection.disown()
        self._core = PoolCore(self._limits)
        self._start()


def _look(pool: weakref.ref[Pool], closing: threading.Event, period: float) -> None:
    """The thread holds the pool by a weak reference, so that one forgotten without a close can be told of."""
    while (alive := pool()) is not None:
        alive._look()
        del alive
        if closing.wait(period):
            return
