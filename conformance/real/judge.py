"""The judge of the real world: takes one variant through the checks, several of them at the same time.

Each check has a fresh driver process, so a crash or a hang costs that check and no other. A plan that breaks
its requirement is run again when all checks are done, in a calmer world with twice the time, for what took
too long may have been the machine's doing: what was seen once and never again is told, but is no verdict. If
a situation never came about, the plans are run again in a patient world.

Of the plans that differ only in where a client stands when something happens, real time can't tell one from
the next: a few of them are run, evenly chosen, unless the user wants all. A check that consists of such plans
alone may miss its situation; it is for the simulated world.
"""

import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from ..checks import Check, Rule
from ..docket import Docket, Unfit, failure_of
from ..history import Run
from ..plan import Plan, Verb
from ..preflight import LOOKS
from ..verdict import Failure, Judgement
from .client import Remote
from .session import How, Session

SAY_WHEN = {"CALL-04"}  # which judge what is sent after a cancellation, so that it matters when that was
PLANS_OF_A_CHECK = 16
PLANS_OF_A_FAMILY = 3  # that differ in a number of callbacks only
WAITS_OF_A_LONG_CHECK = 20  # each of a second at least
MOST_AT_A_TIME = 12
WARM_UP_SECONDS = 1.6  # that all drivers may take together to start, on each core
CALMER = 2.0  # times the time, when a plan is run again
RUNS_AGAIN_AT_A_TIME = 2


class Outcome(NamedTuple):
    """What came of one check. unsure: why that is not known. patiently: in a patient world."""

    check: Check
    patiently: bool = False
    runs: int = 0
    met: bool = False
    failure: Failure | None = None
    unsure: str = ""


class RealJudge:
    """Judges one variant. `progress` is told of each check when it begins. Raises AdapterMistake."""

    def __init__(self, variant: str, how: How, progress: Callable[[str], None]) -> None:
        self._variant = variant
        self._how = how
        self._progress = progress
        self._client: type[Remote] = Remote
        self._start_seconds = 0.0

    def judge(self, rules: Iterable[Rule]) -> Iterator[Judgement]:
        """The verdicts, each as soon as all its checks have been made."""
        dockets = [Docket(rule) for rule in rules]
        try:
            self._look_first()
        except Unfit as reason:
            yield from (docket.conclude(self._client, unfit=str(reason)) for docket in dockets)
            return
        with ThreadPoolExecutor(self._how.jobs or bearable(self._start_seconds)) as pool:
            try:
                waiting = self._begin(dockets, pool)
                suspected: list[tuple[Docket, list[Outcome]]] = []
                for docket, futures in waiting:
                    outcomes = [future.result() for future in futures]
                    if any(outcome.failure for outcome in outcomes):
                        suspected.append((docket, outcomes))
                    else:
                        _enter(docket, outcomes)
                        yield docket.conclude(self._client)
                yield from self._confirmed(suspected)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _begin(
        self, dockets: Sequence[Docket], pool: ThreadPoolExecutor
    ) -> list[tuple[Docket, list[Future[Outcome]]]]:
        """All checks, the long ones early."""
        rules = {docket.rule.requirement: docket.rule for docket in dockets}
        checks = [check for rule in rules.values() for check in self._checks_of(rule)]
        futures: dict[str, list[Future[Outcome]]] = {requirement: [] for requirement in rules}
        for check in long_ones_early(checks, self._is_long):
            rule = rules[check.requirement]
            futures[check.requirement].append(pool.submit(self._examine, rule, check))
        return [(docket, futures[docket.rule.requirement]) for docket in dockets]

    def _confirmed(self, suspected: Sequence[tuple[Docket, list[Outcome]]]) -> Iterator[Judgement]:
        with ThreadPoolExecutor(RUNS_AGAIN_AT_A_TIME) as pool:
            try:
                waiting = [
                    (docket, [pool.submit(self._run_again, docket.rule, each) for each in outcomes])
                    for docket, outcomes in suspected
                ]
                for docket, futures in waiting:
                    _enter(docket, [future.result() for future in futures])
                    yield docket.conclude(self._client)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _run_again(self, rule: Rule, outcome: Outcome) -> Outcome:
        """The outcome, with its failure only if that was seen again."""
        if outcome.failure is None or not self._how.confirm:
            return outcome
        failure, name = outcome.failure, outcome.check.name
        self._progress(f"{name} again")
        calmer = replace(self._how, time_scale=self._how.time_scale * CALMER)
        seen: list[Failure] = []
        try:
            with Session(self._variant, calmer) as session:
                session.is_patient = outcome.patiently
                for _ in range(self._how.confirm):
                    result = session.run(failure.plan)
                    if finding := rule.oracle(result):
                        seen.append(failure_of(name, result, finding))
        except Unfit as reason:
            return outcome._replace(failure=None, unsure=f"{name}: {failure.sentence}; then: {reason}")
        count = f"in {len(seen) + 1} of {self._how.confirm + 1} runs"
        if not seen:
            return outcome._replace(failure=None, unsure=f"{name}: {failure.sentence} (only {count})")
        again = seen[-1]
        return outcome._replace(failure=replace(again, sentence=f"{again.sentence} ({count})"))

    def _is_long(self, check: Check) -> bool:
        steps = (step.verb for plan in self._wanted_of(check) for step in plan.steps)
        return sum(verb is Verb.WAIT for verb in steps) > WAITS_OF_A_LONG_CHECK

    def _wanted_of(self, check: Check) -> Sequence[Plan]:
        plans = check.plans_for(self._client)
        if check.requirement in SAY_WHEN:
            plans = tuple(plan for plan in plans if plan.cancels_at_rest)
        return plans if self._how.thorough else chosen(plans)

    def _checks_of(self, rule: Rule) -> Sequence[Check]:
        if not rule.applies.to(self._client):
            return ()
        return [check for check in rule.checks if check.plans_for(self._client)]

    def _look_first(self) -> None:
        """By a driver for each look, at the same time. Raises Unfit, AdapterMistake."""

        def with_a_driver(look: Callable[[Callable[[Plan], Run]], None]) -> None:
            with Session(self._variant, self._how) as session:
                self._client = session.meet()
                look(session.run)

        before = _cpu_seconds_of_drivers()
        with ThreadPoolExecutor() as pool:
            looks = [pool.submit(with_a_driver, look) for look in LOOKS]
        self._start_seconds = (_cpu_seconds_of_drivers() - before) / len(LOOKS)
        for look in looks:
            look.result()

    def _examine(self, rule: Rule, check: Check) -> Outcome:
        self._progress(check.name)
        wanted = self._wanted_of(check)
        try:
            with Session(self._variant, self._how) as session:
                outcome = self._run_all(rule, check, wanted, session)
                if outcome.met or outcome.failure or _is_family(check):
                    return outcome
                session.is_patient = True
                return self._run_all(rule, check, wanted, session)
        except Unfit as reason:
            return Outcome(check, unsure=f"{check.name}: {reason}")

    def _run_all(self, rule: Rule, check: Check, plans: Sequence[Plan], session: Session) -> Outcome:
        outcome = Outcome(check, session.is_patient)
        for plan in plans:
            result = session.run(plan)
            met = outcome.met or check.obligation(result)
            outcome = outcome._replace(runs=outcome.runs + 1, met=met)
            if not (finding := rule.oracle(result)):
                continue
            return outcome._replace(failure=failure_of(check.name, result, finding))
        return outcome


def bearable(start_seconds: float) -> int:
    """Checks at a time, by the CPU seconds that a driver takes to start and to make one call.

    A check is nearly all waiting. But if runtimes that have to warm up do so all at once, clients are
    late for no other reason: of Lettuce (0.8 s) seven verdicts were lost to twelve at a time, one to four.
    """
    cores = os.cpu_count() or 1
    return max(cores, min(MOST_AT_A_TIME, int(cores * WARM_UP_SECONDS / max(start_seconds, 0.001))))


def long_ones_early(checks: Sequence[Check], is_long: Callable[[Check], bool]) -> list[Check]:
    """The same, but the long ones come right after those of which the first verdict consists."""
    return sorted(checks, key=lambda check: check.requirement != checks[0].requirement and not is_long(check))


def chosen(plans: Sequence[Plan]) -> list[Plan]:
    """Some of them, evenly: of those that count callbacks a few, of the others more."""
    family = [plan for plan in plans if plan.uses({Verb.RUN})]
    others = [plan for plan in plans if not plan.uses({Verb.RUN})]
    return _evenly(others, PLANS_OF_A_CHECK) + _evenly(family, PLANS_OF_A_FAMILY)


def run_one(variant: str, how: How, rule: Rule, plan: Plan) -> Failure | None:
    """Run one plan; how it breaks the rule, if it does. Raises AdapterMistake, Unfit.

    variant: empty: the first that there is.
    """
    with Session(variant, how) as session:
        result = session.run(plan)
        finding = rule.oracle(result)
        return failure_of(f"{rule.requirement}/replay", result, finding) if finding else None


def _cpu_seconds_of_drivers() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _is_family(check: Check) -> bool:
    """All its plans count callbacks."""
    return all(plan.uses({Verb.RUN}) for plan in check.plans)


def _evenly(plans: Sequence[Plan], count: int) -> list[Plan]:
    if len(plans) <= count:
        return list(plans)
    return [plans[number * (len(plans) - 1) // (count - 1)] for number in range(count)]


def _enter(docket: Docket, outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        docket.runs += outcome.runs
        docket.failure = docket.failure or outcome.failure
        docket.unsure = docket.unsure or outcome.unsure
        if not (outcome.met or outcome.failure or outcome.unsure or _is_family(outcome.check)):
            docket.unmet.append(outcome.check)
