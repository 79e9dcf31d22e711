"""LIFE-01, -02, -04: a server that is not there, and a client that is closed."""

from ..history import ErrorKind, Kind, Run
from ..plan import Verb, plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import A_MOMENT_SECONDS, LOSE_IDLE, at_every_suspension, happened

CLOSE_SECONDS = 12.0  # some wait a little for what is in flight
TELL_SECONDS = 60.0  # retries with pauses are no wait for ever

# LIFE-01


@timed
def unreachable_is_a_wait(run: Run) -> Finding | None:
    """All dials since a caller set out were refused, and after a long time it has still not been told."""
    plan = run.plan
    if plan.hold_dials or plan.acquire_timeout_seconds is not None or plan.uses({Verb.CANCEL}):
        return None
    called: dict[str, float] = {}
    refused: set[str] = set()
    open_now: set[int] = set()
    for place, event in enumerate(run.history):
        for caller in refused:
            if event.at > called[caller] + TELL_SECONDS:
                what = f"no connection could be opened, and {caller} was not told within {TELL_SECONDS:g} s"
                return Finding(what, place, still=f"{caller} still waits")
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.CALLED:
                called[event.caller] = event.at
            case Kind.RETURNED | Kind.RAISED:
                called.pop(event.caller, None)
                refused.discard(event.caller)
            case Kind.REFUSED if not open_now:
                refused.update(called)
            case Kind.CLOSED:
                open_now.discard(event.connection)
            case Kind.OPENED:
                open_now.add(event.connection)
                called.clear()  # it can be reached
                refused.clear()
            case _:
                pass
    return None


def _refused_often(run: Run) -> bool:
    return sum(event.kind is Kind.REFUSED for event in run.history) >= 1


_REFUSALS = ", ".join(["refuse"] * 300)
_UNREACHABLE_CHECKS = (
    Check(
        "LIFE-01/refused",
        (
            plan(f"{_REFUSALS}, {LOSE_IDLE}, call a, wait 90"),
            plan(f"{_REFUSALS}, {LOSE_IDLE}, call a, call b, call c, wait 90", capacity=2),
        ),
        _refused_often,
        "a dial was refused",
    ),
)


# LIFE-02


def outlives_the_close(run: Run) -> Finding | None:
    """A call goes on, or a connection is open or dialled, long after the client was closed.

    Of a client that may be used again after its close, what is used since may be kept.
    """
    closing, ended = run.history.first(Kind.CLOSING), run.history.first(Kind.ENDED)
    if closing is None or ended is None:
        return None
    open_since: dict[int, int] = {}
    for place, event in enumerate(run.history.events[:ended]):
        match event.kind:
            case Kind.DIALLED:
                open_since[event.connection] = place
            case Kind.OPENED | Kind.RECEIVED if run.promises.reopens and event.connection in open_since:
                open_since[event.connection] = place
            case Kind.CLOSED | Kind.REFUSED | Kind.GIVEN_UP:
                open_since.pop(event.connection, None)
            case _:
                pass
    if late := _not_told(run, closing):
        return late
    for call in run.calls.values():
        if call.called < closing and (call.settled is None or call.settled > ended):
            what = f"{call.caller} has neither a reply nor an error long after the client was closed"
            return Finding(what, ended, still=f"{call.caller} still waits")
    called_since = any(call.called > closing for call in run.calls.values())
    for connection, place in open_since.items():
        if place < closing or not (called_since or run.promises.reopens):
            return Finding(f"connection {connection} is open long after the client was closed", ended)
    return None


def _not_told(run: Run, closing: int) -> Finding | None:
    """The client was closed, time passed, and a call from before is told only when its reply comes."""
    healed = run.history.first(Kind.HEALED)
    if healed is None or healed < closing or run.promises.reopens:
        return None
    events = run.history.events
    late = events[closing].at + CLOSE_SECONDS
    for call in run.calls.values():
        place = min(healed, healed if call.settled is None else call.settled)
        if call.called < closing < place and events[place].at > late:
            seconds = events[place].at - events[closing].at
            return Finding(f"{call.caller} was still under way {seconds:.3g} s after the close", place)
    return None


_CLOSE_CHECKS = (
    Check(
        "LIFE-02/in-use",
        (
            plan("call a, settle, close, wait 30"),
            plan("call a, call b, call c, settle, close, wait 30", capacity=2),
            plan("call a, call b, settle, answer a, settle, close, wait 30", capacity=2),
        ),
        happened(Kind.CLOSING),
        "the client was closed",
    ),
    Check(
        "LIFE-02/dialling",
        (
            plan(f"{LOSE_IDLE}, call a, settle, close, settle, admit, wait 30", hold_dials=True),
            plan(f"{LOSE_IDLE}, stall, call a, settle, close, settle, resume, wait 30"),
            *at_every_suspension(f"{LOSE_IDLE}, call a, call b", "close, wait 30", 16, capacity=2),
        ),
        happened(Kind.CLOSING),
        "the client was closed",
    ),
)


# LIFE-04


@timed
def works_after_the_close(run: Run) -> Finding | None:
    """A call that was made after the close is sent, or dials."""
    closing = run.history.first(Kind.CLOSING)
    if closing is None:
        return None
    surely = run.history.events[closing].at + A_MOMENT_SECONDS
    for call in run.calls.values():
        if run.history.events[call.called].at <= surely:
            continue
        dialled = [
            place
            for place, event in enumerate(run.history)
            if event.kind is Kind.DIALLED and place > call.called
        ]
        if dialled:
            what = f"{call.caller} was called after the close, and a connection was dialled"
            return Finding(what, dialled[0])
        if call.received:
            what = f"{call.caller} was sent although the client had been closed before it was called"
            return Finding(what, call.received[0][0], (call.caller,))
        if call.settled is not None and run.history.events[call.settled].text == ErrorKind.ACQUIRE_TIMEOUT:
            what = f"{call.caller} waited for a connection of a client that had been closed"
            return Finding(what, call.settled, (call.caller,))
    return None


_CLOSED_CHECKS = (
    Check(
        "LIFE-04/called-after-the-close",
        (
            plan("call a, answer a, settle, close, wait 5, call b, answer b, wait 30"),
            plan("close, wait 5, call b, answer b, wait 30"),
            plan("call a, settle, close, wait 5, call b, call c, wait 30", capacity=2),
        ),
        happened(Kind.CLOSING),
        "the client was closed",
    ),
)

RULES = (
    Rule("LIFE-01", unreachable_is_a_wait, Applies.ALL, _UNREACHABLE_CHECKS),
    Rule("LIFE-02", outlives_the_close, Applies.ALL, _CLOSE_CHECKS),
    Rule("LIFE-04", works_after_the_close, Applies.FINAL_CLOSE, _CLOSED_CHECKS),
)
