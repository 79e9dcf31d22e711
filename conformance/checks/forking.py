"""LIFE-07: a child of a fork leaves its parent's connections alone. Only real processes can fork."""

from ..history import Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule


def meddles_with_its_parent(run: Run) -> Finding | None:
    """A child of a fork sends a command on a connection of its parent, or ends one.

    What the parent sends by itself meanwhile, to keep a connection alive for instance, is none of that.
    """
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
            case Kind.GREETED if child and event.text == "QUIT" and event.connection in parents:
                what = f"a child process said QUIT on connection {event.connection}, its parent's"
                return Finding(what, place, handshake=True)
            case Kind.CLOSED if child and event.text == "client" and event.connection in parents:
                what = f"a child process ended connection {event.connection}, its parent's"
                return Finding(what, place)
            case Kind.HEALED | Kind.CLOSING:
                return None  # from now on the parent has reasons of its own
            case _:
                pass
    return None


def came_back(run: Run) -> bool:
    """A child was forked, and ended with or without a reply, before the plan did."""
    events = run.history.events[: run.history.first(Kind.HEALED)]
    forked = {event.caller for event in events if event.kind is Kind.FORKED}
    return any(event.kind in (Kind.RETURNED, Kind.RAISED) and event.caller in forked for event in events)


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
        came_back,
        "a child was forked, and came back",
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
        came_back,
        "a child was forked, and came back",
    ),
)

RULES = (Rule("LIFE-07", meddles_with_its_parent, Applies.FORKING, _FORK_CHECKS),)
