"""The judge of the real world: takes one variant through the checks, several of them at the same time.

Each check has a fresh driver process, so a crash or a hang costs that check and no other. Where much is left
to do, others help, with a driver of their own. If a situation never came about, the plans are
run again in a patient world.

A plan that breaks its requirement is run again when all checks are done, in a calmer world with twice the
time, for what took too long may have been the machine's doing: what was seen once and never again is told,
but is no verdict.

Of the plans that differ only in where a client stands when something happens, real time can't tell one from
the next: a few of them are run, evenly chosen, unless the user wants all. A check that consists of such plans
alone may miss its situation; it is for the simulated world.
"""

import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from ..checks import Check, Rule
from ..docket import Docket, Unfit, failure_of
from ..history import Run
from ..plan import Plan, Verb
from ..preflight import LOOKS
from ..verdict import Failure, Judgement
from .client import Remote
from .examination import Agenda, Examination, Outcome, is_family
from .session import How, Session

SAY_WHEN = {"CALL-04"}  # which judge what is sent after a cancellation, so that it matters when that was
PLANS_OF_A_CHECK = 16
PLANS_OF_A_FAMILY = 3  # that differ in a number of callbacks only
MOST_AT_A_TIME = 12
WARM_UP_SECONDS = 1.6  # that all drivers may take together to start, on each core
CALMER = 2.0  # times the time, when a plan is run again
AGAIN_AT_A_TIME = 4  # plans, if half as many as before would be fewer


class RealJudge:
    """Judges one variant. `progress` is told of the check at each run. Raises AdapterMistake."""

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
        jobs = self._how.jobs or bearable(self._start_seconds)
        examinations = {docket.rule.requirement: self._examinations(docket.rule) for docket in dockets}
        agenda = Agenda(*examinations.values())
        suspected: list[tuple[Docket, list[Outcome]]] = []
        with ThreadPoolExecutor(jobs) as pool:
            for _ in range(jobs):
                pool.submit(self._work, agenda)
            try:
                for docket in dockets:
                    outcomes = [each.outcome.result() for each in examinations[docket.rule.requirement]]
                    if any(outcome.failure for outcome in outcomes):
                        suspected.append((docket, outcomes))
                    else:
                        _enter(docket, outcomes)
                        yield docket.conclude(self._client)
            finally:
                agenda.drop()
        yield from self._confirmed(suspected, max(jobs // 2, min(jobs, AGAIN_AT_A_TIME)))

    def _examinations(self, rule: Rule) -> list[Examination]:
        if not rule.applies.to(self._client):
            return []
        return [
            Examination(rule, check, self._wanted_of(check))
            for check in rule.checks
            if check.plans_for(self._client)
        ]

    def _work(self, agenda: Agenda) -> None:
        """Makes examinations, or helps to make them, while there are any."""
        while examination := agenda.take():
            with Session(self._variant, self._how) as session:
                while turn := examination.take():
                    try:
                        self._progress(examination.check.name)
                        session.is_patient = turn.patiently
                        examination.enter(turn, session.run(turn.plan))
                    except Exception as reason:  # whoever waits for the outcome is told
                        examination.give_up(turn, reason)

    def _confirmed(self, suspected: Iterable[tuple[Docket, list[Outcome]]], jobs: int) -> Iterator[Judgement]:
        with ThreadPoolExecutor(jobs) as pool:

            def again(rule: Rule, outcome: Outcome) -> list[Future[Failure | None]]:
                count = self._how.confirm if outcome.failure else 0
                return [pool.submit(self._run_again, rule, outcome) for _ in range(count)]

            try:
                waiting = [
                    (docket, [(outcome, again(docket.rule, outcome)) for outcome in outcomes])
                    for docket, outcomes in suspected
                ]
                for docket, pairs in waiting:
                    _enter(docket, [weighed(outcome, runs) for outcome, runs in pairs])
                    yield docket.conclude(self._client)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _run_again(self, rule: Rule, outcome: Outcome) -> Failure | None:
        """The plan that failed, once. Raises Unfit, AdapterMistake."""
        assert outcome.failure
        self._progress(f"{outcome.check.name} again")
        calmer = replace(self._how, time_scale=self._how.time_scale * CALMER)
        with Session(self._variant, calmer) as session:
            session.is_patient = outcome.patiently
            result = session.run(outcome.failure.plan)
        finding = rule.oracle(result)
        return failure_of(outcome.check.name, result, finding) if finding else None

    def _wanted_of(self, check: Check) -> Sequence[Plan]:
        plans = check.plans_for(self._client)
        if check.requirement in SAY_WHEN:
            plans = tuple(plan for plan in plans if plan.cancels_at_rest)
        return plans if self._how.thorough else chosen(plans)

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


def bearable(start_seconds: float) -> int:
    """Checks at a time, by the CPU seconds that a driver takes to start and to make one call.

    A check is nearly all waiting. But if runtimes that have to warm up do so all at once, clients are
    late for no other reason: of Lettuce (0.8 s) seven verdicts were lost to twelve at a time, one to four.
    """
    cores = os.cpu_count() or 1
    return max(cores, min(MOST_AT_A_TIME, int(cores * WARM_UP_SECONDS / max(start_seconds, 0.001))))


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


def _evenly(plans: Sequence[Plan], count: int) -> list[Plan]:
    if len(plans) <= count:
        return list(plans)
    return [plans[number * (len(plans) - 1) // (count - 1)] for number in range(count)]


def weighed(outcome: Outcome, runs: Sequence[Future[Failure | None]]) -> Outcome:
    """The outcome, with its failure only if that was seen again."""
    if outcome.failure is None or not runs:
        return outcome
    told = f"{outcome.check.name}: {outcome.failure.sentence}"
    try:
        seen = [failure for run in runs if (failure := run.result())]
    except Unfit as reason:
        return outcome._replace(failure=None, unsure=f"{told}; then: {reason}")
    count = f"in {len(seen) + 1} of {len(runs) + 1} runs"
    if not seen:
        return outcome._replace(failure=None, unsure=f"{told} (only {count})")
    again = seen[-1]
    return outcome._replace(failure=replace(again, sentence=f"{again.sentence} ({count})"))


def _enter(docket: Docket, outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        docket.runs += outcome.runs
        docket.failure = docket.failure or outcome.failure
        docket.unsure = docket.unsure or outcome.unsure
        if not (outcome.met or outcome.failure or outcome.unsure or is_family(outcome.check)):
            docket.unmet.append(outcome.check)
