"""redis-py: ConnectionPool and BlockingConnectionPool, for asyncio and for threads, RESP2 and RESP3."""

from typing import Any, ClassVar

import redis
import redis.asyncio

from ..adapter import AnyAdapter
from ..history import ErrorKind
from .redis_like import DEMANDING_RESP3, RedisLike, kind_of
from .redis_like_aio import RedisLikeAsyncio
from .redis_like_threads import RedisLikeThreads

RELEASE = int(redis.__version__.split(".")[0])
SPEAKS_RESP3, RETRIES = RELEASE >= 5, RELEASE >= 6


class RedisPy(RedisLike):
    """What all variants have in common."""

    protocol = 2 if SPEAKS_RESP3 else None

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return kind_of(error, redis)

    @staticmethod
    def version() -> str:
        return redis.__version__


class ConnectionPool(RedisPy, RedisLikeAsyncio):
    """`redis.asyncio.Redis` over a ConnectionPool, which refuses callers when it is full."""

    name = "ConnectionPool, RESP2"
    waits = False
    client_class: ClassVar[Any] = redis.asyncio.Redis
    pool_class: ClassVar[Any] = redis.asyncio.ConnectionPool


class BlockingConnectionPool(ConnectionPool):
    """The same over a BlockingConnectionPool, which lets callers wait when it is full."""

    name = "BlockingConnectionPool, RESP2"
    waits = True
    pool_class: ClassVar[Any] = redis.asyncio.BlockingConnectionPool


class ConnectionPoolResp3(ConnectionPool):
    """Over RESP3, with HELLO on each new connection."""

    name = "ConnectionPool, RESP3"
    protocol = 3
    promises = DEMANDING_RESP3


class BlockingConnectionPoolResp3(BlockingConnectionPool):
    """Over RESP3, with HELLO on each new connection."""

    name = "BlockingConnectionPool, RESP3"
    protocol = 3
    promises = DEMANDING_RESP3


class ThreadedConnectionPool(RedisPy, RedisLikeThreads):
    """`redis.Redis` over a ConnectionPool."""

    name = "ConnectionPool, RESP2, threads"
    waits = False
    client_class: ClassVar[Any] = redis.Redis
    pool_class: ClassVar[Any] = redis.ConnectionPool


class ThreadedBlockingConnectionPool(ThreadedConnectionPool):
    """`redis.Redis` over a BlockingConnectionPool."""

    name = "BlockingConnectionPool, RESP2, threads"
    waits = True
    pool_class: ClassVar[Any] = redis.BlockingConnectionPool


class ThreadedConnectionPoolResp3(ThreadedConnectionPool):
    """The same over RESP3, which newer releases speak by default."""

    name = "ConnectionPool, RESP3, threads"
    protocol = 3
    promises = DEMANDING_RESP3


class Plain(ThreadedConnectionPool):
    """`redis.Redis` as it comes: it makes its pool by itself, with retries from release 6."""

    name = "Redis, threads"
    protocol = None

    def open(self) -> None:
        self._redis = redis.Redis(**self.pool_options())
        self._pool = self._redis.connection_pool


ADAPTERS: tuple[type[AnyAdapter], ...] = (
    ConnectionPool,
    BlockingConnectionPool,
    *((ConnectionPoolResp3, BlockingConnectionPoolResp3) if SPEAKS_RESP3 else ()),
    ThreadedConnectionPool,
    ThreadedBlockingConnectionPool,
    *((ThreadedConnectionPoolResp3,) if SPEAKS_RESP3 else ()),
    *((Plain,) if RETRIES else ()),
)
