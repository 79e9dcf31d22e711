"""The reference, judged like everybody else: its pool and its multiplexer, for asyncio and for threads.

With redis_py_bridge.py the only file of the suite that imports the reference.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from poolproof.reference import (
    AcquireTimeout,
    Closed,
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Overflow,
    PoolproofError,
    ProtocolError,
    ServerError,
    Settings,
    aio,
    threads,
)

from ..adapter import Adapter, AnyAdapter, Command, Numbers, SynchronousAdapter
from ..adapter import Settings as RunSettings
from ..history import ErrorKind
from ..plan import OPTIONAL_SETTINGS
from ..promises import Promises

_KINDS: dict[type[BaseException], ErrorKind] = {
    AcquireTimeout: ErrorKind.ACQUIRE_TIMEOUT,
    CommandTimeout: ErrorKind.COMMAND_TIMEOUT,
    Closed: ErrorKind.CLOSED,
    ConnectFailed: ErrorKind.REFUSED,
    ConnectionLost: ErrorKind.LOST,
    Overflow: ErrorKind.EXHAUSTED,
    ProtocolError: ErrorKind.PROTOCOL,
    ServerError: ErrorKind.SERVER,
}


COMMON = frozenset(OPTIONAL_SETTINGS[:4])
AGES = frozenset({"idle_timeout_seconds", "max_lifetime_seconds"})
POOL_PROMISES = Promises(retries=0, most_dials=4, cleans_sessions=True, leaves_wrong_role_after=1)
MESSAGES_KEPT = 8  # for each subscriber
MULTIPLEXER_PROMISES = Promises(retries=0, backs_off=True, keeps_messages=MESSAGES_KEPT)


class _Reference(AnyAdapter):
    takes = COMMON

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return _KINDS.get(type(error)) or AnyAdapter.kind(error)

    @staticmethod
    def fate(error: BaseException) -> str:
        return error.fate.value if isinstance(error, PoolproofError) and error.fate else ""

    @property
    def server(self) -> Settings:
        given = self.settings
        return Settings(
            host=given.host,
            port=given.port,
            password=given.password or None,
            database=given.database,
            connect_timeout_seconds=given.connect_timeout_seconds or 10.0,
        )


def numbers_of(pool: aio.Pool | threads.Pool) -> Numbers:
    told = pool.metrics()
    count = told["db.client.connection.count"]
    return Numbers(count["idle"], count["used"], told["db.client.connection.pending_requests"])


def bounds_of(settings: RunSettings) -> dict[str, Any]:
    return {"max_in_flight": settings.max_calls, "max_backlog": 0} if settings.max_calls else {}


class AsyncioPool(_Reference, Adapter):
    """`poolproof.reference.aio.Pool`."""

    name = "asyncio pool"
    promises = POOL_PROMISES
    takes = COMMON | AGES

    async def open(self) -> None:
        self._pool = aio.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            idle_timeout_seconds=self.settings.idle_timeout_seconds,
            max_lifetime_seconds=self.settings.max_lifetime_seconds,
        )

    async def call(self, *command: str) -> object:
        return await self._pool.execute(*command)

    async def batch(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            return await connection.batch(commands)

    async def transaction(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            return await connection.transaction(commands)

    async def watch(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            await connection.execute("WATCH", commands[0][1])
            return await connection.transaction(commands)

    async def borrow(self) -> object:
        return await self._pool.acquire()

    async def use(self, borrowed: aio.Lease, *command: str) -> object:
        return await borrowed.execute(*command)

    async def give_back(self, borrowed: aio.Lease) -> None:
        self._pool.release(borrowed)

    async def drain(self, seconds: float) -> None:
        await self._pool.close(drain_timeout_seconds=seconds)

    async def close(self) -> None:
        await self._pool.close()

    def numbers(self) -> Numbers:
        return numbers_of(self._pool)


class AsyncioMultiplexer(_Reference, Adapter):
    """`poolproof.reference.aio.Multiplexer`."""

    name = "asyncio multiplexer"
    shared = True
    issues_ahead = True
    takes = COMMON | {"max_calls"}
    promises = MULTIPLEXER_PROMISES

    async def open(self) -> None:
        self._multiplexer = aio.Multiplexer(
            self.server,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            **bounds_of(self.settings),
        )

    async def call(self, *command: str) -> object:
        return await self._multiplexer.execute(*command)

    async def batch(self, *commands: Command) -> object:
        return await self._multiplexer.batch(commands)

    async def transaction(self, *commands: Command) -> object:
        return await self._multiplexer.transaction(commands)

    async def subscribe(self, channel: str) -> AsyncIterator[object]:
        kind = "pmessage" if channel.endswith("*") else "message"
        async for message in await self._multiplexer.subscribe(channel, kind=kind, bound=MESSAGES_KEPT):
            yield message.data

    async def drain(self, seconds: float) -> None:
        await self._multiplexer.close(drain_timeout_seconds=seconds)

    async def close(self) -> None:
        await self._multiplexer.close()


class ThreadedPool(_Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Pool`."""

    name = "threaded pool"
    promises = POOL_PROMISES
    takes = COMMON | AGES
    interruptible = True

    def open(self) -> None:
        self._pool = threads.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            idle_timeout_seconds=self.settings.idle_timeout_seconds,
            max_lifetime_seconds=self.settings.max_lifetime_seconds,
        )

    def call(self, *command: str) -> object:
        return self._pool.execute(*command)

    def batch(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            return connection.batch(commands)

    def transaction(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            return connection.transaction(commands)

    def watch(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            connection.execute("WATCH", commands[0][1])
            return connection.transaction(commands)

    def borrow(self) -> object:
        return self._pool.acquire()

    def use(self, borrowed: threads.Lease, *command: str) -> object:
        return borrowed.execute(*command)

    def give_back(self, borrowed: threads.Lease) -> None:
        self._pool.release(borrowed)

    def drain(self, seconds: float) -> None:
        self._pool.close(drain_timeout_seconds=seconds)

    def close(self) -> None:
        self._pool.close()

    def numbers(self) -> Numbers:
        return numbers_of(self._pool)


class ThreadedMultiplexer(_Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Multiplexer`."""

    name = "threaded multiplexer"
    shared = True
    takes = COMMON | {"max_calls"}
    promises = MULTIPLEXER_PROMISES
    interruptible = True

    def open(self) -> None:
        self._multiplexer = threads.Multiplexer(
            self.server,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            **bounds_of(self.settings),
        )

    def call(self, *command: str) -> object:
        return self._multiplexer.execute(*command)

    def batch(self, *commands: Command) -> object:
        return self._multiplexer.batch(commands)

    def transaction(self, *commands: Command) -> object:
        return self._multiplexer.transaction(commands)

    def subscribe(self, channel: str) -> Iterator[object]:
        kind = "pmessage" if channel.endswith("*") else "message"
        for message in self._multiplexer.subscribe(channel, kind=kind, bound=MESSAGES_KEPT):
            yield message.data

    def drain(self, seconds: float) -> None:
        self._multiplexer.close(drain_timeout_seconds=seconds)

    def close(self) -> None:
        self._multiplexer.close()


ADAPTERS: tuple[type[AnyAdapter], ...] = (AsyncioPool, AsyncioMultiplexer, ThreadedPool, ThreadedMultiplexer)
