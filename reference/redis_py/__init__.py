"""redis-py over the reference's pools: for those who stay with redis-py, and want a pool that keeps promises.

    from poolproof.reference.redis_py import AsyncioPool, Pool

    client = redis.Redis(connection_pool=Pool.from_url("redis://127.0.0.1:6379", max_connections=10))
    client = redis.asyncio.Redis(connection_pool=AsyncioPool.from_url("redis://127.0.0.1:6379"))

The commands and the connections are redis-py's own (5.0 to 8.1). Who has which connection, who waits, and
what may be lent again is decided as everywhere in the reference, by `pool.PoolCore`. So here holds what does
not hold of redis-py's own pools:

    A connection that owes a reply, or whose session is not as configured, is closed at its release, however
    that came about: a cancellation, an interrupt, a SELECT.                     (CONN-01, CONN-02, CONN-08)
    So is one whose handshake was not finished. One that is dead, or has bytes unread, is not lent; not
    under RESP3 either.                                                          (CONN-05, CONN-04, POOL-12)
    Who waits is served in order; who gives up waiting, or fails to dial, leaves nothing behind.
                                                                                 (POOL-03, POOL-05, CALL-04)
    What is lent is a *loan* of the connection. Once released it is powerless: neither a second release nor a
    late command meets the next borrower.                                                 (POOL-02, POOL-08)
    A connection that ends within a transaction ends the transaction, even by `pool.disconnect()`.

What differs for users: a release into a pool that has not lent the connection raises `Misuse`; a second
release, which some paths of redis-py take, is only logged; both change nothing. `disconnect` leaves the pool
open, as in redis-py; `close` and `aclose` are the end (LIFE-04). Client-side caching and maintenance
notifications are refused: they are made of redis-py's own pools. Errors are redis-py's and ours at once, so
that `except redis.ConnectionError` still catches them. `timeout` bounds a dial too; under threads, a `retry`
given to the connections may dial again after it. A command costs about 10 microseconds more under threads,
and nothing more under asyncio.
"""

try:
    import redis as _  # noqa: F401
except ImportError as error:
    raise ImportError("redis-py is not installed: pip install redis") from error

from .aio_pool import AsyncioPool
from .errors import AcquireTimeout, Closed, ConnectFailed, Misuse
from .threads_pool import Pool

__all__ = ["AcquireTimeout", "AsyncioPool", "Closed", "ConnectFailed", "Misuse", "Pool"]
