"""POOL-05, -06: who waits is served, in order of arrival and not after everybody else."""

import string

from ..history import Kind, Run
from ..plan import BATCH_VERBS, plan
from .check import Applies, Check, Finding, Rule
from .situations import waited

MOST_PASSED_BY = 50  # callers that came later may be served before one that waits; generous

# POOL-05


def served_out_of_order(run: Run) -> Finding | None:
    """A caller is served before one that had been waiting when it set out."""
    passed = _passed_by(run, at_once=True)
    if passed is None:
        return None
    place, earlier, later = passed
    return Finding(
        f"{later[0]} was served before {earlier}, who had been waiting for longer", place, (earlier, later[0])
    )


# POOL-06


def passed_over(run: Run) -> Finding | None:
    """More callers than anybody can excuse were served before one that was there first."""
    passed = _passed_by(run, at_once=False)
    if passed is None:
        return None
    place, earlier, later = passed
    return Finding(
        f"{len(later)} callers that came after {earlier} were served before it",
        place,
        still=f"{earlier} waits",
    )


def _passed_by(run: Run, at_once: bool) -> tuple[int, str, list[str]] | None:
    """Who waited, and those that were served first though they came later; where the last of them was."""
    if (
        run.shared
        or not run.waits
        or run.plan.hold_dials
        or run.plan.lends
        or run.plan.uses(BATCH_VERBS)
        or run.plan.has_faults
    ):
        return None
    in_haste = run.plan.callers_in_haste
    waiting: dict[str, list[str]] = {}
    came: list[str] = []
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.CALLED:
                came.append(event.caller)
                if event.caller not in in_haste or not at_once:
                    waiting[event.caller] = []
            case Kind.CLOSED | Kind.REFUSED if at_once:
                return None  # who had been served may be waiting again
            case Kind.RECEIVED:
                waiting.pop(event.caller, None)
                for earlier, later in waiting.items():
                    if came.index(earlier) < came.index(event.caller) and event.caller not in in_haste:
                        later.append(event.caller)
                        if at_once or len(later) > MOST_PASSED_BY:
                            return place, earlier, later
            case Kind.CANCELLED | Kind.RETURNED | Kind.RAISED:
                waiting.pop(event.caller, None)
            case _:
                pass
    return None


_ORDER_CHECKS = (
    Check(
        "POOL-05/queue",
        (
            plan(
                "call a, settle, call b, settle, call c, settle, call d, settle, answer a, settle, answer "
                "b, settle, "
                "answer c, settle, answer d, settle"
            ),
            plan(
                "call a, settle, call b, settle, call c, settle, call d, settle, answer b, answer c, "
                "answer d, "
                "answer a, settle"
            ),
            plan(
                "call a, call b, settle, call c, settle, call d, settle, call e, settle, answer b, settle, "
                "answer a, "
                "settle, answer c, answer d, answer e, settle",
                capacity=2,
            ),
            plan(
                "call a, settle, call b, settle, call c, settle, call d, settle, cancel b, settle, answer "
                "a, settle, "
                "answer c, settle, answer d, settle"
            ),
        ),
        waited,
        "a caller waited",
    ),
)

_CROWD = [f"{letter}{number}" for number in range(3) for letter in string.ascii_lowercase]


def _passing(when_called: str) -> str:
    """One newcomer after another, each at the moment when a connection is released, or at rest before."""
    both = zip(["a", *_CROWD], _CROWD, strict=False)
    return ", ".join(f"call {name}{when_called}, answer {before}, settle" for before, name in both)


_PASSED_CHECKS = (
    Check(
        "POOL-06/crowd",
        tuple(plan(f"call a, settle, call waiter, settle, {_passing(each)}") for each in ("", ", settle")),
        waited,
        "a caller waited",
    ),
)

RULES = (
    Rule("POOL-05", served_out_of_order, Applies.WAITING_POOLS, _ORDER_CHECKS),
    Rule("POOL-06", passed_over, Applies.WAITING_POOLS, _PASSED_CHECKS),
)
