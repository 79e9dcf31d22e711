"""yaaredis: ConnectionPool and BlockingConnectionPool for asyncio."""

from importlib import import_module
from typing import Any

from ..adapter import Adapter, AnyAdapter
from ..history import ErrorKind
from ..promises import Promises

yaaredis: Any = import_module("yaaredis")  # too old to be installed where this file is checked for types
connection: Any = import_module("yaaredis.connection")


class ConnectionPool(Adapter):
    """`StrictRedis` over a ConnectionPool, which refuses callers when it is full."""

    waits = False
    promises = Promises(reopens=True)
    pool_class = yaaredis.ConnectionPool

    def pool_options(self) -> dict[str, Any]:
        """Its own parser is asked for: the hiredis that the suite has is newer than what yaaredis allows."""
        return {
            "host": self.settings.host,
            "port": self.settings.port,
            "max_connections": self.settings.max_size,
            "stream_timeout": None,
            "parser_class": connection.PythonParser,
        }

    async def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis = yaaredis.StrictRedis(connection_pool=self._pool)

    async def call(self, *command: str) -> object:
        return await self._redis.execute_command(*command)

    async def borrow(self) -> object:
        return await self._pool.get_connection()

    async def use(self, borrowed: Any, *command: str) -> object:
        await borrowed.send_command(*command)
        return await borrowed.read_response()

    async def give_back(self, borrowed: Any) -> None:
        self._pool.release(borrowed)

    async def close(self) -> None:
        self._pool.disconnect()

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case yaaredis.ConnectionError() if "No connection available" in str(error):
                return ErrorKind.ACQUIRE_TIMEOUT
            case yaaredis.ConnectionError() if "Too many connections" in str(error):
                return ErrorKind.EXHAUSTED
            case yaaredis.ConnectionError() if "initial connection" in str(error):
                return ErrorKind.REFUSED
            case yaaredis.ConnectionError() | yaaredis.TimeoutError():
                return ErrorKind.LOST
            case yaaredis.ResponseError():
                return ErrorKind.SERVER
            case yaaredis.InvalidResponse():
                return ErrorKind.PROTOCOL
            case _:
                return AnyAdapter.kind(error)

    @staticmethod
    def version() -> str:
        return str(yaaredis.__version__)


class BlockingConnectionPool(ConnectionPool):
    """`StrictRedis` over a BlockingConnectionPool, which lets callers wait when it is full."""

    waits = True
    pool_class = yaaredis.BlockingConnectionPool

    def pool_options(self) -> dict[str, Any]:
        return super().pool_options() | {"timeout": self.settings.acquire_timeout_seconds}


ADAPTERS: tuple[type[AnyAdapter], ...] = (ConnectionPool, BlockingConnectionPool)
