"""What one thread listens to, on the connection of a multiplexer."""

# pyright: reportPrivateUsage=false
# Multiplexer and Subscription are two halves of one mechanism.

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from ..errors import Closed, Misuse, PoolproofError
from ..multiplexer import UP
from ..subscriptions import Message, Topic
from .calls import Messages

if TYPE_CHECKING:
    from .multiplexer import Multiplexer


class Subscription:
    """What one thread listens to; iterate over it, or call `message`. To be closed, or used in a `with`."""

    def __init__(self, multiplexer: Multiplexer, topics: Sequence[Topic], messages: Messages) -> None:
        self._multiplexer = multiplexer
        self._topics = topics
        self._messages = messages

    @property
    def interruptions(self) -> int:
        """How often the connection was lost, and with it what was published meanwhile."""
        return self._messages.interruptions

    def message(self, wait_seconds: float = inf) -> Message | None:
        """The next message; None if none has come by then. Raises what has ended the subscription."""
        try:
            self._listen(monotonic() + wait_seconds)
            self._multiplexer._last_look()
        except BaseException as error:
            if not isinstance(error, PoolproofError):
                self._multiplexer._sweep()
            self._multiplexer._last_look()
            raise
        return self._messages.kept.popleft() if self._messages.kept else None

    def _listen(self, deadline: float) -> None:
        """Until there is a message, or the deadline has passed."""
        messages, multiplexer = self._messages, self._multiplexer
        try:
            while not messages.kept:
                if messages.end is not None:
                    raise messages.end
                if monotonic() >= deadline:
                    return
                messages.disturbed = False
                with multiplexer._book:
                    multiplexer._listening.add(messages)
                    multiplexer._core.dial()
                multiplexer._wait(messages, deadline)
        finally:
            multiplexer._listening.discard(messages)  # without the book, so that no interrupt keeps it there

    def close(self) -> None:
        """Ends it; what has been received can still be taken."""
        multiplexer = self._multiplexer
        with multiplexer._book:
            last = [one for one in self._topics if multiplexer._subscriptions.remove(one, self._messages)]
        for topic in last if multiplexer._core.link is UP else ():
            with suppress(PoolproofError):
                multiplexer._tell(topic.unsubscribe)
        self._messages.finish(Closed("unsubscribed"))

    def begin(self) -> None:
        """Tells the server."""
        multiplexer = self._multiplexer
        while (stream := multiplexer._stream) is None or multiplexer._core.link is not UP:
            multiplexer.execute("PING")
        if stream.protocol == 2:
            raise Misuse("this server speaks RESP2 only: subscribe on a lease of a pool")
        with multiplexer._book:
            first = [one for one in self._topics if multiplexer._subscriptions.add(one, self._messages)]
        for topic in first:
            multiplexer._tell(topic.subscribe)

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Message:
        message = self.message()
        assert message is not None
        return message

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
