"""redis-py's asyncio client: ConnectionPool and BlockingConnectionPool, RESP2 and RESP3."""

from typing import Any

import redis
import redis.asyncio

from ..adapter import Adapter
from ..history import ErrorKind


class ConnectionPool(Adapter):
    """`redis.asyncio.Redis` over a ConnectionPool, which refuses callers when it is full."""

    name = "ConnectionPool, RESP2"
    waits = False
    protocol = 2

    async def open(self) -> None:
        self._pool = self._make_pool()
        self._redis = redis.asyncio.Redis(connection_pool=self._pool)

    def _make_pool(self) -> "redis.asyncio.ConnectionPool":
        return redis.asyncio.ConnectionPool(
            host=self.settings.host,
            port=self.settings.port,
            max_connections=self.settings.max_size,
            socket_timeout=None,
            **self._protocol_option(),
        )

    def _protocol_option(self) -> dict[str, Any]:
        return {"protocol": self.protocol} if speaks_resp3() else {}

    async def call(self, *command: str) -> object:
        client: Any = self._redis  # its methods are typed in no release, and differently in each
        return await client.execute_command(*command)

    async def close(self) -> None:
        await self._pool.disconnect()

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case redis.ConnectionError() if "No connection available" in str(error):
                return ErrorKind.ACQUIRE_TIMEOUT
            case redis.ConnectionError() if "Too many connections" in str(error):
                return ErrorKind.EXHAUSTED
            case redis.ConnectionError() if "Connection refused" in str(error) or "Error 111" in str(error):
                return ErrorKind.REFUSED
            case redis.ConnectionError() | redis.TimeoutError():
                return ErrorKind.LOST
            case redis.ResponseError():
                return ErrorKind.SERVER
            case redis.InvalidResponse():
                return ErrorKind.PROTOCOL
            case _:
                return Adapter.kind(error)

    @staticmethod
    def version() -> str:
        return redis.__version__


class BlockingConnectionPool(ConnectionPool):
    """`redis.asyncio.Redis` over a BlockingConnectionPool, which lets callers wait when it is full."""

    name = "BlockingConnectionPool, RESP2"
    waits = True

    def _make_pool(self) -> "redis.asyncio.ConnectionPool":
        return redis.asyncio.BlockingConnectionPool(
            host=self.settings.host,
            port=self.settings.port,
            max_connections=self.settings.max_size,
            socket_timeout=None,
            timeout=self.settings.acquire_timeout_seconds,
            **self._protocol_option(),
        )


class ConnectionPoolResp3(ConnectionPool):
    """The same, with HELLO 3 on each new connection."""

    name = "ConnectionPool, RESP3"
    protocol = 3


class BlockingConnectionPoolResp3(BlockingConnectionPool):
    """The same, with HELLO 3 on each new connection."""

    name = "BlockingConnectionPool, RESP3"
    protocol = 3


def speaks_resp3() -> bool:
    """Whether this release knows `protocol=` (redis-py 5.0 and later)."""
    return int(redis.__version__.split(".")[0]) >= 5


ADAPTERS: tuple[type[Adapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    *((ConnectionPoolResp3, BlockingConnectionPoolResp3) if speaks_resp3() else ()),
)
