"""Pool, multiplexer and client for asyncio: what the cores decide, these carry out.

    from poolproof.reference.aio import Client, Multiplexer, Pool

    pool = Pool("redis://127.0.0.1:6379", max_size=10)
    async with pool.acquire() as connection:      # a connection of one's own: for BLPOP, for WATCH ... EXEC
        await connection.execute("BLPOP", "jobs", 5)

    multiplexer = Multiplexer("redis://127.0.0.1:6379")
    await multiplexer.execute("GET", "k")         # one connection shared by all callers: for everything else

    client = Client("redis://127.0.0.1:6379")     # both, and each command goes the way it has to

Everything runs in one event loop, so no core is ever entered twice at a time, and a race can arise in one
place only: where a caller is suspended. There are three such places, and each can be cancelled in the very
turn in which it would have gone on:

    Pool._advance      waiting to be woken   the grant goes to the next waiter
    CALL-04
    Stream.connect     dialling              the socket is closed, the permit goes to the next waiter
    POOL-03
    await execute()    a reply is owed       pool: the connection is closed at its release, not reused
    CONN-02
                                             multiplexer: the reply is dropped when it comes
                                             MUX-02

No task, timer or lock is made per call: `execute` returns a bare future, and an acquire that finds an idle
connection does not suspend. Only a caller that must wait or dial pays for a timer; only a multiplexer's dial
is a task, because it serves all callers and must not die with one.
"""

from .client import Client
from .lease import Lease
from .messages import Messages
from .multiplexer import Multiplexer
from .pool import Pool

__all__ = ["Client", "Lease", "Messages", "Multiplexer", "Pool"]
