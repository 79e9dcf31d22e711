"""MUX-01 -02: replies in step with commands, and a cancelled command keeps its place."""

from ..history import Call, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .connection import wrong_reply
from .situations import at_every_suspension, cancelled_in_flight, most_in_flight, reply_was_late

# MUX-01


def out_of_step(run: Run) -> Finding | None:
    """A caller got another's reply on a shared connection, and no cancellation can be to blame."""
    finding = wrong_reply(run)
    first_cancelled = run.history.first(Kind.CANCELLED)
    if finding is None or (first_cancelled is not None and first_cancelled < finding.place):
        return None
    return finding


def _shared_in_flight(run: Run) -> bool:
    return most_in_flight(run) >= 3


_STEP_CHECKS = (
    Check(
        "MUX-01/crowd",
        (
            plan("call a, call b, call c, call d, settle, answer a, settle, answer b, answer c, settle"),
            plan(
                "call a, settle, call b, call c, settle, answer c, answer b, settle, call d, answer a, settle"
            ),
        ),
        _shared_in_flight,
        "three commands were in flight on one connection",
    ),
    Check(
        "MUX-01/fragments",
        tuple(
            plan(
                "call a, call b, call c, settle, answer a, run 1, answer b, answer c, call d, answer d",
                chunk_bytes=size,
            )
            for size in (1, 2, 3, 5, 7, 11, 13)
        ),
        _shared_in_flight,
        "three commands were in flight on one connection",
    ),
    Check(
        "MUX-01/lost-and-back",
        (
            plan(
                "call a, call b, call c, settle, tear a, settle, call d, call e, settle, answer d, answer e"
            ),
            plan("call a, call b, call c, settle, answer a, cut b, settle, call d, settle, answer d, settle"),
        ),
        _shared_in_flight,
        "three commands were in flight on one connection",
    ),
)


# MUX-02


def lost_its_place(run: Run) -> Finding | None:
    """After a cancellation in flight, a neighbour got another's reply or an error."""
    gone = [call for call in run.calls.values() if call.was_in_flight_when_cancelled]
    if not gone:
        return None
    finding = wrong_reply(run)
    if finding and any(call.cancelled is not None and call.cancelled < finding.place for call in gone):
        return finding
    if run.plan.has_faults:
        return None
    for call in run.calls.values():
        if call.cancelled is None and _is_neighbour(call, gone) and call.settled is not None:
            event = run.history.events[call.settled]
            if event.kind is Kind.RAISED and not reply_was_late(run, call):
                what = (
                    f"{gone[0].caller} was cancelled, and its neighbour {call.caller} failed: {event.detail}"
                )
                return Finding(what, call.settled, (gone[0].caller, call.caller))
    return None


def _is_neighbour(call: Call, gone: list[Call]) -> bool:
    connections = {connection for each in gone for _, connection in each.received}
    return any(connection in connections for _, connection in call.received)


_PLACE_CHECKS = (
    Check(
        "MUX-02/first-middle-last",
        tuple(
            plan(
                f"call a, call b, call c, settle, cancel {gone}, settle, call d, settle, "
                "answer a, answer b, answer c, answer d, settle"
            )
            for gone in "abc"
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "MUX-02/as-the-reply-comes",
        at_every_suspension(
            "call a, call b, call c, settle, answer a",
            "cancel b, answer b, answer c, call d, answer d, settle",
            8,
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "MUX-02/before-it-is-written",
        at_every_suspension(
            "call a, settle, call b, call c", "cancel b, settle, answer a, answer b, answer c, settle", 12
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
)


RULES = (
    Rule("MUX-01", out_of_step, Applies.MULTIPLEXERS, _STEP_CHECKS),
    Rule("MUX-02", lost_its_place, Applies.MULTIPLEXERS, _PLACE_CHECKS),
)
