"""What a check is: plans that bring a client into a certain situation, and an oracle that judges what it did
there.

An oracle is a pure function of a run. It belongs to a requirement, not to a plan, and holds for every plan:
it reports only what no correct client can do, so the same oracle judges directed plans and storms. A check's
obligation says what must have happened for the plan to have tested anything; if it never did, the check is
inconclusive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import NamedTuple

from ..adapter import Adapter, AnyAdapter, Strength, SynchronousAdapter
from ..history import Run
from ..plan import THREAD_VERBS, Plan, Verb


class Finding(NamedTuple):
    """A requirement was broken.

    sentence: what happened, in one sentence. place: where in the history it became certain.
    callers: those it is about, for the diagram; empty: all.
    still: what has not happened by then, where that is the point ("b waits").
    handshake: it is about what the client sends by itself, which is else left out.
    """

    sentence: str
    place: int
    callers: tuple[str, ...] = ()
    still: str = ""
    handshake: bool = False


Oracle = Callable[[Run], Finding | None]
Obligation = Callable[[Run], bool]


LONG_SECONDS = 1.0


def timed(oracle: Oracle) -> Oracle:
    """The same, but not for plans in which the whole process stands still: then everybody is late."""

    @wraps(oracle)
    def judge(run: Run) -> Finding | None:
        if any(step.verb is Verb.FREEZE and step.amount >= LONG_SECONDS for step in run.plan.steps):
            return None
        return oracle(run)

    return judge


@dataclass(frozen=True, slots=True)
class Group:
    """Some clients, in words; and whether a client is one of them."""

    words: str
    to: Callable[[type[AnyAdapter]], bool]


class Applies:
    """Which clients a requirement speaks about."""

    ALL = Group("all clients", lambda _: True)
    POOLS = Group("pools", lambda client: not client.shared)
    WAITING_POOLS = Group("pools that let callers wait", lambda client: not client.shared and client.waits)
    MULTIPLEXERS = Group("multiplexers", lambda client: client.shared)
    CLEANING_POOLS = Group(
        "pools that declare that they clean up what their callers leave behind",
        lambda client: not client.shared and client.promises.cleans_sessions,
    )
    FINAL_CLOSE = Group(
        "clients that do not declare that a call opens them again", lambda client: not client.promises.reopens
    )
    TELLING_FATE = Group(
        "clients whose adapter tells the fate of a failed call",
        lambda client: client.fate is not AnyAdapter.fate,
    )
    LENDING = Group(
        "pools whose adapter lends connections",
        lambda client: not client.shared and offers(client, Verb.BORROW),
    )
    FORKING = Group("clients behind a driver that forks", lambda client: client.forks)
    DRAINING = Group("clients that can be drained", lambda client: offers(client, Verb.DRAIN))
    COUNTING = Group(
        "clients whose adapter tells their numbers", lambda client: client.numbers is not AnyAdapter.numbers
    )
    DECLARED_DIALS = Group(
        "pools that declare how many dials they allow", lambda client: client.promises.most_dials is not None
    )
    DECLARED_PAUSES = Group(
        "clients that declare that they back off", lambda client: client.promises.backs_off
    )
    DECLARED_RETRIES = Group(
        "clients that declare their retries", lambda client: client.promises.retries is not None
    )
    DECLARED_LEAVING = Group(
        "clients that declare when they leave a server in the wrong role",
        lambda client: client.promises.leaves_wrong_role_after is not None,
    )


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
    applies: Group = Applies.ALL

    @property
    def requirement(self) -> str:
        return self.name.partition("/")[0]

    def plans_for(self, client: type[AnyAdapter]) -> tuple[Plan, ...]:
        """Those of its plans that can be run with that client."""
        return tuple(plan for plan in self.plans if self.applies.to(client) and not obstacle(plan, client))


_OPTIONAL = {
    Verb.BATCH: "batches",
    Verb.TRANSACTION: "transactions",
    Verb.WATCH: "transactions with WATCH",
    Verb.LISTEN: "subscriptions",
    Verb.BORROW: "connections to borrow",
    Verb.DRAIN: "drain",
}


def offers(client: type[AnyAdapter], verb: Verb) -> bool:
    """Whether the adapter overrides what the verb needs."""
    method = "subscribe" if verb is Verb.LISTEN else str(verb)
    base = SynchronousAdapter if issubclass(client, SynchronousAdapter) else Adapter
    return getattr(client, method) is not getattr(base, method)


def obstacle(plan: Plan, client: type[AnyAdapter]) -> str:
    """Why the plan cannot be run with that client, in words for its user; empty: it can."""
    if plan.acquire_timeout_seconds is not None and not client.limits_waiting:
        return "how long its callers wait for a connection can't be limited"
    if missing := plan.asks_for - client.takes:
        return f"its adapter does not hand on {min(missing)}"
    if plan.misuses and not client.can_be_misused:
        return "it can't be handed an argument that cannot be encoded"
    if demanded := client.promises.demands.intersection(plan.unknown):
        return f"as it is configured, it demands {min(demanded)}"
    for verb, what in _OPTIONAL.items():
        if plan.uses({verb}) and not offers(client, verb):
            return f"its adapter offers no {what}"
    if plan.uses({Verb.SERIES}) and not client.issues_ahead:
        return "its callers wait for the reply before they issue the next command"
    if any(step.is_slow for step in plan.steps) and client.promises.keeps_messages is None:
        return "it does not declare how many messages it keeps for a subscriber"
    if plan.uses({Verb.CANCEL}) and not client.can_be_cancelled():
        return client.cannot_be_cancelled
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
    applies: Group
    checks: tuple[Check, ...]
