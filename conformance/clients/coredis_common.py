"""What the adapters of all releases of coredis have in common."""

import asyncio
from typing import Any

import coredis
from coredis.exceptions import ConnectionError as ConnectionLost
from coredis.exceptions import InvalidResponse, ResponseError

from ..adapter import Adapter, AnyAdapter
from ..history import ErrorKind

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
