"""One connection under asyncio: bytes in, replies out, and one end, whatever ends it.

A stream is alive from `connect` until its *end*: the server closed it, the network broke, the bytes were not
RESP, a reply came that nobody asked for, or we aborted it. The first of these is kept as the reason; later
ones change nothing. The owner hears of it at once, through `ended`, and not first when asyncio gets round to
`connection_lost`: between the two the connection is dead already, and must not be lent (POOL-12).

Replies settle the calls in `calls`, in order: those of the handshake, which comes before anything else
(CONN-05), and then whatever the owner puts there. The multiplexer's come from its core instead: `claim` is
called with the number of replies at hand, and names the calls. What comes while none is owed ends the stream,
even a part of a reply: whoever wrote next would take it for an answer (CONN-04). A reply nobody asked for
that comes *after* the next command was written cannot be told from an answer: such is RESP.

It asks of the event loop only `create_connection` with a buffered protocol; the plain kind costs a lone
caller half its speed, because asyncio then allocates 256 KiB per read. The size of the buffer is a matter of
fairness: with a large one, a large reply keeps the other connections of the loop waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable
from typing import TypeAlias, cast

from ..batch import Batch
from ..errors import (
    ConnectFailed,
    ConnectionLost,
    Fate,
    PoolproofError,
    ProtocolError,
    ServerError,
    call_ended,
)
from ..handshake import Handshake
from ..ownership import disown
from ..resp import NOT_ENOUGH, Push, Reader, Reply, encode
from ..url import Settings

Call: TypeAlias = "asyncio.Future[Reply] | Batch"


class Stream(asyncio.BufferedProtocol):
    """A connection whose replies settle calls in the order in which these were written."""

    def __init__(self, settings: Settings, buffer_bytes: int) -> None:
        self.settings = settings
        self.end: tuple[type[PoolproofError], str] | None = None  # the kind of error that ended it, and why
        self.loop = asyncio.get_running_loop()
        self.gone = self.loop.create_future()  # done when the socket is closed
        self.calls: deque[Call] = deque()  # in flight
        self.protocol = 2  # of RESP
        self._buffer = memoryview(bytearray(buffer_bytes))
        self._reader = Reader()
        self._unasked = False  # part of a frame has come while nothing was owed: it has to become a push
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> None:
        """Opens the connection and its session, or raises `ConnectFailed` (CONN-06).

        Cancelled or failed, it leaves no socket behind: `create_connection` closes its own, and a handshake
        that does not end well aborts the stream.
        """
        await asyncio.sleep(0)  # closes a race: a socket aborted in this turn is closed in the next (POOL-01)
        limit = self.settings.connect_timeout_seconds
        try:
            async with asyncio.timeout(limit):
                await self._dial()
                await self._shake_hands()
        except ConnectFailed as error:
            self.abort(type(error), str(error))
            raise
        except Exception as error:
            late = isinstance(error, TimeoutError) and not str(error)
            why = self.end[1] if self.end is not None else f"not within {limit} s" if late else str(error)
            reason = f"no connection to {self.settings}: {why}"
            self.abort(ConnectFailed, reason)
            raise ConnectFailed(reason) from error
        except BaseException:
            self.abort(ConnectFailed, f"the dial of {self.settings} was given up")
            raise
        if self.end is not None:  # closes a race: the server hung up before we ran again (POOL-12)
            raise ConnectFailed(self.end[1])

    async def _dial(self) -> None:
        where = self.settings
        if where.path is not None:
            await self.loop.create_unix_connection(lambda: self, where.path)
        elif where.tls is not None:
            await self.loop.create_connection(
                lambda: self, where.host, where.port, ssl=where.tls, server_hostname=where.host
            )
        else:
            await self.loop.create_connection(lambda: self, where.host, where.port)

    async def _shake_hands(self) -> None:
        given = self.settings.credentials() if self.settings.credentials is not None else None
        handshake = Handshake(self.settings, await given if isinstance(given, Awaitable) else given)
        commands = handshake.begin()
        while commands:
            # In one write: a second would fail if the server has no room and is gone, and nobody read why.
            first = self.request(b"".join(map(encode, commands)))
            others = [self.loop.create_future() for _ in commands[1:]]
            self.calls.extend(others)
            commands.clear()
            for reply in await asyncio.gather(first, *others, return_exceptions=True):
                if isinstance(reply, BaseException) and not isinstance(reply, ServerError):
                    raise reply
                commands += handshake.received(reply)
        self.protocol = handshake.protocol

    def request(self, data: bytes) -> asyncio.Future[Reply]:
        """Writes one command; its reply to come."""
        if self.end is not None:
            raise self.error(Fate.NOT_SENT)
        call: asyncio.Future[Reply] = self.loop.create_future()
        self.calls.append(call)
        self.write(data)
        return call

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

    def disown(self) -> None:
        """In a child of a fork: leaves the socket to the parent (LIFE-07)."""
        if self._transport is not None:
            disown(self._transport.get_extra_info("socket").fileno())

    # What its owner may want otherwise.

    def claim(self, replies: int) -> list[Call]:
        """The calls that the next replies settle; fewer if no more are owed."""
        calls = self.calls
        return [calls.popleft() for _ in range(min(replies, len(calls)))]

    def reply_owed(self) -> bool:
        """Whether a command has been written whose reply has not come."""
        return bool(self.calls)

    def listens(self) -> bool:
        """Whether frames may come that answer no command."""
        return False

    def pushed(self, frame: Push) -> None:
        """A frame came that answers no command (MUX-08)."""

    def ended(self) -> None:
        """The stream has just ended, and `end` says why."""
        for call in dict.fromkeys(self.calls):
            if not call.done():
                call.set_exception(self.error(Fate.UNKNOWN))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.end is not None:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # a hint, and not one to follow
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        reader = self._reader
        replies: list[Reply] = []
        try:
            try:
                reader.feed(self._buffer, 0, nbytes)  # type: ignore[arg-type]  # stub: str or bytes only
                while (reply := reader.gets()) is not NOT_ENOUGH:
                    if reply.__class__ is Push:
                        self._settle(replies)
                        replies = []
                        self._unasked = False
                        self.pushed(reply)
                    else:
                        replies.append(reply)
            finally:
                self._settle(replies)
            if reader.has_data() and not self.reply_owed():
                if not self.listens():
                    raise ProtocolError("part of a reply came that nobody asked for")
                self._unasked = self.protocol == 3
        except (ProtocolError, TypeError) as error:  # TypeError: a map whose key cannot be hashed
            self.abort(ProtocolError, f"closed, as its replies cannot be told apart any more: {error}")

    def _settle(self, replies: list[Reply]) -> None:
        if self._unasked and replies:
            raise ProtocolError("a reply came that began before anybody asked")
        calls = self.claim(len(replies))
        for call, reply in zip(calls, replies, strict=False):
            if call.done():
                continue  # its caller is gone
            if isinstance(reply, ServerError):
                call.set_exception(reply)
            else:
                call.set_result(reply)
        if len(calls) < len(replies):
            raise ProtocolError("a reply came that nobody asked for")

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
