"""The multiplexer for asyncio: a shell around `multiplexer.MultiplexerCore`, in which a call is a future.

A future already says `done()` once its caller has cancelled it, which is all the core asks of a call. Each
epoch has a stream of its own, which says its number with all its news, so that late ones are known (MUX-06).

Nobody is resumed inside the reader: settling a future only queues its caller's wake-up in the event loop, so
what a caller does with its reply cannot hold up the replies of others (MUX-03).

One timer for all tells the core the time, while anybody waits.
"""

# pyright: reportPrivateUsage=false
# Multiplexer and Wire are two halves of one mechanism.

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Any

from ..batch import Batch, shared, together
from ..commands import Route, route, why_not_shared
from ..errors import (
    Closed,
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Fate,
    HandshakeFailed,
    Misuse,
    Overflow,
    PoolproofError,
    ServerError,
    call_ended,
)
from ..multiplexer import DIAL, DIALLING, FLUSH_NOW, FLUSH_SOON, NOTHING, UP, Ended, Next
from ..ownership import forget_in_child
from ..resp import Argument, Reply, encode
from ..shell import MultiplexerShell
from ..subscriptions import Topic
from .messages import Messages
from .stream import Call, all_gone
from .wire import Wire

SHARED = Route.SHARED


class Multiplexer(MultiplexerShell[Call, Messages]):
    __doc__ = MultiplexerShell.__doc__

    def _start(self) -> None:
        super()._start()
        self._loop: asyncio.AbstractEventLoop | None = None  # kept: to ask for it costs as much as to encode
        self._wire: Wire | None = None  # the stream of the present epoch, once it is open
        self._dialling: asyncio.Task[None] | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None  # awaited by a close that drains

    def execute(self, *command: Argument, idempotent: bool = False) -> asyncio.Future[Reply]:
        """Accepts a command and returns its reply to come, or raises `Misuse`, `Overflow` or `Closed`.

        The reply fails with `ServerError` for an error reply, with `CommandTimeout`; with `ConnectFailed`,
        `ConnectionLost`, `ProtocolError` or `Closed`, fate not sent or unknown, if the connection cannot be
        opened or ends. If the command is declared `idempotent`, it is then sent again, up to `attempts` times
        in all (CALL-05). Cancelled, the command is not sent if it was not yet; if it was, its reply is
        dropped. Commands go out in the order of the calls (CALL-07).
        """
        if route(command) is not SHARED:
            raise Misuse(why_not_shared(command))
        data = encode(command)
        if self._loop is None:
            self._begin()
        call: asyncio.Future[Reply] = self._loop.create_future()  # type: ignore[union-attr]  # begun
        step = self._core.send(data, call)
        if step is not NOTHING:
            self._carry_out(step)
        if not idempotent:
            return call
        task = asyncio.get_running_loop().create_task(self._persist(data, call))
        task.add_done_callback(lambda _: call.cancel())  # closes a race: cancelled before it has begun to run
        return task

    def batch(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply]]:
        """Accepts the commands as one: nothing comes between them. The replies to come, error replies among
        them as values (CALL-08)."""
        return self._send_batch(commands, transaction=False)

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply]]:
        """The same between MULTI and EXEC."""
        return self._send_batch(commands, transaction=True)

    async def subscribe(self, *channels: str | bytes, kind: str = "message", bound: int = 1000) -> Messages:
        """Listens to channels, to patterns (kind "pmessage") or to shard channels (kind "smessage").

        Returns once the server has been told, and tells it again after each reconnection (MUX-09). `Misuse`
        if the server speaks RESP2 only, where one who listens can do nothing else: use a lease. Cancelled
        or failed, it listens to nothing.
        """
        messages = Messages(bound)
        names = dict.fromkeys(name.encode() if isinstance(name, str) else name for name in channels)
        told: list[asyncio.Future[Reply]] = []
        while self._wire is None or self._core.link is not UP:
            await self.execute("PING")
        if self._wire.protocol == 2:
            raise Misuse("this server speaks RESP2 only: subscribe on a lease of a pool")
        try:
            for topic in [Topic(kind, name) for name in names]:  # told though others listen: they may give up
                self._subscriptions.add(topic, messages)
                told.append(self._tell(topic.subscribe))
            await asyncio.gather(*told)
        except BaseException:
            for call in told:
                call.cancel()
            self.unsubscribe(messages)
            raise
        return messages

    def unsubscribe(self, messages: Messages) -> None:
        """Ends a subscription; what has been received can still be taken."""
        messages.finish(Closed("unsubscribed"))
        for topic in list(self._subscriptions.listeners):
            if self._subscriptions.remove(topic, messages) and self._core.link is UP:
                with suppress(Overflow, Closed):  # the server goes on then, and what it says is for nobody
                    self._tell(topic.unsubscribe).add_done_callback(_forgotten)

    async def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Accepts nothing more; what was accepted may finish for as long as given, then everything ends: all
        calls fail with `Closed` (LIFE-02, LIFE-03, LIFE-04).

        Then waits for the socket to be closed. Cancelled anywhere, it has closed it all the same.
        """
        self._core.drain()
        try:
            if drain_timeout_seconds and not self._core.empty:
                self._emptied = self._emptied or asyncio.get_running_loop().create_future()
                await asyncio.wait([self._emptied], timeout=drain_timeout_seconds)
        finally:
            self._end()
        if self._wire is not None:
            await all_gone([self._wire])
        if self._dialling is not None:
            await asyncio.wait([self._dialling])

    # Sending.

    def _send(self, data: bytes, call: Call, replies: int = 1) -> None:
        if self._loop is None:
            self._begin()
        self._carry_out(self._core.send(data, call, replies))

    def _send_batch(self, commands: Sequence[Sequence[Argument]], transaction: bool) -> asyncio.Future[Any]:
        every, data = together(commands, transaction)
        shared(every[1:-1] if transaction else every)
        call: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._send(data, Batch(call, len(every), transaction), len(every))
        return call

    def _tell(self, data: bytes) -> asyncio.Future[Reply]:
        """Sends what is answered by a push, or by an error."""
        call: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._send(data, call)
        self._core.confirming.add(call)
        return call

    async def _persist(self, data: bytes, call: asyncio.Future[Reply]) -> Reply:
        """Sends it again while that may help; between two attempts lies the pause of a dial."""
        written: PoolproofError | None = None  # the end of an attempt that may have been executed
        for attempt in range(self._attempts):
            try:
                if attempt:
                    self._send(data, call := asyncio.get_running_loop().create_future())
                return await call
            except PoolproofError as error:
                written = error if error.fate is Fate.UNKNOWN else written
                in_vain = isinstance(error, HandshakeFailed) or attempt + 1 == self._attempts
                if in_vain or not isinstance(error, ConnectFailed | ConnectionLost):
                    if written is not None and error.fate is Fate.NOT_SENT:
                        raise written from error  # CALL-06
                    raise
        raise AssertionError("at least one attempt")

    def _carry_out(self, step: Next) -> None:
        """What follows from a command that was accepted."""
        assert self._loop is not None
        if step is FLUSH_NOW:
            self._flush()
        elif step is FLUSH_SOON:
            self._loop.call_soon(self._flush)
        elif step is DIAL:
            self._dialling = self._loop.create_task(self._dial(self._core.epoch))
        if self._ticker is None and self._limit_seconds != inf:
            self._core.tick(self._loop.time())
            self._ticker = self._loop.call_later(self._limit_seconds / 16, self._tick)

    def _flush(self) -> None:
        data = self._core.flush()
        if data and self._wire is not None:
            self._wire.write(data)

    # The connection.

    async def _dial(self, epoch: int) -> None:
        wire = Wire(self, epoch)
        try:
            if pause := self._core.pauses.seconds(random.random()):
                await asyncio.sleep(pause)
            await wire.connect()
        except ConnectFailed as error:
            self._lost(epoch, type(error), str(error))
        except asyncio.CancelledError:  # by close, or by whoever ends all tasks of the loop
            self._lost(epoch, ConnectFailed, f"the dial of {self._settings} was cancelled")
            raise
        else:
            self._wire = wire
            wire.up = True
            self._core.opened(epoch, [(topic.subscribe, self._restored(topic)) for topic in self._topics()])
            self._flush()

    def _topics(self) -> list[Topic]:
        """What is to be subscribed again; where that cannot be, the listeners are told (MUX-09)."""
        if self._wire is not None and self._wire.protocol == 2:
            for messages in self._subscriptions.everybody():
                messages.finish(ConnectionLost("after the reconnection the server speaks RESP2 only"))
            self._subscriptions.listeners.clear()
        return list(self._subscriptions.listeners)

    def _restored(self, topic: Topic) -> asyncio.Future[Reply]:
        call: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def told(call: asyncio.Future[Reply]) -> None:
            if not call.cancelled() and isinstance(error := call.exception(), ServerError):
                for messages in self._subscriptions.listeners.pop(topic, ()):
                    messages.finish(error)

        call.add_done_callback(told)
        return call

    def _lost(self, epoch: int, kind: type[PoolproofError], reason: str) -> None:
        if epoch == self._core.epoch and self._core.link is UP:
            for messages in self._subscriptions.everybody():
                messages.interruptions += 1
        self._fail(self._core.lost(epoch), kind, reason)
        if self._subscriptions.listeners and self._core.dial():
            self._carry_out(DIAL)

    def _fail(self, left: Ended[Call], kind: type[PoolproofError], reason: str) -> None:
        for call in left.unknown:
            call.set_exception(call_ended(kind, reason, Fate.UNKNOWN))
        for call in left.not_sent:
            call.set_exception(call_ended(kind, reason, Fate.NOT_SENT))
        self._look_if_drained()

    def _look_if_drained(self) -> None:
        if self._emptied is not None and self._core.empty and not self._emptied.done():
            self._emptied.set_result(None)

    def _end(self) -> None:
        reason = "the multiplexer was closed"
        self._fail(self._core.close(), Closed, reason)
        for messages in self._subscriptions.everybody():
            messages.finish(Closed(reason))
        if self._ticker is not None:
            self._ticker.cancel()
        if self._dialling is not None:
            self._dialling.cancel()
        if self._wire is not None:
            self._wire.abort(Closed, reason)

    # Time.

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        forget_in_child(self)

    def _tick(self) -> None:
        assert self._loop is not None
        self._ticker = None
        overdue, silent = self._core.tick(self._loop.time())
        limit = f"{self._limit_seconds:g} s"
        self._fail(overdue, CommandTimeout, f"no reply from {self._settings} within {limit}")
        if silent and self._wire is not None:
            self._wire.abort(ConnectionLost, f"the server has sent nothing for {limit}")
        waits = not self._core.empty or self._core.link is DIALLING  # what comes then asks for no step
        if self._ticker is None and waits:  # closes a race: a dial that follows from the end has set it
            self._ticker = self._loop.call_later(self._limit_seconds / 16, self._tick)

    def _forget(self) -> None:
        """We are the child of a fork: what there is belongs to the parent (LIFE-07)."""
        if self._wire is not None:
            self._wire.disown()
        self._start()


def _forgotten(call: asyncio.Future[Reply]) -> None:
    """Nobody waits for this call, however it ends."""
    if not call.cancelled():
        call.exception()
