"""The pool for asyncio: a shell around `pool.PoolCore`, in which a caller is a `Lease`.

A lease is one caller's hold on one connection. It is made by each `acquire`, it is what the caller awaits or
enters, what it sends commands through, and what it gives back; and it is the caller's identity in the core.
So a lease that was released is powerless, even when its connection has been lent to somebody else since: a
second release is an error and a late command is one too (POOL-02, POOL-08). Had callers the bare connection,
both would hit its next borrower.

An acquire that cannot be served at once runs under one timer, which bounds its waiting and its dialling
together; `close` pulls the same timer forward to end them. Whatever ends it early, it says `abandon` to the
core before the error reaches the caller, and wakes whom the core names.
"""

# pyright: reportPrivateUsage=false
# Pool and Lease are the two ends of one mechanism: they share what nobody else may see.

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator

from .aio_stream import Stream, all_gone
from .errors import AcquireTimeout, Closed, ConnectionLost, Fate, Misuse, ProtocolError
from .pool import DIAL, WAIT, Next, PoolCore
from .resp import Argument, Reply, encode


class Pool:
    """Lends each caller a connection of its own, of at most `max_size`, and takes it back.

    A connection is opened when it is first needed. An acquire takes at most `acquire_timeout_seconds`, its
    dial included; None sets no limit.
    """

    def __init__(
        self, host: str, port: int, *, max_size: int = 10, acquire_timeout_seconds: float | None = 20.0
    ) -> None:
        self._host = host
        self._port = port
        self._acquire_timeout_seconds = acquire_timeout_seconds
        self._core: PoolCore[Lease, Connection] = PoolCore(max_size)

    def acquire(self) -> Lease:
        """`async with pool.acquire() as connection:`, or `connection = await pool.acquire()` and a `release`.

        Does not suspend when a connection is idle. Raises `AcquireTimeout`, `ConnectFailed` or `Closed`;
        then, and when cancelled, the caller has left the queue and what it had been given has gone to the
        next (CALL-04, POOL-07).
        """
        return Lease(self)

    def release(self, connection: Lease) -> None:
        """Gives a connection back; the first waiter gets it. `Misuse` if it is not on loan here (POOL-08)."""
        held = self._core.lent.get(connection)
        if held is not None and held.call is not None:  # the next caller would get that reply (CONN-02)
            held.abort(ConnectionLost, "the connection was released before the reply came")
        waiter = self._core.release(connection)
        if waiter is not None:
            self._wake(waiter)

    async def execute(self, *command: Argument) -> Reply:
        """Acquires a connection, sends one command on it, and releases it; raises what these raise."""
        async with self.acquire() as connection:
            return await connection.execute(*command)

    async def close(self) -> None:
        """Ends everything now; callers that wait or dial, and calls in flight, get `Closed` (LIFE-02,
        LIFE-04).

        Waits only for the sockets to be closed; cancelled there, it has closed the pool all the same.
        """
        closing = self._core.close()
        for caller in closing.callers:
            if not caller._limit.expired():
                caller._limit.reschedule(asyncio.get_running_loop().time())
        for connection in closing.connections:
            connection.abort(Closed, "the pool was closed")
        await all_gone(closing.connections)

    async def _complete(self, lease: Lease, step: Connection | Next) -> None:
        """The rest of an acquire that could not be served at once."""
        try:
            async with asyncio.timeout(self._acquire_timeout_seconds) as lease._limit:
                if step is WAIT:
                    lease._woken = asyncio.get_running_loop().create_future()
                    await lease._woken
                    step = self._core.resume(lease)
                if step is DIAL:
                    await self._dial(lease)
        except BaseException as error:
            situation = str(self._core)
            self._wake(self._core.abandon(lease))  # closes a race: what it was given meanwhile is passed on
            if not isinstance(error, TimeoutError):
                raise
            if self._core.closed:
                raise Closed("the pool was closed while this caller waited for a connection") from None
            raise AcquireTimeout(
                f"no connection within {self._acquire_timeout_seconds} s ({situation}):"
                " release connections sooner, or raise max_size or acquire_timeout_seconds"
            ) from None

    async def _dial(self, lease: Lease) -> None:
        connection = Connection(self._core.lost)
        await connection.connect(self._host, self._port)
        try:
            self._core.opened(lease, connection)
        except Closed:  # closes a race: the pool was closed in the very turn in which this was made
            connection.abort(Closed, "the pool was closed")
            raise

    def _wake(self, lease: Lease | None) -> None:
        # One that was cancelled in this turn sleeps no more: it will abandon what it has just been given.
        if lease is not None and not lease._woken.done():
            lease._woken.set_result(None)


class Lease:
    """One caller's hold on one connection, from acquire to release; await it, or enter it by `async with`."""

    __slots__ = ("_limit", "_pool", "_woken")

    _limit: asyncio.Timeout  # these two are there while the acquire is suspended
    _woken: asyncio.Future[None]

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def execute(self, *command: Argument) -> asyncio.Future[Reply]:
        """Sends one command and returns its reply to come; the next one may be sent when that is there.

        Raises `Misuse` for a command that cannot be encoded, while a reply is owed, and unless a connection
        is held. The reply fails with `ServerError` for an error reply, with `ConnectionLost`, `Closed` or
        `ProtocolError` if the connection ends. Cancelled, it leaves a connection that owes a reply: to be
        released, and never lent again.
        """
        connection = self._pool._core.lent.get(self)
        if connection is None:
            raise Misuse("no connection is held: acquire one first, and use none after its release")
        return connection.execute(command)

    def __await__(self) -> Generator[object, None, Lease]:
        step = self._pool._core.acquire(self)
        if step is WAIT or step is DIAL:
            yield from self._pool._complete(self, step).__await__()
        return self

    def __aenter__(self) -> Lease:
        return self  # which is awaited

    async def __aexit__(self, *_: object) -> None:
        self._pool.release(self)


class Connection(Stream):
    """A connection that serves one caller at a time, with one command at a time."""

    def __init__(self, lost: Callable[[Connection], None]) -> None:
        super().__init__(claim=self._answered, buffer_bytes=16 * 1024)
        self._lost = lost
        self.call: asyncio.Future[Reply] | None = None  # stays until its reply comes, cancelled or not

    def execute(self, command: tuple[Argument, ...]) -> asyncio.Future[Reply]:
        data = encode(command)
        if self.end is not None:
            raise self.error(Fate.NOT_SENT)
        if self.call is not None:
            raise Misuse(
                "this connection owes a reply: await it first, or release the connection if it was cancelled"
            )
        self.call = self.loop.create_future()
        self.write(data)
        return self.call

    def reply_owed(self) -> bool:
        return self.call is not None

    def ended(self) -> None:
        self._lost(self)
        if self.call is not None and not self.call.done():
            self.call.set_exception(self.error(Fate.UNKNOWN))

    def _answered(self) -> asyncio.Future[Reply] | None:
        call, self.call = self.call, None
        if call is None:
            raise ProtocolError("a reply came that nobody asked for")
        return None if call.done() else call
