"""One check while it is being made, by one worker or several with a driver each.

The outcome is the same however many they are: a failure ends the examination, and if plans that ran at the
same time both failed, the earlier counts. If the situation of the check never came about, all its plans are
run again in a patient world.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import chain
from threading import Lock
from time import monotonic
from typing import NamedTuple

from ..checks import Check, Rule
from ..docket import Unfit, failure_of
from ..history import Run
from ..plan import Plan, Verb
from ..verdict import Failure

WORTH_A_DRIVER_SECONDS = 20  # left of one examination, before another is begun
QUICKEST_SECONDS = 0.1  # that a plan takes


class Outcome(NamedTuple):
    """What came of one check. unsure: why that is not known. patiently: in a patient world."""

    check: Check
    patiently: bool = False
    runs: int = 0
    met: bool = False
    failure: Failure | None = None
    unsure: str = ""


class Turn(NamedTuple):
    """A plan to be run, and its place among the others."""

    place: int
    plan: Plan
    patiently: bool


class Examination:
    """The plans of one check that are left; the outcome, as soon as none is left or running."""

    def __init__(self, rule: Rule, check: Check, plans: Sequence[Plan]) -> None:
        self.check = check
        self.outcome: Future[Outcome] = Future()
        self._rule = rule
        self._plans = plans
        self._lock = Lock()
        self._left = deque(enumerate(plans))
        self._running: dict[int, float] = {}  # since when, by place
        self._slowest = 0.0  # seconds
        self._patiently = False
        self._runs = 0
        self._met = False
        self._ends: dict[int, Failure | Exception] = {}  # what ended the examination, by place
        if not plans:
            self.outcome.set_result(Outcome(check))

    @property
    def most_seconds(self) -> float:
        """That one of its plans may wait."""
        waits = ([step.amount for step in plan.steps if step.verb is Verb.WAIT] for plan in self._plans)
        return max(map(sum, waits), default=0.0)

    @property
    def seconds_left(self) -> float:
        """That the plans which nobody has taken would take a single worker, by the slowest so far."""
        with self._lock:
            now = monotonic()
            running = (now - began for began in self._running.values())
            return len(self._left) * max(QUICKEST_SECONDS, self._slowest, *running)

    def take(self) -> Turn | None:
        """The next plan; to be followed by `enter` or `give_up`. None: there is none left."""
        with self._lock:
            if not self._left:
                return None
            turn = Turn(*self._left.popleft(), self._patiently)
            self._running[turn.place] = monotonic()
            return turn

    def enter(self, turn: Turn, result: Run) -> None:
        """What came of the turn."""
        finding = self._rule.oracle(result)
        met = self.check.obligation(result)
        with self._lock:
            self._runs += 1
            self._met = self._met or met
            if finding:
                self._end(turn, failure_of(self.check.name, result, finding))
            self._ended(turn)

    def give_up(self, turn: Turn, reason: Exception) -> None:
        """The turn came to nothing. If not because the client is unfit, the outcome will raise the reason."""
        with self._lock:
            self._end(turn, reason)
            self._ended(turn)

    def _end(self, turn: Turn, why: Failure | Exception) -> None:
        self._ends[turn.place] = why
        self._left.clear()

    def _ended(self, turn: Turn) -> None:
        self._slowest = max(self._slowest, monotonic() - self._running.pop(turn.place))
        if self._left or self._running:
            return
        outcome = Outcome(self.check, self._patiently, self._runs, self._met)
        match self._ends[min(self._ends)] if self._ends else None:
            case Failure() as failure:
                self.outcome.set_result(outcome._replace(failure=failure))
            case Unfit() as reason:
                self.outcome.set_result(outcome._replace(unsure=f"{self.check.name}: {reason}"))
            case Exception() as reason:
                self.outcome.set_exception(reason)
            case None if self._met or self._patiently or is_family(self.check):
                self.outcome.set_result(outcome)
            case None:
                self._patiently, self._runs = True, 0
                self._left.extend(enumerate(self._plans))


class Agenda:
    """The examinations for each requirement, handed out to workers.

    Those of the first come first, for the user wants a verdict soon; then those whose plans may wait longest,
    so that nobody waits for them in the end. Where much is left, help comes before anything new is begun.
    """

    def __init__(self, first: Iterable[Examination], *others: Iterable[Examination]) -> None:
        self._lock = Lock()
        by_length = sorted(chain(*others), key=lambda each: each.most_seconds, reverse=True)
        self._next = deque([*first, *by_length])
        self._begun: list[Examination] = []

    def take(self) -> Examination | None:
        """None: there is nothing left to do."""
        with self._lock:
            longest = max(self._begun, key=lambda each: each.seconds_left, default=None)
            seconds = longest.seconds_left if longest else 0
            if self._next and seconds < WORTH_A_DRIVER_SECONDS:
                self._begun.append(self._next.popleft())
                return self._begun[-1]
            return longest if seconds else None

    def drop(self) -> None:
        """Nothing more is to be begun."""
        with self._lock:
            self._begun.clear()
            self._next.clear()


def is_family(check: Check) -> bool:
    """All its plans count callbacks."""
    return all(plan.uses({Verb.RUN}) for plan in check.plans)
