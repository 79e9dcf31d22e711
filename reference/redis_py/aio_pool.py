"""The pool for `redis.asyncio.Redis`: the reference's pool for asyncio, of redis-py's connections.

The reference's own connections tell when they end, while idle too. Those of redis-py don't, so they are
looked at when they are to be lent; one that is dead is replaced, and its caller keeps its place in the queue.
"""

# pyright: reportPrivateUsage=false, reportIncompatibleVariableOverride=false
# Bridge and pool beneath are two halves of one mechanism; where redis-py has variables, this has properties.

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from math import inf
from typing import Any, cast

import redis.asyncio

from .. import aio, errors
from ..errors import ConnectionLost, PoolproofError
from ..metrics import Snapshot, describe
from ..pool import CHECK
from ..url import Settings
from .aio_connection import Connection
from .errors import AcquireTimeout, in_redis_words
from .loan import Loan, lease_of, options_for, settings_of


class BridgedPool(aio.Pool):
    """The pool beneath."""

    def __init__(self, make_connection: Callable[[], Connection], where: Settings, **options: Any) -> None:
        self._make_connection = make_connection
        super().__init__(where, **options, health_check_after_seconds=0.0)  # each that was idle is looked at

    async def _complete(self, lease: aio.Lease, step: Any) -> None:
        core = self._core
        if step is not CHECK or core.idle.discarded or not cast(Connection, core.lent[lease][0]).fit():
            await super()._complete(lease, step)

    def give_back(self, lease: aio.Lease) -> None:
        """Releases it; tells, and changes nothing, if that was done before (POOL-08)."""
        try:
            core = self._core
            if core.waiting and (loan := core.lent.get(lease)) is not None:
                connection: Any = loan[0]
                if not connection.alive():
                    connection.abort(ConnectionLost, "closed, as it can serve no other loan")
            self.release(lease)
        except errors.Misuse:
            logging.getLogger(__name__).warning("released twice: a connection lent to %s", lease)

    def disconnect(self, lent_ones_too: bool) -> None:
        """Ends the idle connections, and those that are lent, for which it is as if the server had."""
        core = self._core
        lent = [*core.granted.values(), *(loan[0] for loan in core.lent.values())] if lent_ones_too else []
        for connection, _ in core.idle.shelf.copy():
            core.idle.discard(connection)
        self._carry_out(None)
        for connection in lent:
            connection.abort(ConnectionLost, "the pool was disconnected")

    def _too_late(self, now: float) -> AcquireTimeout:
        self._metrics.timeouts += 1
        return AcquireTimeout(
            f"no connection within {self._acquire_limit:g} s ({describe(self._core, now)}):"
            " release connections sooner, or raise max_connections or timeout"
        )

    def _new_connection(self) -> Any:
        connection: Any = self._make_connection()
        connection.lost = self._core.lost
        return connection


class AsyncioPool(redis.asyncio.ConnectionPool):
    """A `connection_pool=` for `redis.asyncio.Redis`.

    It has at most `max_connections`; callers wait for one up to `timeout`. These options are named as in
    redis-py's BlockingConnectionPool, the next ones as in the reference's pools; all others go to the
    connections. None sets no limit.
    """

    def __init__(
        self,
        *,
        max_connections: int = 50,
        timeout: float | None = 20.0,
        connection_class: type[Any] = redis.asyncio.Connection,
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
        options = options_for(redis.asyncio.ConnectionPool, connection_options)
        ordinary: Any = super()
        ordinary.__init__(connection_class=kind, max_connections=max_connections, **options)

    async def get_connection(self, command_name: object = None, *keys: object, **options: object) -> Any:  # noqa: ARG002
        """A loan of a connection, which is alive. Raises `AcquireTimeout`, `Closed`, or why no dial succeeds;
        then, and when cancelled, the caller has left the queue (CALL-04, POOL-07)."""
        try:
            lease = await self.beneath.acquire()
        except PoolproofError as error:
            raise in_redis_words(error) from error.__cause__
        return Loan(lease)

    async def release(self, connection: Any) -> None:
        """Gives it back, without suspending. `Misuse` if another pool has lent it; a second release is logged
        (POOL-08)."""
        self.beneath.give_back(lease_of(connection, self.beneath))

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Ends connections; the pool stays open. A transaction on one that is lent fails (CONN-08)."""
        self.beneath.disconnect(inuse_connections)
        await asyncio.sleep(0)  # in this turn the sockets are closed

    async def aclose(self) -> None:
        """Ends the pool: whoever waits or comes later gets `Closed` (LIFE-02, LIFE-04)."""
        await self.beneath.close()

    def reset(self) -> None:
        self.pid = os.getpid()
        self.beneath.disconnect(True)

    def make_connection(self) -> Any:
        connection: Any = self.connection_class(**self.connection_kwargs)
        connection.check_after_seconds = self._check_after_seconds
        return connection

    async def re_auth_callback(self, token: object) -> None:  # noqa: ARG002  # the credential provider gives it
        """Other credentials: connections that have logged in with the old ones are not lent again."""
        for connection in self._in_use_connections:
            connection.outdated = True
        await self.disconnect(inuse_connections=False)

    def metrics(self) -> Snapshot:
        """The numbers of this moment, under OpenTelemetry's names (OBS-01)."""
        return self.beneath.metrics()

    # redis-py's own methods look at the connections through these; what they set does not count.

    @property
    def _available_connections(self) -> list[Any]:
        return [connection for connection, _ in self.beneath._core.idle.shelf]

    @_available_connections.setter
    def _available_connections(self, _: object) -> None: ...

    @property
    def _in_use_connections(self) -> set[Any]:
        return {loan[0] for loan in self.beneath._core.lent.values()}

    @_in_use_connections.setter
    def _in_use_connections(self, _: object) -> None: ...

    def __del__(self) -> None:
        """The pool beneath tells if it was never closed."""
