"""Situations that several checks need: obligations, and plans that visit every suspension of a client."""

from typing import Any

from ..history import Call, Kind, Run
from ..plan import Plan, plan
from .check import Obligation

LOSE_IDLE = "drop, drop, settle"  # a client that has connected already must dial again
REFUSE = "refuse, refuse, refuse, refuse"
SUSPENSIONS = 40  # callbacks between setting out and waiting for a reply; the longest client seen needs 35
A_MOMENT_SECONDS = 0.5  # what is no longer apart than that, the real world may tell in either order
STATEMENTS = 900  # between setting out and waiting for a reply; the longest client seen needs under that many


def at_every_suspension(
    before: str, after: str, count: int = SUSPENSIONS, capacity: int = 1, **options: Any
) -> tuple[Plan, ...]:
    """One plan for each number of callbacks that run between `before` and `after`."""
    return tuple(
        plan(f"{before}, run {number}, {after}", capacity=capacity, **options) for number in range(count)
    )


def at_every_statement(before: str, after: str, capacity: int = 1, distance: int = 6) -> tuple[Plan, ...]:
    """Plans that stop a thread between two statements, as many from each other as `distance` says."""
    return tuple(
        plan(f"{before}, step {number}, {after}", capacity=capacity)
        for number in range(0, STATEMENTS, distance)
    )


def happened(kind: Kind) -> Obligation:
    """The obligation that an event of that kind happened before the ending."""

    def check(run: Run) -> bool:
        healed = run.history.first(Kind.HEALED)
        return any(event.kind is kind for event in run.history.events[:healed])

    return check


def cancelled_in_flight(run: Run) -> bool:
    """A caller was cancelled after its command was written and before its reply was sent."""
    return any(call.was_in_flight_when_cancelled for call in run.calls.values())


def cancelled_while_waiting(run: Run) -> bool:
    """A caller was cancelled before anything of its command was written."""
    return any(call.was_waiting_when_cancelled for call in run.calls.values())


def cancelled_while_dialling(run: Run) -> bool:
    """A caller was cancelled while a connection was being opened; the dial itself may go on."""
    dialling: set[int] = set()
    for event in run.history:
        match event.kind:
            case Kind.DIALLED:
                dialling.add(event.connection)
            case Kind.OPENED | Kind.REFUSED | Kind.GIVEN_UP:
                dialling.discard(event.connection)
            case Kind.CANCELLED if dialling:
                return True
            case _:
                pass
    return False


def waited(run: Run) -> bool:
    """A caller came to rest without its command being written, while another's reply was owed."""
    return most_live(run) > run.plan.capacity


def reply_was_late(run: Run, call: Call) -> bool:
    """The reply was kept back while time passed: a limit of the client's own is reason enough to fail."""
    if call.settled is None or (call.replied is not None and call.replied < call.settled):
        return False
    settled = run.history.events[call.settled].at
    return any(run.history.events[place].at + A_MOMENT_SECONDS < settled for place, _ in call.received)


def most_live(run: Run) -> int:
    """The largest number of callers that were under way at the same time."""
    live = most = 0
    for event in run.history:
        if event.kind is Kind.CALLED:
            live += 1
            most = max(most, live)
        elif event.kind in (Kind.RETURNED, Kind.RAISED):
            live -= 1
    return most


def most_in_flight(run: Run) -> int:
    """The largest number of callers' replies owed on one connection at the same time."""
    owed: dict[int, int] = {}
    most = 0
    for event in run.history:
        if event.kind is Kind.RECEIVED:
            owed[event.connection] = owed.get(event.connection, 0) + 1
            most = max(most, owed[event.connection])
        elif event.kind is Kind.REPLIED:
            owed[event.connection] -= 1
    return most
