"""redis-py: ConnectionPool and BlockingConnectionPool, for asyncio (RESP2 and RESP3) and for threads."""

from typing import Any

import redis
import redis.asyncio

from ..adapter import Adapter, AnyAdapter, Command, SynchronousAdapter
from ..history import ErrorKind
from ..plan import OPTIONAL_SETTINGS
from ..promises import Promises

MESSAGES = {
    "No connection available": ErrorKind.ACQUIRE_TIMEOUT,
    "Too many connections": ErrorKind.EXHAUSTED,
    "Connection refused": ErrorKind.REFUSED,
    "Error 111": ErrorKind.REFUSED,
    "Timeout connecting": ErrorKind.REFUSED,
}
RELEASE = int(redis.__version__.split(".")[0])
SPEAKS_RESP3, RETRIES = RELEASE >= 5, RELEASE >= 6


REOPENING = Promises(reopens=True)
DEMANDING_RESP3 = Promises(reopens=True, demands=frozenset({"HELLO"}))


class RedisPy(AnyAdapter):
    """What all variants have in common."""

    protocol = 2
    takes = frozenset(OPTIONAL_SETTINGS[:4])
    promises = REOPENING

    def pool_options(self) -> dict[str, Any]:
        """For any pool; not typed, for the classes differ from release to release."""
        given = self.settings
        server = {
            "host": given.host,
            "port": given.port,
            "db": given.database,
            "password": given.password or None,
        }
        limits = {"socket_timeout": given.command_timeout_seconds}
        limits |= (
            {"socket_connect_timeout": given.connect_timeout_seconds} if given.connect_timeout_seconds else {}
        )
        options = {"max_connections": given.max_size} | limits
        protocol = {"protocol": self.protocol} if SPEAKS_RESP3 else {}
        limit = {"timeout": self.settings.acquire_timeout_seconds} if self.waits else {}
        return server | options | protocol | limit

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case redis.ConnectionError() | redis.TimeoutError():
                found = [kind for text, kind in MESSAGES.items() if text in str(error)]
                silent = isinstance(error, redis.TimeoutError)
                return found[0] if found else ErrorKind.COMMAND_TIMEOUT if silent else ErrorKind.LOST
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

    async def batch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=False)

    async def transaction(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True)

    async def watch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True, watched=commands[0][1:])

    async def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        async with self._redis.pipeline(transaction=transaction) as pipeline:
            if watched:
                await pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)

    async def close(self) -> None:
        await self._pool.disconnect()


class BlockingConnectionPool(ConnectionPool):
    """`redis.asyncio.Redis` over a BlockingConnectionPool, which lets callers wait when it is full."""

    name = "BlockingConnectionPool, RESP2"
    waits = True
    pool_class: Any = redis.asyncio.BlockingConnectionPool


def over_resp3(pool: type[ConnectionPool]) -> type[ConnectionPool]:
    """The same, with HELLO 3 on each new connection."""
    return type(
        f"{pool.__name__}3",
        (pool,),
        {"name": pool.name.replace("RESP2", "RESP3"), "protocol": 3, "promises": DEMANDING_RESP3},
    )


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

    def batch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=False)

    def transaction(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True)

    def watch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True, watched=commands[0][1:])

    def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        with self._redis.pipeline(transaction=transaction) as pipeline:
            if watched:
                pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return pipeline.execute(raise_on_error=False)

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


class ThreadedConnectionPoolResp3(ThreadedConnectionPool):
    """The same over RESP3, which newer releases speak by default."""

    name = "ConnectionPool, RESP3, threads"
    protocol = 3
    promises = DEMANDING_RESP3


class Plain(ThreadedConnectionPool):
    """`redis.Redis` as it comes: it makes its pool by itself, with retries from release 6."""

    name = "Redis, threads"

    def open(self) -> None:
        options = self.pool_options()
        options.pop("protocol", None)
        self._redis = redis.Redis(**options)
        self._pool = self._redis.connection_pool


ADAPTERS: tuple[type[AnyAdapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    *(map(over_resp3, (ConnectionPool, BlockingConnectionPool)) if SPEAKS_RESP3 else ()),
    ThreadedConnectionPool,
    ThreadedBlockingConnectionPool,
    *((ThreadedConnectionPoolResp3,) if SPEAKS_RESP3 else ()),
    *((Plain,) if RETRIES else ()),
)
