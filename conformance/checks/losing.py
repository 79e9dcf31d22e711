"""POOL-12, CONN-04, CALL-05, MUX-06, LIFE-05: connections that end, or should."""

from ..history import ErrorKind, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import LOSE_IDLE, at_every_suspension, happened
from .waiting import GRACE_SECONDS

RETRY_SECONDS = 60.0  # declared retries may pause in between

# POOL-12


@timed
def dead_one_lent(run: Run) -> Finding | None:
    """A call fails because its connection is lost, and no connection was lost since it set out."""
    if run.plan.lends:
        return None
    lost_at: list[int] = []
    for place, event in enumerate(run.history):
        if event.kind is Kind.CLOSED and event.text == "server":
            lost_at.append(place)
        if event.kind is Kind.RAISED and event.text == ErrorKind.LOST and lost_at:
            call = run.calls[event.caller]
            since = run.history.events[call.called : place]
            if (
                call.received
                or call.cancelled is not None
                or any(each.kind in _OTHER_REASONS for each in since)
            ):
                continue
            seconds = run.history.events[call.called].at - run.history.events[lost_at[-1]].at
            if seconds >= GRACE_SECONDS:
                what = f"{event.caller} was lent a connection that had ended {seconds:g} s before"
                return Finding(f"{what}: {event.detail}", place)
    return None


_OTHER_REASONS = {Kind.CLOSED, Kind.REFUSED, Kind.GIVEN_UP}
_DEAD_CHECKS = (
    Check(
        "POOL-12/lost-while-idle",
        (
            plan("call a, answer a, settle, drop, settle, wait 2, call b, answer b, wait 20"),
            plan(
                "call a, call b, settle, answer a, answer b, settle, drop, drop, wait 2, call c, call "
                "d, settle, "
                "answer c, answer d, wait 20",
                capacity=2,
            ),
            plan("call a, answer a, settle, strike reset, wait 2, call b, answer b, wait 20"),
            plan("call a, answer a, settle, strike half-close, wait 2, call b, answer b, wait 20"),
            plan("call a, answer a, settle, restart, wait 2, call b, answer b, wait 20"),
        ),
        happened(Kind.CLOSED),
        "an idle connection was lost",
    ),
)


# CONN-04


@timed
def used_after_nonsense(run: Run) -> Finding | None:
    """A command is sent on a connection on which something came that can't be a reply."""
    strayed: dict[int, float] = {}
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.STRAYED:
                strayed.setdefault(event.connection, event.at)
            case Kind.CLOSED:
                strayed.pop(event.connection, None)
            case Kind.RECEIVED if event.at >= strayed.get(event.connection, event.at) + GRACE_SECONDS:
                what = (
                    f"{event.text} was sent on connection {event.connection}, where a reply had come "
                    "that nobody"
                )
                return Finding(f"{what} had asked for", place, (event.caller,))
            case _:
                pass
    return None


_NONSENSE_CHECKS = (
    Check(
        "CONN-04/idle",
        (
            plan("call a, answer a, settle, strike stray, settle, wait 2, call b, answer b, wait 20"),
            plan("call a, answer a, settle, strike garble, settle, wait 2, call b, answer b, wait 20"),
        ),
        happened(Kind.STRAYED),
        "a reply came that nobody had asked for",
    ),
    Check(
        "CONN-04/pending",
        (plan("call a, settle, strike garble caller=a, settle, wait 2, call b, answer b, wait 20"),),
        happened(Kind.STRAYED),
        "bytes came that are not RESP",
    ),
)


# CALL-05


def sent_twice(run: Run) -> Finding | None:
    """A command arrives a second time, and nobody asked for that."""
    if run.promises.retries:  # they were opted in, and CALL-09 counts them
        return None
    for call in run.calls.values():
        if len(call.received) > 1 and run.history.events[call.received[0][0]].text == f"GET {call.caller}":
            place = call.received[1][0]
            return Finding(f"{run.history.events[place].text} was sent a second time", place, (call.caller,))
    return None


_TWICE_CHECKS = (
    Check(
        "CALL-05/lost-in-flight",
        (
            plan("call a, settle, cut a, wait 30, call b, answer b, wait 20"),
            plan("call a, settle, tear a, wait 30, call b, answer b, wait 20"),
            plan("fault cut-before caller=a, call a, wait 30, call b, answer b, wait 20"),
            plan("fault reset caller=a, call a, wait 30, call b, answer b, wait 20"),
            plan("call a, call b, call c, settle, cut b, wait 30, call d, answer d, wait 20", capacity=3),
        ),
        happened(Kind.CLOSED),
        "a connection was lost with a command in flight",
    ),
    Check(
        "CALL-05/limit-passed",
        (plan("call a, wait 30, call b, answer b, wait 20", command_timeout_seconds=5.0),),
        happened(Kind.RECEIVED),
        "a command was sent",
    ),
)


# MUX-06


@timed
def outlives_its_connection(run: Run) -> Finding | None:
    """A call in flight on a connection goes on after that has ended, and was not sent again."""
    flying: dict[str, int] = {}
    orphaned: dict[str, float] = {}
    for place, event in enumerate(run.history):
        for caller, since in orphaned.items():
            if event.at > since + (RETRY_SECONDS if run.promises.retries else GRACE_SECONDS):
                what = (
                    f"{caller} was in flight on a connection that ended {event.at - since:g} s ago, "
                    "and goes on"
                )
                return Finding(what, place, still=f"{caller} has neither a reply nor an error")
        match event.kind:
            case Kind.RECEIVED:
                flying[event.caller] = event.connection
                orphaned.pop(event.caller, None)
            case Kind.REPLIED | Kind.RETURNED | Kind.RAISED:
                flying.pop(event.caller, None)
                orphaned.pop(event.caller, None)
            case Kind.CLOSED:
                ended = [caller for caller, connection in flying.items() if connection == event.connection]
                for caller in ended:
                    del flying[caller]
                    orphaned[caller] = event.at
            case _:
                pass
    return None


_ORPHAN_CHECKS = (
    Check(
        "MUX-06/lost-in-flight",
        (
            plan("call a, call b, call c, settle, cut b, wait 5, call d, settle, answer d, wait 20"),
            plan("call a, call b, settle, tear a, wait 5, call c, settle, answer c, wait 20"),
            plan("call a, call b, settle, strike reset caller=a, call c, wait 5, answer c, wait 20"),
            plan("call a, call b, settle, restart, call c, wait 5, answer c, wait 20"),
            *at_every_suspension(
                "call a, call b, settle, answer a, cut b",
                "call c, call d, settle, answer c, answer d, wait 20",
                8,
            ),
        ),
        happened(Kind.CLOSED),
        "a connection was lost with commands in flight",
    ),
)


# LIFE-05


def not_resumed(run: Run) -> Finding | None:
    """All faults have stopped, patience is over, and a call fails, though nothing is in its way."""
    rested = run.history.first(Kind.RESTED)
    closing = run.history.first(Kind.CLOSING)
    if rested is None or run.plan.has_limits or (closing is not None and closing < rested):
        return None
    warm = 0
    for place, event in enumerate(run.history.events[rested:], rested):
        if event.kind is Kind.PROBED:
            return None
        if event.kind in (Kind.RETURNED, Kind.RAISED) and event.caller.startswith("warm"):
            warm += 1
            if event.kind is Kind.RAISED and warm > run.plan.capacity:
                break
            if event.kind is Kind.RAISED and event.text in (ErrorKind.CLOSED, ErrorKind.REFUSED):
                what = f"{event.caller} failed long after the outage was over: {event.detail}"
                return Finding(what, place, (event.caller,))
    return None


_OUTAGE = ", ".join(["refuse"] * 30)
_RESUME_CHECKS = (
    Check(
        "LIFE-05/short-and-long",
        (
            plan(
                f"call a, answer a, settle, {_OUTAGE}, restart, call b, wait 1, call c, wait 5, call "
                "d, wait 20"
            ),
            plan(f"{LOSE_IDLE}, {_OUTAGE}, call a, call b, call c, wait 1, call d, wait 90", capacity=2),
            plan(
                "call a, answer a, settle, stall, restart, call b, call c, wait 90, restart, wait 90",
                capacity=2,
            ),
        ),
        happened(Kind.CLOSED),
        "a connection was lost",
    ),
)


RULES = (
    Rule("POOL-12", dead_one_lent, Applies.POOLS, _DEAD_CHECKS),
    Rule("CONN-04", used_after_nonsense, Applies.ALL, _NONSENSE_CHECKS),
    Rule("CALL-05", sent_twice, Applies.ALL, _TWICE_CHECKS),
    Rule("MUX-06", outlives_its_connection, Applies.MULTIPLEXERS, _ORPHAN_CHECKS),
    Rule("LIFE-05", not_resumed, Applies.ALL, _RESUME_CHECKS),
)
