"""Marks tell who has waited for too long as exactly as if every call had a clock of its own (CALL-01)."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from poolproof.reference.marks import Mark, Marks
from poolproof.reference.multiplexer import Ended, MultiplexerCore

from .call_clocks import Make, run, search
from .commands_sent import Command, Core

runs = st.lists(st.integers(0, 1_000), min_size=30, max_size=60)


def test_call_01_conn_10_marks_are_exact_whatever_happens() -> None:
    assert search(MultiplexerCore, 6) > 1_000


@given(runs)
def test_call_01_conn_10_marks_are_exact_in_long_runs_with_ticks_at_any_time(choices: list[int]) -> None:
    run(MultiplexerCore, choices)


@pytest.mark.parametrize("between", [0.0, 0.1, 0.5, 0.99])
def test_call_01_a_call_is_told_after_its_limit_and_at_most_one_period_later(between: float) -> None:
    """Ticks come at 0, 1, 2 ...; the call is accepted between the first two."""
    made = Core(1, 3, limit_seconds=3.0)
    assert made.tick(0.0) == (Ended(), False)
    made.send(b"", call := Command())
    told = next(now for now in range(1, 9) if made.tick(float(now))[0].not_sent == (call,))
    assert 3.0 <= told - between <= 3.0 + 1.0


def behind_a_mark(make: Make) -> None:
    """A call is written and a mark made; of two more the first is given up: the mark stays where it is."""
    made = make(10, 10, 2.0)
    made.dial()
    made.opened(made.epoch)
    made.send(b"", old := Command())
    made.flush()
    made.tick(0.0)
    made.send(b"", Command(over=True))
    made.send(b"", Command())
    made.flush()
    assert made.tick(2.0)[0] == Ended(unknown=(old,))


def test_call_01_what_is_given_up_behind_a_mark_does_not_move_it() -> None:
    behind_a_mark(MultiplexerCore)


def test_call_01_without_a_limit_nobody_is_told() -> None:
    made = Core(1, 3)
    made.send(b"", Command())
    assert [made.tick(float(now)) for now in (1, 10, 10_000)] == [(Ended(), False)] * 3


# It is worth what it catches.


class Unshifted(Marks):
    def shift(self, first: int, replies: int) -> None:
        """Nothing moves."""


class ShiftedTooFar(Marks):
    def shift(self, first: int, replies: int) -> None:
        super().shift(first - 1, replies)


class OldestMark(Marks):
    """Of several marks that are old the first is taken."""

    def make(self, mark: Mark) -> Mark | None:
        oldest = next(islice(self._marks, 1), None)
        old = super().make(mark)
        return oldest if old is not None else None


class EarlyMark(Marks):
    """A mark is old a little before its time."""

    def __init__(self, limit_seconds: float) -> None:
        super().__init__(limit_seconds - 0.5)


class KeptMarks(Marks):
    """Marks outlive their epoch."""

    def clear(self) -> None:
        pass


class WithMarks(Core):
    """A core with other marks."""

    kind: type[Marks] = Marks

    def __init__(self, max_in_flight: int, max_backlog: float, limit_seconds: float) -> None:
        super().__init__(max_in_flight, max_backlog, limit_seconds)
        self._marks = self.kind(limit_seconds)


class BacklogHasTime(Core):
    """Only what was written can have waited for too long."""

    def tick(self, now: float) -> tuple[Ended[Command], bool]:
        ended, silent = super().tick(now)
        return Ended(unknown=ended.unknown), silent


class NeverSilent(Core):
    """A server that says nothing is left alone."""

    def tick(self, now: float) -> tuple[Ended[Command], bool]:
        return super().tick(now)[0], False


class SilentWhenSlow(Core):
    """Whenever a call has waited for too long, the server is taken for silent."""

    def tick(self, now: float) -> tuple[Ended[Command], bool]:
        ended, silent = super().tick(now)
        return ended, silent or bool(ended.unknown)


def with_marks(kind: type[Marks]) -> type[Core]:
    return type(kind.__name__, (WithMarks,), {"kind": kind})


FAULTS: list[type[Core]] = [
    *(with_marks(kind) for kind in (Unshifted, OldestMark, EarlyMark, KeptMarks)),
    BacklogHasTime,
    NeverSilent,
    SilentWhenSlow,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_long_run_catches(fault: Make) -> None:
    def shows(choices: list[int]) -> bool:
        try:
            run(fault, choices)
        except AssertionError:
            return True
        return False

    hurried = settings(max_examples=2_000, phases=[Phase.generate], derandomize=True, database=None)
    try:
        find(runs, shows, settings=hurried)
    except NoSuchExample:
        pytest.fail("nothing was noticed")


def test_a_mark_that_is_shifted_too_far_is_caught() -> None:
    with pytest.raises(AssertionError):
        behind_a_mark(with_marks(ShiftedTooFar))
