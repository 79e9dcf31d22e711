"""POOL-08: a connection that is given back twice is lent once, and stays with whoever borrowed it since."""

from collections.abc import Iterator

from ..history import Event, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .pool import lost_capacity, too_many_sockets, two_borrowers


def harmed_by_a_second_release(run: Run) -> Finding | None:
    """After a second release, a connection serves two, or more or fewer are open than may be, or the call of
    a later borrower fails."""
    place = next(_second_releases(run), None)
    if place is None:
        return None
    culprit = run.history.events[place].caller
    oracles = _carries_two, two_borrowers, too_many_sockets, lost_capacity, _fails
    for finding in filter(None, (oracle(run) for oracle in oracles)):
        if finding.place > place:
            sentence = f"{culprit} gave its connection back twice, and then {finding.sentence}"
            return Finding(sentence, finding.place, still=finding.still)
    return None


def _second_releases(run: Run) -> Iterator[int]:
    holders: set[str] = set()
    for place, event in enumerate(run.history):
        if _is_borrowed(event):
            holders.add(event.caller)
        elif event.kind is Kind.RELEASING and event.caller not in holders:
            yield place
        elif event.kind is Kind.RELEASING:
            holders.discard(event.caller)


def _is_borrowed(event: Event) -> bool:
    return event.kind is Kind.BORROWED and not event.text


def _carries_two(run: Run) -> Finding | None:
    """A connection that its borrower has used, and has not given back, carries another's command."""
    holders: dict[str, int] = {}  # with the connection on which they were seen
    for place, event in enumerate(run.history):
        if _is_borrowed(event):
            holders[event.caller] = 0
        elif event.kind is Kind.RELEASING:
            holders.pop(event.caller, None)
        elif event.kind is Kind.RECEIVED:
            for holder, connection in holders.items():
                if connection == event.connection and holder != event.caller:
                    what = f"connection {connection}, which {holder} had borrowed, carried GET {event.caller}"
                    return Finding(what, place)
            if event.caller in holders:
                holders[event.caller] = event.connection
    return None


def _fails(run: Run) -> Finding | None:
    """A command that was sent, or that is for a connection that its caller holds, fails."""
    if run.plan.has_faults or run.plan.has_limits:
        return None
    holders: set[str] = set()
    released: set[str] = set()
    for place, event in enumerate(run.history):
        if _is_borrowed(event):
            holders.add(event.caller)
        elif event.kind is Kind.RELEASING:
            holders.discard(event.caller)
            released.add(event.caller)
        elif event.kind is Kind.RAISED:
            call = run.calls[event.caller]
            is_served = event.caller in holders or (call.received and event.caller not in released)
            if is_served and call.cancelled is None:
                return Finding(f"the call of {event.caller} failed: {event.detail}", place)
    return None


def _released_twice(run: Run) -> bool:
    return any(_second_releases(run))


def _released_while_lent(run: Run) -> bool:
    """While somebody else had a connection."""
    holders: set[str] = set()
    for event in run.history:
        if event.kind is Kind.RELEASING and event.caller not in holders and holders:
            return True
        if _is_borrowed(event) or event.kind is Kind.RECEIVED:
            holders.add(event.caller)
        elif event.kind in (Kind.RELEASING, Kind.RETURNED, Kind.RAISED):
            holders.discard(event.caller)
    return False


# the plans

_BACK = "borrow a, settle, use a, answer a, settle, return a, settle"
_TWO_CALLS = "call c, call d, settle, answer c, answer d, settle"
_THREE_CALLS = "call c, call d, call e, settle, answer c, answer d, answer e, settle"

_CHECKS = (
    Check(
        "POOL-08/idle",
        (
            plan(f"{_BACK}, return a, settle, {_TWO_CALLS}"),
            plan(f"{_BACK}, return a, settle, {_TWO_CALLS}", capacity=2),
            plan(f"{_BACK}, return a, return a, settle, {_THREE_CALLS}", capacity=2),
            plan(f"borrow a, settle, return a, return a, settle, {_THREE_CALLS}", capacity=2),
            plan(f"borrow b, {_BACK}, return a, settle, return b, settle, {_THREE_CALLS}", capacity=2),
        ),
        _released_twice,
        "a connection was given back twice",
    ),
    Check(
        "POOL-08/lent-again",
        (
            *(
                plan(
                    f"{_BACK}, borrow b, settle, return a, settle, call c, settle, use b, settle, "
                    "answer c, settle, answer b, settle, return b, settle, answer c, settle",
                    capacity=capacity,
                )
                for capacity in (1, 2)
            ),
            plan(
                f"{_BACK}, borrow b, settle, call c, settle, return a, settle, use b, settle, answer c, "
                "answer b, settle, return b, settle"
            ),
            plan(
                f"{_BACK}, borrow b, settle, return a, settle, return b, settle, {_THREE_CALLS}", capacity=2
            ),
        ),
        _released_while_lent,
        "a connection was given back a second time when it was lent to another caller",
    ),
    Check(
        "POOL-08/owing",
        (
            *(
                plan(
                    f"{_BACK}, call b, settle, return a, settle, {_TWO_CALLS}, answer b, settle",
                    capacity=size,
                )
                for size in (1, 2)
            ),
            plan(
                f"{_BACK}, borrow b, settle, use b, settle, return a, settle, call c, settle, "
                "answer b, settle, answer c, settle, return b, settle",
                capacity=2,
            ),
            plan(f"{_BACK}, call b, call f, settle, return a, settle, answer b, settle, answer f, settle"),
        ),
        _released_while_lent,
        "a connection was given back a second time when it owed another caller a reply",
    ),
)

RULES = (Rule("POOL-08", harmed_by_a_second_release, Applies.LENDING, _CHECKS),)
