"""The judge: brings one variant of a client through checks and storms, and says what to think of it.

First the directed plans of each requirement, until one of them breaks it. Then storms, for the requirements
that have held so far, all judged by the same oracles; if one is broken there, Hypothesis shrinks the storm to
the shortest plan that still breaks it. Nothing here depends on time or chance: a seed gives the same verdicts
and the same counterexamples every time.
"""

import gc
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky

from .adapter import Adapter
from .checks import Check, Finding, Rule
from .history import Kind, Run
from .plan import Plan
from .simulation.guard import Blocked, guarded
from .simulation.loop import Livelock
from .simulation.world import run
from .storm import storms
from .story import story
from .verdict import Failure, Judgement, StormCount, Verdict

DEFAULT_STORMS = 300
COLLECT_EVERY = 64  # runs between two garbage collections, which would otherwise come at odd moments

Progress = Callable[[str], None]


class Unfit(Exception):
    """The client can't be judged: it blocks, or never comes to rest."""


@dataclass(slots=True)
class Docket:
    """What is known so far about one requirement."""

    rule: Rule
    runs: int = 0
    failure: Failure | None = None
    unmet: list[Check] = field(default_factory=list[Check])


class Judge:
    """Judges one variant. `progress` is told what is done next, once a check and once for the storms."""

    def __init__(self, client: type[Adapter], seed: int, storms: int, progress: Progress) -> None:
        self._client = client
        self._seed = seed
        self._storms = storms
        self._progress = progress
        self._runs = 0
        self._garbage: str | None = None
        self.storm_count: StormCount | None = None

    def judge(self, rules: Iterable[Rule]) -> Iterable[Judgement]:
        """The verdicts, in the order of the rules. Raises AdapterMistake."""
        dockets = [Docket(rule) for rule in rules]
        applicable = [docket for docket in dockets if docket.rule.applies.to(self._client)]
        unfit = ""
        try:
            for docket in applicable:
                self._examine(docket)
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
                name, docket.rule.requirement, verdict, what, docket.runs, storms, docket.failure
            )

        if not docket.rule.applies.to(self._client):
            return judgement(Verdict.NOT_APPLICABLE, f"only for {docket.rule.applies.value}")
        if docket.failure:
            return judgement(Verdict.FAIL, docket.failure.sentence)
        if unfit or self._garbage:
            return judgement(
                Verdict.INCONCLUSIVE, unfit or f"the client wrote what is no command: {self._garbage}"
            )
        if docket.unmet:
            check = docket.unmet[0]
            return judgement(
                Verdict.INCONCLUSIVE, f"{check.name}: it never came about that {check.must_happen}"
            )
        storms = f", {self.storm_count.storms} storms" if self.storm_count else ""
        return judgement(Verdict.PASS, f"{docket.runs} plans{storms}")

    # directed plans

    def _examine(self, docket: Docket) -> None:
        for check in docket.rule.checks:
            if not check.applies.to(self._client):
                continue
            self._progress(check.name)
            met = False
            for plan in check.plans:
                result = self._run(plan)
                docket.runs += 1
                met = met or check.obligation(result)
                if finding := docket.rule.oracle(result):
                    docket.failure = _failure(check.name, result, finding)
                    return
            if not met:
                docket.unmet.append(check)

    # storms

    def _weather(self, dockets: list[Docket]) -> None:
        self._progress("storms")
        if not self._storms:
            return
        count = 0
        broken: set[str] = set()

        def body(plan: Plan) -> None:
            nonlocal count
            count += 1
            result = self._run(plan)
            for docket in dockets:
                if not docket.failure and docket.rule.oracle(result):
                    broken.add(docket.rule.requirement)

        began = time.perf_counter()
        self._generate(body, Phase.generate)
        self.storm_count = StormCount(self._client.variant(), count, time.perf_counter() - began)
        for docket in dockets:
            if docket.rule.requirement in broken:
                self._progress(f"shrinking {docket.rule.requirement}")
                docket.failure = self._shrink(docket.rule)

    def _shrink(self, rule: Rule) -> Failure | None:
        """The shortest storm that Hypothesis finds, beginning with the same ones as before."""
        shortest: Failure | None = None

        def body(plan: Plan) -> None:
            nonlocal shortest
            result = self._run(plan)
            if finding := rule.oracle(result):
                shortest = _failure(f"{rule.requirement}/storm", result, finding)
                raise _Broken

        with suppress(_Broken, Flaky):
            self._generate(body, Phase.generate, Phase.shrink)
        return shortest

    def _generate(self, body: Callable[[Plan], None], *phases: Phase) -> None:
        configured = settings(
            max_examples=self._storms,
            phases=phases,
            database=None,
            deadline=None,
            derandomize=False,
            report_multiple_bugs=False,
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
            verbosity=Verbosity.quiet,
        )
        seed(self._seed)(configured(given(storms(self._client.shared))(body)))()

    # one run

    def _run(self, plan: Plan) -> Run:
        self._runs += 1
        if self._runs % COLLECT_EVERY == 0:
            gc.collect()
        result = _guarded_run(plan, self._client)
        if self._garbage is None and (place := result.history.first(Kind.GARBAGE)) is not None:
            self._garbage = result.history.events[place].text
        return result


class _Broken(Exception):
    """A storm broke the requirement that is being shrunk."""


def _failure(check: str, result: Run, finding: Finding) -> Failure:
    return Failure(check, finding.sentence, result.plan, tuple(story(result.history, finding)))


def replay(client: type[Adapter], rule: Rule, plan: Plan) -> Failure | None:
    """Run one plan again; how it breaks the rule, if it still does. Raises AdapterMistake, Unfit."""
    result = _guarded_run(plan, client)
    finding = rule.oracle(result)
    return _failure(f"{rule.requirement}/replay", result, finding) if finding else None


def _guarded_run(plan: Plan, client: type[Adapter]) -> Run:
    try:
        with guarded():
            return run(plan, client)
    except (Blocked, Livelock) as reason:
        raise Unfit(str(reason)) from None
    except SystemExit as reason:
        raise Unfit(f"the client ended its process by SystemExit({reason.code})") from None
