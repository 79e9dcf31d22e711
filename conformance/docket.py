"""What is known about one requirement while a client is judged, and what is concluded from it in the end."""

from dataclasses import dataclass, field

from .adapter import AnyAdapter
from .checks import Check, Finding, Rule
from .checks.check import obstacle
from .history import Run
from .story import story
from .verdict import Failure, Judgement, Verdict


class Unfit(Exception):
    """The client can't be judged: it blocks, never comes to rest, or writes what is no command."""


@dataclass(slots=True)
class Docket:
    """What is known so far about one requirement.

    failure: found by a plan made for it. stray: found by a plan made for another. unmet: checks whose
    situation never came about. unsure: why nothing can be said, though something was seen.
    """

    rule: Rule
    runs: int = 0
    failure: Failure | None = None
    stray: Failure | None = None
    unmet: list[Check] = field(default_factory=list[Check])
    unsure: str = ""

    @property
    def broken_by(self) -> Failure | None:
        """What to show, if the requirement was broken."""
        return self.failure or self.stray

    def look_at(self, check: str, result: Run, own: bool) -> None:
        """Judge the run by this requirement's oracle, unless there is nothing more to learn."""
        if self.failure or (not own and (self.stray or result.plan.releases_twice)):
            return
        if finding := self.rule.oracle(result):
            failure = failure_of(check, result, finding)
            if own:
                self.failure = failure
            else:
                self.stray = failure

    def conclude(self, client: type[AnyAdapter], storms: int = 0, unfit: str = "") -> Judgement:
        """The verdict. unfit: why the client can't be judged at all."""
        verdict, what = self._verdict(client, storms, unfit)
        name, requirement = client.variant(), self.rule.requirement
        return Judgement(name, requirement, verdict, what, self.runs, storms, self.broken_by)

    def _verdict(self, client: type[AnyAdapter], storms: int, unfit: str) -> tuple[Verdict, str]:
        if not self.rule.applies.to(client):
            return Verdict.NOT_APPLICABLE, f"only for {self.rule.applies.words}"
        if self.broken_by:
            return Verdict.FAIL, self.broken_by.sentence
        if unfit or self.unsure:
            return Verdict.INCONCLUSIVE, unfit or self.unsure
        if not self.runs and (reason := _why_nothing_ran(self.rule, client)):
            return Verdict.NOT_APPLICABLE, reason
        if self.unmet:
            check = self.unmet[0]
            return Verdict.INCONCLUSIVE, f"{check.name}: it never came about that {check.must_happen}"
        return Verdict.PASS, f"{self.runs} plans" + (f", {storms} storms" if storms else "")


def failure_of(check: str, result: Run, finding: Finding) -> Failure:
    """What is shown of that finding."""
    return Failure(check, finding.sentence, result.plan, tuple(story(result.history, finding)))


def _why_nothing_ran(rule: Rule, client: type[AnyAdapter]) -> str:
    plans = [plan for check in rule.checks for plan in check.plans if check.applies.to(client)]
    return next((reason for plan in plans if (reason := obstacle(plan, client))), "")
