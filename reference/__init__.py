"""A pool and a multiplexer that keep the promises, small enough to read in an evening.

Read in this order:

    errors            what a caller did wrong, or must be told; every error carries its fate
    resp              commands become bytes, bytes become replies
    pool              core: who holds which connection, and who waits for one
    multiplexer       core: whose reply comes next on the one connection that all callers share
    aio_stream        one connection under asyncio
    aio_pool          the pool for asyncio
    aio_multiplexer   the multiplexer for asyncio
    aio               both, to be imported from

A *core* is a plain state machine. It opens no socket, reads no clock, holds no lock and starts no task; an
event is a method, and what must happen next is what it returns. So a core can be run in step with its
abstract model, one event at a time, through all of its states. A *shell* holds a core and carries out what it
says; it decides nothing about capacity, order or age.
"""

from .errors import (
    AcquireTimeout,
    Closed,
    ConnectFailed,
    ConnectionLost,
    Fate,
    Misuse,
    Overflow,
    PoolproofError,
    ProtocolError,
    ServerError,
)

__all__ = [
    "AcquireTimeout",
    "Closed",
    "ConnectFailed",
    "ConnectionLost",
    "Fate",
    "Misuse",
    "Overflow",
    "PoolproofError",
    "ProtocolError",
    "ServerError",
]
