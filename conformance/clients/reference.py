"""The reference, judged like everybody else: its pool and its multiplexer, for asyncio and for threads.

With redis_py_bridge.py the only file of the suite that imports the reference.
"""

from poolproof.reference import (
    AcquireTimeout,
    Closed,
    ConnectFailed,
    ConnectionLost,
    Overflow,
    ProtocolError,
    ServerError,
    aio,
    threads,
)

from ..adapter import Adapter, AnyAdapter, SynchronousAdapter
from ..history import ErrorKind

_KINDS: dict[type[BaseException], ErrorKind] = {
    AcquireTimeout: ErrorKind.ACQUIRE_TIMEOUT,
    Closed: ErrorKind.CLOSED,
    ConnectFailed: ErrorKind.REFUSED,
    ConnectionLost: ErrorKind.LOST,
    Overflow: ErrorKind.EXHAUSTED,
    ProtocolError: ErrorKind.PROTOCOL,
    ServerError: ErrorKind.SERVER,
}


class _Reference(AnyAdapter):
    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return _KINDS.get(type(error)) or AnyAdapter.kind(error)

    @property
    def server(self) -> str:
        return f"redis://{self.settings.host}:{self.settings.port}"


class AsyncioPool(_Reference, Adapter):
    """`poolproof.reference.aio.Pool`."""

    name = "asyncio pool"

    async def open(self) -> None:
        self._pool = aio.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=None,
        )

    async def call(self, *command: str) -> object:
        return await self._pool.execute(*command)

    async def close(self) -> None:
        await self._pool.close()


class AsyncioMultiplexer(_Reference, Adapter):
    """`poolproof.reference.aio.Multiplexer`."""

    name = "asyncio multiplexer"
    shared = True

    async def open(self) -> None:
        self._multiplexer = aio.Multiplexer(self.server, command_timeout_seconds=None)

    async def call(self, *command: str) -> object:
        return await self._multiplexer.execute(*command)

    async def close(self) -> None:
        await self._multiplexer.close()


class ThreadedPool(_Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Pool`."""

    name = "threaded pool"
    interruptible = True

    def open(self) -> None:
        self._pool = threads.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=None,
        )

    def call(self, *command: str) -> object:
        return self._pool.execute(*command)

    def close(self) -> None:
        self._pool.close()


class ThreadedMultiplexer(_Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Multiplexer`."""

    name = "threaded multiplexer"
    shared = True
    interruptible = True

    def open(self) -> None:
        self._multiplexer = threads.Multiplexer(self.server, command_timeout_seconds=None)

    def call(self, *command: str) -> object:
        return self._multiplexer.execute(*command)

    def close(self) -> None:
        self._multiplexer.close()


ADAPTERS: tuple[type[AnyAdapter], ...] = (AsyncioPool, AsyncioMultiplexer, ThreadedPool, ThreadedMultiplexer)
