"""The pool's core keeps the ledger's rules: in all states at small sizes, and in random runs by the clock."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from poolproof.reference.idle import Limits
from poolproof.reference.pool import PoolCore

from .pool_ledger import Ledger, walk

SIZES = [
    (3, Limits(max_size=2, max_dialling=1)),
    (3, Limits(max_size=2, max_dialling=2, min_idle=2)),
    (3, Limits(max_size=3, max_dialling=1, min_idle=1)),
    (4, Limits(max_size=2, max_dialling=1, min_idle=1)),
    (3, Limits(max_size=2, max_dialling=1, check_after_seconds=0)),
]


@pytest.mark.parametrize(("callers", "limits"), SIZES)
def test_the_rules_hold_whatever_happens_in_whatever_state(callers: int, limits: Limits) -> None:
    assert walk(PoolCore, limits, callers) > 800


seconds = st.sampled_from([inf, 2.0, 5.0])


class RandomRun(RuleBasedStateMachine):
    """All that can happen to a pool with any limits, while time passes; in the end everybody leaves."""

    @initialize(
        callers=st.integers(1, 8),
        max_size=st.integers(1, 5),
        max_dialling=st.integers(1, 3),
        min_idle=st.integers(0, 5),
        limits=st.tuples(seconds, seconds, seconds),
    )
    def start(
        self,
        callers: int,
        max_size: int,
        max_dialling: int,
        min_idle: int,
        limits: tuple[float, float, float],
    ) -> None:
        made = Limits(
            max_size=max_size,
            min_idle=min(min_idle, max_size),
            max_dialling=max_dialling,
            idle_seconds=limits[0],
            lifetime_seconds=limits[1],
            check_after_seconds=limits[2],
        )
        self.ledger = Ledger(PoolCore(made), callers)
        self.steps = 0

    @rule(choice=st.integers(0, 1_000))
    def happen(self, choice: int) -> None:
        end = {("close",), ("drain",)} if self.steps < 25 else set[tuple[str]]()
        offered = [event for event in self.ledger.events() if event not in end]
        self.ledger.happen(offered[choice % len(offered)])
        self.steps += 1

    @rule(choice=st.integers(0, 1_000), random=st.floats(0, 1))
    def dial_succeeds(self, choice: int, random: float) -> None:
        if dialling := sorted(self.ledger.dialling):
            self.ledger.opened(dialling[choice % len(dialling)], random)
            self.ledger.keep_rules()

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0]))
    def pass_time(self, seconds: float) -> None:
        self.ledger.now += seconds

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            ledger = self.ledger
            leaving = ("release", "abandon")
            while left := [event for event in ledger.events() if event[0] in leaving]:
                ledger.happen(left[0])
            assert ledger.core.empty
            assert ledger.core.permits_taken == len(ledger.idle)


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=50)
