"""What one subscriber has been sent and has not taken yet, under asyncio."""

from __future__ import annotations

import asyncio
from collections import deque

from ..errors import Overflow, PoolproofError
from ..subscriptions import Message


class Messages:
    """Published messages, to be iterated over by one task; holds at most `bound` of them (MUX-09).

    A subscriber that is slower than its messages gets those that were kept, and then `Overflow`: what it
    has missed since is unknown. When the subscription ends otherwise, it gets the reason. After a
    reconnection the subscription goes on; `interruptions` counts them, as messages published meanwhile are
    lost. Cancelling a task that waits for a message loses none.
    """

    def __init__(self, bound: int) -> None:
        self.interruptions = 0
        self._bound = bound
        self._kept: deque[Message] = deque()
        self._end: PoolproofError | None = None
        self._waiting: asyncio.Future[None] | None = None

    def put(self, message: Message) -> None:
        if self._end is None:
            if len(self._kept) < self._bound:
                self._kept.append(message)
            else:
                self.finish(
                    Overflow(f"{self._bound} messages were not taken: take them sooner, or raise bound")
                )
            self._wake()

    def finish(self, reason: PoolproofError) -> None:
        """Nothing comes after what is kept."""
        self._end = self._end or reason
        self._wake()

    def __aiter__(self) -> Messages:
        return self

    async def __anext__(self) -> Message:
        while not self._kept:
            if self._end is not None:
                raise self._end
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._kept.popleft()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
