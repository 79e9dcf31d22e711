"""CONN-01 -02: nobody gets another's reply, and a connection that owes one is not used again."""

from collections.abc import Mapping, Sequence

from ..history import Event, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .situations import at_every_statement, at_every_suspension, cancelled_in_flight, happened

# CONN-01


def wrong_reply(run: Run) -> Finding | None:
    """A caller was given another value than the reply to its own command."""
    batches = run.plan.batches
    owners = {key: caller for caller, keys in batches.items() for key in keys}
    if run.history.first(Kind.STRAYED) is not None:
        return None  # what comes of a reply that nobody asked for is for CONN-04 to say
    for place, event in enumerate(run.history):
        if event.kind is Kind.RETURNED and (value := _strange_value(event, batches)) is not None:
            owner = owners.get(value.removeprefix("val:"), value.removeprefix("val:"))
            if run.plan.changes_sessions and not event.text.startswith("val:"):
                continue  # the reply to another command, or to GET in a transaction
            if owner not in run.calls:
                return Finding(
                    f"{event.caller} got {event.text!r} in reply to GET {event.caller}",
                    place,
                    (event.caller,),
                )
            gone = ", who had been cancelled" if run.calls[owner].cancelled is not None else ""
            return Finding(f"{event.caller} got the reply to {owner}{gone}", place, (owner, event.caller))
    return None


def _strange_value(event: Event, batches: Mapping[str, Sequence[str]]) -> str | None:
    """What the caller was given and had not asked for; of a batch, CALL-08 says more."""
    if (keys := batches.get(event.caller)) is None:
        return event.text if event.text != f"val:{event.caller}" else None
    own = {f"val:{key}" for key in keys}
    return next((each for each in event.text.split(", ") if each[:4] == "val:" and each not in own), None)


_REPLY_CHECKS = (
    Check(
        "CONN-01/cancelled-in-flight",
        (
            plan("call a, settle, cancel a, settle, call b, settle, answer a, settle, answer b, settle"),
            plan(
                "call a, call b, settle, cancel a, cancel b, settle, call c, call d, settle, "
                "answer a, answer b, answer c, answer d, settle",
                capacity=2,
            ),
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "CONN-01/cancelled-anywhere",
        at_every_suspension("call a", "cancel a, settle, call b, settle, answer a, settle, answer b, settle"),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "CONN-01/cancelled-as-the-reply-comes",
        at_every_suspension(
            "call a, settle, answer a", "cancel a, settle, call b, settle, answer b, settle", 8
        ),
        happened(Kind.CANCELLED),
        "a caller was cancelled when its reply had been sent",
    ),
    Check(
        "CONN-01/torn-reply",
        (plan("call a, settle, tear a, settle, call b, settle, answer b, settle", chunk_bytes=3),),
        happened(Kind.CLOSED),
        "a connection was lost in the middle of a reply",
    ),
    Check(
        "CONN-01/interrupted-anywhere",
        at_every_statement(
            "call a", "cancel a, settle, call b, settle, answer a, answer b, settle", distance=1
        ),
        cancelled_in_flight,
        "a caller was interrupted while its reply was owed",
    ),
)


# CONN-02


def reused_while_owing(run: Run) -> Finding | None:
    """A command was written to a pooled connection that owed a reply to a caller who had gone."""
    owed: dict[int, list[str]] = {}
    gone: set[str] = set()
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.RETURNED | Kind.RAISED | Kind.CANCELLED:
                gone.add(event.caller)
            case Kind.REPLIED:
                owed[event.connection].remove(event.caller)
            case Kind.RECEIVED:
                debts = owed.setdefault(event.connection, [])
                others = (each for each in debts if each in gone and each != event.caller)
                if creditor := next(others, None):
                    what = f"GET {event.caller} was written to connection {event.connection}"
                    return Finding(
                        f"{what}, which still owed the reply to {creditor}", place, (creditor, event.caller)
                    )
                debts.append(event.caller)
            case _:
                pass
    return None


_OWING_CHECKS = (
    Check(
        "CONN-02/cancelled-in-flight",
        (
            plan("call a, settle, cancel a, settle, call b, settle, answer a, answer b, settle"),
            plan("call a, settle, call b, settle, cancel a, settle, answer a, answer b, settle"),
        ),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
    Check(
        "CONN-02/cancelled-anywhere",
        at_every_suspension("call a", "cancel a, settle, call b, settle, answer a, settle, answer b, settle"),
        cancelled_in_flight,
        "a caller was cancelled while its reply was owed",
    ),
)


RULES = (
    Rule("CONN-01", wrong_reply, Applies.ALL, _REPLY_CHECKS),
    Rule("CONN-02", reused_while_owing, Applies.POOLS, _OWING_CHECKS),
)
