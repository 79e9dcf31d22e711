"""A pool and a multiplexer that keep the promises, small enough to read in an evening.

Read in this order:

    errors          what a caller did wrong, or must be told; every error carries its fate
    resp            commands become bytes, bytes become replies
    pool            core: who holds which connection, and who waits for one
    idle            the connections that nobody holds, and when each one's time is up
    multiplexer     core: whose reply comes next on the one connection that all callers share
    marks           how long commands have waited, without a timer for each
    batch           several commands that stay together
    subscriptions   who listens to what
    url, handshake  where the server is, and how to greet it
    commands        by which way a command may travel
    session         what a borrower has left on its connection
    metrics         what a pool tells about itself
    ownership       forks, and what nobody closed
    shell           what the two shells share
    aio/            the shell for asyncio: stream, connection, lease, pool, multiplexer, client
    threads/        the shell for threads, file by file the same

A *core* is a plain state machine. It opens no socket, reads no clock, holds no lock and starts no task; an
event is a method, and what must happen next is what it returns. So a core can be run in step with its
abstract model, one event at a time, through all of its states. A *shell* holds a core and carries out what it
says; it decides nothing about capacity, order or age.
"""

from .errors import (
    AcquireTimeout,
    AuthenticationFailed,
    Closed,
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Fate,
    HandshakeFailed,
    Misuse,
    Overflow,
    PoolproofError,
    ProtocolError,
    ServerError,
)
from .url import Settings

__all__ = [
    "AcquireTimeout",
    "AuthenticationFailed",
    "Closed",
    "CommandTimeout",
    "ConnectFailed",
    "ConnectionLost",
    "Fate",
    "HandshakeFailed",
    "Misuse",
    "Overflow",
    "PoolproofError",
    "ProtocolError",
    "ServerError",
    "Settings",
]
