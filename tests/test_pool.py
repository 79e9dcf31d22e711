"""The pool's core keeps step with its models: exhaustively at a small size, in random runs at larger ones."""

from __future__ import annotations

from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from poolproof import models
from poolproof.reference.idle import Limits
from poolproof.reference.pool import PoolCore

from .pool_in_step import Driver, calls, walk


def test_the_core_follows_the_plain_model_along_every_edge_and_refuses_all_else() -> None:
    reached = {plain for plain, _, _ in walk(PoolCore, ageing=False)}
    assert reached == models.explore(models.Pool(4, 2)).states


def test_the_core_follows_the_model_that_ages_and_drains_along_every_edge_and_refuses_all_else() -> None:
    assert walk(PoolCore).keys() == models.explore(models.FullPool(4, 2)).states


class RandomRun(RuleBasedStateMachine):
    """A random run of the model that the core must follow, until all have left a pool that is closed.

    Here connections grow old by the clock: whatever has passed a limit by then has aged in the model too.
    """

    @initialize(
        callers=st.integers(1, 6),
        capacity=st.integers(1, 4),
        idle_seconds=st.sampled_from([inf, 3.0]),
        lifetime_seconds=st.sampled_from([inf, 5.0]),
    )
    def start(self, callers: int, capacity: int, idle_seconds: float, lifetime_seconds: float) -> None:
        limits = Limits(
            max_size=capacity,
            max_dialling=capacity,
            idle_seconds=idle_seconds,
            lifetime_seconds=lifetime_seconds,
        )
        self.model = models.FullPool(callers, capacity)
        self.expected = self.model.initial()
        self.driver = Driver(PoolCore(limits), callers)
        self.steps = 0

    @rule(choice=st.integers(0, 1_000))
    def step(self, choice: int) -> None:
        offered = [
            call
            for call in calls(self.model, self.expected)
            if call[0][-1][0] not in ("Age", "Drain", "Drained", "Close")
        ]
        if offered:
            labels, self.expected = offered[choice % len(offered)]
            self.driver.follow(labels, self.expected)
        self.steps += 1

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 8.0]))
    def pass_time(self, seconds: float) -> None:
        self.driver.now += seconds
        for slot, old in enumerate(self.driver.old()):
            if old and not self.expected[2][slot]:
                self.expected = dict(self.model.actions(self.expected))["Age", slot]
        assert self.driver.state() == self.expected

    @precondition(lambda self: self.steps > 10)
    @rule()
    def drain(self) -> None:
        self.end("Drain")

    def end(self, name: str) -> None:
        """Drain or Close, if it is offered."""
        for label, successor in self.model.actions(self.expected):
            if label == (name,):
                self.expected = successor
                self.driver.follow((label,), successor)

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.end("Close")
            while (steps := self.model.actions(self.expected))[0][0] != ("Done",):
                label, self.expected = steps[-1]
                self.driver.follow((label,), self.expected)
            assert self.driver.core.permits_taken == 0


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=40)
