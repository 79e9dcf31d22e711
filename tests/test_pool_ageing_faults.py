"""Faults of the pool's core with age and with draining, each of which the lockstep with the model catches."""

from __future__ import annotations

from math import inf

import pytest

from poolproof.reference.pool import Next

from .pool_in_step import Core, caught


class ExpiredIsLent(Core):
    """Nobody looks for the age of what is lent."""

    def acquire(self, caller: int, now: float) -> int | Next:
        self.idle.next_look = inf
        return super().acquire(caller, now)


class LookIsForgotten(Core):
    """What comes back is old before anybody looks: no look is planned for it."""

    def _returned(self, connection: int, now: float) -> int | None:
        planned = self.idle.next_look
        woken = super()._returned(connection, now)
        self.idle.next_look = planned
        return woken


class OnlyTheFirstIsLookedAt(Core):
    """Of the idle connections that are too old only the next to be lent is closed."""

    def acquire(self, caller: int, now: float) -> int | Next:
        under = self.idle.shelf[:-1]
        self.idle.shelf = self.idle.shelf[-1:]
        self.idle.discard_expired(now)
        self.idle.shelf = under + self.idle.shelf
        return super().acquire(caller, now)


class OldIsPassedOn(Core):
    """A connection comes back whose lifetime is over, and the next one gets it."""

    def _returned(self, connection: int, now: float) -> int | None:
        self.idle.expiry.pop(connection, None)
        return super()._returned(connection, now)


class OldLeaks(Core):
    """A connection comes back whose lifetime is over; it is closed, and nobody dials in its place."""

    def _returned(self, connection: int, now: float) -> int | None:
        woken = super()._returned(connection, now)
        if self.idle.discarded and woken in self.dialling:
            self.dialling.remove(woken)
            self.waiting[woken] = None
            self.waiting.move_to_end(woken, last=False)
            return None
        return woken


class OldIsClosedInUse(Core):
    """The look for what is too old takes in what is lent."""

    def acquire(self, caller: int, now: float) -> int | Next:
        for connection, _ in self.lent.values():
            if self.idle.old(connection, now):
                self.idle.discarded.append(connection)
        return super().acquire(caller, now)


class DrainKeepsIdle(Core):
    """Drain lets nobody in, and leaves what is idle open."""

    def drain(self) -> None:
        self.draining = True


class DrainTurnsAway(Core):
    """Drain sends those away who wait inside."""

    def drain(self) -> None:
        super().drain()
        self.waiting.clear()


class DrainLetsIn(Core):
    """A draining pool serves whoever comes, as long as it is not closed."""

    def acquire(self, caller: int, now: float) -> int | Next:
        self.draining, draining = self.closed, self.draining
        try:
            return super().acquire(caller, now)
        finally:
            self.draining = draining


class DrainForgetsWaiters(Core):
    """A connection comes back to a draining pool; it is closed, whoever waits."""

    def release(self, caller: int, now: float) -> int | None:
        if self.draining and self.waiting and caller in self.lent:
            self.idle.discard(self.lent.pop(caller)[0])
            return None
        return super().release(caller, now)


class DrainKeepsWhatComesBack(Core):
    """A connection comes back to a draining pool, and is idle again."""

    def release(self, caller: int, now: float) -> int | None:
        if self.draining and not self.waiting and caller in self.lent and not self.closed:
            self.idle.put(self.lent.pop(caller)[0], now)
            return None
        return super().release(caller, now)


class DrainKeepsGrants(Core):
    """A waiter is cancelled after its grant while the pool drains: the connection is laid aside."""

    def abandon(self, caller: int, now: float) -> int | None:
        if self.draining and not self.closed and not self.waiting and caller in self.granted:
            self.idle.put(self.granted.pop(caller), now)
            return None
        return super().abandon(caller, now)


FAULTS = [
    ExpiredIsLent,
    LookIsForgotten,
    OnlyTheFirstIsLookedAt,
    OldIsPassedOn,
    OldLeaks,
    OldIsClosedInUse,
    DrainKeepsIdle,
    DrainTurnsAway,
    DrainLetsIn,
    DrainForgetsWaiters,
    DrainKeepsWhatComesBack,
    DrainKeepsGrants,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_walk_catches(fault: type[Core]) -> None:
    assert caught(fault)
