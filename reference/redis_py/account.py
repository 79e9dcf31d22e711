"""What is owed on a connection of redis-py's, and what its commands have left behind.

It is judged by the bytes that are written, whichever part of redis-py writes them: every command in them is
owed one reply, and a `Session` hears of it. SUBSCRIBE and the like are answered otherwise; they leave the
connection unclean until it is disconnected, which redis-py's PubSub always does before it gives it back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf
from typing import Any

import hiredis
from redis.exceptions import ExecAbortError

from .. import errors
from ..commands import Route, known, route
from ..errors import PoolproofError
from ..session import Session
from .errors import Closed


class Account:
    """Comes before redis-py's class of a connection."""

    db: Any  # of redis-py's connection: a number, or its digits

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.ended: tuple[type[PoolproofError], str] | None = None  # the pool has given it up, and why
        self.outdated = False  # it may serve its loan to the end, and no other
        self.check_after_seconds = inf  # of silence: it is asked whether it is there before it is lent
        self.open_account()

    def open_account(self) -> None:
        """A new session is about to begin."""
        self._unanswered: deque[tuple[bytes, ...]] = deque()
        self._subscribed = False
        self.session = Session(self.db or 0)

    def greeted(self) -> None:
        """The handshake is over: what it has sent is the session as configured."""
        if not self.owed:  # else a PubSub has subscribed anew already
            self.session = Session(self.db or 0)

    @property
    def owed(self) -> bool:
        """Whether a reply may yet come (CONN-02)."""
        return bool(self._unanswered) or self._subscribed

    def sent(self, commands: Iterable[tuple[bytes, ...]]) -> None:
        """They are about to be written; if that is interrupted, nobody knows how many were."""
        for command in commands:
            self._unanswered.append(command)
            self._subscribed = self._subscribed or route(command) is Route.SUBSCRIPTION
            self.session.sent(command)

    def answered(self, error: Exception | None = None) -> None:
        """A reply was read; this is the error, if it was one."""
        command = self._unanswered.popleft() if self._unanswered else None
        if command is not None and error is not None and not isinstance(error, ExecAbortError):
            self.session.refused(command)  # an EXEC that aborts has ended its transaction all the same

    def unheard_of(self, commands: Iterable[tuple[bytes, ...]]) -> list[bytes]:
        """Names of commands that nobody knows yet, if now is a time to ask the server about them."""
        unknown = [
            command[0] for command in commands if route(command) is Route.SESSION and not known(command[0])
        ]
        return unknown if unknown and self.session.clean and not self.owed else []

    def give_up(self, kind: type[PoolproofError], reason: str) -> None:
        """The pool will not lend it any more; `Closed` has the last word."""
        if self.ended is None or kind is errors.Closed:
            self.ended = kind, reason

    def unless_closed(self) -> None:
        """Raises `Closed` after the pool's close: then it must not dial (LIFE-04)."""
        if self.ended is not None and self.ended[0] is errors.Closed:
            raise Closed(self.ended[1])

    def spoiled(self) -> bool:
        """Whether it serves this loan only; redis-py has its own way to say so, from 7 on."""
        return self.outdated or bool(getattr(self, "should_reconnect", bool)())

    def leftover(self) -> str:
        """Why it cannot be lent to anybody else."""
        left = "a reply to come" if self.owed else self.session.leftovers()
        return f"it was released with {left}" if left else "it was disconnected"


def commands_in(data: str | bytes | Iterable[bytes]) -> tuple[list[bytes], list[tuple[bytes, ...]]]:
    """What is about to be written, always as chunks, and the commands that it consists of."""
    chunks = [data.encode()] if isinstance(data, str) else [data] if isinstance(data, bytes) else list(data)
    reader = hiredis.Reader(notEnoughData=None)
    reader.feed(b"".join(chunks))
    return chunks, [tuple(command) for command in iter(reader.gets, None)]


def unread(parser: Any) -> bool:
    """Whether a parser of redis-py's has bytes that no reply was made of."""
    if (reader := getattr(parser, "_reader", None)) is not None:
        return bool(reader.has_data())  # hiredis
    count = getattr(getattr(parser, "_buffer", None), "unread_bytes", None)
    return count is not None and count() > 0
