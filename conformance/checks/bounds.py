"""CALL-06, POOL-11, MUX-05: what is told of a failed call, and limits of age and number."""

from itertools import pairwise

from ..history import Kind, Run
from ..plan import BATCH_VERBS, plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import LOSE_IDLE, REFUSE, at_every_suspension, happened, most_live
from .waiting import GRACE_SECONDS

# CALL-06


def fate_untrue(run: Run) -> Finding | None:
    """A call is told that it was not sent, and it arrived; or that it was executed, and it never did."""
    for place, event in enumerate(run.history):
        if event.kind is not Kind.FATED:
            continue
        arrived = bool(run.calls[event.caller].received)
        if event.text == "not_sent" and arrived:
            what = f"{event.caller} is told that its command was not sent, and the server has received it"
            return Finding(what, place, (event.caller,))
        if event.text == "executed" and not arrived:
            what = f"{event.caller} is told that its command was executed, and the server never saw it"
            return Finding(what, place, (event.caller,))
    return None


_FATE_CHECKS = (
    Check(
        "CALL-06/lost-in-flight",
        (
            plan("call a, settle, cut a, wait 20"),
            plan("call a, call b, call c, settle, tear b, wait 20", capacity=2),
            plan("fault cut-before caller=a, call a, wait 20"),
            plan("call a, wait 20", command_timeout_seconds=5.0),
            *at_every_suspension("call a", "restart, wait 20", 24),
        ),
        happened(Kind.FATED),
        "a call failed whose fate is told",
    ),
    Check(
        "CALL-06/not-sent",
        (
            plan(f"{LOSE_IDLE}, {REFUSE}, call a, call b, wait 20", capacity=2),
            plan("call a, settle, call b, settle, close, wait 20"),
            plan(f"{LOSE_IDLE}, stall, call a, call b, settle, close, wait 20"),
        ),
        happened(Kind.FATED),
        "a call failed whose fate is told",
    ),
)


# POOL-11


@timed
def expired_one_lent(run: Run) -> Finding | None:
    """A connection is used that was idle, or open, for longer than its limit, or is closed while in use."""
    if run.plan.lends:
        return None
    idle_limit, lifetime = run.plan.idle_timeout_seconds, run.plan.max_lifetime_seconds
    opened: dict[int, float] = {}
    rested: dict[int, float] = {}  # since when nobody has used it
    users: dict[str, int] = {}
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.OPENED:
                opened[event.connection] = event.at
            case Kind.RECEIVED:
                idle = event.at - rested.get(event.connection, event.at)
                age = event.at - opened[event.connection]
                if idle_limit and idle > idle_limit + GRACE_SECONDS:
                    what = (
                        f"{event.text} was sent on a connection idle for {idle:g} s; its limit is "
                        f"{idle_limit:g} s"
                    )
                    return Finding(what, place, (event.caller,))
                if lifetime and idle and age > lifetime + GRACE_SECONDS:
                    what = (
                        f"{event.text} was sent on a connection {age:g} s old; its lifetime is {lifetime:g} s"
                    )
                    return Finding(what, place, (event.caller,))
                users[event.caller] = event.connection
                rested.pop(event.connection, None)
            case Kind.REPLIED | Kind.RAISED:
                if (connection := users.pop(event.caller, None)) is not None:
                    rested[connection] = event.at
            case Kind.CLOSED if event.text == "client" and not run.plan.has_faults and lifetime:
                if event.connection in users.values():
                    return Finding(f"connection {event.connection} was closed while it was in use", place)
            case _:
                pass
    return None


def _was_idle_for_long(run: Run) -> bool:
    limits = [run.plan.idle_timeout_seconds, run.plan.max_lifetime_seconds]
    limit = min(limit for limit in limits if limit)
    returned = [event.at for event in run.history if event.kind is Kind.RETURNED]
    return any(later - earlier > limit for earlier, later in pairwise(returned))


def _outlived(run: Run) -> bool:
    """A caller set out when a connection was older than its lifetime."""
    opened = [event.at for event in run.history if event.kind is Kind.OPENED][:1]
    called = [event.at for event in run.history if event.kind is Kind.CALLED]
    return bool(opened) and max(called) - opened[0] > (run.plan.max_lifetime_seconds or 0)


_USED_AND_LEFT = (
    "call a, answer a, settle, wait 30, call b, answer b, settle, wait 30, call c, answer c, settle"
)
_AGE_CHECKS = (
    Check(
        "POOL-11/idle",
        (plan(_USED_AND_LEFT, idle_timeout_seconds=10.0),),
        _was_idle_for_long,
        "a connection was idle for longer than its limit",
    ),
    Check(
        "POOL-11/lifetime",
        (
            plan(_USED_AND_LEFT, max_lifetime_seconds=20.0),
            plan(
                "call a, settle, wait 30, answer a, settle, wait 2, call b, answer b, settle",
                max_lifetime_seconds=20.0,
            ),
        ),
        _outlived,
        "a connection became older than its lifetime",
    ),
)


# MUX-05


def accepts_without_bound(run: Run) -> Finding | None:
    """More calls than the bound are under way, and time passes without one of them being refused."""
    bound = run.plan.max_calls
    if not bound or run.plan.uses(BATCH_VERBS):
        return None
    live: dict[str, float] = {}
    for place, event in enumerate(run.history):
        if len(live) > bound and event.at > max(live.values()) + GRACE_SECONDS:
            what = f"{len(live)} calls are under way at a time, and the bound is {bound}"
            return Finding(what, place, still="nobody is refused")
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.CALLED:
                live[event.caller] = event.at
            case Kind.RETURNED | Kind.RAISED:
                live.pop(event.caller, None)
            case _:
                pass
    return None


def _more_than_allowed(run: Run) -> bool:
    """More calls were made at a time."""
    return most_live(run) > run.plan.max_calls


_MANY = ", ".join(f"call {name}" for name in "abcdefgh")
_BOUND_CHECKS = (
    Check(
        "MUX-05/withheld",
        (
            plan(
                f"{_MANY}, wait 5, answer a, answer b, answer c, answer d, settle, call z, answer z",
                max_calls=4,
            ),
            plan(f"call a, call b, settle, {_MANY.replace('call a, call b, ', '')}, wait 5", max_calls=4),
        ),
        _more_than_allowed,
        "more callers called than the bound allows",
    ),
    Check(
        "MUX-05/dialling",
        (plan(f"{LOSE_IDLE}, {_MANY}, wait 5, admit, settle", max_calls=4, hold_dials=True),),
        _more_than_allowed,
        "more callers called than the bound allows",
    ),
)

RULES = (
    Rule("CALL-06", fate_untrue, Applies.TELLING_FATE, _FATE_CHECKS),
    Rule("MUX-05", accepts_without_bound, Applies.MULTIPLEXERS, _BOUND_CHECKS),
    Rule("POOL-11", expired_one_lent, Applies.POOLS, _AGE_CHECKS),
)
