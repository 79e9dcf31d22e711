"""What redis-py and valkey-py have in common: the latter began as a copy of the former."""

from inspect import Parameter, signature
from typing import Any, ClassVar

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
DEMANDING_RESP3 = Promises(reopens=True, demands=frozenset({"HELLO"}))


def kind_of(error: BaseException, library: Any) -> ErrorKind:
    """What an error of that package means."""
    if isinstance(error, library.ConnectionError | library.TimeoutError):
        found = [kind for text, kind in MESSAGES.items() if text in str(error)]
        silent = isinstance(error, library.TimeoutError)
        return found[0] if found else ErrorKind.COMMAND_TIMEOUT if silent else ErrorKind.LOST
    if isinstance(error, library.ResponseError):
        return ErrorKind.SERVER
    if isinstance(error, library.InvalidResponse):
        return ErrorKind.PROTOCOL
    return AnyAdapter.kind(error)


def purpose(pool: Any) -> tuple[str, ...]:
    """What `get_connection` has to be given: older releases want to know for which command it is."""
    first = next(iter(signature(pool.get_connection).parameters.values()), None)
    asks = first and first.kind is Parameter.POSITIONAL_OR_KEYWORD and first.default is Parameter.empty
    return ("GET",) if asks else ()


class RedisLike(AnyAdapter):
    """A client over a pool. The classes differ from release to release, and are not typed.

    protocol: of RESP; None: the release knows no choice.
    """

    client_class: ClassVar[Any]
    pool_class: ClassVar[Any]
    protocol: ClassVar[int | None] = 2
    takes = frozenset(OPTIONAL_SETTINGS[:4])
    promises = Promises(reopens=True)

    def pool_options(self) -> dict[str, Any]:
        """For any pool."""
        given = self.settings
        options: dict[str, Any] = {
            "host": given.host,
            "port": given.port,
            "db": given.database,
            "password": given.password or None,
            "max_connections": given.max_size,
            "socket_timeout": given.command_timeout_seconds,
        }
        options |= {"protocol": self.protocol} if self.protocol else {}
        options |= {"timeout": given.acquire_timeout_seconds} if self.waits else {}
        connecting = given.connect_timeout_seconds
        return options | ({"socket_connect_timeout": connecting} if connecting else {})


class RedisLikeAsyncio(RedisLike, Adapter):
    """The client for asyncio."""

    async def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis = self.client_class(connection_pool=self._pool)

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

    async def borrow(self) -> object:
        return await self._pool.get_connection(*purpose(self._pool))

    async def use(self, borrowed: Any, *command: str) -> object:
        await borrowed.send_command(*command)
        return await borrowed.read_response()

    async def give_back(self, borrowed: Any) -> None:
        await self._pool.release(borrowed)

    async def close(self) -> None:
        await self._pool.disconnect()


class RedisLikeThreads(RedisLike, SynchronousAdapter):
    """The client that blocks. It is used with gevent, whose timeouts interrupt."""

    interruptible = True

    def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis = self.client_class(connection_pool=self._pool)

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

    def borrow(self) -> object:
        return self._pool.get_connection(*purpose(self._pool))

    def use(self, borrowed: Any, *command: str) -> object:
        borrowed.send_command(*command)
        return borrowed.read_response()

    def give_back(self, borrowed: Any) -> None:
        self._pool.release(borrowed)

    def abandon(self) -> None:
        subscription: Any = self._redis.pubsub()
        subscription.execute_command("PING")
        subscription.itself = subscription

    def close(self) -> None:
        self._pool.disconnect()
