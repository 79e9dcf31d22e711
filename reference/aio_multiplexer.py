"""The multiplexer for asyncio: a shell around `multiplexer.MultiplexerCore`, in which a call is a future.

A future already says `done()` once its caller has cancelled it, which is all the core asks of a call: no
callback is needed to hear of a cancellation. Each epoch has a stream of its own that knows its number, and
says it with all its news; late news of an old stream is thereby told from news of the present one (MUX-06).

Nobody is resumed inside the reader: settling a future only queues its caller's wake-up in the event loop, so
what a caller does with its reply cannot hold up the replies of others (MUX-03).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from .aio_stream import Stream, all_gone
from .errors import Closed, ConnectFailed, Fate, PoolproofError, call_ended
from .multiplexer import DIAL, FLUSH_NOW, FLUSH_SOON, Ended, MultiplexerCore
from .resp import Argument, Reply, encode


class Multiplexer:
    """Lets all callers share one connection, and gives each reply to the caller it belongs to.

    The connection is opened by the first command, and by the first one after it was lost; a dial takes at
    most `connect_timeout_seconds`. Up to `max_in_flight` commands are written ahead of their replies, up to
    `max_backlog` more are kept; one more is turned away with `Overflow` (MUX-05).
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        max_in_flight: int = 10_000,
        max_backlog: int = 100_000,
        connect_timeout_seconds: float | None = 10.0,
    ) -> None:
        self._host = host
        self._port = port
        self._connect_timeout_seconds = connect_timeout_seconds
        self._core: MultiplexerCore[asyncio.Future[Reply]] = MultiplexerCore(max_in_flight, max_backlog)
        self._loop: asyncio.AbstractEventLoop | None = None  # kept: to ask for it costs as much as to encode
        self._wire: _Wire | None = None  # the stream of the present epoch, once it is open
        self._dialling: asyncio.Task[None] | None = None

    def execute(self, *command: Argument) -> asyncio.Future[Reply]:
        """Accepts a command and returns its reply to come, or raises `Misuse`, `Overflow` or `Closed`.

        The reply fails with `ServerError` for an error reply; with `ConnectFailed`, `ConnectionLost`,
        `ProtocolError` or `Closed`, fate not sent or unknown, if the connection cannot be opened or ends.
        Cancelled, the command is not sent if it was not yet; if it was, its reply is dropped. Commands go out
        in the order of the calls (CALL-07).
        """
        data = encode(command)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        call: asyncio.Future[Reply] = self._loop.create_future()
        step = self._core.send(data, call)
        if step is FLUSH_NOW:
            self._flush()
        elif step is FLUSH_SOON:
            self._loop.call_soon(self._flush)
        elif step is DIAL:
            self._dialling = self._loop.create_task(self._dial(self._core.epoch))
        return call

    async def close(self) -> None:
        """Ends everything now: all calls fail with `Closed` (LIFE-02, LIFE-04).

        Waits only for the socket to be closed; cancelled there, it has closed the multiplexer all the same.
        """
        self._fail(self._core.close(), Closed, "the multiplexer was closed")
        if self._dialling is not None:
            self._dialling.cancel()
        if self._wire is not None:
            self._wire.abort(Closed, "the multiplexer was closed")
            await all_gone([self._wire])
        if self._dialling is not None:
            await asyncio.wait([self._dialling])

    async def _dial(self, epoch: int) -> None:
        wire = _Wire(self._core, epoch, self._flush, self._lost)
        try:
            async with asyncio.timeout(self._connect_timeout_seconds):
                await wire.connect(self._host, self._port)
        except ConnectFailed as error:
            self._lost(epoch, ConnectFailed, str(error))
        except TimeoutError:
            limit = self._connect_timeout_seconds
            self._lost(epoch, ConnectFailed, f"no connection to {self._host}:{self._port} within {limit} s")
        except asyncio.CancelledError:  # by close, or by whoever ends all tasks of the loop
            self._lost(epoch, ConnectFailed, f"the dial of {self._host}:{self._port} was cancelled")
            raise
        else:
            self._wire = wire
            self._core.opened(epoch)
            self._flush()

    def _flush(self) -> None:
        data = self._core.flush()
        if data and self._wire is not None:
            self._wire.write(data)

    def _lost(self, epoch: int, kind: type[PoolproofError], reason: str) -> None:
        self._fail(self._core.lost(epoch), kind, reason)

    def _fail(self, left: Ended[asyncio.Future[Reply]], kind: type[PoolproofError], reason: str) -> None:
        for call in left.unknown:
            call.set_exception(call_ended(kind, reason, Fate.UNKNOWN))
        for call in left.not_sent:
            call.set_exception(call_ended(kind, reason, Fate.NOT_SENT))


class _Wire(Stream):
    """The shared connection, for one epoch."""

    def __init__(
        self,
        core: MultiplexerCore[asyncio.Future[Reply]],
        epoch: int,
        flush: Callable[[], None],
        lost: Callable[[int, type[PoolproofError], str], None],
    ) -> None:
        super().__init__(claim=partial(core.received, epoch), buffer_bytes=64 * 1024)
        self._core = core
        self._epoch = epoch
        self._flush = flush
        self._lost = lost

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        if self._core.backlog:
            self._flush()  # what the replies have made room for

    def reply_owed(self) -> bool:
        return bool(self._core.in_flight)

    def ended(self) -> None:
        assert self.end is not None
        self._lost(self._epoch, *self.end)
