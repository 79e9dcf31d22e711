"""LIFE-07: a child of a fork leaves its parent's connections alone. Only real processes can fork."""

from ..history import Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .situations import happened


def meddles_with_its_parent(run: Run) -> Finding | None:
    """A child of a fork sends something on a connection of its parent, or ends one."""
    child = ""  # its caller, as long as that is under way
    parents: set[int] = set()
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.FORKED:
                child = event.caller
            case Kind.RETURNED | Kind.RAISED if event.caller == child:
                child = ""
            case Kind.OPENED if not child:
                parents.add(event.connection)
            case Kind.RECEIVED if event.caller == child and event.connection in parents:
                what = f"{event.text} of a child process came on connection {event.connection}, its parent's"
                return Finding(what, place)
            case Kind.GREETED if child and event.connection in parents:
                what = f"while a child process was at work, {event.text} came on connection"
                return Finding(f"{what} {event.connection}, its parent's", place, handshake=True)
            case Kind.CLOSED if child and event.text == "client" and event.connection in parents:
                what = f"a child process ended connection {event.connection}, its parent's"
                return Finding(what, place)
            case _:
                pass
    return None


_FORK_CHECKS = (
    Check(
        "LIFE-07/fork-beside-idle",
        (
            plan("call a, answer a, settle, fork b, answer b, settle, wait 2, call c, answer c, settle"),
            plan(
                "call a, call b, settle, answer a, answer b, settle, fork c, answer c, settle, wait 2, "
                "call d, answer d, settle",
                capacity=2,
            ),
        ),
        happened(Kind.FORKED),
        "a child was forked",
    ),
    Check(
        "LIFE-07/fork-beside-a-call",
        (
            plan(
                "call a, settle, fork b, answer b, settle, wait 2, answer a, settle, "
                "call c, answer c, settle",
                capacity=2,
            ),
            plan(
                "call a, call b, settle, answer a, settle, fork c, answer c, settle, wait 2, "
                "answer b, settle",
                capacity=2,
            ),
        ),
        happened(Kind.FORKED),
        "a child was forked",
    ),
)

RULES = (Rule("LIFE-07", meddles_with_its_parent, Applies.FORKING, _FORK_CHECKS),)
