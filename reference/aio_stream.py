"""One connection under asyncio: bytes in, replies out, and one end, whatever ends it.

A stream is alive from `connect` until its *end*: the server closed it, the network broke, the bytes were not
RESP, a reply came that nobody asked for, or we aborted it. The first of these is kept as the reason; later
ones change nothing. The owner hears of it at once, through `ended`, and not first when asyncio gets round to
`connection_lost`: between the two the connection is dead already, and must not be lent (POOL-12).

Whom a reply is for, the owner knows: `claim` is called for each, in order, and names the call; `reply_owed`
says whether one is due. What comes while none is due ends the stream, even a part of a reply: whoever wrote
next would take it for an answer (CONN-04). A reply nobody asked for that comes *after* the next command was
written cannot be told from an answer: such is RESP.

It asks of the event loop only `create_connection` with a buffered protocol; the plain kind costs a lone
caller half its speed, because asyncio then allocates 256 KiB per read. The size of the buffer is a matter of
fairness: with a large one, a large reply keeps the other connections of the loop waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

from .errors import (
    ConnectFailed,
    ConnectionLost,
    Fate,
    PoolproofError,
    ProtocolError,
    ServerError,
    call_ended,
)
from .resp import NOT_ENOUGH, Push, Reader, Reply


class Stream(asyncio.BufferedProtocol):
    """A connection whose replies go where `claim` says.

    It returns the call that the next reply settles, None if its caller is gone, or raises `ProtocolError`.
    """

    def __init__(self, claim: Callable[[], asyncio.Future[Reply] | None], buffer_bytes: int) -> None:
        self.end: tuple[type[PoolproofError], str] | None = None  # the kind of error that ended it, and why
        self.loop = asyncio.get_running_loop()
        self.gone = self.loop.create_future()  # done when the socket is closed
        self._claim = claim
        self._buffer = memoryview(bytearray(buffer_bytes))
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None

    async def connect(self, host: str, port: int) -> None:
        """Opens the connection, or raises `ConnectFailed`.

        Cancelled, it leaves no socket behind: `create_connection` closes its own, and nothing suspends after.
        """
        await asyncio.sleep(0)  # closes a race: a socket aborted in this turn is closed in the next (POOL-01)
        try:
            await self.loop.create_connection(lambda: self, host, port)
            if self.end is not None:  # closes a race: the server hung up before we ran again (POOL-12)
                raise ConnectionError(self.end[1])
        except Exception as error:
            raise ConnectFailed(f"no connection to {host}:{port}: {error}") from error

    def write(self, data: bytes) -> None:
        """Sends bytes; only after `connect`, and before the end."""
        assert self._transport is not None
        self._transport.write(data)

    def abort(self, kind: type[PoolproofError], reason: str) -> None:
        """Ends the stream now, unless it has ended already. Its socket is closed in the loop's next turn."""
        if self.end is None:
            self.end = kind, reason
            if self._transport is not None:
                self._transport.abort()
            self.ended()

    def error(self, fate: Fate) -> PoolproofError:
        """Why the stream has ended, for one caller."""
        assert self.end is not None
        kind, reason = self.end
        return call_ended(kind, reason, fate)

    def reply_owed(self) -> bool:
        """True while a command has been written whose reply has not come."""
        raise NotImplementedError

    def ended(self) -> None:
        """The stream has just ended, and `end` says why."""
        raise NotImplementedError

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # a hint, and not one to follow
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        reader = self._reader
        try:
            reader.feed(self._buffer, 0, nbytes)  # type: ignore[arg-type]  # stub: str or bytes only
            while (reply := reader.gets()) is not NOT_ENOUGH:
                if reply.__class__ is Push:
                    continue  # it completes no call (MUX-08)
                call = self._claim()
                if call is None:
                    continue
                if reply.__class__ is ServerError:
                    call.set_exception(reply)
                else:
                    call.set_result(reply)
            if reader.has_data() and not self.reply_owed():
                raise ProtocolError("part of a reply came that nobody asked for")
        except (ProtocolError, TypeError) as error:  # TypeError: a map whose key cannot be hashed
            self.abort(ProtocolError, f"closed, as its replies cannot be told apart any more: {error}")

    def eof_received(self) -> None:
        self.abort(ConnectionLost, "the server closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(ConnectionLost, f"the connection was lost: {exc or 'closed'}")
        if not self.gone.done():
            self.gone.set_result(None)


async def all_gone(streams: Iterable[Stream]) -> None:
    """Returns when the sockets of these streams, which have ended, are closed."""
    if pending := [stream.gone for stream in streams if not stream.gone.done()]:
        await asyncio.wait(pending)
