"""valkey-py: ConnectionPool and BlockingConnectionPool, for asyncio (RESP2 and RESP3) and for threads."""

from typing import Any

import valkey
import valkey.asyncio

from ..adapter import Adapter, AnyAdapter, Command, SynchronousAdapter
from ..history import ErrorKind
from ..plan import OPTIONAL_SETTINGS
from ..promises import Promises

MESSAGES = {
    "No connection available": ErrorKind.ACQUIRE_TIMEOUT,
    "Too many connections": ErrorKind.EXHAUSTED,
    "Error 111": ErrorKind.REFUSED,
    "Timeout connecting": ErrorKind.REFUSED,
}


REOPENING = Promises(reopens=True)
DEMANDING_RESP3 = Promises(reopens=True, demands=frozenset({"HELLO"}))


class ValkeyPy(AnyAdapter):
    """What all variants have in common."""

    protocol = 2
    takes = frozenset(OPTIONAL_SETTINGS[:4])
    promises = REOPENING

    def pool_options(self) -> dict[str, Any]:
        """For any pool."""
        given = self.settings
        server = {"host": given.host, "port": given.port, "protocol": self.protocol}
        server |= {"db": given.database, "password": given.password or None}
        limits = {"socket_timeout": given.command_timeout_seconds}
        limits |= (
            {"socket_connect_timeout": given.connect_timeout_seconds} if given.connect_timeout_seconds else {}
        )
        options = {"max_connections": given.max_size} | limits
        limit = {"timeout": self.settings.acquire_timeout_seconds} if self.waits else {}
        return server | options | limit

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case valkey.ConnectionError() | valkey.TimeoutError():
                found = [kind for text, kind in MESSAGES.items() if text in str(error)]
                silent = isinstance(error, valkey.TimeoutError)
                return found[0] if found else ErrorKind.COMMAND_TIMEOUT if silent else ErrorKind.LOST
            case valkey.ResponseError():
                return ErrorKind.SERVER
            case valkey.InvalidResponse():
                return ErrorKind.PROTOCOL
            case _:
                return AnyAdapter.kind(error)

    @staticmethod
    def version() -> str:
        return valkey.__version__


class ConnectionPool(ValkeyPy, Adapter):
    """`valkey.asyncio.Valkey` over a ConnectionPool, which refuses callers when it is full."""

    name = "ConnectionPool, RESP2"
    waits = False
    pool_class: Any = valkey.asyncio.ConnectionPool

    async def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._valkey: Any = valkey.asyncio.Valkey(connection_pool=self._pool)

    async def call(self, *command: str) -> object:
        return await self._valkey.execute_command(*command)

    async def batch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=False)

    async def transaction(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True)

    async def watch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True, watched=commands[0][1:])

    async def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        async with self._valkey.pipeline(transaction=transaction) as pipeline:
            if watched:
                await pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)

    async def close(self) -> None:
        await self._pool.disconnect()


class BlockingConnectionPool(ConnectionPool):
    """The same over a BlockingConnectionPool, which lets callers wait."""

    name = "BlockingConnectionPool, RESP2"
    waits = True
    pool_class = valkey.asyncio.BlockingConnectionPool


class BlockingConnectionPoolResp3(BlockingConnectionPool):
    """The same, with HELLO 3 on each new connection."""

    name = "BlockingConnectionPool, RESP3"
    protocol = 3
    promises = DEMANDING_RESP3


class ThreadedConnectionPool(ValkeyPy, SynchronousAdapter):
    """`valkey.Valkey` over a ConnectionPool. It is used with gevent, whose timeouts interrupt."""

    name = "ConnectionPool, RESP2, threads"
    waits = False
    interruptible = True
    pool_class: Any = valkey.ConnectionPool

    def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._valkey: Any = valkey.Valkey(connection_pool=self._pool)

    def call(self, *command: str) -> object:
        return self._valkey.execute_command(*command)

    def batch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=False)

    def transaction(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True)

    def watch(self, *commands: Command) -> object:
        return self._send_together(commands, transaction=True, watched=commands[0][1:])

    def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        with self._valkey.pipeline(transaction=transaction) as pipeline:
            if watched:
                pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return pipeline.execute(raise_on_error=False)

    def abandon(self) -> None:
        subscription: Any = self._valkey.pubsub()
        subscription.execute_command("PING")
        subscription.itself = subscription

    def close(self) -> None:
        self._pool.disconnect()


class ThreadedBlockingConnectionPool(ThreadedConnectionPool):
    """The same over a BlockingConnectionPool."""

    name = "BlockingConnectionPool, RESP2, threads"
    waits = True
    pool_class = valkey.BlockingConnectionPool


ADAPTERS: tuple[type[AnyAdapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    BlockingConnectionPoolResp3,
    ThreadedConnectionPool,
    ThreadedBlockingConnectionPool,
)
