"""CONN-08, MUX-10, CONN-09: what one caller does to a connection is not what the next one finds."""

from ..history import ErrorKind, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule

CHANGES = (
    "SELECT 3",
    "MULTI",
    "WATCH k",
    "CLIENT TRACKING ON",
    "CLIENT NO-EVICT ON",
    "CLIENT NO-TOUCH ON",
    "CLIENT SETNAME other",
    "ASKING",
)


def left_behind(run: Run) -> Finding | None:
    """A caller's command finds its connection in another session than the first caller's did, because of what
    another caller changed there."""
    if not run.plan.changes_sessions:
        return None
    configured: dict[int, str] = {}
    changer: dict[int, tuple[str, str]] = {}
    for place, event in enumerate(run.history):
        if event.kind is not Kind.RECEIVED:
            continue
        before = configured.setdefault(event.connection, event.detail)
        if event.text != f"GET {event.caller}":
            changer[event.connection] = event.caller, event.text
        elif event.detail != before and event.connection in changer:
            who, how = changer[event.connection]
            found = " ".join(sorted(set(event.detail.split()) ^ set(before.split())))
            what = f"{event.caller} was served in the session that {who} left behind with {how} ({found})"
            return Finding(what, place, (who, event.caller))
    return None


def _came_back(run: Run) -> bool:
    return run.calls["b"].settled is not None


def _checks(requirement: str) -> tuple[Check, ...]:
    before, after = "call a, answer a, settle, call b", "answer b, settle, call c, answer c, settle"
    return (
        Check(
            f"{requirement}/another-command",
            (
                *(plan(f"{before} {words}, {after}") for words in CHANGES),
                *(plan(f"{before} {words}, settle, cancel b, settle, {after}") for words in CHANGES),
            ),
            _came_back,
            "a caller was answered, or refused, that changes a session",
        ),
    )


# CONN-09


def wrong_role_kept(run: Run) -> Finding | None:
    """More calls than declared are refused by one connection because its server has the wrong role."""
    if run.promises.leaves_wrong_role_after is None:
        return None
    refused: dict[int, int] = {}
    for place, event in enumerate(run.history):
        if event.kind is Kind.REPLIED and event.detail.startswith(("READONLY", "LOADING", "MASTERDOWN")):
            count = refused[event.connection] = refused.get(event.connection, 0) + 1
            if count > run.promises.leaves_wrong_role_after:
                what = (
                    f"connection {event.connection} was used on after it had answered "
                    f"{event.detail.split()[0]}"
                )
                return Finding(what, place)
    return None


def _role_was_told(run: Run) -> bool:
    return any(event.kind is Kind.RAISED and event.text == ErrorKind.SERVER for event in run.history)


_ROLE_CHECKS = (
    Check(
        "CONN-09/demoted",
        tuple(
            plan(
                f"call a, answer a, settle, turn {role}, call b SET b 1, answer b, settle, call c SET c 1, "
                "answer c, "
                "settle, call d SET d 1, answer d, settle, call e SET e 1, answer e, settle"
            )
            for role in ("READONLY", "LOADING", "MASTERDOWN")
        ),
        _role_was_told,
        "a server told that it has the wrong role",
    ),
)

RULES = (
    Rule("CONN-08", left_behind, Applies.CLEANING_POOLS, _checks("CONN-08")),
    Rule("CONN-09", wrong_role_kept, Applies.DECLARED_LEAVING, _ROLE_CHECKS),
    Rule("MUX-10", left_behind, Applies.MULTIPLEXERS, _checks("MUX-10")),
)
