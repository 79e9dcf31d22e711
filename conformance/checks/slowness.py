"""MUX-03: a caller that is slow to take what is for it holds up nobody else.

What can be slow is a subscriber: it takes one message and no more, while more are published than its client
keeps for it. A reply has a task or a thread that waits for it, and is taken as soon as it is given.
"""

from ..history import Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .subscriptions import FLOOD, flooded
from .waiting import GRACE_SECONDS


def held_up(run: Run) -> Finding | None:
    """While a subscriber is slow, and nothing else is wrong, another caller waits for long: to be sent, for
    a reply that was sent, or for a message."""
    slow = {step.caller for step in run.plan.steps if step.is_slow}
    if not slow or run.plan.has_faults or run.plan.changes_sessions or run.plan.max_calls:
        return None
    listening: set[str] = set()
    waiting: dict[tuple[str, str], float] = {}  # who waits, and for what; since when
    for place, event in enumerate(run.history.events[: run.history.first(Kind.COUNTED)]):
        for (caller, what), since in waiting.items():
            if event.at > since + GRACE_SECONDS:
                sentence = f"{caller} waited for {what} while {min(slow)} took no messages"
                return Finding(sentence, place, (caller,), still=f"{caller} waits for {what}")
        match event.kind:
            case Kind.CALLED:
                waiting[event.caller, "its turn"] = event.at
            case Kind.RECEIVED:
                waiting.pop((event.caller, "its turn"), None)
            case Kind.REPLIED:
                waiting[event.caller, "its reply"] = event.at
            case Kind.RETURNED | Kind.RAISED | Kind.CANCELLED:
                waiting.pop((event.caller, "its turn"), None)
                waiting.pop((event.caller, "its reply"), None)
            case Kind.SUBSCRIBING if event.caller not in slow:
                listening.add(event.caller)
            case Kind.PUBLISHED if event.caller in listening and event.detail != "0":
                waiting[event.caller, event.text] = event.at
            case Kind.HEARD:
                waiting.pop((event.caller, event.text), None)
            case Kind.TOLD:
                listening.discard(event.caller)
                waiting = {each: since for each, since in waiting.items() if each[0] != event.caller}
            case _:
                pass
    return None


def _called_in_the_flood(run: Run) -> bool:
    """A reply was sent while more had been published than is kept for a slow subscriber."""
    replied = [place for place, event in enumerate(run.history) if event.kind is Kind.REPLIED]
    return bool(replied) and flooded(run, until=replied[-1])


_SLOW = f"listen s slowly, settle, publish s, settle, publish s {FLOOD}"
_CHECKS = (
    Check(
        "MUX-03/slow-subscriber",
        (
            plan(f"{_SLOW}, settle, call a, settle, answer a, wait 5, call b, answer b, wait 30"),
            plan(f"call a, {_SLOW}, settle, answer a, settle, call b, call c, answer c, answer b, wait 30"),
            plan(f"listen l, {_SLOW}, publish l, call a, settle, answer a, publish l, publish s, wait 30"),
            plan(f"call a, settle, {_SLOW}, answer a, wait 30", chunk_bytes=7),
            plan(
                "listen s slowly, listen t slowly, settle, publish s, publish t, settle, call a, settle, "
                f"publish s {FLOOD}, publish t {FLOOD}, answer a, call b, settle, answer b, wait 30"
            ),
        ),
        _called_in_the_flood,
        "a reply was sent while a subscriber took nothing",
    ),
)

RULES = (Rule("MUX-03", held_up, Applies.MULTIPLEXERS, _CHECKS),)
