"""The judge: brings one variant of a client through checks and storms, and says what to think of it.

First the directed plans of each requirement, until one of them breaks it; then storms, for the requirements
that have held so far, and a storm that breaks one is made as short as possible. An oracle holds for every
plan, so each run is judged by all of them: what a plan made for one requirement breaks of another counts too.
Nothing depends on time or chance: a seed gives the same verdicts and counterexamples every time.
"""

import gc
import time
from collections.abc import Callable, Iterable
from functools import partial

from .adapter import AnyAdapter
from .checks import Rule
from .docket import Docket, Unfit, failure_of
from .history import Kind, Run
from .plan import Plan
from .preflight import LOOKS
from .search import shortest_storm, visit_storms
from .simulation.guard import Blocked, Livelock, guarded
from .simulation.run import run
from .verdict import Failure, Judgement, StormCount

DEFAULT_STORMS = 300
COLLECT_EVERY = 256  # runs between two garbage collections, which would otherwise come at odd moments

Progress = Callable[[str], None]


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
            for look in LOOKS:
                look(self._run)
            for docket in applicable:
                self._examine(docket, applicable)
            self._weather(applicable)
        except Unfit as reason:
            unfit = str(reason)
        storms = self.storm_count.storms if self.storm_count else 0
        for docket in dockets:
            yield docket.conclude(self._client, storms, unfit)

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
        place = result.history.first(Kind.GARBAGE)
        if place is not None and not plan.garbles:  # what comes of that, CONN-03 says
            raise Unfit(f"the client wrote what is no command: {result.history.events[place].text}")
        return result


def replay(client: type[AnyAdapter], rule: Rule, plan: Plan) -> Failure | None:
    """Run one plan again; how it breaks the rule, if it still does. Raises AdapterMistake, Unfit."""
    result = _guarded_run(plan, client)
    finding = rule.oracle(result)
    return failure_of(f"{rule.requirement}/replay", result, finding) if finding else None


def _guarded_run(plan: Plan, client: type[AnyAdapter]) -> Run:
    try:
        with guarded():
            return run(plan, client)
    except (Blocked, Livelock) as reason:
        raise Unfit(str(reason)) from None
    except (SystemExit, KeyboardInterrupt) as reason:
        raise Unfit(f"the client ended its process by {reason!r}") from None
