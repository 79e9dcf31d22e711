"""The multiplexer for threads: what its callers can ask of it. How it is done stands in combining.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..batch import SHARED, shared, together
from ..commands import route, why_not_shared
from ..errors import Closed, ConnectFailed, ConnectionLost, HandshakeFailed, Misuse
from ..resp import Argument, Reply, encode
from ..shell import MultiplexerShell
from ..subscriptions import Topic
from .calls import Messages
from .combining import Combining
from .subscription import Subscription


class Multiplexer(Combining):
    __doc__ = MultiplexerShell.__doc__

    def execute(self, *command: Argument, idempotent: bool = False) -> Reply:
        """Sends a command and returns its reply. Raises `Misuse`, `Overflow` or `Closed`, with nothing sent;
        `ServerError` for an error reply; `CommandTimeout`; and `ConnectFailed`, `ConnectionLost`,
        `ProtocolError` or `Closed`, fate not sent or unknown, if the connection cannot be opened or ends.

        If the command is declared `idempotent`, it is then sent again, up to `attempts` times in all
        (CALL-05). Interrupted, its reply is dropped when it comes.
        """
        if route(command) is not SHARED:
            raise Misuse(why_not_shared(command))
        data = encode(command)
        for _ in range(self._attempts - 1 if idempotent else 0):
            try:
                return self._call(data)
            except HandshakeFailed:
                raise
            except (ConnectFailed, ConnectionLost):
                continue  # between two attempts lies the pause of a dial
        return self._call(data)

    def batch(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """Sends the commands as one: nothing comes between them. A list of their replies, error replies among
        them as values (CALL-08)."""
        every, data = together(commands, transaction=False)
        shared(every)
        return self._call(data, len(every))

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """The same between MULTI and EXEC."""
        every, data = together(commands, transaction=True)
        shared(every[1:-1])
        return self._call(data, len(every), transaction=True)

    def subscribe(self, *channels: str | bytes, kind: str = "message", bound: int = 1000) -> Subscription:
        """Listens to channels, to patterns (kind "pmessage") or to shard channels (kind "smessage").

        Returns once the server has confirmed it, and tells it again after each reconnection (MUX-09).
        `Misuse` if the server speaks RESP2 only, where one who listens can do nothing else: use a lease.
        """
        topics = [Topic(kind, name.encode() if isinstance(name, str) else name) for name in channels]
        subscription = Subscription(self, topics, Messages(bound))
        try:
            subscription.begin()
        except BaseException:
            subscription.close()
            raise
        return subscription

    def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Accepts nothing more; what was accepted may finish for as long as given, then everything ends: all
        calls fail with `Closed` (LIFE-02, LIFE-03, LIFE-04)."""
        with self._book:
            self._core.drain()
            empty = self._core.empty
        try:
            if drain_timeout_seconds and not empty:
                self._emptied.wait(drain_timeout_seconds)
        finally:
            try:
                self._end()
            except BaseException:  # interrupted: nobody may be left asleep
                self._sweep()
                raise

    def _end(self) -> None:
        self._closing.set()
        with self._book:
            ended = self._core.close()
            stream, self._stream = self._stream, None
            listeners = self._subscriptions.everybody()
        if stream is not None:
            stream.abort(Closed, "the multiplexer was closed")
        self._fail(ended, Closed, "the multiplexer was closed")
        for messages in listeners:
            messages.finish(Closed("the multiplexer was closed"))
