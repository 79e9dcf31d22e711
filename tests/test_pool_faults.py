"""What the lockstep of the pool's core with its models is worth: every planted fault is caught."""

from __future__ import annotations

import pytest

from poolproof.reference.pool import Closing, Next

from .pool_in_step import Core, caught


class LastInFirstServed(Core):
    """A connection comes back; who waits last gets it."""

    def _returned(self, connection: int, now: float) -> int | None:
        self.waiting = type(self.waiting)(reversed(self.waiting.items()))
        return super()._returned(connection, now)


class LeakedGrant(Core):
    """A waiter is cancelled after it was granted a connection, which goes to nobody."""

    def abandon(self, caller: int, now: float) -> int | None:
        return None if self.granted.pop(caller, None) is not None else super().abandon(caller, now)


class LeakedDial(Core):
    """A dial fails; its permit is never given back."""

    def abandon(self, caller: int, now: float) -> int | None:
        return None if caller in self.dialling else super().abandon(caller, now)


class LostWakeUp(Core):
    """A dial fails; its permit is free, and nobody is told."""

    def abandon(self, caller: int, now: float) -> int | None:
        if caller in self.dialling:
            self.dialling.remove(caller)
            return None
        return super().abandon(caller, now)


class SilentGrant(Core):
    """A waiter is granted a connection, and is not woken."""

    def release(self, caller: int, now: float) -> int | None:
        super().release(caller, now)
        return None


class IdleBesideWaiters(Core):
    """A connection comes back and is laid aside, whoever waits."""

    def release(self, caller: int, now: float) -> int | None:
        if caller in self.lent and self.lent[caller][0] not in self.broken:
            self.idle.put(self.lent.pop(caller)[0], now)
            return None
        return super().release(caller, now)


class OneTooMany(Core):
    """Room for one more than allowed."""

    @property
    def permits_taken(self) -> int:
        return super().permits_taken - 1


class DialsNotCounted(Core):
    """A connection takes no permit until it is open."""

    @property
    def permits_taken(self) -> int:
        return super().permits_taken - len(self.dialling)


class OldestIdleFirst(Core):
    """The connection that was idle for longest is lent."""

    def acquire(self, caller: int, now: float) -> int | Next:
        self.idle.shelf.reverse()
        got = super().acquire(caller, now)
        self.idle.shelf.reverse()
        return got


class BrokenIsReused(Core):
    """A connection dies while it is lent, and is lent again."""

    def lost(self, connection: int) -> None:
        if connection in self.idle:
            super().lost(connection)


class BrokenLeaks(Core):
    """A connection dies while it is lent; its permit stays taken."""

    def release(self, caller: int, now: float) -> int | None:
        if caller in self.lent and self.lent[caller][0] in self.broken:
            return None
        return super().release(caller, now)


class IdleAfterClose(Core):
    """A connection comes back to a closed pool, and is kept."""

    def _returned(self, connection: int, now: float) -> int | None:
        woken = super()._returned(connection, now)
        if self.closed:
            self.idle.put(connection, now)
        return woken


class CloseForgetsWaiters(Core):
    """Close leaves the queue as it is."""

    def close(self) -> Closing[int, int]:
        waiting = self.waiting.copy()
        closing = super().close()
        self.waiting = waiting
        return closing


FAULTS = [
    LastInFirstServed,
    LeakedGrant,
    LeakedDial,
    LostWakeUp,
    SilentGrant,
    IdleBesideWaiters,
    OneTooMany,
    DialsNotCounted,
    OldestIdleFirst,
    BrokenIsReused,
    BrokenLeaks,
    IdleAfterClose,
    CloseForgetsWaiters,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_walk_along_the_plain_model_catches(fault: type[Core]) -> None:
    assert caught(fault, ageing=False)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_walk_along_the_model_that_ages_and_drains_catches(fault: type[Core]) -> None:
    assert caught(fault)
