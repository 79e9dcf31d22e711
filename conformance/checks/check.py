"""What a check is: plans that bring a client into a certain situation, and an oracle that judges what it did
there.

An oracle is a pure function of a run. It belongs to a requirement, not to a plan, and holds for every plan:
it reports only what no correct client can do, so the same oracle judges directed plans and storms. A check's
obligation says what must have happened for the plan to have tested anything; if it never did, the check is
inconclusive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ..adapter import AnyAdapter, Strength, SynchronousAdapter
from ..history import Run
from ..plan import THREAD_VERBS, Plan, Verb


class Finding(NamedTuple):
    """A requirement was broken.

    sentence: what happened, in one sentence. place: where in the history it became certain.
    callers: those it is about, for the diagram; empty: all.
    still: what has not happened by then, where that is the point ("b waits").
    """

    sentence: str
    place: int
    callers: tuple[str, ...] = ()
    still: str = ""


Oracle = Callable[[Run], Finding | None]
Obligation = Callable[[Run], bool]


class Applies(Enum):
    """Which clients a requirement speaks about."""

    POOLS = "pools"
    WAITING_POOLS = "pools that let callers wait"
    MULTIPLEXERS = "multiplexers"
    ALL = "all clients"

    def to(self, client: type[AnyAdapter]) -> bool:
        """Whether that client is one of them."""
        match self:
            case Applies.POOLS:
                return not client.shared
            case Applies.WAITING_POOLS:
                return not client.shared and client.waits
            case Applies.MULTIPLEXERS:
                return client.shared
            case Applies.ALL:
                return True


@dataclass(frozen=True, slots=True)
class Check:
    """Directed plans for one requirement.

    name: `REQUIREMENT/situation`. must_happen: the obligation in words, for the report.
    The check applies to what both its requirement and `applies` allow.
    """

    name: str
    plans: tuple[Plan, ...]
    obligation: Obligation
    must_happen: str
    applies: Applies = Applies.ALL

    @property
    def requirement(self) -> str:
        return self.name.partition("/")[0]

    def plans_for(self, client: type[AnyAdapter]) -> tuple[Plan, ...]:
        """Those of its plans that can be run with that client."""
        return tuple(plan for plan in self.plans if self.applies.to(client) and not obstacle(plan, client))


def obstacle(plan: Plan, client: type[AnyAdapter]) -> str:
    """Why the plan cannot be run with that client, in words for its user; empty: it can."""
    if plan.acquire_timeout_seconds is not None and not client.limits_waiting:
        return "how long its callers wait for a connection can't be limited"
    if plan.uses({Verb.CANCEL}) and not client.can_be_cancelled():
        return "its callers are threads, and it does not claim that they may be interrupted"
    if not issubclass(client, SynchronousAdapter):
        return "its callers are no threads" if plan.uses(THREAD_VERBS) else ""
    if plan.uses({Verb.CANCEL}) and plan.uses({Verb.STEP}) and client.interrupted_at < Strength.STATEMENT:
        return "it does not claim that its callers may be interrupted anywhere"
    if plan.uses({Verb.ABANDON}) and client.abandon is SynchronousAdapter.abandon:
        return "its adapter has nothing to abandon"
    return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement as the suite judges it."""

    requirement: str
    oracle: Oracle
    applies: Applies
    checks: tuple[Check, ...]
