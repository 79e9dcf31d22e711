"""redis-py over the reference's pools (`poolproof.reference.redis_py`), for asyncio and for threads.

With the adapters of the reference itself all of the suite that imports it.
"""

from typing import Any, ClassVar

from poolproof.reference import AcquireTimeout, Closed, ConnectFailed
from poolproof.reference.redis_py import AsyncioPool, Pool

from ..adapter import AnyAdapter, Strength
from ..history import ErrorKind
from ..promises import Promises
from .redis_py import BlockingConnectionPool, RedisPy, ThreadedBlockingConnectionPool


class Bridged(RedisPy):
    """What all variants have in common. The errors are redis-py's, and ours as well, which tell more."""

    promises = Promises()

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case AcquireTimeout():
                return ErrorKind.ACQUIRE_TIMEOUT
            case Closed():
                return ErrorKind.CLOSED
            case ConnectFailed():
                return ErrorKind.REFUSED
            case _:
                return RedisPy.kind(error)


class Asyncio(Bridged, BlockingConnectionPool):
    """`redis.asyncio.Redis` over an AsyncioPool."""

    name = "AsyncioPool, RESP2"
    pool_class: ClassVar[Any] = AsyncioPool

    async def close(self) -> None:
        await self._pool.aclose()


class AsyncioResp3(Asyncio):
    """The same, with HELLO 3 on each new connection."""

    name = "AsyncioPool, RESP3"
    protocol = 3
    promises = Promises(demands=frozenset({"HELLO"}))


class Threads(Bridged, ThreadedBlockingConnectionPool):
    """`redis.Redis` over a Pool; it survives what strikes where a thread is about to take a lock."""

    name = "Pool, RESP2, threads"
    interrupted_at = Strength.LOCK_POINT
    pool_class: ClassVar[Any] = Pool

    def close(self) -> None:
        self._pool.close()


class ThreadsResp3(Threads):
    """The same, with HELLO 3 on each new connection."""

    name = "Pool, RESP3, threads"
    protocol = 3
    promises = Promises(demands=frozenset({"HELLO"}))


ADAPTERS: tuple[type[AnyAdapter], ...] = (Asyncio, AsyncioResp3, Threads, ThreadsResp3)
