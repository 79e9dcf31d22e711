"""What nobody holds grows old, and is let go in time: neither early, nor lent when it should be gone."""

from __future__ import annotations

from itertools import product
from math import inf

import pytest

from poolproof.reference.errors import Misuse
from poolproof.reference.idle import Idle, Limits
from poolproof.reference.pool import DIAL, PoolCore


def core(
    lent: int = 1, *, idle_seconds: float = inf, lifetime_seconds: float = inf, random: float = 0.0
) -> PoolCore[int, int]:
    """A pool in which so many callers have a connection of their own number, all dialled at 0."""
    made = PoolCore[int, int](
        Limits(max_size=9, max_dialling=9, idle_seconds=idle_seconds, lifetime_seconds=lifetime_seconds)
    )
    for caller in range(lent):
        assert made.acquire(caller, 0) is DIAL
        made.opened(caller, caller, 0, random)
    return made


def test_pool_11_what_was_idle_for_the_limit_is_let_go_and_not_lent() -> None:
    made = core(idle_seconds=10)
    made.release(0, 100)
    assert made.acquire(1, 110) is DIAL
    assert made.idle.discarded == [0]


def test_pool_11_what_was_idle_for_less_than_the_limit_is_lent() -> None:
    made = core(idle_seconds=10)
    made.release(0, 100)
    assert made.acquire(1, 109.9) == 0


def test_pool_11_each_use_begins_the_idle_time_anew() -> None:
    made = core(idle_seconds=10)
    for now in (0, 9, 18, 27):
        made.release(0, now)
        assert made.acquire(0, now + 9) == 0


def test_pool_11_a_lifetime_ends_however_often_the_connection_is_used() -> None:
    made = core(lifetime_seconds=10)
    for now in (1, 4, 7):
        made.release(0, now)
        assert made.acquire(0, now + 2) == 0
    made.release(0, 9.5)
    assert made.acquire(0, 10) is DIAL


def test_pool_11_age_ends_no_connection_in_use() -> None:
    made = core(lifetime_seconds=10)
    made.idle.discard_expired(1_000)
    assert (made.idle.discarded, made.lent) == ([], {0: (0, 0)})


def test_pool_11_what_comes_back_after_its_lifetime_is_let_go() -> None:
    made = core(lifetime_seconds=10)
    assert made.release(0, 10) is None
    assert (made.idle.discarded, made.permits_taken) == ([0], 0)


def test_pool_11_the_place_of_what_came_back_too_old_goes_to_the_first_waiter() -> None:
    made = PoolCore[int, int](Limits(max_size=1, lifetime_seconds=10))
    made.acquire(0, 0)
    made.opened(0, 0, 0, 0.0)
    made.acquire(1, 5)
    assert made.release(0, 10) == 1
    assert made.resume(1, 10) is DIAL


def test_pool_11_a_lifetime_is_shortened_by_up_to_a_tenth() -> None:
    ends: list[float] = []
    for random in (0.0, 0.25, 0.5, 1.0):
        made = core(lifetime_seconds=100, random=random)
        made.release(0, 0)
        ends.append(made.idle.next_look)
    assert ends == [100, 97.5, 95, 90]


def test_pool_11_those_that_are_needed_least_grow_old() -> None:
    made = core(3, idle_seconds=10)
    for caller in range(3):
        made.release(caller, 0)
    for now in range(1, 10):
        assert made.acquire(9, now) == 2
        made.release(9, now)
    made.idle.discard_expired(10)
    assert sorted(made.idle.discarded) == [0, 1]


def test_a_connection_that_was_lost_leaves_no_age_behind() -> None:
    made = core(lifetime_seconds=10)
    made.lost(0)
    made.release(0, 0)
    assert made.idle.expiry == {}


def test_without_limits_nobody_has_to_look() -> None:
    made = core(3)
    for caller in range(3):
        made.release(caller, 0)
    assert (made.idle.ageing, made.idle.next_look, made.limits.period_seconds) == (False, inf, inf)
    assert made.idle.expiry == {}


def test_after_a_look_the_next_is_planned_for_whatever_ends_first() -> None:
    made = core(2, idle_seconds=10)
    for caller, now in ((0, 1), (1, 4)):
        made.release(caller, now)
    made.idle.discard_expired(11)
    assert (made.idle.discarded, made.idle.next_look) == ([0], 14)


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [
        (Limits(idle_seconds=10), 5),
        (Limits(lifetime_seconds=10), 5),
        (Limits(idle_seconds=10, lifetime_seconds=3), 1.5),
        (Limits(min_idle=1), 1),
        (Limits(min_idle=1, idle_seconds=0.5), 0.25),
    ],
)
def test_somebody_looks_at_least_twice_before_a_limit_passes(limits: Limits, seconds: float) -> None:
    assert limits.period_seconds == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_size": 0},
        {"max_dialling": 0},
        {"min_idle": -1},
        {"min_idle": 11},
        {"idle_seconds": 0.0},
        {"lifetime_seconds": -1.0},
    ],
)
def test_limits_that_contradict_themselves_are_misuse(wrong: dict[str, float]) -> None:
    with pytest.raises(Misuse):
        Limits(**wrong)  # type: ignore[arg-type]


TIMES = range(4)


def looks_as_it_should(made: type[Idle[int]]) -> bool:
    """Whether, of two connections with all kinds of ages, each is let go at the first look at or after its
    end, by a pool that looks when it thinks it has to, and once besides."""
    for idle_seconds, life, put, besides in product(
        (1, 3, inf), product((2, 4, inf), repeat=2), product(TIMES, repeat=2), TIMES
    ):
        idle = made(Limits(idle_seconds=idle_seconds, lifetime_seconds=10))
        ends = [min(put[one] + idle_seconds, life[one]) for one in (0, 1)]
        for now in range(8):
            for one in (0, 1):
                if put[one] == now:
                    idle.expiry[one] = life[one]
                    idle.put(one, now)
            if now == besides or now >= idle.next_look:
                idle.discard_expired(now)
            gone = [one for one in (0, 1) if put[one] <= now and ends[one] <= now]
            if sorted(idle.discarded) != gone or len(idle) != sum(at <= now for at in put) - len(gone):
                return False
    return True


def test_nothing_is_let_go_early_or_overlooked() -> None:
    assert looks_as_it_should(Idle)


class OnlyTheOldestCounts(Idle[int]):
    """The next look is planned by who has been idle for longest; another's lifetime may end before."""

    def discard_expired(self, now: float) -> None:
        super().discard_expired(now)
        self.next_look = self._end(*self.shelf[0]) if self.shelf else inf


class LooksOnce(Idle[int]):
    """After a look none is planned for those that were young then."""

    def discard_expired(self, now: float) -> None:
        super().discard_expired(now)
        self.next_look = inf


class PutForgetsToPlan(Idle[int]):
    """A look is planned for the first that is laid aside only."""

    def put(self, connection: int, now: float) -> None:
        self.shelf.append((connection, now))
        if len(self.shelf) == 1:
            self.next_look = self._end(connection, now)


class ExpiresTooLate(Idle[int]):
    """One that ends at this very moment is kept."""

    def discard_expired(self, now: float) -> None:
        super().discard_expired(now - 0.5)


class LifetimeForgotten(Idle[int]):
    """Only idle time counts."""

    def _end(self, connection: int, since: float) -> float:  # noqa: ARG002
        return since + self._limits.idle_seconds


@pytest.mark.parametrize(
    "fault", [OnlyTheOldestCounts, LooksOnce, PutForgetsToPlan, ExpiresTooLate, LifetimeForgotten]
)
def test_the_search_catches(fault: type[Idle[int]]) -> None:
    assert not looks_as_it_should(fault)
