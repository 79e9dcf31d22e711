"""A connection that serves one caller at a time, with one command or one batch at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from time import monotonic

from ..batch import answered, leased, outcome, together
from ..errors import CommandTimeout, Fate, Misuse, PoolproofError, ServerError, call_ended
from ..resp import Argument, Push, Reply, encode
from ..session import Session
from ..subscriptions import Message, Topic, confirms, message_of
from ..url import Settings
from .stream import Stream


class Connection(Stream):
    """A stream with a session: it knows what its commands have left behind (CONN-08).

    A command takes at most `limit_seconds`, and as long as it may block by its own argument.
    """

    def __init__(self, settings: Settings, limit_seconds: float) -> None:
        super().__init__(settings, tick_of(limit_seconds))
        self.session = Session(settings.database)
        self.owed = 0  # replies
        self._limit_seconds = limit_seconds
        self._messages: deque[Message] | None = None  # received and not taken, once it has subscribed

    def alive(self) -> bool:
        """Whether it can be used: it has not ended, and nothing has come that would pass for an answer."""
        try:
            if self.wait(0) and self._replies(self.read()):
                self.unasked()
        except PoolproofError:
            pass  # it has ended, and the end says why
        return self.end is None

    def execute(self, command: tuple[Argument, ...]) -> Reply:
        """One command and its reply; raises an error reply."""
        data = encode(command)
        blocks = leased(command)
        self.session.sent(command)
        reply = self._exchange(data, 1, blocks)[0]
        if isinstance(reply, ServerError):
            answered(self.session, [command], [reply])
            raise reply
        return reply

    def batch(self, commands: Sequence[Sequence[Argument]], transaction: bool) -> Reply:
        """They go out in one write (CALL-08)."""
        every, data = together(commands, transaction)
        blocks = sum([leased(command) for command in every])
        for command in every:
            self.session.sent(command)
        replies = self._exchange(data, len(every), blocks)
        answered(self.session, every, replies)
        return outcome(replies, transaction)

    def subscribe(self, topics: Sequence[Topic]) -> None:
        """Listens to them; returns once the server has confirmed it."""
        for topic in topics:
            self.session.sent(topic.command)
        self._messages = self._messages or deque()
        self._exchange(b"".join(topic.subscribe for topic in topics), len(topics), 0.0)

    def message(self, wait_seconds: float) -> Message | None:
        """The next message; None if none has come by then."""
        if self._messages is None:
            raise Misuse("this connection listens to nothing: subscribe first")
        deadline = monotonic() + wait_seconds
        while not self._messages:
            if not self.wait(deadline - monotonic()):
                return None
            self._replies(self.read())
        return self._messages.popleft()

    def leftover(self) -> str:
        """Why it cannot be lent to anybody else; empty if it can."""
        if self.owed:
            return "it was released before the reply came"
        return "" if self.session.clean else f"it was released with {self.session.leftovers()}"

    def _exchange(self, data: bytes, replies: int, blocks_seconds: float) -> list[Reply]:
        if self.end is not None:
            raise self.error(Fate.NOT_SENT)
        if self.owed:
            raise Misuse("this connection owes a reply: release it, and acquire another")
        deadline = monotonic() + self._limit_seconds + blocks_seconds
        self.owed = replies  # before the write, whatever may interrupt it (CONN-02)
        self.write(data, deadline)
        got: list[Reply] = []
        while True:
            got += self._replies(self.read())
            if self.owed <= 0:
                return got
            if monotonic() >= deadline:
                reason = f"no reply from {self.settings} within {self._limit_seconds + blocks_seconds:g} s"
                raise call_ended(CommandTimeout, reason, Fate.UNKNOWN)

    def _replies(self, frames: list[Reply | Push]) -> list[Reply]:
        """What of it answers a command; messages are kept for the subscriber, and other pushes dropped."""
        replies: list[Reply] = []
        for frame in frames:
            if isinstance(frame, list) and (frame.__class__ is Push or self._messages is not None):
                if (message := message_of(frame)) is not None and self._messages is not None:
                    self._messages.append(message)
                    continue
                if frame.__class__ is Push and not (confirms(frame) and self._messages is not None):
                    continue  # it completes no command (MUX-08)
            replies.append(frame)
        self.owed -= len(replies)
        if self.owed < 0 or (self.begun_unasked and replies and replies[0] is frames[0]):
            self.unasked()
        is_continued = self.begun_unasked and not frames
        self.begun_unasked = self.part_read and (is_continued or self.owed == 0)
        if self.begun_unasked and self.session.clean:
            self.unasked()
        return replies


def tick_of(limit_seconds: float) -> float:
    """How long a read may take, so that a limit is noticed in time: that of who waits for a message, too."""
    return min(max(limit_seconds / 16, 0.005), 0.1)
