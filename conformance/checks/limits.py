"""CALL-01, CALL-09, CONN-10: what a client does when replies do not come."""

from ..history import Call, ErrorKind, Event, Kind, Run
from ..plan import BATCH_VERBS, plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import at_every_suspension, happened
from .waiting import GRACE_SECONDS

LIMIT_SECONDS = 5.0
EARLY_SECONDS = 0.01  # no clock is exact

# CALL-01


@timed
def command_limit_not_kept(run: Run) -> Finding | None:
    """A call that goes on after its command limit, ends before it, or ends by it with another error.

    The limit counts anew for every attempt of a client that sends a command again.
    """
    limit = run.plan.command_timeout_seconds
    if limit is None or run.plan.uses(BATCH_VERBS):
        return None
    events = run.history.events
    for call in run.calls.values():
        if not call.received:
            continue
        began = events[_last_sent(call, run)].at
        end = _end(call, run)
        took = events[end].at - began
        if took > limit + GRACE_SECONDS:
            what = (
                f"{call.caller} had no reply after {took:g} s, and the limit of its command was {limit:g} s"
            )
            return Finding(what, end, (call.caller,))
        if end != call.settled or call.replied is not None or call.cancelled is not None:
            continue
        told = events[end].text
        early = events[end].at - events[call.called].at
        if early < limit - EARLY_SECONDS and told == ErrorKind.COMMAND_TIMEOUT:
            what = f"{call.caller} was told after {early:g} s that its limit of {limit:g} s had passed"
            return Finding(what, end, (call.caller,))
        waited = events[end].at - events[call.received[-1][0]].at
        if waited >= limit and told == ErrorKind.OTHER and not _was_disturbed(call, run):
            what = (
                f"the limit of {call.caller} passed with an error of no kind of its own: {events[end].detail}"
            )
            return Finding(what, end, (call.caller,))
    return None


def _last_sent(call: Call, run: Run) -> int:
    """Where it was last sent, or its connection was lost after that: it may be about to be sent again."""
    sent, connection = call.received[-1]
    for place, event in enumerate(run.history.events[sent : call.settled], sent):
        if run.promises.retries and event.kind is Kind.CLOSED and event.connection == connection:
            return place
    return sent


def _end(call: Call, run: Run) -> int:
    """Where it was settled or the faults stopped, whichever came first."""
    healed = run.history.first(Kind.HEALED)
    last = len(run.history) - 1 if healed is None or healed < call.called else healed
    return min(last, last if call.settled is None else call.settled)


def _was_disturbed(call: Call, run: Run) -> bool:
    """The server closed the connection that it waited on."""
    place, connection = call.received[-1]
    between = run.history.events[place : call.settled]
    return any(
        event.kind is Kind.CLOSED and event.text == "server" and event.connection == connection
        for event in between
    )


def _limit_passed(run: Run) -> bool:
    limit = run.plan.command_timeout_seconds or 0.0
    events = run.history.events
    return any(
        call.settled is not None and events[call.settled].at - events[place].at >= limit
        for call in run.calls.values()
        for place, _ in call.received[:1]
    )


_LIMIT_CHECKS = (
    Check(
        "CALL-01/withheld",
        (
            plan(
                "call b, settle, call a, settle, wait 3, answer b, wait 6, call c, answer c, wait 20",
                capacity=2,
                command_timeout_seconds=LIMIT_SECONDS,
            ),
            plan("call a, wait 9, call b, settle, answer b, wait 20", command_timeout_seconds=LIMIT_SECONDS),
            plan(
                "call a, call b, settle, wait 3, answer b, wait 6, call c, answer c, wait 20",
                capacity=2,
                command_timeout_seconds=LIMIT_SECONDS,
            ),
            plan(
                "call a, settle, wait 3, call b, settle, wait 3, answer b, settle, wait 20",
                capacity=2,
                command_timeout_seconds=LIMIT_SECONDS,
            ),
        ),
        _limit_passed,
        "the limit of a command passed",
    ),
    Check(
        "CALL-01/late",
        (
            plan(
                "fault delay caller=a amount=9, call a, answer a, call b, answer b, wait 20",
                capacity=2,
                command_timeout_seconds=LIMIT_SECONDS,
            ),
            plan(
                "strike silence, call a, answer a, wait 20, call b, answer b, wait 20",
                command_timeout_seconds=LIMIT_SECONDS,
            ),
        ),
        _limit_passed,
        "the limit of a command passed",
    ),
    Check(
        "CALL-01/answered-as-it-passes",
        at_every_suspension(
            "call a, settle, wait 4.999, answer a",
            "freeze 0.001, settle, call b, settle, answer b, wait 20",
            8,
            command_timeout_seconds=LIMIT_SECONDS,
        ),
        happened(Kind.REPLIED),
        "a reply came as the limit passed",
    ),
)


# CALL-09


def endless_retries(run: Run) -> Finding | None:
    """A command that was sent more often than its client declares."""
    if run.promises.retries is None:
        return None
    for call in run.calls.values():
        if len(call.received) > run.promises.retries + 1:
            place = call.received[run.promises.retries + 1][0]
            what = (
                f"{call.caller} was sent {run.promises.retries + 2} times, and "
                f"{run.promises.retries} retries "
                "are declared"
            )
            return Finding(what, place, (call.caller,))
    return None


_RETRY_CHECKS = (
    Check(
        "CALL-09/cut-each-time",
        (
            plan("fault cut-before caller=a times=0, call a, wait 100, call b, answer b, wait 20"),
            plan("fault reset caller=a times=0, call a, wait 100, call b, answer b, wait 20"),
        ),
        happened(Kind.CLOSED),
        "a connection was lost with a command in flight",
    ),
)


# CONN-10


@timed
def silence_not_noticed(run: Run) -> Finding | None:
    """A connection went silent, the limits of two commands passed on it, and it was not given up.

    One is not enough: its limit may have begun before its connection was open.
    """
    if (limit := run.plan.command_timeout_seconds) is None:
        return None
    silent: dict[int, list[Event]] = {}
    sent: dict[int, list[Event]] = {}
    for place, event in enumerate(run.history):
        for connection, waiting in silent.items():
            late = [each for each in waiting if event.at > each.at + limit + GRACE_SECONDS]
            if len(late) >= 2:
                names = " and ".join(each.caller for each in late[:2])
                what = (
                    f"connection {connection} is still in use, although {names} had no reply within "
                    f"{limit:g} s"
                )
                return Finding(what, place)
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.CLOSED:
                silent.pop(event.connection, None)
            case Kind.SILENCED:
                silent[event.connection] = sent.setdefault(event.connection, [])
            case Kind.RECEIVED:
                sent.setdefault(event.connection, []).append(event)
            case Kind.REPLIED:
                sent[event.connection] = [
                    each for each in sent[event.connection] if each.caller != event.caller
                ]
            case _:
                pass
    return None


_SILENCE_CHECKS = (
    Check(
        "CONN-10/in-flight",
        (
            plan(
                "call a, settle, strike silence caller=a, answer a, wait 12, call b, settle, answer "
                "b, wait 12, "
                "call c, answer c, wait 20",
                command_timeout_seconds=LIMIT_SECONDS,
            ),
            plan(
                "fault silence caller=a, call a, wait 12, call b, settle, answer b, wait 12, call c, answer "
                "c, wait 20",
                command_timeout_seconds=LIMIT_SECONDS,
            ),
        ),
        happened(Kind.SILENCED),
        "a connection went silent",
    ),
)


RULES = (
    Rule("CALL-01", command_limit_not_kept, Applies.ALL, _LIMIT_CHECKS),
    Rule("CALL-09", endless_retries, Applies.DECLARED_RETRIES, _RETRY_CHECKS),
    Rule("CONN-10", silence_not_noticed, Applies.ALL, _SILENCE_CHECKS),
)
