"""The replay of what happens to a pool's core, as actions of the model, is worth what it notices."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.reference.idle import Limits

from .replaying import LoggedCore

LIMITS = Limits(max_size=2, max_dialling=2, idle_seconds=10, lifetime_seconds=100)


def play(core: LoggedCore) -> None:
    """A run in which everything happens that the model knows; only the replay judges it."""
    for caller in "abcd":  # the last two wait
        core.acquire(caller, 0)
    core.opened("a", "first", 1, 0.0)
    core.opened("b", "second", 1, 0.0)
    core.release("a", 2)
    core.abandon("c", 2)  # to whom it was granted: it goes to d
    core.resume("d", 3)
    core.release("d", 3)
    core.release("b", 8)
    core.acquire("e", 9)
    core.release("e", 9)
    core.check()
    core.acquire("e", 14)  # the first has been idle for 11 seconds
    core.acquire("f", 14)
    core.opened("f", "third", 15, 0.0)
    core.release("f", 16)
    core.idle.discard_expired(30)
    core.lost("second")  # which e holds
    core.acquire("g", 31)
    core.acquire("h", 31)
    core.opened("g", "fourth", 32, 0.0)
    core.drain()
    core.release("e", 33)  # h dials in its place
    core.release("g", 150)  # it is older than 100 seconds, and the pool drains
    core.close()
    core.abandon("h", 151)
    core.check()


def test_a_run_with_ages_losses_and_a_drain_is_a_run_of_the_model() -> None:
    core = LoggedCore(LIMITS)
    play(core)
    assert core.length == 31


class LendsTheOldest(LoggedCore):
    def acquire(self, caller: Any, now: float) -> Any:
        self.idle.shelf.reverse()
        return super().acquire(caller, now)


class LendsWhatIsOld(LoggedCore):
    def acquire(self, caller: Any, now: float) -> Any:
        self.idle.next_look = now + 1
        return super().acquire(caller, now)


class ServesTheLast(LoggedCore):
    def _returned(self, connection: Any, now: float) -> Any:
        self.waiting = type(self.waiting)(reversed(self.waiting.items()))
        return super()._returned(connection, now)


class KeepsWhatDied(LoggedCore):
    def release(self, caller: Any, now: float) -> Any:
        self.broken.clear()
        return super().release(caller, now)


class LetsEverybodyDial(LoggedCore):
    def _may_dial(self) -> bool:
        return True


@pytest.mark.parametrize(
    "fault", [LendsTheOldest, LendsWhatIsOld, ServesTheLast, KeepsWhatDied, LetsEverybodyDial]
)
def test_a_run_that_is_none_of_the_model_is_noticed(fault: type[LoggedCore]) -> None:
    with pytest.raises((AssertionError, KeyError)):
        play(fault(LIMITS))


def test_what_the_model_leaves_out_is_refused() -> None:
    core = LoggedCore(LIMITS)
    for caller in "abc":
        core.acquire(caller, 0)
    core.opened("a", "first", 0, 0.0)
    core.release("a", 0)
    with pytest.raises(AssertionError, match="no step"):
        core.lost("first")
