"""MUX-09: subscriptions are restored, or their loss is told; what is kept for who is slow has a bound."""

from ..history import Event, Kind, Run
from ..plan import plan
from .check import Applies, Check, Finding, Rule
from .situations import at_every_suspension, happened

FLOOD = 64  # messages to a subscriber that takes none; more than an adapter should have its client keep


def heard_nothing(run: Run) -> Finding | None:
    """Long after all faults had stopped, a subscriber hears nothing, and nobody has told it; or more was kept
    for a slow one than declared, or less without a word."""
    counted, closing = run.history.first(Kind.COUNTED), run.history.first(Kind.CLOSING)
    if counted is None or closing is None or closing < counted:
        return None
    before, after = run.history.events[:counted], run.history.events[counted:closing]
    told = {event.caller for event in (*before, *after) if event.kind is Kind.TOLD}
    heard = {(event.caller, event.text) for event in after if event.kind is Kind.HEARD}
    for event in after:
        if event.kind is not Kind.PUBLISHED or event.caller in told:
            continue
        if (event.caller, event.text) not in heard:
            what = f"{event.caller} did not hear what was published long after all faults had stopped"
            return Finding(
                f"{what}, and was not told that its subscription is lost",
                closing,
                still=f"{event.caller} has heard nothing, and was told nothing",
            )
    return None if run.plan.has_faults else _kept_for_the_slow(run, before, after, told, closing)


def _kept_for_the_slow(
    run: Run, before: list[Event], after: list[Event], told: set[str], closing: int
) -> Finding | None:
    if (most := run.promises.keeps_messages) is None:
        return None
    for caller in (step.caller for step in run.plan.steps if step.is_slow):
        sent = [event.text for event in before if event.kind is Kind.PUBLISHED and _reached(event, caller)]
        left = sent[len(_heard_by(caller, before)) :]
        kept = [text for text in _heard_by(caller, after) if text in sent]
        if len(kept) > most:
            what = f"{len(kept)} messages were kept for {caller}, and at most {most} are declared"
            return Finding(what, closing)
        if len(kept) == len(left) or caller in told:
            continue
        if not run.promises.forgets_oldest:
            return Finding(f"{caller} missed {len(left) - len(kept)} messages and was not told", closing)
        if not kept or kept != left[-len(kept) :]:
            what = f"{caller} was not given the newest of the messages that it had not taken in time"
            return Finding(what, closing)
    return None


def _heard_by(caller: str, events: list[Event]) -> list[str]:
    return [event.text for event in events if event.kind is Kind.HEARD and event.caller == caller]


def _reached(event: Event, caller: str) -> bool:
    return event.caller == caller and event.detail != "0"


def _lost_while_subscribed(run: Run) -> bool:
    """A connection was lost on which somebody had subscribed."""
    subscribed: set[int] = set()
    for event in run.history.events[: run.history.first(Kind.HEALED)]:
        if event.kind is Kind.GREETED and event.text.upper().startswith(("SUBSCRIBE", "PSUBSCRIBE")):
            subscribed.add(event.connection)
        elif event.kind is Kind.CLOSED and event.connection in subscribed:
            return True
    return False


def flooded(run: Run, until: int | None = None) -> bool:
    """More was published by that place in the history than is kept for a slow subscriber."""
    slow = {step.caller for step in run.plan.steps if step.is_slow}
    sent = [event for event in run.history.events[:until] if event.kind is Kind.PUBLISHED]
    most = run.promises.keeps_messages or 0
    return any(sum(_reached(event, caller) for event in sent) > most + 1 for caller in slow)


_TWO = "listen a, listen b pattern, settle"
_HARMS = "cut", "cut-before", "reset", "half-close", "tear amount=5"
_LOST = "a connection was lost on which somebody had subscribed"

_CHECKS = (
    Check(
        "MUX-09/lost-once",
        (
            plan("listen a, settle, publish a, settle, drop, settle, publish a, wait 30, publish a, settle"),
            plan(f"{_TWO}, drop, wait 30, publish a, publish b, settle"),
            plan(f"{_TWO}, call c, settle, cut c, wait 30, call d, settle, publish a, answer d, settle"),
            plan(f"{_TWO}, call c, settle, tear c, wait 30, publish b, settle"),
            plan(f"{_TWO}, restart, wait 30"),
            *at_every_suspension(f"{_TWO}, drop", "call c, answer c, settle, wait 30", 24),
            *at_every_suspension("listen a", "drop, wait 30", 24),
        ),
        _lost_while_subscribed,
        _LOST,
    ),
    Check(
        "MUX-09/lost-several-times",
        (
            plan(f"{_TWO}, drop, settle, wait 20, drop, settle, wait 20, drop, wait 60"),
            plan(f"{_TWO}, refuse, drop, wait 60"),
            plan(f"{_TWO}, refuse, refuse, refuse, drop, wait 60"),
            plan(f"{_TWO}, refuse, refuse, drop, wait 60, refuse, drop, wait 20, drop, wait 60"),
            plan(f"{_TWO}, call c, settle, refuse, cut c, wait 60, call d, settle, refuse, cut d, wait 60"),
            *at_every_suspension(f"{_TWO}, drop, wait 20", "drop, wait 60", 12),
        ),
        _lost_while_subscribed,
        _LOST,
    ),
    Check(
        "MUX-09/lost-while-restored",
        (
            *(plan(f"{_TWO}, fault {harm} command=SUBSCRIBE, drop, wait 60") for harm in _HARMS),
            *(plan(f"{_TWO}, fault {harm} command=PSUBSCRIBE, drop, wait 60") for harm in _HARMS),
            *(plan(f"{_TWO}, fault {harm} step=1, drop, wait 60") for harm in _HARMS),
            *at_every_suspension(f"{_TWO}, drop", "restart, wait 60", 24),
            plan(f"{_TWO}, stall, drop, wait 20, restart, resume, wait 60"),
            plan(f"{_TWO}, fault cut command=SUBSCRIBE times=3, drop, wait 90"),
        ),
        _lost_while_subscribed,
        _LOST,
    ),
    Check(
        "MUX-09/refused-when-restored",
        (
            plan(f"{_TWO}, fault refuse command=SUBSCRIBE, drop, wait 60"),
            plan(f"{_TWO}, fault refuse command=PSUBSCRIBE times=0, drop, wait 60"),
        ),
        _lost_while_subscribed,
        _LOST,
    ),
    Check(
        "MUX-09/in-pieces",
        tuple(
            plan("listen a, listen b pattern, settle, publish a, settle, publish b, settle", chunk_bytes=size)
            for size in (1, 2, 3, 5, 7, 11, 13)
        ),
        happened(Kind.HEARD),
        "a message was heard",
    ),
    Check(
        "MUX-09/slow",
        (
            plan(f"listen a slowly, settle, publish a, settle, publish a {FLOOD}, settle"),
            plan(
                f"listen a slowly, listen b, settle, publish b, publish a {FLOOD}, settle, publish b, settle"
            ),
        ),
        flooded,
        "more was published than is kept for a slow subscriber",
    ),
)

RULES = (Rule("MUX-09", heard_nothing, Applies.MULTIPLEXERS, _CHECKS),)
