"""The judge: brings one variant of a client through checks and storms, and says what to think of it.

First the directed plans of each requirement, until one of them breaks it; then storms, for the requirements
that have held so far, and a storm that breaks one is made as short as possible. An oracle holds for every
plan, so each run is judged by all of them: what a plan made for one requirement breaks of another counts too.
Nothing depends on time or chance: a seed gives the same verdicts and counterexamples every time.
"""

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from .adapter import AnyAdapter
from .checks import Check, Finding, Rule
from .checks.check import obstacle
from .history import Kind, Run
from .plan import Plan
from .plan import plan as plan_of
from .search import shortest_storm, visit_storms
from .simulation.guard import Blocked, Livelock, guarded
from .simulation.run import run
from .story import story
from .verdict import Failure, Judgement, StormCount, Verdict

DEFAULT_STORMS = 300
COLLECT_EVERY = 256  # runs between two garbage collections, which would otherwise come at odd moments

Progress = Callable[[str], None]


class Unfit(Exception):
    """The client can't be judged: it blocks, never comes to rest, or writes what is no command."""


@dataclass(slots=True)
class Docket:
    """What is known so far about one requirement.

    failure: found by a plan made for it. stray: found by a plan made for another.
    """

    rule: Rule
    runs: int = 0
    failure: Failure | None = None
    stray: Failure | None = None
    unmet: list[Check] = field(default_factory=list[Check])

    @property
    def broken_by(self) -> Failure | None:
        """What to show, if the requirement was broken."""
        return self.failure or self.stray

    def look_at(self, check: str, result: Run, own: bool) -> None:
        """Judge the run by this requirement's oracle, unless there is nothing more to learn."""
        if self.failure or (self.stray and not own):
            return
        if finding := self.rule.oracle(result):
            failure = _failure(check, result, finding)
            if own:
                self.failure = failure
            else:
                self.stray = failure


class Judge:
    """Judges one variant. `progress` is told what is done next, once a check and once for the storms."""

    def __init__(self, client: type[AnyAdapter], seed: int, storms: int, progress: Progress) -> None:
        self._client = client
        self._seed = seed
        self._storms = storms
        self._progress = progress
        self._runs = 0
        self.storm_count: StormCount | None = None

    def judge(self, rules: Iterable[Rule]) -> Iterable[Judgement]:
        """The verdicts, in the order of the rules. Raises AdapterMistake."""
        dockets = [Docket(rule) for rule in rules]
        applicable = [docket for docket in dockets if docket.rule.applies.to(self._client)]
        unfit = ""
        try:
            self._try_out()
            for docket in applicable:
                self._examine(docket, applicable)
            self._weather(applicable)
        except Unfit as reason:
            unfit = str(reason)
        for docket in dockets:
            yield self._conclude(docket, unfit)

    def _conclude(self, docket: Docket, unfit: str) -> Judgement:
        def judgement(verdict: Verdict, what: str) -> Judgement:
            storms = self.storm_count.storms if self.storm_count else 0
            name = self._client.variant()
            return Judgement(
                name, docket.rule.requirement, verdict, what, docket.runs, storms, docket.broken_by
            )

        if not docket.rule.applies.to(self._client):
            return judgement(Verdict.NOT_APPLICABLE, f"only for {docket.rule.applies.words}")
        if docket.broken_by:
            return judgement(Verdict.FAIL, docket.broken_by.sentence)
        if unfit:
            return judgement(Verdict.INCONCLUSIVE, unfit)
        if not docket.runs and (reason := self._why_nothing_ran(docket.rule)):
            return judgement(Verdict.NOT_APPLICABLE, reason)
        if docket.unmet:
            check = docket.unmet[0]
            return judgement(
                Verdict.INCONCLUSIVE, f"{check.name}: it never came about that {check.must_happen}"
            )
        storms = f", {self.storm_count.storms} storms" if self.storm_count else ""
        return judgement(Verdict.PASS, f"{docket.runs} plans{storms}")

    def _why_nothing_ran(self, rule: Rule) -> str:
        plans = [plan for check in rule.checks for plan in check.plans if check.applies.to(self._client)]
        return next((reason for plan in plans if (reason := obstacle(plan, self._client))), "")

    def _try_out(self) -> None:
        """A single call that nothing stands in the way of must succeed, or no verdict would mean anything."""
        history = self._run(plan_of("call a, answer a, settle, wait 10")).history
        for event in history.events[: history.first(Kind.HEALED)]:
            if event.kind is Kind.RAISED and event.caller == "a":
                raise Unfit(f"a single call failed though nothing stood in its way: {event.detail}")

    # directed plans

    def _examine(self, docket: Docket, all_dockets: list[Docket]) -> None:
        for check in docket.rule.checks:
            if not (plans := check.plans_for(self._client)):
                continue
            self._progress(check.name)
            met = False
            for plan in plans:
                result = self._run(plan)
                docket.runs += 1
                met = met or check.obligation(result)
                for each in all_dockets:
                    each.look_at(check.name, result, own=each is docket)
                if docket.failure:
                    return
            if not met:
                docket.unmet.append(check)

    # storms

    def _weather(self, dockets: list[Docket]) -> None:
        self._progress("storms")
        if not self._storms:
            return
        count = 0
        broken: dict[str, Docket] = {}

        def visit(plan: Plan) -> None:
            nonlocal count
            count += 1
            result = self._run(plan)
            for docket in dockets:
                if not docket.broken_by and docket.rule.oracle(result):
                    broken.setdefault(docket.rule.requirement, docket)

        began = time.process_time()
        visit_storms(visit, self._client, self._seed, self._storms)
        self.storm_count = StormCount(self._client.variant(), count, time.process_time() - began)
        for name, docket in broken.items():
            self._progress(f"shrinking {name}")
            breaks = partial(self._breaks, docket.rule)
            if shortest := shortest_storm(breaks, self._client, self._seed, self._storms):
                docket.look_at(f"{name}/storm", self._run(shortest), own=True)

    def _breaks(self, rule: Rule, plan: Plan) -> bool:
        return rule.oracle(self._run(plan)) is not None

    # one run

    def _run(self, plan: Plan) -> Run:
        self._runs += 1
        if self._runs % COLLECT_EVERY == 0:
            gc.collect()
        result = _guarded_run(plan, self._client)
        if (place := result.history.first(Kind.GARBAGE)) is not None:
            raise Unfit(f"the client wrote what is no command: {result.history.events[place].text}")
        return result


def _failure(check: str, result: Run, finding: Finding) -> Failure:
    return Failure(check, finding.sentence, result.plan, tuple(story(result.history, finding)))


def replay(client: type[AnyAdapter], rule: Rule, plan: Plan) -> Failure | None:
    """Run one plan again; how it breaks the rule, if it still does. Raises AdapterMistake, Unfit."""
    result = _guarded_run(plan, client)
    finding = rule.oracle(result)
    return _failure(f"{rule.requirement}/replay", result, finding) if finding else None


def _guarded_run(plan: Plan, client: type[AnyAdapter]) -> Run:
    try:
        with guarded():
            return run(plan, client)
    except (Blocked, Livelock) as reason:
        raise Unfit(str(reason)) from None
    except (SystemExit, KeyboardInterrupt) as reason:
        raise Unfit(f"the client ended its process by {reason!r}") from None
