"""MUX-04, MUX-08, OBS-01: what else goes over a shared connection, and what a client says of itself."""

from ..history import ErrorKind, Kind, Run
from ..plan import FAULT_VERBS, Verb, plan
from .check import Applies, Check, Finding, Rule, timed
from .connection import wrong_reply
from .situations import happened
from .waiting import GRACE_SECONDS

BLOCKING = (
    "BLPOP k 30",
    "BRPOP k 30",
    "BLMOVE k l LEFT LEFT 30",
    "WAIT 1 30000",
    "XREAD BLOCK 30000 STREAMS s $",
)

# MUX-04


@timed
def held_up(run: Run) -> Finding | None:
    """A caller has to wait for the end of a command that blocks, since they share a connection.

    The server reads nothing behind such a command; so what it has not received may be there.
    """
    blocked_by: dict[int, str] = {}
    blockers: dict[str, int] = {}
    behind: dict[str, tuple[str, float]] = {}
    for place, event in enumerate(run.history):
        for caller, (culprit, since) in behind.items():
            if event.at > since + GRACE_SECONDS:
                what = f"{caller} had to wait for {culprit}, which blocks, on the same connection"
                return Finding(what, place, still=f"{caller} has no reply")
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.CALLED if blocked_by:
                behind[event.caller] = next(iter(blocked_by.values())), event.at
            case Kind.RECEIVED if event.text in BLOCKING:
                blocked_by[event.connection] = event.text
                blockers[event.caller] = event.connection
                behind.pop(event.caller, None)
            case Kind.REPLIED if event.caller in blockers:
                blocked_by.pop(blockers[event.caller], None)
            case Kind.RECEIVED | Kind.RETURNED | Kind.RAISED:
                behind.pop(event.caller, None)
            case Kind.CLOSED:
                blocked_by.pop(event.connection, None)
            case _:
                pass
    return None


_BLOCKING_CHECKS = (
    Check(
        "MUX-04/blocked",
        tuple(
            plan(f"call a, answer a, settle, call b {words}, settle, answer b, call c, answer c, wait 5")
            for words in BLOCKING
        ),
        happened(Kind.RETURNED),
        "a caller had a reply",
    ),
)


# MUX-08


def completed_by_a_push(run: Run) -> Finding | None:
    """Only frames were pushed in this run, and a caller was given one, another's reply, or an error."""
    faults = [step for step in run.plan.steps if step.verb in FAULT_VERBS]
    if not faults or run.plan.has_limits or not all(step.text.startswith("push") for step in faults):
        return None
    if finding := wrong_reply(run):
        return finding
    for place, event in enumerate(run.history):
        if event.kind is Kind.RAISED and event.text in (ErrorKind.LOST, ErrorKind.PROTOCOL, ErrorKind.OTHER):
            what = f"{event.caller} failed because of a push frame: {event.detail}"
            return Finding(what, place, (event.caller,))
    return None


_PUSH_CHECKS = (
    Check(
        "MUX-08/between-replies",
        (
            *(
                plan(
                    f"fault {fault} caller=b text={kind}, call a, call b, call c, settle, answer a, "
                    "answer b, "
                    "answer c, settle, wait 2, call d, answer d, settle",
                    chunk_bytes=size,
                )
                for fault in ("push", "push-after")
                for kind in ("novelty", "message")
                for size in (0, 1, 5)
            ),
            plan("call a, answer a, settle, strike push, settle, call b, answer b, settle, wait 2"),
        ),
        happened(Kind.RETURNED),
        "a caller had a reply",
    ),
)


# OBS-01


def numbers_do_not_add_up(run: Run) -> Finding | None:
    """The client is quiet, and says something else of its connections and callers than the server sees.

    A connection that the server closed may be counted as idle until somebody has noticed its end.
    """
    if run.plan.uses({Verb.LISTEN, Verb.ABANDON}):
        return None
    open_now: set[int] = set()
    ended = 0
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.OPENED:
                open_now.add(event.connection)
            case Kind.CLOSED:
                open_now.discard(event.connection)
                ended += event.text == "server"
            case Kind.NUMBERED:
                told = dict(word.split("=") for word in event.text.split())
                if int(told["lent"]) + int(told["waiting"]):
                    return Finding(f"nobody calls, and the client says {event.text}", place)
                seen = len(open_now) - run.extra
                if not seen <= int(told["idle"]) <= seen + ended:
                    return Finding(
                        f"the server sees {seen} connections, and the client says {event.text}", place
                    )
            case _:
                pass
    return None


def _numbers_told(run: Run) -> bool:
    return run.history.first(Kind.NUMBERED) is not None


_NUMBER_CHECKS = (
    Check(
        "OBS-01/after-faults",
        (
            plan("call a, call b, settle, answer a, answer b, settle, wait 5", capacity=2),
            plan("call a, call b, settle, cut a, answer b, settle, wait 5", capacity=2),
            plan("call a, call b, call c, settle, cancel a, cancel c, settle, answer b, wait 5", capacity=2),
            plan("call a, answer a, settle, drop, settle, wait 5"),
        ),
        _numbers_told,
        "the client told its numbers",
    ),
)

RULES = (
    Rule("MUX-04", held_up, Applies.MULTIPLEXERS, _BLOCKING_CHECKS),
    Rule("MUX-08", completed_by_a_push, Applies.MULTIPLEXERS, _PUSH_CHECKS),
    Rule("OBS-01", numbers_do_not_add_up, Applies.COUNTING, _NUMBER_CHECKS),
)
