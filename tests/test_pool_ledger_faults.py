"""Faults of the pool's core where the models look away, each of which the ledger catches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import inf

import pytest

from poolproof.reference.errors import PoolproofError
from poolproof.reference.idle import Limits
from poolproof.reference.pool import WAIT, Closing, Next

from .pool_ledger import Core, walk


class OneDialTooMany(Core):
    """One more may dial at a time than allowed."""

    def _may_dial(self) -> bool:
        full = self.permits_taken >= self.limits.max_size
        return not full and len(self.dialling) <= self.limits.max_dialling


class NobodyDialsAfterASuccess(Core):
    """A dial succeeds; who waits for the right to dial is not told."""

    def opened(self, caller: int, connection: int, now: float, random: float) -> int | None:
        self.waiting, waiting = OrderedDict[int, None](), self.waiting
        super().opened(caller, connection, now, random)
        self.waiting = waiting
        return None


class NobodyDialsAfterAFailure(Core):
    """A dial fails; who waits for the right to dial is not told."""

    def abandon(self, caller: int, now: float) -> int | None:
        if caller in self.dialling:
            self.dialling.remove(caller)
            return None
        return super().abandon(caller, now)


class ReplacedLosesItsTurn(Core):
    """Who has found its connection dead waits behind all others."""

    def replace(self, caller: int, now: float) -> int | Next:
        step = super().replace(caller, now)
        if step is WAIT:
            self.waiting.move_to_end(caller)
        return step


class ReplacedBesideIdle(Core):
    """Who has found its connection dead dials, or waits to, whatever is idle."""

    def _replace(self, caller: int, connection: int, now: float) -> int | Next:
        self.idle.shelf, shelf = [], self.idle.shelf
        step = super()._replace(caller, connection, now)
        self.idle.shelf = shelf
        return step


class BrokenGrantIsLent(Core):
    """A connection dies after it was granted, and is lent all the same."""

    def resume(self, caller: int, now: float) -> int | Next:
        self.broken.discard(self.granted.get(caller, -1))
        return super().resume(caller, now)


class LossOfAGrantIsForgotten(Core):
    """Only what is idle or lent can die."""

    def lost(self, connection: int) -> None:
        if connection not in self.granted.values():
            super().lost(connection)


class LossOfAnIdleOneIsForgotten(Core):
    """Only what is granted or lent can die."""

    def lost(self, connection: int) -> None:
        if connection not in self.idle:
            super().lost(connection)


class WarmCountsOnlyWhatIsIdle(Core):
    """What is being dialled ahead of need already is dialled again."""

    def warm(self, caller: int) -> bool:
        if len(self.idle) < self.limits.min_idle and self._may_dial() and not self.draining:
            self.dialling.add(caller)
            return True
        return False


class WarmHasARoomOfItsOwn(Core):
    """What is dialled ahead of need is dialled past all limits."""

    def warm(self, caller: int) -> bool:
        self._may_dial = lambda: True  # type: ignore[method-assign]
        warm = super().warm(caller)
        del self._may_dial
        return warm


class WarmWhileDraining(Core):
    """A draining pool dials ahead of a need that there will not be."""

    def warm(self, caller: int) -> bool:
        self.draining, draining = False, self.draining
        warm = super().warm(caller)
        self.draining = draining
        return warm


class CheckForgotten(Core):
    """What was idle for long is lent like any other."""

    def acquire(self, caller: int, now: float) -> int | Next:
        self._check_after_seconds = inf
        return super().acquire(caller, now)


class CloseForgetsWhoDials(Core):
    """Close turns away those who wait, and leaves those who dial alone."""

    def close(self) -> Closing[int, int]:
        closing = super().close()
        waiting = tuple(caller for caller in closing.callers if caller not in self.dialling)
        return Closing(waiting, closing.connections)


class CloseForgetsGrants(Core):
    """Close ends what is idle or lent, but not what was just granted."""

    def close(self) -> Closing[int, int]:
        closing = super().close()
        granted = set(self.granted.values())
        return Closing(closing.callers, tuple(one for one in closing.connections if one not in granted))


class UseIsNotCounted(Core):
    """A connection that comes back for a waiter was not used, says the metric."""

    def release(self, caller: int, now: float) -> int | None:
        waited = bool(self.waiting)
        woken = super().release(caller, now)
        self.use_time.count -= waited
        return woken


FAULTS: list[type[Core]] = [
    OneDialTooMany,
    NobodyDialsAfterASuccess,
    NobodyDialsAfterAFailure,
    ReplacedLosesItsTurn,
    ReplacedBesideIdle,
    BrokenGrantIsLent,
    LossOfAGrantIsForgotten,
    LossOfAnIdleOneIsForgotten,
    WarmCountsOnlyWhatIsIdle,
    WarmHasARoomOfItsOwn,
    WarmWhileDraining,
    CheckForgotten,
    CloseForgetsWhoDials,
    CloseForgetsGrants,
    UseIsNotCounted,
]


def catches(fault: Callable[[Limits], Core]) -> bool:
    try:
        walk(fault, Limits(max_size=3, max_dialling=1, min_idle=1), 3)
        walk(fault, Limits(max_size=2, max_dialling=2, min_idle=1, check_after_seconds=0), 3)
    except (AssertionError, PoolproofError):
        return True
    return False


@pytest.mark.parametrize("fault", FAULTS)
def test_the_ledger_catches(fault: type[Core]) -> None:
    assert catches(fault)
