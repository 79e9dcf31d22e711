"""aioredis 1: its ConnectionsPool, sharing one connection or lending each caller its own.

The releases from 2.0 on are redis-py under another name, which has an adapter of its own.
"""

from importlib import import_module, metadata
from typing import Any

from ..adapter import Adapter, AnyAdapter
from ..history import ErrorKind

RELEASE = metadata.version("aioredis")

if not RELEASE.startswith("1."):
    raise ImportError(f"this adapter is for aioredis 1, and {RELEASE} is like redis-py")

aioredis = import_module("aioredis")  # too old to be installed where this file is checked for types


class Aioredis(Adapter):
    """What both variants have in common: a pool that dials one connection when it is opened."""

    max_size: int | None = None

    async def open(self) -> None:
        address = (self.settings.host, self.settings.port)
        size = self.max_size or self.settings.max_size
        self._pool = await aioredis.create_pool(address, minsize=1, maxsize=size)

    async def close(self) -> None:
        self._pool.close()
        await self._pool.wait_closed()

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case aioredis.PoolClosedError() | aioredis.ConnectionForcedCloseError():
                return ErrorKind.CLOSED
            case aioredis.ConnectionClosedError():
                return ErrorKind.LOST
            case aioredis.ReplyError():
                return ErrorKind.SERVER
            case aioredis.ProtocolError():
                return ErrorKind.PROTOCOL
            case _:
                return AnyAdapter.kind(error)

    @staticmethod
    def version() -> str:
        return RELEASE


class Multiplexer(Aioredis):
    """`pool.execute` writes behind what is in flight, and the pool has one connection, which all share."""

    name = "shared connection"
    shared = True
    issues_ahead = True
    max_size = 1

    async def call(self, *command: str) -> object:
        return await self._pool.execute(*command)


class Pool(Aioredis):
    """`pool.get` lends a connection. How long a caller waits for it can't be limited."""

    name = "pool"
    limits_waiting = False

    async def call(self, *command: str) -> object:
        async with self._pool.get() as connection:
            return await connection.execute(*command)

    async def borrow(self) -> object:
        return await self._pool.acquire()

    async def use(self, borrowed: Any, *command: str) -> object:
        return await borrowed.execute(*command)

    async def give_back(self, borrowed: Any) -> None:
        self._pool.release(borrowed)


ADAPTERS: tuple[type[AnyAdapter], ...] = (Multiplexer, Pool)
