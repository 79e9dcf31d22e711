"""The clients for threads, each set up as its own documentation recommends.

Each function here prepares one of them and returns the operation that its callers, a thread each, repeat: a
GET of a 16-byte value. All get a pool as large as the number of callers unless a cell says otherwise.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TypeAlias

from .cells import KEY, Setting
from .peers import peer

Operation: TypeAlias = Callable[[], object]


def multiplexer(setting: Setting) -> Operation:
    """Our `Multiplexer` with its defaults: one connection, a limit of 5 s on every reply."""
    from poolproof.reference.threads import Multiplexer

    execute = Multiplexer(setting.url).execute
    return lambda: execute("GET", KEY)


def pool(setting: Setting) -> Operation:
    """Our `Pool`: a connection is acquired for each command, and released after it."""
    from poolproof.reference.threads import Pool

    connections = Pool(setting.url, max_size=setting.cell.pool_size)

    def operation() -> object:
        with connections.acquire() as connection:
            return connection.execute("GET", KEY)

    return operation


def raw(setting: Setting) -> Operation:
    """No client at all: a blocking socket and a hiredis reader of its own for each thread."""
    import hiredis

    class Connection(threading.local):
        def __init__(self) -> None:
            self.socket = socket.create_connection(("127.0.0.1", setting.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.reader = hiredis.Reader()

    mine = Connection()
    pack = hiredis.pack_command  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]

    def operation() -> object:
        mine.socket.sendall(pack(("GET", KEY)))  # type: ignore[arg-type]  # its stub: one word only
        reader = mine.reader
        while (reply := reader.gets()) is False:
            reader.feed(mine.socket.recv(65_536))
        return reply

    return operation


def redis_py(setting: Setting) -> Operation:
    """redis-py: one `Redis` for all threads, over a pool with room for each of them."""
    redis = peer("redis")
    connections = redis.ConnectionPool.from_url(setting.url, max_connections=setting.cell.pool_size)
    get = redis.Redis(connection_pool=connections).get
    return lambda: get(KEY)


def redis_py_blocking(setting: Setting) -> Operation:
    """redis-py over its `BlockingConnectionPool`, whose callers wait when it has nothing left."""
    redis = peer("redis")
    connections = redis.BlockingConnectionPool.from_url(
        setting.url, max_connections=setting.cell.pool_size, timeout=20
    )
    get = redis.Redis(connection_pool=connections).get
    return lambda: get(KEY)


def valkey_py(setting: Setting) -> Operation:
    """valkey-py, as redis-py, whose fork it is."""
    valkey = peer("valkey")
    connections = valkey.ConnectionPool.from_url(setting.url, max_connections=setting.cell.pool_size)
    get = valkey.Valkey(connection_pool=connections).get
    return lambda: get(KEY)


def glide(setting: Setting) -> Operation:
    """valkey-glide-sync: one `GlideClient` for all threads, which multiplexes."""
    module = peer("glide_sync", "valkey-glide-sync")
    address = module.NodeAddress("127.0.0.1", setting.port)
    client = module.GlideClient.create(module.GlideClientConfiguration([address], request_timeout=20_000))
    return lambda: client.get(KEY)


SUBJECTS: dict[str, Callable[[Setting], Operation]] = {
    "threads-multiplexer": multiplexer,
    "threads-pool": pool,
    "threads-raw": raw,
    "threads-redis-py": redis_py,
    "threads-redis-py-blocking": redis_py_blocking,
    "threads-valkey-py": valkey_py,
    "threads-glide": glide,
}
