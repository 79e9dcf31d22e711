"""LIFE-03: a client that is drained lets nobody in, finishes what it had accepted, and comes to an end.

A call was accepted if time has passed since its caller set out, or if its command has arrived. What set out
in the very instant in which the drain began may have come before it or after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ..history import Call, ErrorKind, Kind, Run
from ..plan import TEXT_VERBS, Plan, Verb, plan
from .check import Applies, Check, Finding, Rule
from .limits import EARLY_SECONDS
from .situations import A_MOMENT_SECONDS, LOSE_IDLE, at_every_suspension
from .waiting import GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class _Drain:
    """A drain that began at a place in the history. `until`: when its limit passes."""

    run: Run
    place: int
    began: float
    until: float

    def at(self, place: int) -> float:
        return self.run.history.events[place].at

    def was_accepted(self, call: Call) -> bool:
        """And was under way when the drain began."""
        arrived = bool(call.received) and call.received[0][0] < self.place
        over = call.settled is not None and call.settled < self.place
        in_haste = call.caller in self.run.plan.in_haste_before(Verb.DRAIN)
        surely = arrived or (not in_haste and self.at(call.called) < self.began)
        return call.called < self.place and surely and not over

    def accepted(self) -> Iterator[Call]:
        return (call for call in self.run.calls.values() if self.was_accepted(call))

    def since(self) -> Iterator[Call]:
        """The calls that were surely made after it began."""
        return (call for call in self.run.calls.values() if self.was_since(call))

    def was_since(self, call: Call) -> bool:
        return self.at(call.called) > self.began + A_MOMENT_SECONDS


def badly_drained(run: Run) -> Finding | None:
    """Calls are let in, accepted ones broken off, or the drain is over too early, too late or not at all."""
    place = run.history.first(Kind.DRAINING)
    if place is None or run.plan.lends or run.plan.uses({Verb.FREEZE}):  # who stands still is always late
        return None
    event = run.history.events[place]
    drain = _Drain(run, place, event.at, event.at + float(event.text))
    return _let_in(drain) or _told_too_early(drain) or _broken_off(drain) or _over(drain) or _left_open(drain)


def _let_in(drain: _Drain) -> Finding | None:
    if drain.run.promises.reopens:
        return None
    for call in drain.since():
        who = f"{call.caller}, called {drain.at(call.called) - drain.began:g} s after the drain began,"
        if call.received:
            return Finding(f"{who} was sent all the same", call.received[0][0])
        end = call.settled if call.settled is not None else len(drain.run.history) - 1
        if drain.at(end) > drain.at(call.called) + GRACE_SECONDS:
            return Finding(f"{who} was not refused at once", end)
        kind = drain.run.history.events[end].text
        if end == call.settled and kind not in (ErrorKind.CLOSED, ErrorKind.OTHER, ErrorKind.CANCELLED):
            return Finding(f"{who} was told something else than that the client is closed: {kind}", end)
    return None


def _told_too_early(drain: _Drain) -> Finding | None:
    """An accepted call is told that the client is closed, and the limit has not passed."""
    for call in drain.accepted():
        if call.settled is None or drain.at(call.settled) > drain.until - EARLY_SECONDS:
            continue
        told = drain.run.history.events[call.settled]
        if told.kind is Kind.RAISED and told.text == ErrorKind.CLOSED:
            what = f"{call.caller} had been accepted, and was told that the client is closed"
            return Finding(f"{what} before the limit of the drain had passed", call.settled)
    return None


def _broken_off(drain: _Drain) -> Finding | None:
    """An accepted call fails although its reply was sent, or as the client itself closes its connection."""
    plan = drain.run.plan
    if plan.has_limits or plan.uses({Verb.CANCEL, *TEXT_VERBS}):
        return None
    for call in drain.accepted():
        if not call.received or _was_answered(drain.run, call):
            continue
        sent, connection = call.received[-1]
        for place, event in enumerate(drain.run.history.events[sent : call.settled], sent):
            if event.at > drain.until - EARLY_SECONDS or (event.connection, event.text) == (
                connection,
                "server",
            ):
                break
            if event.kind is Kind.CLOSED and event.connection == connection:
                what = f"the client was drained, and closed the connection that owed {call.caller} its reply"
                return Finding(f"{what} before the limit had passed", place)
        else:
            if call.settled is not None and call.replied is not None:
                what = f"{call.caller} had been accepted, and failed although its reply was sent in time"
                return Finding(what, call.settled)
    return None


def _was_answered(run: Run, call: Call) -> bool:
    if call.settled is None:
        return False
    end = run.history.events[call.settled]
    return end.kind is Kind.RETURNED or end.text == ErrorKind.SERVER


def _over(drain: _Drain) -> Finding | None:
    """The drain returns while calls are left and may go on; or nothing is left, and it does not return."""
    drained = drain.run.history.first(Kind.DRAINED)
    end = len(drain.run.history) - 1 if drained is None else drained
    seconds = drain.at(end) - drain.began
    if drained is not None and drain.at(drained) < drain.until - EARLY_SECONDS:
        for call in drain.accepted():
            if call.settled is None or drain.at(call.settled) > drain.at(drained) + GRACE_SECONDS:
                what = f"the drain was over after {seconds:g} s, and {call.caller}, who had been accepted,"
                return Finding(f"{what} was still under way", drained)
    if drain.at(end) > _due(drain) + GRACE_SECONDS:
        what = f"the drain was not over after {seconds:g} s"
        left = f"its limit was {drain.until - drain.began:g} s"
        if _due(drain) < drain.until:
            left = f"nobody had been under way for {drain.at(end) - _due(drain):g} s"
        return Finding(f"{what}, and {left}", end, still="the drain is not over" if drained is None else "")
    return None


def _due(drain: _Drain) -> float:
    """When the drain has to be over. For the reply to who was cancelled it may wait."""
    ends = [drain.began]
    for call in drain.run.calls.values():
        if drain.was_since(call):
            continue
        if call.settled is None or call.cancelled is not None:
            return drain.until
        ends.append(drain.at(call.settled))
    return min(max(ends), drain.until)


def _left_open(drain: _Drain) -> Finding | None:
    """What LIFE-02 asks of a close, long after the drain."""
    ended = drain.run.history.first(Kind.ENDED)
    if ended is None or drain.at(ended) < drain.until + GRACE_SECONDS:
        return None
    for call in drain.accepted():
        if call.settled is None:
            what = f"{call.caller} has neither a reply nor an error long after the client was drained"
            return Finding(what, ended, still=f"{call.caller} still waits")
    is_open: set[int] = set()
    for event in drain.run.history.events[:ended]:
        if event.kind in (Kind.DIALLED, Kind.OPENED):
            is_open.add(event.connection)
        elif event.kind in (Kind.CLOSED, Kind.REFUSED, Kind.GIVEN_UP):
            is_open.discard(event.connection)
    if is_open and not drain.run.promises.reopens:
        return Finding(f"connection {min(is_open)} is open long after the client was drained", ended)
    return None


# the plans


def _under_way(run: Run) -> bool:
    """A call was under way when the drain began."""
    place = run.history.first(Kind.DRAINING)
    if place is None:
        return False
    drain = _Drain(run, place, run.history.events[place].at, 0)
    return any(drain.accepted())


def _called_since(run: Run) -> bool:
    place = run.history.first(Kind.DRAINING)
    return place is not None and any(call.called > place for call in run.calls.values())


def _check(name: str, *plans: Plan) -> Check:
    return Check(f"LIFE-03/{name}", plans, _under_way, "a call was under way when the drain began")


_DIALLING = f"{LOSE_IDLE}, call a, call b, wait 1, drain 10, wait 1"

_CHECKS = (
    _check(
        "in-flight",
        plan("call a, wait 1, drain 10, wait 2, answer a, wait 30"),
        plan("call a, call b, wait 1, drain 10, wait 2, answer a, wait 2, answer b, wait 30", capacity=2),
        plan("batch a 3, wait 1, drain 10, wait 2, answer a, wait 30"),
        *at_every_suspension("call a, call b, wait 1, drain 10", "answer a, settle, answer b, wait 30", 12),
    ),
    _check(
        "in-the-queue",
        plan(
            "call a, call b, call c, wait 1, drain 10, wait 1, answer a, wait 1, answer b, answer c, wait 30"
        ),
        plan("call a, call b, call c, wait 1, drain 10, wait 1, cut a, wait 1, answer b, answer c, wait 30"),
        *at_every_suspension("call a, call b, wait 1, answer a", "drain 10, wait 1, answer b, wait 30", 8),
    ),
    _check(
        "dialling",
        plan(f"{_DIALLING}, admit, admit, wait 1, answer a, answer b, wait 30", capacity=2, hold_dials=True),
        plan(f"{_DIALLING}, refuse, refuse, wait 30", capacity=2, hold_dials=True),
        plan(f"{_DIALLING}, refuse, wait 1, admit, wait 1, answer a, answer b, wait 30", hold_dials=True),
        plan(f"{_DIALLING}, wait 30", capacity=2, hold_dials=True),
        plan(f"{LOSE_IDLE}, stall, call a, wait 1, drain 10, wait 30"),
    ),
    _check(
        "silent-server",
        plan("call a, call b, wait 1, drain 5, wait 30"),
        plan("call a, call b, wait 1, answer a, drain 5, wait 30", capacity=2),
        plan("call a, wait 1, drain 0, wait 30"),
        plan("call a, call b, wait 1, cancel a, drain 5, wait 1, answer a, answer b, wait 30"),
    ),
    _check(
        "cut",
        plan("call a, wait 1, drain 10, wait 1, cut a, wait 30"),
        plan("call a, call b, wait 1, drain 10, wait 1, tear a, wait 1, cut b, wait 30", capacity=2),
        *at_every_suspension("call a, wait 1, drain 10, wait 1, cut a", "answer a, wait 30", 8),
    ),
    Check(
        "LIFE-03/called-since",
        (
            plan("call a, wait 1, drain 10, wait 1, call b, answer b, wait 1, answer a, wait 30"),
            plan("call a, wait 1, drain 10, wait 1, call b, answer b, wait 1, answer a, wait 30", capacity=2),
            plan("call a, answer a, wait 1, drain 10, wait 1, call b, answer b, wait 30"),
        ),
        _called_since,
        "a call was made after the drain began",
    ),
)

RULES = (Rule("LIFE-03", badly_drained, Applies.DRAINING, _CHECKS),)
