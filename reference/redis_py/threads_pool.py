"""The pool for `redis.Redis`: the reference's pool for threads, of redis-py's connections.

Garbage collection may give a connection back in the middle of anything, for redis-py's subscriptions do so
when they are collected: even while the same thread has the lock of the pool. So a release never waits for
that lock. If it is taken, word is left, and whoever has it looks for word after letting go of it.
"""

# pyright: reportPrivateUsage=false, reportIncompatibleVariableOverride=false
# Bridge and pool beneath are two halves of one mechanism; where redis-py has variables, this has properties.

from __future__ import annotations

import logging
import os
from _thread import LockType, allocate_lock
from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, cast

import redis

from .. import errors, threads
from ..errors import ConnectionLost, PoolproofError
from ..metrics import Snapshot, describe
from ..pool import CHECK
from ..url import Settings
from .errors import AcquireTimeout, in_redis_words
from .loan import Loan, lease_of, options_for, settings_of
from .threads_connection import Connection


class Lock:
    """The lock of a pool; what is to be done `when_free` is done now, or by the thread that has it."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._left: deque[Callable[[], None]] = deque()
        self._turn = allocate_lock()  # of the thread that does what was left

    def when_free(self, action: Callable[[], None]) -> None:
        self._left.append(action)
        try:
            self._catch_up()
        except BaseException:  # an interrupt: it strikes once
            self._catch_up()
            raise

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        self._catch_up()

    def _catch_up(self) -> None:
        """If the lock is free, this thread does not have it, and an action may wait for it."""
        while self._left and not self._lock.locked() and self._turn.acquire(blocking=False):
            try:
                while self._left and not self._lock.locked():
                    self._left.popleft()()
            finally:
                self._turn.release()  # closes a race: who has left word meanwhile relies on another look


class BridgedPool(threads.Pool):
    """The pool beneath."""

    def __init__(self, make_connection: Callable[[], Connection], where: Settings, **options: Any) -> None:
        self._make_connection = make_connection
        super().__init__(where, **options, health_check_after_seconds=0.0)  # each that was idle is looked at

    def _start(self) -> None:
        super()._start()
        self.lock = Lock()
        self._lock = cast(LockType, self.lock)

    def _complete(self, lease: threads.Lease, step: Any, began: float) -> None:
        if step is not CHECK or not cast(Connection, self._core.lent[lease][0]).fit():
            super()._complete(lease, step, began)

    def give_back(self, lease: threads.Lease) -> None:
        """Releases it; tells, and changes nothing, if that was done before (POOL-08)."""
        try:
            core = self._core
            if (loan := core.lent.get(lease)) is not None:
                connection = cast(Connection, loan[0])
                if connection.spoiled() or (core.waiting and not connection.alive()):
                    connection.abort(ConnectionLost, "closed, as it can serve no other loan")
            self.release(lease)
        except errors.Misuse:
            logging.getLogger(__name__).warning("released twice: a connection lent to %s", lease)

    def disconnect(self, lent_ones_too: bool) -> None:
        """Ends the idle connections, and those that are lent, for which it is as if the server had."""
        core = self._core
        with self._lock:
            for connection, _ in core.idle.shelf.copy():
                core.idle.discard(connection)
            self._close_discarded()
            used = (
                [*core.granted.values(), *(loan[0] for loan in core.lent.values())] if lent_ones_too else []
            )
            for connection in used:
                core.lost(connection)
        for connection in used:
            connection.abort(ConnectionLost, "the pool was disconnected")

    def _too_late(self, now: float) -> AcquireTimeout:
        self._metrics.timeouts += 1
        return AcquireTimeout(
            f"no connection within {self._acquire_limit:g} s ({describe(self._core, now)}):"
            " release connections sooner, or raise max_connections or timeout"
        )

    def _new_connection(self) -> Any:
        return self._make_connection()


class Pool(redis.ConnectionPool):
    """A `connection_pool=` for `redis.Redis`.

    It has at most `max_connections`; callers wait for one up to `timeout`. These options are named as in
    redis-py's BlockingConnectionPool, the next ones as in the reference's pools; all others go to the
    connections. None sets no limit.
    """

    def __init__(
        self,
        *,
        max_connections: int = 50,
        timeout: float | None = 20.0,
        connection_class: type[Any] = redis.Connection,
        min_idle: int = 0,
        max_dialling: int = 4,
        idle_timeout_seconds: float | None = None,
        max_lifetime_seconds: float | None = None,
        health_check_after_seconds: float | None = 30.0,
        **connection_options: Any,
    ) -> None:
        self.beneath = BridgedPool(
            self.make_connection,
            settings_of(connection_options),
            max_size=max_connections,
            acquire_timeout_seconds=timeout,
            min_idle=min_idle,
            max_dialling=max_dialling,
            idle_timeout_seconds=idle_timeout_seconds,
            max_lifetime_seconds=max_lifetime_seconds,
        )
        self._check_after_seconds = inf if health_check_after_seconds is None else health_check_after_seconds
        kind: Any = type(
            connection_class.__name__,
            (Connection, connection_class),
            {"__module__": connection_class.__module__},
        )
        options = options_for(redis.ConnectionPool, connection_options)
        ordinary: Any = super()
        ordinary.__init__(connection_class=kind, max_connections=max_connections, **options)

    def get_connection(self, command_name: object = None, *keys: object, **options: object) -> Any:  # noqa: ARG002
        """A loan of a connection, which is alive. Raises `AcquireTimeout`, `Closed`, or why no dial succeeds;
        then, and when interrupted, the caller has left the queue (CALL-04, POOL-07)."""
        try:
            lease = self.beneath.acquire()
        except PoolproofError as error:
            raise in_redis_words(error) from error.__cause__
        try:
            return Loan(lease)
        except BaseException:  # an interrupt
            self.beneath.give_back(lease)
            raise

    def release(self, connection: Any) -> None:
        """Gives it back. `Misuse` if another pool has lent it; a second release is logged (POOL-08)."""
        lease = lease_of(connection, self.beneath)
        self.beneath.lock.when_free(partial(self.beneath.give_back, lease))

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Ends connections; the pool stays open. A transaction on one that is lent fails (CONN-08)."""
        self.beneath.disconnect(inuse_connections)

    def close(self) -> None:
        """Ends the pool: whoever waits or comes later gets `Closed` (LIFE-02, LIFE-04)."""
        self.beneath.lock.when_free(self.beneath.close)

    def reset(self) -> None:
        self.pid = os.getpid()
        self.disconnect()

    def make_connection(self) -> Any:
        connection: Any = self.connection_class(**self.connection_kwargs)
        connection.check_after_seconds = self._check_after_seconds
        return connection

    def re_auth_callback(self, token: object) -> None:  # noqa: ARG002  # the credential provider gives it
        """Other credentials: connections that have logged in with the old ones are not lent again."""
        for connection in self._in_use_connections:
            connection.outdated = True
        self.disconnect(inuse_connections=False)

    def metrics(self) -> Snapshot:
        """The numbers of this moment, under OpenTelemetry's names (OBS-01)."""
        return self.beneath.metrics()

    # redis-py's own methods look at the connections through these.

    @property
    def _available_connections(self) -> list[Any]:  # type: ignore[override]
        return [connection for connection, _ in self.beneath._core.idle.shelf.copy()]

    @property
    def _in_use_connections(self) -> set[Any]:  # type: ignore[override]
        return {connection for connection, _ in list(self.beneath._core.lent.values())}

    def __del__(self) -> None:
        """The pool beneath tells if it was never closed."""
