"""The simplest runs there are, before a client is judged: if they go wrong, its adapter is looked at first.

Nothing stands in the way: one caller, then several one after another, then the close. No client that anybody
uses gets that wrong, but an adapter written in haste does, and whatever the suite then said of the client
would mean nothing. A call that fails or hangs is another matter: that may well be the client's doing.
"""

from collections.abc import Callable

from .docket import Unfit
from .history import Kind, Run
from .plan import Plan, plan
from .simulation.blame import AdapterMistake

CAPACITY = 2
SIMPLEST = plan("call a, answer a, settle")
_IN_TURN = plan(
    "call a, answer a, settle, wait 0.2, call b, answer b, settle, wait 0.2, call c, answer c, settle",
    capacity=CAPACITY,
)


def look_at_one(run: Callable[[Plan], Run]) -> None:
    """One caller. Raises AdapterMistake if the adapter is wrong, and Unfit if that call fails."""
    alone = run(SIMPLEST)
    _look_at_reply(alone)
    _look_at_close(alone)


def look_at_several(run: Callable[[Plan], Run]) -> None:
    """One after another. Raises AdapterMistake if the adapter is wrong."""
    _look_at_release(run(_IN_TURN))


def _look_at_reply(run: Run) -> None:
    for event in run.history.events[: run.history.first(Kind.CLOSING)]:
        if event.caller != "a":
            continue
        if event.kind is Kind.RAISED:
            raise Unfit(f"a single call failed though nothing stood in its way: {event.detail}")
        if event.kind is Kind.RETURNED and event.text != "val:a":
            raise _mistake(f'call("GET", "a") returned {event.text!r} and not the reply, which is val:a')
    if run.calls["a"].settled is None:
        raise Unfit("a single call was answered, and its caller was not told the answer")


def _look_at_close(run: Run) -> None:
    is_open: set[int] = set()
    for event in run.history:
        match event.kind:
            case Kind.OPENED:
                is_open.add(event.connection)
            case Kind.CLOSED:
                is_open.discard(event.connection)
            case Kind.RAISED | Kind.UNHANDLED:
                return  # something has gone wrong before, or the close itself has
            case _:
                pass
    if is_open and all(call.settled is not None for call in run.calls.values()):
        raise _mistake(f"close() left connection {min(is_open)} open")


def _look_at_release(run: Run) -> None:
    """Of callers that come one after another, one more than there are connections."""
    *earlier, last = (run.calls[caller] for caller in run.plan.callers)
    events = run.history.events
    were_served = all(
        call.settled is not None and call.settled < last.called and events[call.settled].kind is Kind.RETURNED
        for call in earlier
    )
    closing = run.history.first(Kind.CLOSING) or len(events)
    if were_served and not any(place < closing for place, _ in last.received):
        what = f"after {CAPACITY} calls, one after another, none of the {CAPACITY} connections was left"
        raise _mistake(f"{what}; does it give back what it borrows")


def _mistake(what: str) -> AdapterMistake:
    return AdapterMistake(f"in the simplest run {what}: look at the adapter first")


LOOKS = look_at_one, look_at_several
