"""redis-py: ConnectionPool and BlockingConnectionPool, for asyncio (RESP2 and RESP3) and for threads."""

from typing import Any

import redis
import redis.asyncio

from ..adapter import Adapter, AnyAdapter, SynchronousAdapter
from ..history import ErrorKind

MESSAGES = {
    "No connection available": ErrorKind.ACQUIRE_TIMEOUT,
    "Too many connections": ErrorKind.EXHAUSTED,
    "Connection refused": ErrorKind.REFUSED,
    "Error 111": ErrorKind.REFUSED,
}
SPEAKS_RESP3 = int(redis.__version__.split(".")[0]) >= 5


class RedisPy(AnyAdapter):
    """What all variants have in common."""

    protocol = 2

    def pool_options(self) -> dict[str, Any]:
        """For any pool; not typed, for the classes differ from release to release."""
        server = {"host": self.settings.host, "port": self.settings.port}
        options = {"max_connections": self.settings.max_size, "socket_timeout": None}
        protocol = {"protocol": self.protocol} if SPEAKS_RESP3 else {}
        limit = {"timeout": self.settings.acquire_timeout_seconds} if self.waits else {}
        return server | options | protocol | limit

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case redis.ConnectionError() | redis.TimeoutError():
                found = [kind for text, kind in MESSAGES.items() if text in str(error)]
                return found[0] if found else ErrorKind.LOST
            case redis.ResponseError():
                return ErrorKind.SERVER
            case redis.InvalidResponse():
                return ErrorKind.PROTOCOL
            case _:
                return AnyAdapter.kind(error)

    @staticmethod
    def version() -> str:
        return redis.__version__


class ConnectionPool(RedisPy, Adapter):
    """`redis.asyncio.Redis` over a ConnectionPool, which refuses callers when it is full."""

    name = "ConnectionPool, RESP2"
    waits = False
    pool_class: Any = redis.asyncio.ConnectionPool

    async def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis: Any = redis.asyncio.Redis(connection_pool=self._pool)

    async def call(self, *command: str) -> object:
        return await self._redis.execute_command(*command)

    async def close(self) -> None:
        await self._pool.disconnect()


class BlockingConnectionPool(ConnectionPool):
    """`redis.asyncio.Redis` over a BlockingConnectionPool, which lets callers wait when it is full."""

    name = "BlockingConnectionPool, RESP2"
    waits = True
    pool_class: Any = redis.asyncio.BlockingConnectionPool


def over_resp3(pool: type[ConnectionPool]) -> type[ConnectionPool]:
    """The same, with HELLO 3 on each new connection."""
    return type(f"{pool.__name__}3", (pool,), {"name": pool.name.replace("RESP2", "RESP3"), "protocol": 3})


class ThreadedConnectionPool(RedisPy, SynchronousAdapter):
    """`redis.Redis` over a ConnectionPool. It is used with gevent, whose timeouts interrupt."""

    name = "ConnectionPool, RESP2, threads"
    waits = False
    interruptible = True
    pool_class: Any = redis.ConnectionPool

    def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis: Any = redis.Redis(connection_pool=self._pool)

    def call(self, *command: str) -> object:
        return self._redis.execute_command(*command)

    def abandon(self) -> None:
        subscription: Any = self._redis.pubsub()
        subscription.execute_command("PING")
        subscription.itself = subscription

    def close(self) -> None:
        self._pool.disconnect()


class ThreadedBlockingConnectionPool(ThreadedConnectionPool):
    """`redis.Redis` over a BlockingConnectionPool."""

    name = "BlockingConnectionPool, RESP2, threads"
    waits = True
    pool_class: Any = redis.BlockingConnectionPool


ADAPTERS: tuple[type[AnyAdapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    *(map(over_resp3, (ConnectionPool, BlockingConnectionPool)) if SPEAKS_RESP3 else ()),
    ThreadedConnectionPool,
    ThreadedBlockingConnectionPool,
)
