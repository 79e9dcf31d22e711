"""CALL-02 -03: every call settles, and cancelling one does nothing to another."""

from ..history import LOCKED, ErrorKind, Kind, Run
from ..plan import plan
from ..simulation.world import PATIENCE_SECONDS
from .check import Applies, Check, Finding, Rule
from .occupancy import left_waiting
from .situations import (
    LOSE_IDLE,
    REFUSE,
    at_every_statement,
    at_every_suspension,
    cancelled_in_flight,
    happened,
    reply_was_late,
)

# CALL-02


def never_settled(run: Run) -> Finding | None:
    """A call that has neither a reply nor an error when all replies were sent and patience is over."""
    rested = run.history.first(Kind.RESTED)
    if rested is None:
        return None
    blocked = {event.caller: event.text for event in run.history if event.kind is Kind.BLOCKED}
    left = [
        call.caller
        for call in run.calls.values()
        if call.called < rested and (call.settled is None or call.settled > rested)
    ]
    if not left:
        return None
    left.sort(key=lambda caller: LOCKED not in blocked.get(caller, ""))  # those in a deadlock say most
    caller = left[0]
    return Finding(
        f"{caller} has neither a reply nor an error {PATIENCE_SECONDS:g} s after all faults had stopped and "
        "all replies had been sent",
        rested,
        still="; ".join(f"{each} {blocked[each]}" for each in left[:2] if each in blocked)
        or f"{caller} has neither a reply nor an error",
    )


_SETTLED_CHECKS = (
    Check(
        "CALL-02/lost-in-flight",
        (
            plan("call a, settle, cut a, settle"),
            plan("call a, settle, tear a, settle"),
            plan("call a, call b, call c, settle, cut a, settle, call d, settle", capacity=3),
        ),
        happened(Kind.CLOSED),
        "a connection was lost while a reply was owed",
    ),
    Check(
        "CALL-02/lost-anywhere",
        at_every_suspension("call a, call b, settle, answer a", "cut b, settle", 8, capacity=2),
        happened(Kind.CLOSED),
        "a connection was lost while a reply was owed",
    ),
    Check(
        "CALL-02/refused",
        (plan(f"{LOSE_IDLE}, {REFUSE}, call a, call b, call c, wait 10", capacity=2),),
        happened(Kind.REFUSED),
        "a dial was refused",
    ),
    Check(
        "CALL-02/closed",
        (
            plan("call a, settle, close, settle"),
            plan("call a, call b, call c, settle, close, settle", capacity=2),
            plan("call a, call b, call c, settle, close, settle", capacity=2, acquire_timeout_seconds=20),
            plan(f"{LOSE_IDLE}, call a, settle, close, settle", hold_dials=True),
        ),
        happened(Kind.CLOSING),
        "the client was closed while callers were under way",
    ),
    Check(
        "CALL-02/collected-anywhere",
        at_every_statement("abandon, settle, call a", "collect, settle, answer a, settle", capacity=2),
        happened(Kind.COLLECTED),
        "a connection that had been abandoned was collected as garbage in the middle of a call",
    ),
)


# CALL-03


def disturbed_by_cancellation(run: Run) -> Finding | None:
    """A call that nobody cancelled failed or was kept waiting, and only a cancellation can be why."""
    if run.plan.has_faults or run.plan.has_limits or run.plan.changes_sessions or run.plan.lends:
        return None
    cancelled = [call for call in run.calls.values() if call.cancelled is not None]
    in_flight = [call.caller for call in cancelled if call.was_in_flight_when_cancelled]
    found = _failed(run, (in_flight or [cancelled[0].caller])[0]) if cancelled else None
    only_in_flight = in_flight and len(in_flight) == len(
        cancelled
    )  # others lose capacity by POOL-03, CALL-04
    return found or (_kept_waiting(run, in_flight[0]) if only_in_flight else None)


def _failed(run: Run, gone: str) -> Finding | None:
    cancelled: set[str] = set()
    live: set[str] = set()
    crowded: set[str] = set()  # callers that found as many others under way as there are connections
    hasty = run.plan.callers_in_haste  # a place may take some callbacks to become free
    dialling: set[int] = set()  # a dial may outlive its caller, and takes a place
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.CALLED | Kind.PROBED:
                if event.caller in hasty:
                    crowded.add(event.caller)
                live.add(event.caller)
                if len(live) + len(dialling) > run.plan.capacity:
                    crowded |= live  # a thread that set out first may come second
            case Kind.DIALLED:
                dialling.add(event.connection)
            case Kind.OPENED | Kind.REFUSED | Kind.GIVEN_UP:
                dialling.discard(event.connection)
            case Kind.CANCELLED:
                cancelled.add(event.caller)
            case Kind.RETURNED:
                live.discard(event.caller)
            case Kind.RAISED:
                live.discard(event.caller)
                refused = event.text == ErrorKind.EXHAUSTED and event.caller in crowded
                excused = refused or reply_was_late(run, run.calls[event.caller])
                if cancelled and event.caller not in cancelled and not excused:
                    what = f"{gone} was cancelled, and {event.caller} failed: {event.detail}"
                    return Finding(what, place, (gone, event.caller))
            case _:
                pass
    return None


def _kept_waiting(run: Run, gone: str) -> Finding | None:
    if not (waiting := left_waiting(run, count_hostages=False)):
        return None
    what = f"{gone} was cancelled, and {waiting.caller} was left waiting for a connection that nobody used"
    return Finding(what, waiting.place, still=f"{waiting.caller} still waits")


_CANCELLATION_CHECKS = (
    Check(
        "CALL-03/reply-withheld",
        (
            plan("call a, settle, cancel a, settle, call b, settle, answer b, wait 90"),
            plan("call a, settle, call b, settle, cancel a, settle, answer b, wait 90"),
            plan(
                "call a, call b, settle, cancel a, settle, answer b, call c, settle, answer c, wait 90",
                capacity=2,
            ),
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
        Applies.POOLS,
    ),
    Check(
        "CALL-03/reply-comes-later",
        (
            plan("call a, settle, cancel a, settle, answer a, call b, settle, answer b, settle"),
            plan(
                "call a, call b, call c, settle, cancel b, settle, answer a, answer b, answer c, settle",
                capacity=3,
            ),
            plan(
                "call a, call b, call c, settle, cancel a, settle, answer c, answer b, answer a, settle",
                capacity=3,
            ),
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "CALL-03/anywhere",
        at_every_suspension("call a", "cancel a, settle, call b, settle, answer a, answer b, settle"),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
)


RULES = (
    Rule("CALL-02", never_settled, Applies.ALL, _SETTLED_CHECKS),
    Rule("CALL-03", disturbed_by_cancellation, Applies.ALL, _CANCELLATION_CHECKS),
)
