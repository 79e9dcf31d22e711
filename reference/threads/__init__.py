"""Pool, multiplexer and client for threads: what the cores decide, these carry out.

    from poolproof.reference.threads import Client, Multiplexer, Pool

    pool = Pool("redis://127.0.0.1:6379", max_size=10)
    with pool.acquire() as connection:            # a connection of one's own: for BLPOP, for WATCH ... EXEC
        connection.execute("BLPOP", "jobs", 5)

    multiplexer = Multiplexer("redis://127.0.0.1:6379")
    multiplexer.execute("GET", "k")               # one connection shared by all threads: for everything else

    client = Client("redis://127.0.0.1:6379")     # both, and each command goes the way it has to

Each core is entered by one thread at a time, under a lock that is never held while anything waits. Nothing is
cancelled here, but an exception may strike wherever a thread waits (Ctrl-C, a limit set by a signal), and the
same is promised then as under asyncio: what was being waited for goes to the next, and a reply that is still
owed is never left for somebody else.
"""

from .client import Client
from .lease import Lease
from .multiplexer import Multiplexer
from .pool import Pool
from .subscription import Subscription

__all__ = ["Client", "Lease", "Multiplexer", "Pool", "Subscription"]
