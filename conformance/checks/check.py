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

from ..adapter import Adapter
from ..history import Run
from ..plan import Plan


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

    def to(self, client: type[Adapter]) -> bool:
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


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement as the suite judges it."""

    requirement: str
    oracle: Oracle
    applies: Applies
    checks: tuple[Check, ...]
