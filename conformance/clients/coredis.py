"""coredis: its pool multiplexes ordinary commands, and lends connections to pipelines.

So its handbook says, and so there are two variants: commands as callers of a multiplexer, and pipelines of
one command as callers of a pool. Releases before 6 have another interface; those before 4 do not multiplex.
"""

import asyncio
from typing import Any

import coredis
from coredis.exceptions import ConnectionError as ConnectionLost
from coredis.exceptions import InvalidResponse, ResponseError

from ..adapter import Adapter, AnyAdapter, Command
from ..history import ErrorKind
from ..promises import Promises

RELEASE = int(coredis.__version__.split(".")[0])
REFUSED = "Unable to establish a connection", "Connect call failed", "Connection refused"


class Coredis(Adapter):
    """What all variants have in common. One and the same task enters the client and leaves it, as it asks."""

    async def open(self) -> None:
        self._closing, opened = asyncio.Event(), asyncio.Event()
        self._keeper = asyncio.create_task(self._keep_open(opened))
        await opened.wait()

    async def _keep_open(self, opened: asyncio.Event) -> None:
        self._redis: Any = coredis.Redis(
            host=self.settings.host,
            port=self.settings.port,
            max_connections=self.settings.max_size,
            pool_timeout=self.settings.acquire_timeout_seconds,
            stream_timeout=None,
        )
        async with self._redis:
            opened.set()
            await self._closing.wait()

    async def close(self) -> None:
        self._closing.set()
        await self._keeper

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case TimeoutError():
                return ErrorKind.ACQUIRE_TIMEOUT
            case ConnectionLost() if "No connection available" in str(error):
                return ErrorKind.ACQUIRE_TIMEOUT
            case ConnectionLost() if any(words in str(error) for words in REFUSED):
                return ErrorKind.REFUSED
            case ConnectionLost():
                return ErrorKind.LOST
            case InvalidResponse():
                return ErrorKind.PROTOCOL
            case ResponseError():
                return ErrorKind.SERVER
            case RuntimeError() if "has exited" in str(error):
                return ErrorKind.CLOSED
            case _:
                return AnyAdapter.kind(error)

    @staticmethod
    def version() -> str:
        return coredis.__version__


class Commands(Coredis):
    """Each caller awaits a command."""

    name = "commands"
    shared = True

    async def call(self, *command: str) -> object:
        return await self._redis.create_request(command[0].encode(), *command[1:], callback=_as_it_came)


class Pipelines(Coredis):
    """Each caller sends a pipeline of one command."""

    name = "pipelines"

    async def call(self, *command: str) -> object:
        async with self._redis.pipeline(transaction=False) as pipeline:
            reply = pipeline.create_request(command[0].encode(), *command[1:], callback=_as_it_came)
        return await reply

    async def batch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=False)

    async def transaction(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True)

    async def watch(self, *commands: Command) -> object:
        async with (
            self._redis.pipeline(transaction=False, raise_on_error=False) as pipeline,
            pipeline.watch(*commands[0][1:]),
        ):
            _collect(pipeline, commands)
        return pipeline.results

    async def _send_together(self, commands: tuple[Command, ...], transaction: bool) -> object:
        async with self._redis.pipeline(transaction=transaction, raise_on_error=False) as pipeline:
            _collect(pipeline, commands)
        return pipeline.results


class Earlier(Coredis):
    """Commands over a BlockingConnectionPool, in releases before 6."""

    name = "BlockingConnectionPool"
    promises = Promises(reopens=True)
    shared = RELEASE >= 4

    async def open(self) -> None:
        self._pool = vars(coredis)["BlockingConnectionPool"](  # later releases, and their types, have none
            host=self.settings.host,
            port=self.settings.port,
            max_connections=self.settings.max_size,
            timeout=self.settings.acquire_timeout_seconds,
            stream_timeout=None,
        )
        self._redis: Any = coredis.Redis(connection_pool=self._pool)

    async def call(self, *command: str) -> object:
        return await self._redis.execute_command(command[0].encode(), *command[1:])

    async def close(self) -> None:
        self._pool.disconnect()


def _collect(pipeline: Any, commands: tuple[Command, ...]) -> None:
    for command in commands:
        pipeline.create_request(command[0].encode(), *command[1:], callback=_as_it_came)


def _as_it_came(reply: object, **_: object) -> object:
    return reply


ADAPTERS: tuple[type[AnyAdapter], ...] = (Commands, Pipelines) if RELEASE >= 6 else (Earlier,)
