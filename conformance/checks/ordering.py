"""CALL-07: what one caller issues one after another arrives in that order."""

from ..history import Kind, Run
from ..plan import Verb, plan
from .check import Applies, Check, Finding, Rule
from .situations import LOSE_IDLE, at_every_suspension


def overtaken(run: Run) -> Finding | None:
    """A command arrives for the first time after one that its caller issued later."""
    numbers = _numbers(run)
    latest: dict[str, int] = {}
    arrived: set[str] = set()
    for place, event in enumerate(run.history):
        if event.kind is not Kind.RECEIVED or event.caller not in numbers or event.caller in arrived:
            continue
        arrived.add(event.caller)
        caller, number = numbers[event.caller]
        if number < latest.get(caller, 0):
            later = f"{caller}_{latest[caller]}"
            what = f"{caller} issued GET {event.caller} before GET {later}, and it arrived after it"
            return Finding(what, place, (event.caller, later))
        latest[caller] = number
    return None


def _numbers(run: Run) -> dict[str, tuple[str, int]]:
    """Of each call of a series: whose it is, and the how many-eth."""
    return {
        call.caller: (step.caller, int(call.caller.rpartition("_")[2]))
        for step in run.plan.steps
        if step.verb is Verb.SERIES
        for call in step.calls
    }


def _several_arrived(run: Run) -> bool:
    """At least three commands of one caller."""
    numbers = _numbers(run)
    arrived = {event.caller for event in run.history if event.kind is Kind.RECEIVED} & numbers.keys()
    callers = [numbers[each][0] for each in arrived]
    return any(callers.count(caller) >= 3 for caller in callers)


def _some_before_some_after(run: Run) -> bool:
    """Commands of one caller arrived on two connections."""
    numbers = _numbers(run)
    used: dict[str, set[int]] = {}
    for event in run.history:
        if event.kind is Kind.RECEIVED and event.caller in numbers:
            used.setdefault(numbers[event.caller][0], set()).add(event.connection)
    return any(len(connections) > 1 for connections in used.values())


def _answers(caller: str, last: int) -> str:
    return ", ".join(f"answer {caller}_{number}" for number in range(1, last + 1))


_CUT = "series a 3, settle, answer a_1, settle"
_GO_ON, _GO_ON_AGAIN = (
    f"series a {numbers}, settle, {_answers('a', 9)}, wait 20" for numbers in ("4-6", "7-9")
)
_SEVERAL = "three commands of one caller arrived"

_CHECKS = (
    Check(
        "CALL-07/connected",
        (
            plan(f"series a 5, settle, {_answers('a', 5)}, settle"),
            plan(f"series a 4, series b 4, settle, {_answers('b', 4)}, {_answers('a', 4)}, settle"),
            plan(f"series a 3, call c, settle, series a 4-6, cancel a_2, settle, {_answers('a', 6)}, settle"),
            plan(f"series a 5, settle, {_answers('a', 5)}, settle", chunk_bytes=3),
            *at_every_suspension("series a 3", _GO_ON, 16),
        ),
        _several_arrived,
        _SEVERAL,
    ),
    Check(
        "CALL-07/dialling",
        (
            plan(
                f"{LOSE_IDLE}, series a 3, wait 1, series a 4-6, wait 1, admit, {_GO_ON_AGAIN}",
                hold_dials=True,
            ),
            plan(f"{LOSE_IDLE}, refuse, series a 3, wait 1, {_GO_ON}"),
            *at_every_suspension(f"{LOSE_IDLE}, series a 3", _GO_ON, 24),
            *at_every_suspension(f"{LOSE_IDLE}, series a 3, settle, admit", _GO_ON, 16, hold_dials=True),
            *at_every_suspension(f"{LOSE_IDLE}, stall, series a 3, settle, resume", _GO_ON, 12),
        ),
        _several_arrived,
        _SEVERAL,
    ),
    Check(
        "CALL-07/lost",
        (
            *at_every_suspension(f"{_CUT}, cut a_2", _GO_ON, 24),
            *at_every_suspension(f"{_CUT}, tear a_2", _GO_ON, 12, chunk_bytes=3),
            *at_every_suspension(
                f"{_CUT}, series a 4-6, settle, cut a_2, wait 5", "series a 7-9, wait 20", 4
            ),
            *at_every_suspension(f"{_CUT}, restart, series a 4-6", _GO_ON_AGAIN, 12),
            plan(f"{_CUT}, refuse, cut a_2, settle, series a 4-6, wait 5, series a 7-9, wait 20"),
        ),
        _some_before_some_after,
        "commands of one caller arrived on two connections",
    ),
    Check(
        "CALL-07/bounded",
        (
            plan(f"series a 6, settle, {_answers('a', 2)}, series a 7-9, settle, wait 20", max_calls=4),
            *at_every_suspension(
                f"series a 6, settle, {_answers('a', 2)}", "series a 7-9, wait 20", 8, max_calls=4
            ),
        ),
        _several_arrived,
        _SEVERAL,
    ),
    Check(
        "CALL-07/command-limit",
        (
            plan(
                f"{LOSE_IDLE}, series a 3, wait 4, series a 4-6, wait 4, admit, series a 7-9, wait 20",
                hold_dials=True,
                command_timeout_seconds=5,
            ),
        ),
        _several_arrived,
        _SEVERAL,
    ),
)

RULES = (Rule("CALL-07", overtaken, Applies.MULTIPLEXERS, _CHECKS),)
