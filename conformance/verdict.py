"""What the suite concludes, as data that travels from the worker to the report and into files.

A client may have several variants (pool classes, protocols); each is judged by itself. A requirement's
verdict for the client is the worst of its variants'.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .history import Event, Kind
from .plan import Plan


class Verdict(StrEnum):
    """From best to worst, as far as the client is concerned."""

    NOT_APPLICABLE = "n/a"  # the requirement does not speak about such a client
    PASS = "pass"
    INCONCLUSIVE = "inconclusive"  # the situation that was to be tested never came about
    FAIL = "fail"
    HARNESS_ERROR = "harness-error"  # the suite itself is at fault

    @property
    def badness(self) -> int:
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a client broke a requirement.

    check: the directed check, or `REQUIREMENT/storm`. events: what matters of the history, the last one
    breaks the rule.
    """

    check: str
    sentence: str
    plan: Plan
    events: tuple[Event, ...]

    def to_data(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "sentence": self.sentence,
            "plan": self.plan.to_data(),
            "events": [event._asdict() for event in self.events],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Failure":
        events = tuple(
            Event._make(each.values())._replace(kind=Kind(each["kind"])) for each in data["events"]
        )
        return cls(data["check"], data["sentence"], Plan.from_data(data["plan"]), events)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one requirement for one variant; `runs` counts directed plans."""

    variant: str
    requirement: str
    verdict: Verdict
    what: str
    runs: int = 0
    storms: int = 0
    failure: Failure | None = None

    def to_data(self) -> dict[str, Any]:
        failure = self.failure.to_data() if self.failure else None
        return {
            "variant": self.variant,
            "requirement": self.requirement,
            "verdict": str(self.verdict),
            "what": self.what,
            "runs": self.runs,
            "storms": self.storms,
            "failure": failure,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Judgement":
        failure = Failure.from_data(data["failure"]) if data["failure"] else None
        converted: dict[str, Any] = {"verdict": Verdict(data["verdict"]), "failure": failure}
        return cls(**(data | converted))


@dataclass(frozen=True, slots=True)
class StormCount:
    """How many storms one variant went through, and how long that took (seconds of one core)."""

    variant: str
    storms: int
    seconds: float

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Report:
    """All that came out of checking one client. runtime: of one behind a driver, what that says of it."""

    client: str
    version: str
    python: str
    seed: int
    judgements: list[Judgement] = field(default_factory=list[Judgement])
    storm_counts: list[StormCount] = field(default_factory=list[StormCount])
    notes: list[str] = field(default_factory=list[str])
    runtime: str = ""

    def of(self, requirement: str) -> list[Judgement]:
        """The judgements on that requirement, worst first."""
        found = [each for each in self.judgements if each.requirement == requirement]
        return sorted(found, key=lambda each: -each.verdict.badness)

    def failed(self, requirement: str) -> list[tuple[str, Failure]]:
        """The variants that broke the requirement, the shortest story first."""
        found = [(each.variant, each.failure) for each in self.of(requirement) if each.failure]
        return sorted(found, key=lambda each: len(each[1].events))

    def requirements(self) -> list[str]:
        return list(dict.fromkeys(each.requirement for each in self.judgements))

    def to_data(self) -> dict[str, Any]:
        return {
            "poolproof_report": 1,
            "client": self.client,
            "version": self.version,
            "python": self.python,
            "runtime": self.runtime,
            "seed": self.seed,
            "notes": self.notes,
            "judgements": [each.to_data() for each in self.judgements],
            "storms": [each.to_data() for each in self.storm_counts],
        }
