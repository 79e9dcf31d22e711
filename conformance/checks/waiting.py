"""POOL-04 -07 and CALL-04: callers that wait for a connection are woken, told in time, and can leave."""

from ..history import Call, ErrorKind, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule, timed
from .occupancy import left_waiting
from .situations import LOSE_IDLE, REFUSE, at_every_suspension, cancelled_while_waiting, waited

GRACE_SECONDS = 1.0  # how much later than its limit a caller may learn of it; virtual time, so it is generous


# POOL-04


def lost_wake_up(run: Run) -> Finding | None:
    """A caller waits although a connection is idle or could be opened."""
    if not (waiting := left_waiting(run)):
        return None
    return Finding(
        f"{waiting.caller} was left waiting although {waiting.busy} of {run.plan.capacity} connections "
        "were in use",
        waiting.place,
        still=f"{waiting.caller} still waits",
    )


_WAKE_UP_CHECKS = (
    Check(
        "POOL-04/released",
        (
            plan("call a, settle, call b, settle, answer a, wait 90"),
            plan("call a, call b, settle, call c, call d, settle, answer a, answer b, wait 90", capacity=2),
        ),
        waited,
        "a caller waited when a connection was released",
    ),
    Check(
        "POOL-04/lost",
        (
            plan("call a, settle, call b, settle, cut a, wait 90"),
            plan("call a, settle, call b, settle, cancel a, wait 90"),
        ),
        waited,
        "a caller waited when a connection was lost",
    ),
    Check(
        "POOL-04/failed-dial",
        (
            plan(
                f"{LOSE_IDLE}, call a, settle, call b, settle, cancel a, settle, admit, wait 90",
                hold_dials=True,
            ),
            plan(f"{LOSE_IDLE}, {REFUSE}, call a, call b, call c, settle, wait 90"),
        ),
        waited,
        "a caller waited when a dial failed",
    ),
    Check(
        "POOL-04/newcomer",
        at_every_suspension(
            "call a, settle, call b, settle, answer a", "call c, settle, answer b, wait 90", 8
        ),
        waited,
        "a caller set out while a connection changed hands",
    ),
)


# POOL-07


@timed
def limit_not_honoured(run: Run) -> Finding | None:
    """An acquire limit that passes too late, too early, with another error, or does not stop the command."""
    if run.plan.acquire_timeout_seconds is None:
        return None
    for call in run.calls.values():
        if finding := _limit_of(call, run.plan.acquire_timeout_seconds, run):
            return finding
    return None


def _limit_of(call: Call, limit: float, run: Run) -> Finding | None:
    events = run.history.events
    began = _last_acquire(call, run)
    start = events[began].at
    sent = next((place for place, _ in call.received if place > began), None)
    if call.settled is not None and events[call.settled].text == ErrorKind.ACQUIRE_TIMEOUT:
        told = events[call.settled].at - start
        if abs(told - limit) > GRACE_SECONDS:
            what = f"{call.caller} was told after {told:g} s that its limit of {limit:g} s had passed"
            return Finding(what, call.settled, (call.caller,))
        if sent is not None:
            what = f"GET {call.caller} was sent although the limit of {call.caller} had passed"
            return Finding(what, sent, (call.caller,))
        return None
    end = min(place for place in (sent, call.settled, len(events) - 1) if place is not None)
    waited_seconds = events[end].at - start
    if waited_seconds > limit + GRACE_SECONDS:
        what = f"{call.caller} waited {waited_seconds:g} s for a connection, and its limit was {limit:g} s"
        return Finding(what, end, (call.caller,))
    if end == call.settled and waited_seconds >= limit:
        what = (
            f"the limit of {call.caller} passed with an error that means something else: {events[end].detail}"
        )
        return Finding(what, end, (call.caller,))
    return None


def _last_acquire(call: Call, run: Run) -> int:
    """Where the caller last began to wait: when it set out, or lost the connection it had been served on."""
    served: set[int] = set()
    began = call.called
    sent = dict(call.received)
    for place, event in enumerate(run.history.events[: call.settled]):
        if place in sent:
            served.add(sent[place])
        elif event.kind is Kind.CLOSED and event.connection in served:
            began = place
    return began


def _limit_passed(run: Run) -> bool:
    limit = run.plan.acquire_timeout_seconds or 0
    events = run.history.events
    return any(
        call.settled is not None
        and not call.received
        and events[call.settled].at - events[call.called].at >= limit
        for call in run.calls.values()
        if call.caller in run.plan.callers
    )


_LIMIT_CHECKS = (
    Check(
        "POOL-07/full",
        (
            plan("call a, settle, call b, wait 4, wait 4, answer a, settle", acquire_timeout_seconds=5),
            plan(
                "call a, call b, settle, call c, wait 1, call d, wait 9, answer a, answer b, settle, call e",
                capacity=2,
                acquire_timeout_seconds=5,
            ),
        ),
        _limit_passed,
        "the pool was full when a caller's limit passed",
    ),
    Check(
        "POOL-07/released-as-it-passes",
        at_every_suspension(
            "call a, settle, call b, wait 4.999, answer a",
            "freeze 0.001, settle, call c, settle",
            8,
            acquire_timeout_seconds=5,
        ),
        waited,
        "a connection was released just before a caller's limit passed",
    ),
)


# CALL-04


def waiter_not_removed(run: Run) -> Finding | None:
    """A caller cancelled while it waited is sent all the same, or takes a connection with it."""
    gone = [call for call in run.calls.values() if call.was_waiting_when_cancelled]
    for call in gone:
        for place, connection in call.received:
            if _came_after(call, place, connection, run):
                what = f"{call.caller} was cancelled while it waited, and GET {call.caller} was sent later"
                return Finding(what, place, (call.caller,))
    waiting = left_waiting(run)
    if gone and waiting:
        what = (
            f"{gone[0].caller} was cancelled while it waited, and then {waiting.caller} was left waiting "
            f"although {waiting.busy} of {run.plan.capacity} connections were in use"
        )
        return Finding(what, waiting.place, still=f"{waiting.caller} still waits")
    return None


def _came_after(call: Call, sent: int, connection: int, run: Run) -> bool:
    """The connection became free for the caller only after its cancellation: the two did not cross."""
    between = run.history.events[call.cancelled : sent]
    return any(
        event.connection == connection and event.kind in (Kind.OPENED, Kind.REPLIED) for event in between
    )


_CANCELLED_WAITER_CHECKS = (
    Check(
        "CALL-04/in-the-queue",
        (
            plan("call a, settle, call b, settle, call c, settle, cancel b, settle, answer a, wait 90"),
            plan("call a, settle, call b, settle, cancel b, settle, answer a, settle, call c, wait 90"),
            plan("call a, settle, call b, call c, settle, cancel b, cut a, wait 90"),
        ),
        cancelled_while_waiting,
        "a caller was cancelled while it waited",
    ),
    Check(
        "CALL-04/as-it-is-served",
        at_every_suspension("call a, settle, call b, call c, settle, answer a", "cancel b, wait 90", 8),
        cancelled_while_waiting,
        "a caller was cancelled while a connection was handed to it",
    ),
    Check(
        "CALL-04/as-a-connection-is-lost",
        at_every_suspension("call a, settle, call b, call c, settle, cut a", "cancel b, wait 90", 8),
        cancelled_while_waiting,
        "a caller was cancelled while room for a new connection was handed to it",
    ),
)


RULES = (
    Rule("POOL-04", lost_wake_up, Applies.WAITING_POOLS, _WAKE_UP_CHECKS),
    Rule("POOL-07", limit_not_honoured, Applies.WAITING_POOLS, _LIMIT_CHECKS),
    Rule("CALL-04", waiter_not_removed, Applies.WAITING_POOLS, _CANCELLED_WAITER_CHECKS),
)
