"""The reference, judged like everybody else: its pool and its multiplexer, both for asyncio.

This is the one file of the suite that imports the reference.
"""

from poolproof.reference import (
    AcquireTimeout,
    Closed,
    ConnectFailed,
    ConnectionLost,
    Overflow,
    ProtocolError,
    ServerError,
)
from poolproof.reference.aio import Multiplexer, Pool

from ..adapter import Adapter
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


class _Reference(Adapter):
    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return _KINDS.get(type(error)) or Adapter.kind(error)


class AsyncioPool(_Reference):
    """`poolproof.reference.aio.Pool`."""

    name = "asyncio pool"

    async def open(self) -> None:
        self._pool = Pool(
            self.settings.host,
            self.settings.port,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
        )

    async def call(self, *command: str) -> object:
        return await self._pool.execute(*command)

    async def close(self) -> None:
        await self._pool.close()


class AsyncioMultiplexer(_Reference):
    """`poolproof.reference.aio.Multiplexer`."""

    name = "asyncio multiplexer"
    shared = True

    async def open(self) -> None:
        self._multiplexer = Multiplexer(self.settings.host, self.settings.port)

    async def call(self, *command: str) -> object:
        return await self._multiplexer.execute(*command)

    async def close(self) -> None:
        await self._multiplexer.close()


ADAPTERS: tuple[type[Adapter], ...] = (AsyncioPool, AsyncioMultiplexer)
