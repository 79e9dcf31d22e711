"""MUX-07: after a reconnection first the handshake, then subscriptions, then who waits; and no step twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..history import Kind, Run
from ..plan import Plan, plan
from .check import Applies, Check, Finding, Rule
from .handshake import DATABASE, PASSWORD

_REQUIRED = {"AUTH", "HELLO", "SELECT"}  # others can be done without, and may come later
_SUBSCRIBING = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"}
_STEPS = 9  # of a reconnection, with two subscriptions


def out_of_order(run: Run) -> Finding | None:
    """On one connection, a step of the handshake comes too late, a subscription is restored behind commands,
    a step is taken twice, or a caller's command is sent before that of one who waited for longer."""
    if run.plan.changes_sessions:
        return None
    return _step_out_of_order(run) or _backlog_out_of_order(run)


# steps


@dataclass(slots=True)
class _Connection:
    """What one connection has carried. The steps are those that were not refused.

    to_restore: the subscriptions that were lost when it was opened. confirmed: those that it has.
    begun_with: the first command that was no step of the handshake. used_by: the first one of a caller.
    """

    to_restore: set[str] = field(default_factory=set[str])
    confirmed: set[str] = field(default_factory=set[str])
    steps: set[str] = field(default_factory=set[str])
    names: set[str] = field(default_factory=set[str])
    begun_with: str = ""
    used_by: str = ""

    def take(self, step: str) -> str:
        """What is wrong with the step; empty: nothing."""
        name = step.split()[0]
        is_restored = step in self.to_restore
        wrong = ""
        if name in _REQUIRED and name not in self.names and self.begun_with:
            wrong = f"{name} was sent after {self.begun_with}"
        elif is_restored and step not in self.steps and self.used_by:
            wrong = f"{step} was restored only after {self.used_by} had been sent"
        elif step in self.steps and (is_restored or name in _REQUIRED):
            wrong = f"{step if is_restored else name} was sent twice"
        self.steps.add(step)
        self.names.add(name)
        if name in _SUBSCRIBING:
            self.begun_with = self.begun_with or step
        return wrong

    def refused(self, steps: list[str]) -> None:
        """These may be taken again; after HELLO, all of them."""
        self.steps.difference_update(steps)
        if any(step.startswith("HELLO") for step in steps):
            self.steps.clear()
            self.names.clear()

    def forget(self, channel: str) -> None:
        """Nobody is subscribed to it any more."""
        gone = {f"{name} {channel}" for name in _SUBSCRIBING}
        for steps in (self.steps, self.to_restore, self.confirmed):
            steps.difference_update(gone)


def _step_out_of_order(run: Run) -> Finding | None:
    connections: dict[int, _Connection] = {}
    lost: set[str] = set()
    for place, event in enumerate(run.history):
        here = connections.setdefault(event.connection, _Connection())
        match event.kind:
            case Kind.OPENED:
                here.to_restore = set(lost)
            case Kind.CLOSED:
                lost |= here.confirmed
            case Kind.RECEIVED:
                here.used_by = here.used_by or event.text
                here.begun_with = here.begun_with or event.text
            case Kind.GREETED:
                for step in _steps_of(event.text):
                    if wrong := here.take(step):
                        return Finding(f"on connection {event.connection}, {wrong}", place, handshake=True)
                for channel in _channels_left(event.text):
                    here.forget(channel)
            case Kind.WELCOMED if event.detail:
                here.refused(_steps_of(event.text))
            case Kind.WELCOMED:
                confirmed = {step for step in _steps_of(event.text) if step.split()[0] in _SUBSCRIBING}
                here.confirmed |= confirmed
                lost -= confirmed
            case Kind.TOLD:  # that its subscription has ended
                lost -= {f"{name} {event.caller}{rest}" for name in _SUBSCRIBING for rest in ("", "*")}
                for each in connections.values():
                    each.forget(event.caller)
                    each.forget(f"{event.caller}*")
            case _:
                pass
    return None


def _steps_of(text: str) -> list[str]:
    """The command as it is; one that subscribes, a step for each channel."""
    name, *words = text.split(" ")
    name = name.upper()
    return [f"{name} {word}" for word in words] if name in _SUBSCRIBING else [" ".join((name, *words))]


def _channels_left(text: str) -> list[str]:
    name, *words = text.split(" ")
    return words if name.upper() in ("UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE") else []


# backlog


def _backlog_out_of_order(run: Run) -> Finding | None:
    """Judged are callers that set out while the connection was being opened, each with the client at rest,
    and for whom nothing failed since: a client whose callers try again by themselves promises no order."""
    if run.plan.max_calls:
        return None
    dialled: dict[int, int] = {}
    waiting: dict[str, int] = {}  # since when, in the order in which they were accepted
    passed: dict[tuple[str, int], str] = {}  # who waited, and the connection on which who came later was sent
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.DIALLED:
                dialled[event.connection] = place
            case Kind.CALLED if event.caller not in run.plan.callers_in_haste:
                waiting[event.caller] = place
            case Kind.CLOSED | Kind.REFUSED | Kind.GIVEN_UP:
                waiting.clear()
                passed.clear()
            case Kind.RECEIVED if event.caller in waiting and event.connection > min(dialled, default=0):
                if later := passed.get((event.caller, event.connection)):
                    what = f"{event.caller} had been waiting when {later} set out, and was sent after it"
                    return Finding(what, place, (event.caller, later))
                since = waiting.pop(event.caller)
                for earlier, place_of_earlier in waiting.items():
                    if dialled.get(event.connection, place) < place_of_earlier < since:
                        passed[earlier, event.connection] = event.caller
            case Kind.RECEIVED | Kind.CANCELLED | Kind.RETURNED | Kind.RAISED:
                waiting.pop(event.caller, None)
            case _:
                pass
    return None


# plans


def _backlog_was_sent(run: Run) -> bool:
    """Two callers that set out before a connection was in use were sent there, and it was not the first."""
    opened: list[int] = []
    waiting: set[str] = set()
    backlogs: dict[int, set[str]] = {}
    sent: dict[int, int] = {}
    for event in run.history.events[: run.history.first(Kind.COUNTED)]:
        if event.kind is Kind.OPENED:
            opened.append(event.connection)
        elif event.kind is Kind.CALLED:
            waiting.add(event.caller)
        elif event.kind is Kind.RECEIVED and event.connection != opened[0]:
            if event.caller in backlogs.setdefault(event.connection, set(waiting)):
                sent[event.connection] = sent.get(event.connection, 0) + 1
            waiting.discard(event.caller)
    return any(count >= 2 for count in sent.values())


def _restored(run: Run) -> bool:
    """A subscription was asked for on a second connection."""
    asked: dict[str, set[int]] = {}
    for event in run.history:
        if event.kind is Kind.GREETED and event.text.split()[0].upper() in _SUBSCRIBING:
            asked.setdefault(event.text, set()).add(event.connection)
    return any(len(connections) > 1 for connections in asked.values())


def _reconnecting(text: str, **options: Any) -> Iterator[Plan]:
    """With a handshake of any length."""
    yield plan(text, **options)
    yield plan(text, password=PASSWORD, **options)
    yield plan(text, password=PASSWORD, database=DATABASE, **options)


_TWO = "listen l, listen m pattern, settle"
_QUEUE = "call b, wait 5, call c, settle, call d, settle"  # it may have to pause before it dials
_THE_REST = "answer b, answer c, answer d, wait 30, call e, settle, answer e, settle"

_CHECKS = (
    Check(
        "MUX-07/backlog",
        (
            *_reconnecting(
                f"admit, call a, settle, cut a, settle, {_QUEUE}, admit, wait 30, {_THE_REST}",
                hold_dials=True,
            ),
            *_reconnecting(f"call a, settle, stall, cut a, settle, {_QUEUE}, resume, wait 30, {_THE_REST}"),
            *_reconnecting(f"call a, settle, cut a, {_QUEUE}, wait 30, {_THE_REST}"),
        ),
        _backlog_was_sent,
        "commands that had waited for a reconnection were sent",
    ),
    Check(
        "MUX-07/subscriptions-and-backlog",
        (
            *_reconnecting(
                f"admit, admit, {_TWO}, call a, settle, cut a, settle, {_QUEUE}, admit, admit, wait 30, "
                f"{_THE_REST}",
                hold_dials=True,
            ),
            *_reconnecting(
                f"{_TWO}, call a, settle, stall, cut a, settle, {_QUEUE}, resume, wait 30, {_THE_REST}"
            ),
            *_reconnecting(f"{_TWO}, call a, settle, stall, restart, {_QUEUE}, resume, wait 30, {_THE_REST}"),
        ),
        _restored,
        "a subscription was restored",
    ),
    Check(
        "MUX-07/lost-again-at-every-step",
        tuple(
            each
            for step in range(1, _STEPS + 1)
            for each in _reconnecting(
                f"{_TWO}, call a, settle, cut a, fault cut step={step}, {_QUEUE}, wait 30, {_THE_REST}"
            )
        ),
        _restored,
        "a subscription was restored",
    ),
)

RULES = (Rule("MUX-07", out_of_order, Applies.MULTIPLEXERS, _CHECKS),)
