"""The shared connection under asyncio, for one epoch."""

# pyright: reportPrivateUsage=false
# Multiplexer and Wire are two halves of one mechanism.

from __future__ import annotations

from typing import TYPE_CHECKING

from ..resp import Push
from ..subscriptions import confirms, message_of
from .stream import Call, Stream

if TYPE_CHECKING:
    from .multiplexer import Multiplexer


class Wire(Stream):
    """A stream that is the multiplexer's from the end of its handshake on."""

    def __init__(self, multiplexer: Multiplexer, epoch: int) -> None:
        super().__init__(multiplexer._settings, buffer_bytes=64 * 1024)
        self.up = False  # the handshake is over
        self._multiplexer = multiplexer
        self._core = multiplexer._core
        self._epoch = epoch

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        core = self._core
        core.heard += 1
        if core.backlog:
            self._multiplexer._flush()  # what the replies have made room for
        if core.draining:
            self._multiplexer._look_if_drained()

    def claim(self, replies: int) -> list[Call]:
        return self._core.received(self._epoch, replies) if self.up else super().claim(replies)

    def reply_owed(self) -> bool:
        return bool(self._core.in_flight if self.up else self.calls)

    def listens(self) -> bool:
        return self.protocol == 3

    def pushed(self, frame: Push) -> None:
        if confirms(frame):
            for call in self._core.confirmed(self._epoch):
                if not call.done():
                    call.set_result(list(frame))
        elif (message := message_of(frame)) is not None:
            for messages in self._multiplexer._subscriptions.listeners.get(message.topic, ()):
                messages.put(message)

    def ended(self) -> None:
        assert self.end is not None
        super().ended()
        if self.up:
            self._multiplexer._lost(self._epoch, *self.end)
