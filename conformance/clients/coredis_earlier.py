"""coredis before release 6."""

from typing import Any

import coredis

from ..promises import Promises
from .coredis_common import RELEASE, Coredis


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
