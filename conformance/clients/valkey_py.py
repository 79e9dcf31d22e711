"""valkey-py: ConnectionPool and BlockingConnectionPool, for asyncio (RESP2 and RESP3) and for threads."""

from typing import Any, ClassVar

import valkey
import valkey.asyncio

from ..adapter import AnyAdapter
from ..history import ErrorKind
from .redis_like import DEMANDING_RESP3, RedisLike, kind_of
from .redis_like_aio import RedisLikeAsyncio
from .redis_like_threads import RedisLikeThreads


class ValkeyPy(RedisLike):
    """What all variants have in common."""

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return kind_of(error, valkey)

    @staticmethod
    def version() -> str:
        return valkey.__version__


class ConnectionPool(ValkeyPy, RedisLikeAsyncio):
    """`valkey.asyncio.Valkey` over a ConnectionPool, which refuses callers when it is full."""

    name = "ConnectionPool, RESP2"
    waits = False
    client_class: ClassVar[Any] = valkey.asyncio.Valkey
    pool_class: ClassVar[Any] = valkey.asyncio.ConnectionPool


class BlockingConnectionPool(ConnectionPool):
    """The same over a BlockingConnectionPool, which lets callers wait."""

    name = "BlockingConnectionPool, RESP2"
    waits = True
    pool_class: ClassVar[Any] = valkey.asyncio.BlockingConnectionPool


class BlockingConnectionPoolResp3(BlockingConnectionPool):
    """The same, with HELLO 3 on each new connection."""

    name = "BlockingConnectionPool, RESP3"
    protocol = 3
    promises = DEMANDING_RESP3


class ThreadedConnectionPool(ValkeyPy, RedisLikeThreads):
    """`valkey.Valkey` over a ConnectionPool."""

    name = "ConnectionPool, RESP2, threads"
    waits = False
    client_class: ClassVar[Any] = valkey.Valkey
    pool_class: ClassVar[Any] = valkey.ConnectionPool


class ThreadedBlockingConnectionPool(ThreadedConnectionPool):
    """The same over a BlockingConnectionPool."""

    name = "BlockingConnectionPool, RESP2, threads"
    waits = True
    pool_class: ClassVar[Any] = valkey.BlockingConnectionPool


ADAPTERS: tuple[type[AnyAdapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    BlockingConnectionPoolResp3,
    ThreadedConnectionPool,
    ThreadedBlockingConnectionPool,
)
