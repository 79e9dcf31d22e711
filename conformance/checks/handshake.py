"""CONN-05 -07: what comes before the first command of a connection, and what if that fails."""

from collections.abc import Iterator
from typing import Any

from ..history import ErrorKind, Event, Kind, Run
from ..plan import Plan, plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import LOSE_IDLE, happened
from .waiting import GRACE_SECONDS

PASSWORD, DATABASE = "secret", 3
STEPS = 6  # of a handshake, at most
CONNECT_LIMIT_SECONDS = 5.0

# CONN-05


def too_early(run: Run) -> Finding | None:
    """A caller's command is on a connection that is not ready for it: without login, in another database, or
    ahead of the reply that says whether it is."""
    wanted = f"db={run.plan.database}" if run.plan.database else ""
    if not (run.plan.password or wanted) or run.plan.changes_sessions:
        return None
    owed: dict[int, list[str]] = {}
    in_use: set[int] = set()
    for place, event in enumerate(run.history):
        steps = owed.setdefault(event.connection, [])
        match event.kind:
            case Kind.GREETED if _is_required(event.text) and event.connection not in in_use:
                steps.append(event.text)
            case Kind.WELCOMED if event.text in steps:
                steps.remove(event.text)
            case Kind.RECEIVED:
                in_use.add(event.connection)
                session = event.detail.split()
                if run.plan.password and "unauthenticated" in session:
                    why = "before it had logged in"
                elif wanted and wanted not in session:
                    why = f"in another database than {run.plan.database}"
                elif steps:
                    why = f"before {_name(steps[0])} was answered"
                else:
                    continue
                return Finding(f"{event.text} was sent {why}", place, handshake=True)
            case _:
                pass
    return None


def _is_required(step: str) -> bool:
    words = step.upper().split()
    return words[0] in ("AUTH", "SELECT") or (words[0] == "HELLO" and "AUTH" in words)


def _name(step: str) -> str:
    return step.split()[0]


def _prepared(text: str, **options: Any) -> Plan:
    return plan(text, password=PASSWORD, database=DATABASE, **options)


def _at_every_step(fault: str, after: str) -> Iterator[Plan]:
    for step in range(1, STEPS + 1):
        strike = f"fault {fault} step={step}"
        yield _prepared(f"{LOSE_IDLE}, {strike}, call a, settle, call b, settle, {after}", capacity=2)
        yield _prepared(f"call a, settle, {strike}, cut a, settle, call b, settle, {after}", capacity=2)


def _login_seen(run: Run) -> bool:
    return any(event.kind is Kind.GREETED and _is_required(event.text) for event in run.history)


_THE_REST = "answer a, answer b, wait 30, call c, settle, answer c, settle"
_EARLY_CHECKS = (
    Check(
        "CONN-05/withheld",
        (
            _prepared(
                f"{LOSE_IDLE}, stall, call a, call b, settle, wait 1, resume, settle, {_THE_REST}", capacity=2
            ),
            _prepared(
                "call a, settle, stall, cut a, call b, settle, wait 1, resume, settle, answer b, wait 30"
            ),
            *_at_every_step("delay amount=1", _THE_REST),
        ),
        _login_seen,
        "a login was sent",
    ),
    Check(
        "CONN-05/rejected-or-cut-off",
        (
            *_at_every_step("cut", _THE_REST),
            *(
                _prepared(
                    f"{LOSE_IDLE}, fault refuse command={step}, call a, call b, settle, {_THE_REST}",
                    capacity=2,
                )
                for step in ("AUTH", "SELECT", "HELLO")
            ),
        ),
        _login_seen,
        "a login was sent",
    ),
)


# CONN-06


def dial_outlasts_its_limit(run: Run) -> Finding | None:
    """A dial, or a step of a handshake, that nothing comes of is still waited for after the connect limit.

    Each step may take as long: clients differ in what their limit covers, and each is far from for ever.
    """
    if (limit := run.plan.connect_timeout_seconds) is None:
        return None
    since: dict[int, float] = {}
    opened: set[int] = set()  # or over
    for place, event in enumerate(run.history):
        for connection, began in since.items():
            if event.at > began + limit + GRACE_SECONDS:
                what = (
                    f"connection {connection} was still being opened {event.at - began:g} s after "
                    "the last step"
                )
                return Finding(f"{what}, and the connect limit is {limit:g} s", place, handshake=True)
        match event.kind:
            case Kind.HEALED:
                return None
            case Kind.DIALLED | Kind.GREETED if event.connection not in opened:
                since[event.connection] = event.at
            case Kind.RECEIVED | Kind.CLOSED:
                opened.add(event.connection)
                since.pop(event.connection, None)
            case Kind.OPENED | Kind.WELCOMED | Kind.REFUSED | Kind.GIVEN_UP:
                since.pop(event.connection, None)
            case _:
                pass
    return None


def rejected_login_kept(run: Run) -> Finding | None:
    """A connection whose login or database was refused stays open."""
    rejected: dict[int, Event] = {}
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.WELCOMED if event.detail and event.text.upper().startswith(("AUTH", "SELECT")):
                rejected[event.connection] = event
            case Kind.WELCOMED if event.text and _is_required(event.text):
                rejected.pop(event.connection, None)  # it was tried again
            case Kind.CLOSED:
                rejected.pop(event.connection, None)
            case Kind.RESTED:
                for connection, event in rejected.items():
                    what = (
                        f"connection {connection} stayed open although {_name(event.text)} had been refused"
                    )
                    return Finding(what, place, handshake=True)
            case _:
                pass
    return None


@timed
def failed_handshake(run: Run) -> Finding | None:
    """Both."""
    return dial_outlasts_its_limit(run) or rejected_login_kept(run)


def _connecting(text: str, **options: Any) -> Plan:
    return plan(
        f"{LOSE_IDLE}, {text}",
        connect_timeout_seconds=CONNECT_LIMIT_SECONDS,
        command_timeout_seconds=CONNECT_LIMIT_SECONDS,
        **options,
    )


_FAILED_CHECKS = (
    Check(
        "CONN-06/silent",
        (
            _connecting("call a, wait 60", hold_dials=True),
            _connecting("stall, call a, wait 60, resume, call b, answer b, wait 60"),
            *(
                _connecting(f"fault withhold step={step} times=0, call a, call b, wait 60", capacity=2)
                for step in range(1, STEPS)
            ),
        ),
        happened(Kind.DIALLED),
        "a dial was made",
    ),
    Check(
        "CONN-06/wrong-password",
        (
            _prepared(
                f"{LOSE_IDLE}, fault refuse command=AUTH times=0, fault refuse command=HELLO times=0, call "
                "a, wait 60"
            ),
            _prepared(
                f"{LOSE_IDLE}, fault refuse command=SELECT times=0, call a, call b, wait 60", capacity=2
            ),
        ),
        _login_seen,
        "a login was sent",
    ),
)


# CONN-07


_OTHER_KINDS = {
    ErrorKind.CANCELLED,
    ErrorKind.EXHAUSTED,
    ErrorKind.ACQUIRE_TIMEOUT,
    ErrorKind.COMMAND_TIMEOUT,
}


def optional_step_insisted_on(run: Run) -> Finding | None:
    """A call fails although the server only rejected what a connection can do without."""
    plan = run.plan
    if not plan.unknown or plan.has_faults or plan.has_limits:
        return None
    healed = run.history.first(Kind.HEALED)
    for place, event in enumerate(run.history.events[:healed]):
        if event.kind is Kind.RAISED and event.text not in _OTHER_KINDS:
            what = f"{event.caller} failed because the server does not know {' and '.join(plan.unknown)}"
            return Finding(f"{what}: {event.detail}", place, handshake=True)
    return None


_OPTIONAL = (
    ("HELLO",),
    ("CLIENT SETNAME",),
    ("CLIENT SETINFO",),
    ("CLIENT SETNAME", "CLIENT SETINFO", "HELLO"),
)
_OPTIONAL_CHECKS = (
    Check(
        "CONN-07/older-server",
        (
            *(
                plan("call a, answer a, settle, wait 9, call b, answer b, settle", unknown=each)
                for each in _OPTIONAL
            ),
            *(
                _prepared("call a, answer a, settle, wait 9, call b, answer b, settle", unknown=each)
                for each in _OPTIONAL
            ),
        ),
        happened(Kind.OPENED),
        "a connection was opened",
    ),
)


RULES = (
    Rule("CONN-05", too_early, Applies.ALL, _EARLY_CHECKS),
    Rule("CONN-06", failed_handshake, Applies.ALL, _FAILED_CHECKS),
    Rule("CONN-07", optional_step_insisted_on, Applies.ALL, _OPTIONAL_CHECKS),
)
