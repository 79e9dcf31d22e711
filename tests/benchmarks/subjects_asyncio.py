"""The clients under asyncio, each set up as its own documentation recommends.

Each function here prepares one of them and returns the operation that its callers repeat: a GET of a 16-byte
value, from its arguments to its reply. All get the same event loop, the same settings of the garbage
collector, and a pool as large as the number of callers unless a cell says otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from .cells import KEY, VALUE, Setting
from .peers import peer

Operation: TypeAlias = Callable[[], Awaitable[object]]


async def multiplexer(setting: Setting) -> Operation:
    """Our `Multiplexer` with its defaults: one connection, a limit of 5 s on every reply."""
    from poolproof.reference.aio import Multiplexer

    execute = Multiplexer(setting.url).execute
    return lambda: execute("GET", KEY)


async def multiplexer_without_limit(setting: Setting) -> Operation:
    """The same without a limit on replies."""
    from poolproof.reference.aio import Multiplexer

    execute = Multiplexer(setting.url, command_timeout_seconds=None).execute
    return lambda: execute("GET", KEY)


async def ceiling(setting: Setting) -> Operation:  # noqa: ARG001  # no server is asked
    """No input or output: a future for each call, and all of them set in the loop's next turn.

    What is left is asyncio: no client that wakes one task per reply by a future can be faster.
    """
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[str]] = []

    def answer() -> None:
        nonlocal asked
        calls, asked = asked, []
        for call in calls:
            call.set_result(VALUE)

    def operation() -> asyncio.Future[str]:
        call: asyncio.Future[str] = loop.create_future()
        if not asked:
            loop.call_soon(answer)
        asked.append(call)
        return call

    return operation


async def pool(setting: Setting) -> Operation:
    """Our `Pool`: a connection is acquired for each command, and released after it."""
    from poolproof.reference.aio import Pool

    connections = Pool(setting.url, max_size=setting.cell.pool_size)

    async def operation() -> object:
        async with connections.acquire() as connection:
            return await connection.execute("GET", KEY)

    return operation


async def redis_py(setting: Setting) -> Operation:
    """redis-py: one `Redis` for all callers, over a pool with room for each of them."""
    redis = peer("redis.asyncio", "redis")
    connections = redis.ConnectionPool.from_url(setting.url, max_connections=setting.cell.pool_size)
    get = redis.Redis(connection_pool=connections).get
    return lambda: get(KEY)


async def redis_py_blocking(setting: Setting) -> Operation:
    """redis-py over its `BlockingConnectionPool`, whose callers wait when it has nothing left."""
    redis = peer("redis.asyncio", "redis")
    connections = redis.BlockingConnectionPool.from_url(
        setting.url, max_connections=setting.cell.pool_size, timeout=20
    )
    get = redis.Redis(connection_pool=connections).get
    return lambda: get(KEY)


async def valkey_py(setting: Setting) -> Operation:
    """valkey-py, as redis-py, whose fork it is."""
    valkey = peer("valkey.asyncio", "valkey")
    connections = valkey.ConnectionPool.from_url(setting.url, max_connections=setting.cell.pool_size)
    get = valkey.Valkey(connection_pool=connections).get
    return lambda: get(KEY)


async def coredis(setting: Setting) -> Operation:
    """coredis: one `Redis`, entered; it multiplexes by itself."""
    client = peer("coredis").Redis(host="127.0.0.1", port=setting.port)
    await client.__aenter__()
    return lambda: client.get(KEY)


async def glide(setting: Setting) -> Operation:
    """valkey-glide: one `GlideClient`, which multiplexes; its bound in flight is raised for many callers."""
    module = peer("glide", "valkey-glide")
    configuration = module.GlideClientConfiguration(
        [module.NodeAddress("127.0.0.1", setting.port)],
        request_timeout=20_000,  # milliseconds
        inflight_requests_limit=max(1_000, 2 * setting.cell.callers),  # at its limit it turns calls away
    )
    client = await module.GlideClient.create(configuration)
    return lambda: client.get(KEY)


SUBJECTS: dict[str, Callable[[Setting], Awaitable[Operation]]] = {
    "asyncio-multiplexer": multiplexer,
    "asyncio-multiplexer-no-limit": multiplexer_without_limit,
    "asyncio-ceiling": ceiling,
    "asyncio-pool": pool,
    "asyncio-redis-py": redis_py,
    "asyncio-redis-py-blocking": redis_py_blocking,
    "asyncio-valkey-py": valkey_py,
    "asyncio-coredis": coredis,
    "asyncio-glide": glide,
}
