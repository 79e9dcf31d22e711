"""The connections that nobody holds, and when each one's time is up.

The last to come back is the first to go, so that those which are not needed grow old. One that has passed the
idle limit or the end of its lifetime is let go when the pool next looks, before anything is lent; one whose
lifetime ends while it is lent, when it comes back (POOL-11). What is let go lies in `discarded`, for the
shell to close: before it wakes anybody, so that there is never a socket too many (POOL-01).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from .errors import Misuse

ConnectionT = TypeVar("ConnectionT", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a pool may hold, and for how long."""

    max_size: int = 10
    min_idle: int = 0  # dialled ahead of need
    max_dialling: int = 4  # at a time
    idle_seconds: float = inf
    lifetime_seconds: float = inf
    check_after_seconds: float = inf  # idle for longer: it is asked whether it is alive before it is used

    @property
    def period_seconds(self) -> float:
        """How often somebody should look after the idle connections; infinite if nobody needs to."""
        return min(self.idle_seconds / 2, self.lifetime_seconds / 2, 1.0 if self.min_idle else inf)

    def __post_init__(self) -> None:
        if self.max_size < 1:
            raise Misuse(f"max_size is {self.max_size}: a pool needs room for at least 1 connection")
        if self.max_dialling < 1:
            raise Misuse(f"max_dialling is {self.max_dialling}: without a dial there is no connection")
        if not 0 <= self.min_idle <= self.max_size:
            raise Misuse(f"min_idle is {self.min_idle}: from 0 to max_size, which is {self.max_size}")
        if min(self.idle_seconds, self.lifetime_seconds) <= 0:
            raise Misuse("the limits of idle time and lifetime are more than 0 seconds; None sets none")


class Idle(Generic[ConnectionT]):
    """What a pool has at hand. Invariant: nothing idle ends before `next_look`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.ageing = min(limits.idle_seconds, limits.lifetime_seconds) < inf
        self.shelf: list[tuple[ConnectionT, float]] = []  # and since when, in the order of their coming back
        self.expiry: dict[ConnectionT, float] = {}  # the end of each lifetime, lent ones included
        self.next_look = inf
        self.discarded: list[ConnectionT] = []

    def begin(self, connection: ConnectionT, now: float, random: float) -> None:
        """Its life begins; `random`, from 0 to 1, shortens it by up to a tenth: what was dialled together
        does not end together."""
        if self._limits.lifetime_seconds < inf:
            self.expiry[connection] = now + self._limits.lifetime_seconds * (1 - random / 10)

    def old(self, connection: ConnectionT, now: float) -> bool:
        """Whether its lifetime is over."""
        return self.ageing and self.expiry.get(connection, inf) <= now

    def put(self, connection: ConnectionT, now: float) -> None:
        self.shelf.append((connection, now))
        self.next_look = min(self.next_look, self._end(connection, now))

    def discard_expired(self, now: float) -> None:
        """Lets go of those that have passed a limit (POOL-11)."""
        for connection, since in self.shelf.copy():
            if self._end(connection, since) <= now:
                self.discard(connection)
        self.next_look = min([self._end(*one) for one in self.shelf], default=inf)

    def discard(self, connection: ConnectionT) -> None:
        """Lets go of a connection, idle or just come back."""
        self.forget(connection)
        self.discarded.append(connection)

    def forget(self, connection: ConnectionT) -> None:
        """It has ended by itself."""
        self.shelf = [one for one in self.shelf if one[0] != connection]
        self.expiry.pop(connection, None)

    def __contains__(self, connection: ConnectionT) -> bool:
        return any(connection == one for one, _ in self.shelf)

    def __len__(self) -> int:
        return len(self.shelf)

    def check(self) -> None:
        assert all(self.next_look <= self._end(*one) for one in self.shelf), "nobody will look"

    def _end(self, connection: ConnectionT, since: float) -> float:
        return min(since + self._limits.idle_seconds, self.expiry.get(connection, inf))
