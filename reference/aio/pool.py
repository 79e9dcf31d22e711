"""The pool for asyncio: a shell around `pool.PoolCore`, in which a caller is a `Lease`.

A lease is one caller's hold on one connection. It is made by each `acquire`, it is what the caller awaits or
enters, what it sends commands through, and what it gives back; and it is the caller's identity in the core.
So a lease that was released is powerless, even when its connection has been lent to somebody else since: a
second release is an error and a late command is one too (POOL-02, POOL-08). Had callers the bare connection,
both would hit its next borrower.

An acquire that cannot be served at once runs under one timer, which bounds its waiting and its dialling
together; `close` pulls the same timer forward to end them. Whatever ends it early, it says `abandon` to the
core before the error reaches the caller, and wakes whom the core names.

One timer for all tends the pool, when there is something to tend: it dials ahead of need, closes what has
become too old, and ends commands that have passed their limit.
"""

# pyright: reportPrivateUsage=false
# Pool and Lease are the two ends of one mechanism: they share what nobody else may see.

from __future__ import annotations

import asyncio
import random
import sys
import weakref
from collections.abc import Callable
from functools import partial
from math import inf

from ..errors import Closed, ConnectFailed, ConnectionLost, PoolproofError
from ..ownership import forget_in_child
from ..pool import CHECK, WAIT, Next, PoolCore
from ..resp import Argument, Reply
from ..shell import PoolShell
from .connection import Connection
from .lease import Lease
from .stream import all_gone


class Pool(PoolShell[Lease, Connection]):
    __doc__ = PoolShell.__doc__

    def _start(self) -> None:
        self._clock: Callable[[], float] = self._begin  # once begun, the loop's own
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = inf  # when the timer is due
        self._warming: set[asyncio.Task[Connection]] = set()
        self._emptied: asyncio.Future[None] | None = None  # awaited by a close that drains

    def acquire(self) -> Lease:
        """`async with pool.acquire() as connection:`, or `connection = await pool.acquire()` and a `release`.

        Does not suspend when a connection is idle. Raises `AcquireTimeout`, `ConnectFailed` or `Closed`;
        then, and when cancelled, the caller has left the queue and what it had been given has gone to the
        next (CALL-04, POOL-07).
        """
        return Lease(self, sys._getframe(1).f_code)

    def release(self, lease: Lease) -> None:
        """Gives a connection back; the first waiter gets it. `Misuse` if it is not on loan here (POOL-08)."""
        core = self._core
        loan = core.lent.get(lease)
        if loan is not None and (loan[0].calls or not loan[0].session.clean):  # CONN-02, CONN-08
            loan[0].abort(ConnectionLost, f"closed, as {loan[0].leftover()}")
        waiter = core.release(lease, self._clock())
        if waiter is not None or core.idle.discarded or core.draining:
            self._carry_out(waiter)

    async def execute(self, *command: Argument) -> Reply:
        """Acquires a connection, sends one command on it, and releases it; raises what these raise."""
        async with self.acquire() as connection:
            return await connection.execute(*command)

    async def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Lets nobody in any more; those who are inside may finish for as long as given, and then everything
        ends: callers that wait or dial, and calls in flight, get `Closed` (LIFE-02, LIFE-03, LIFE-04).

        Then waits for the sockets to be closed. Cancelled anywhere, it has closed the pool all the same.
        """
        self._core.drain()
        try:
            if drain_timeout_seconds and not self._core.empty:
                self._emptied = self._emptied or asyncio.get_running_loop().create_future()
                self._carry_out(None)
                await asyncio.wait([self._emptied], timeout=drain_timeout_seconds)
        finally:
            aborted = self._end()
        await all_gone(aborted)
        if self._warming:
            await asyncio.wait(self._warming)

    def _end(self) -> list[Connection]:
        closing = self._core.close()
        for caller in closing.callers:
            if hasattr(caller, "_limit") and not caller._limit.expired():
                caller._limit.reschedule(self._clock())
        connections = [*closing.connections, *self._core.idle.discarded]
        for connection in connections:
            connection.abort(Closed, "the pool was closed")
        for task in self._warming:
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._carry_out(None)  # others may be waiting for the end of a drain
        return connections

    # Acquiring, when it cannot be served at once.

    async def _complete(self, lease: Lease, step: Connection | Next) -> None:
        began = self._clock()
        self._carry_out(None)  # what was let go is closed before its room is used (POOL-01)
        try:
            async with asyncio.timeout(_none(self._acquire_limit)) as lease._limit:
                while isinstance(step, Next):
                    step = await self._advance(lease, step)
                    self._carry_out(None)
        except BaseException as error:
            now = self._clock()
            late = self._too_late(now) if isinstance(error, TimeoutError) and not self._core.closed else None
            self._give_up(lease)  # closes a race: what it was given meanwhile is passed on
            if late is not None:
                raise late from None
            if isinstance(error, TimeoutError):
                raise Closed("the pool was closed while this caller waited for a connection") from None
            raise
        self._metrics.wait_time.record(self._clock() - began)

    async def _advance(self, lease: Lease, step: Next) -> Connection | Next:
        """Does what the core says comes next, and asks what comes after it."""
        core = self._core
        if step is WAIT:
            lease._woken = asyncio.get_running_loop().create_future()
            await lease._woken
            return core.resume(lease, self._clock())
        connection = core.lent[lease][0] if step is CHECK else await self._dial(lease)
        if step is CHECK:
            try:
                answer = connection.execute(("PING",))
                self._arm(connection.deadline)
                await answer
            except PoolproofError:
                connection.abort(ConnectionLost, "the connection did not answer a PING")
                return core.replace(lease, self._clock())
        return connection

    async def _dial(self, lease: Lease) -> Connection:
        began = self._clock()
        connection = self._new_connection()
        await connection.connect()
        now = self._clock()
        try:
            self._carry_out(self._core.opened(lease, connection, now, random.random()))
        except Closed:  # closes a race: the pool was closed in the very turn in which this was made
            connection.abort(Closed, "the pool was closed")
            raise
        self._metrics.create_time.record(now - began)
        return connection

    def _new_connection(self) -> Connection:
        return Connection(self._settings, self._command_limit, self._core.lost)

    def _give_up(self, lease: Lease) -> None:
        if lease in self._core.lent:  # given up while it was asked whether it is alive
            self.release(lease)
        else:
            self._carry_out(self._core.abandon(lease, self._clock()))

    def _carry_out(self, waiter: Lease | None) -> None:
        """What an event of the core leaves to do."""
        core = self._core
        while core.idle.discarded:
            core.idle.discarded.pop().abort(Closed, "the connection was idle, or in use, for long enough")
        # One that was cancelled in this turn sleeps no more: it will abandon what it has just been given.
        if waiter is not None and not waiter._woken.done():
            waiter._woken.set_result(None)
        if self._emptied is not None and (core.empty or core.closed) and not self._emptied.done():
            self._emptied.set_result(None)

    # Tending.

    def _begin(self) -> float:
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        forget_in_child(self)
        self._warm()
        self._arm(loop.time() + self._limits.period_seconds)
        return loop.time()

    def _forget(self) -> None:
        """We are the child of a fork: what there is belongs to the parent (LIFE-07)."""
        for connection in self._core.close().connections:
            connection.disown()
        self._core = PoolCore(self._limits)
        self._start()

    def _arm(self, when: float) -> None:
        if when < self._look_at and not self._core.closed:
            if self._timer is not None:
                self._timer.cancel()
            self._look_at = when
            self._timer = asyncio.get_running_loop().call_at(when, partial(_look, weakref.ref(self)))

    def _look(self) -> None:
        core, now = self._core, self._clock()
        core.idle.discard_expired(now)
        self._carry_out(None)
        self._warm()
        due = now + self._limits.period_seconds
        for connection, _ in core.lent.values():
            if connection.calls and connection.deadline <= now:
                connection.expire()
            elif connection.calls:
                due = min(due, connection.deadline)
        self._look_at = inf
        self._arm(due)

    def _warm(self) -> None:
        while self._core.warm(lease := Lease(self, Pool._warm.__code__)):
            task = asyncio.get_running_loop().create_task(self._dial(lease))
            self._warming.add(task)
            task.add_done_callback(partial(self._warmed, lease))

    def _warmed(self, lease: Lease, task: asyncio.Task[Connection]) -> None:
        self._warming.discard(task)
        error = None if task.cancelled() else task.exception()
        if not task.cancelled() and error is None:
            self.release(lease)
        else:
            self._give_up(lease)
        if error is not None and not isinstance(error, ConnectFailed | Closed):
            raise error


def _none(seconds: float) -> float | None:
    return None if seconds == inf else seconds


def _look(pool: weakref.ref[Pool]) -> None:
    """The timer holds the pool by a weak reference, so that one forgotten without a close can be told of."""
    if (alive := pool()) is not None:
        alive._look()
