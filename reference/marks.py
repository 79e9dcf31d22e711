"""How long commands have waited, without a timer for each: that would cost more than the command.

Now and then a *mark* is made of how many commands had been accepted by then. When a mark has become as old as
the limit, whatever was accepted before it and is not answered has waited for too long (CALL-01), by at most
the time between two marks more. As commands are answered in order, they can be told by their number.

And how long to wait between dials: not at all after a connection that worked, and else longer each time.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Mark(NamedTuple):
    """How far things had come at a certain time."""

    seconds: float
    accepted: int  # commands, since the beginning
    heard: int  # how often bytes had come


class Marks:
    """Marks that are younger than the limit, the oldest first."""

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self._marks: deque[Mark] = deque()

    def make(self, mark: Mark) -> Mark | None:
        """Makes a mark, and returns the last of those that are too old by now, if any."""
        old = None
        while self._marks and self._marks[0].seconds + self.limit_seconds <= mark.seconds:
            old = self._marks.popleft()
        self._marks.append(mark)
        return old

    def shift(self, first: int, replies: int) -> None:
        """From the `first` reply on, all are answered so many replies later; earlier, if fewer than 0."""
        self._marks = deque(
            mark._replace(accepted=mark.accepted + replies) if mark.accepted > first else mark
            for mark in self._marks
        )

    def clear(self) -> None:
        self._marks.clear()


class Pauses:
    """Before a dial, while dials and connections fail one after another (LIFE-06)."""

    FIRST_SECONDS = 0.05
    LONGEST_SECONDS = 2.0

    def __init__(self) -> None:
        self._failures = 0

    def ended(self, worked: bool) -> None:
        """A connection has ended, or could not be opened; it worked if a reply came."""
        self._failures = 0 if worked else self._failures + 1

    def seconds(self, random: float) -> float:
        """Before the next dial; `random`, from 0 to 1, makes it up to a half shorter."""
        if self._failures == 0:
            return 0.0
        longest = self.FIRST_SECONDS * 2.0 ** min(self._failures - 1, 10)
        return min(longest, self.LONGEST_SECONDS) * (1 - random / 2)
