"""A connection that serves one caller at a time, with one command or one batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import repeat
from math import inf
from typing import Any

from ..batch import SESSION, Batch, Command, answered, leased, together
from ..commands import route
from ..errors import CommandTimeout, Fate, Misuse, ServerError, call_ended
from ..resp import Argument, Push, Reply, encode
from ..session import Session
from ..subscriptions import Topic, confirms, message_of
from ..url import Settings
from .messages import Messages
from .stream import Stream


class Connection(Stream):
    """A stream with a session: it knows what its commands have left behind (CONN-08).

    A command takes at most `limit_seconds`, and as long as it may block by its own argument; whoever tends
    the pool looks at `deadline`.
    """

    def __init__(self, settings: Settings, limit_seconds: float, lost: Callable[[Connection], None]) -> None:
        super().__init__(settings, buffer_bytes=16 * 1024)
        self.session = Session(settings.database)
        self.deadline = inf  # of what is in flight, or was last
        self._limit_seconds = limit_seconds
        self._lost = lost
        self._asked: list[Command] = []  # what is in flight, if the answers may concern the session
        self._messages: Messages | None = None

    def execute(self, command: Command) -> asyncio.Future[Reply]:
        """Sends one command. `Misuse`, and nothing sent, if a reply is owed or it is not for a lease."""
        data = encode(command)
        self._admit(leased(command))
        self.session.sent(command)
        call = self.request(data)
        if route(command) is SESSION:
            self._asked = [command]
        return call

    def batch(self, commands: Sequence[Sequence[Argument]], transaction: bool) -> asyncio.Future[Any]:
        """Sends them in one write (CALL-08)."""
        every, data = together(commands, transaction)
        self._admit(sum([leased(command) for command in every]))
        for command in every:
            self.session.sent(command)
        self._asked = every
        return self._send(data, len(every), transaction)

    def subscribe(self, topics: Sequence[Topic], messages: Messages) -> asyncio.Future[Any]:
        """Listens to them, for good; the confirmations to come, among them refusals as values."""
        if self._messages is not None or not topics:
            raise Misuse("subscribe once, to all that is wanted, on a lease of its own")
        self._admit(0.0)
        self._messages = messages
        for topic in topics:
            self.session.sent(topic.command)
        return self._send(b"".join(topic.subscribe for topic in topics), len(topics), False)

    def expire(self) -> None:
        """The deadline has passed: whoever waits is told; the reply stays owed (CONN-02)."""
        for call in dict.fromkeys(self.calls):
            if not call.done():
                reason = f"no reply from {self.settings} within {self._limit_seconds:g} s"
                call.set_exception(call_ended(CommandTimeout, reason, Fate.UNKNOWN))

    def leftover(self) -> str:
        """Why it cannot be lent to anybody else; empty if it can."""
        if self.calls:
            return "it was released before the reply came"
        return "" if self.session.clean else f"it was released with {self.session.leftovers()}"

    def listens(self) -> bool:
        return not self.session.clean

    def pushed(self, frame: Push) -> None:
        if self._messages is not None:
            self._heard(frame)

    def ended(self) -> None:
        self._lost(self)
        super().ended()
        if self._messages is not None:
            self._messages.finish(self.error(Fate.EXECUTED))

    def _settle(self, replies: list[Reply]) -> None:
        if self._messages is not None and self.protocol == 2:  # its frames look like replies
            replies = [reply for reply in replies if not (isinstance(reply, list) and self._heard(reply))]
        if self._asked:  # at once, and though their caller may be gone
            answered(self.session, self._asked, replies)
            self._asked = self._asked[len(replies) :]
        elif replies and isinstance(replies[0], ServerError):
            self.session.answered_wrongly(str(replies[0]))
        super()._settle(replies)

    def _heard(self, frame: list[Reply]) -> bool:
        message = message_of(frame)
        if message is not None and self._messages is not None:
            self._messages.put(message)
        elif confirms(frame) and self.calls:
            super()._settle([frame])
        else:
            return False
        return True

    def _admit(self, blocks_seconds: float) -> None:
        """Something is about to be sent that may block for so long."""
        if self.end is not None:
            raise self.error(Fate.NOT_SENT)
        if self.calls:
            raise Misuse(
                "this connection owes a reply: await it; if it was cancelled, release the connection"
            )
        self.deadline = self.loop.time() + self._limit_seconds + blocks_seconds

    def _send(self, data: bytes, replies: int, transaction: bool) -> asyncio.Future[Any]:
        call: asyncio.Future[Any] = self.loop.create_future()
        self.calls.extend(repeat(Batch(call, replies, transaction), replies))
        self.write(data)
        return call
