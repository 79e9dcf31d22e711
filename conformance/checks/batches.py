"""CALL-08: a batch stays together, and each of its commands gets its own reply."""

from collections.abc import Iterator

from ..history import ErrorKind, Event, Kind, Run
from ..plan import Plan, Verb, plan
from ..step import FAULT_VERBS
from .check import Applies, Check, Finding, Obligation, Rule
from .situations import SUSPENSIONS, at_every_suspension, cancelled_in_flight, reply_was_late

SIZE = 3  # commands of a batch
_ENDS_A_TRANSACTION = frozenset({"EXEC", "DISCARD", "RESET", "QUIT"})
_IN_VAIN = frozenset({ErrorKind.LOST, ErrorKind.PROTOCOL})


def torn_apart(run: Run) -> Finding | None:
    """Something came between the commands of a batch, or one of them got another reply than its own."""
    if not run.plan.batches or run.plan.misuses:
        return None
    wire, replies = _Wire(run), _Replies(run)
    for place, event in enumerate(run.history):
        if event.kind in (Kind.RECEIVED, Kind.GREETED):
            finding = wire.see(place, event)
        else:
            finding = replies.see(place, event)
        if finding:
            return finding
    return None


def _committing(run: Run) -> set[str]:
    """The callers of transactions."""
    return {step.caller for step in run.plan.steps if step.verb in (Verb.TRANSACTION, Verb.WATCH)}


class _Wire:
    """What the commands of batches came between, on each connection."""

    def __init__(self, run: Run) -> None:
        batches = run.plan.batches.values()
        self._prior = {
            f"GET {keys[n]}": f"GET {keys[n - 1]}" for keys in batches for n in range(1, len(keys))
        }
        self._committing = _committing(run)
        self._watching = {step.caller for step in run.plan.steps if step.verb is Verb.WATCH}
        self._last: dict[int, Event] = {}  # the last command of each connection
        self._arrived: dict[str, int] = {}  # the connection that a command came on last
        self._open: dict[int, str] = {}  # where a MULTI has come and no EXEC yet, and whose it is
        self._watched: set[int] = set()

    def see(self, place: int, event: Event) -> Finding | None:
        finding = self._transaction(place, event) or self._order(place, event)
        self._last[event.connection] = event
        self._arrived[event.text] = event.connection
        return finding

    def _order(self, place: int, event: Event) -> Finding | None:
        prior, last = self._prior.get(event.text), self._last.get(event.connection)
        if prior is None or (last is not None and last.text == prior):
            return None
        elsewhere = self._arrived.get(prior)
        if last is not None and elsewhere == event.connection:
            what = f"{last.text} came between {prior} and {event.text}, which are of one batch"
            callers = tuple(dict.fromkeys((event.caller, last.caller or event.caller)))
            return Finding(what, place, callers)
        where = f"on connection {elsewhere}" if elsewhere else "nowhere yet"
        what = (
            f"{event.text} arrived on connection {event.connection}, and {prior}, of the same batch, {where}"
        )
        return Finding(what, place, (event.caller,))

    def _transaction(self, place: int, event: Event) -> Finding | None:
        number, word = event.connection, event.text.partition(" ")[0].upper()
        if event.kind is Kind.RECEIVED:
            if number not in self._open:
                outside = event.caller in self._committing
                return Finding(f"{event.text} came outside of its transaction", place) if outside else None
            owner = self._open[number] = self._open[number] or event.caller
            what = f"{event.text} became part of the transaction of {owner}"
            return Finding(what, place, (owner, event.caller)) if owner != event.caller else None
        if word not in _ENDS_A_TRANSACTION:
            if number in self._open:
                return Finding(f"{event.text} came between MULTI and EXEC", place)
            if word == "MULTI":
                self._open[number] = ""
            elif word in ("WATCH", "UNWATCH"):
                (self._watched.add if word == "WATCH" else self._watched.discard)(number)
            return None
        is_open, owner = number in self._open, self._open.pop(number, "")
        was_watched = number in self._watched
        self._watched.discard(number)
        if word == "EXEC" and not is_open:
            return Finding(f"EXEC arrived on connection {number}, where no MULTI had", place)
        if word == "EXEC" and owner in self._watching and not was_watched:
            what = f"the EXEC of {owner} arrived on connection {number}, where its WATCH had not"
            return Finding(what, place)
        return None


class _Replies:
    """What the callers of batches are given, and what was sent."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sent: dict[str, int] = {}  # replies that are no errors, and on which connection
        self._lost: set[int] = set()
        faults = [step for step in run.plan.steps if step.verb in FAULT_VERBS]
        self._owners = {key: caller for caller, keys in run.plan.batches.items() for key in keys}
        self._owners |= {caller: caller for caller in run.calls if caller not in run.plan.batches}
        self._only_refuses = all(f"{step} ".startswith("fault refuse ") for step in faults)
        self._committing = _committing(run)

    def see(self, place: int, event: Event) -> Finding | None:
        match event.kind:
            case Kind.REPLIED if not event.detail:
                self._sent[event.text] = event.connection
            case Kind.CLOSED | Kind.SILENCED:
                self._lost.add(event.connection)
            case Kind.RETURNED if event.caller in self._run.plan.batches:
                return self._returned(place, event)
            case Kind.RAISED if event.caller in self._run.plan.batches and event.text in _IN_VAIN:
                return self._broken_off(place, event)
            case _:
                pass
        return None

    def _returned(self, place: int, event: Event) -> Finding | None:
        keys, values = self._run.plan.batches[event.caller], event.text.split(", ")
        if event.text == "None":
            return None  # EXEC said that a watched key had changed
        if len(values) != len(keys):
            what = f"{event.caller} got {len(values)} replies to the {len(keys)} commands of its batch"
            return Finding(what, place, (event.caller,))
        for key, value in zip(keys, values, strict=True):
            if value == f"val:{key}" or (value == "error" and self._may_fail(event.caller, key)):
                continue
            owner = self._owners.get(value.removeprefix("val:"), event.caller)
            if value == "error":
                what = f"{event.caller} got an error instead of val:{key}, which had been sent to it"
            else:
                what = f"{event.caller} got {value} in reply to GET {key}, a command of its batch"
            return Finding(what, place, tuple(dict.fromkeys((owner, event.caller))))
        return None

    def _may_fail(self, caller: str, key: str) -> bool:
        """It was refused, or its transaction was, or its reply may have been lost."""
        connection = self._sent.get(f"GET {key}")
        return connection is None or connection in self._lost or caller in self._committing

    def _broken_off(self, place: int, event: Event) -> Finding | None:
        """The batch is given up although the server only refused commands."""
        call, run = self._run.calls[event.caller], self._run
        connections = {connection for _, connection in call.received}
        if not connections or connections & self._lost or not self._only_refuses or run.plan.has_limits:
            return None
        if run.plan.uses({Verb.CANCEL}) or reply_was_late(run, call):
            return None
        what = f"the batch of {event.caller} failed although its connection was not lost: {event.detail}"
        return Finding(what, place, (event.caller,))


# obligations


def _stood_together(run: Run) -> bool:
    """All commands of a batch arrived, and another caller's as well."""
    arrived = {event.text for event in run.history if event.kind is Kind.RECEIVED}
    whole = [caller for caller, keys in run.plan.batches.items() if {f"GET {key}" for key in keys} <= arrived]
    return bool(whole) and any(call.received for call in run.calls.values() if call.caller not in whole[:1])


def _one_was_refused(run: Run) -> bool:
    return any(
        event.kind is Kind.REPLIED and event.detail and event.caller in run.plan.batches
        for event in run.history
    )


def _lost_within(run: Run) -> bool:
    """A connection was lost on which a batch was under way."""
    on = {connection for caller in run.plan.batches for _, connection in run.calls[caller].received}
    return any(event.kind is Kind.CLOSED and event.connection in on for event in run.history)


# plans


def _count(verb: str) -> int:
    """Transactions take the way of batches, so fewer moments of theirs are tried."""
    return SUSPENSIONS if verb == "batch" else 8


def _among_others(verb: str) -> Iterator[Plan]:
    crowd = f"call b, call c, {verb} a {SIZE}, call d, settle, answer d, answer a, answer b, answer c, settle"
    two = f"{verb} a {SIZE}, {verb} b {SIZE}, settle, answer b, answer a, call c, settle, answer c, settle"
    for text in (crowd, two):
        yield from (plan(text, capacity=2, chunk_bytes=size) for size in (0, 1, 7))
        yield from (
            plan(text, capacity=3, order=(*(0,) * turns, 1)) for turns in range(12 if verb == "batch" else 3)
        )
    rest = "settle, answer a, answer b, answer c, settle"
    yield from at_every_suspension(f"{verb} a {SIZE}", f"call b, call c, {rest}", _count(verb), capacity=2)
    yield from at_every_suspension(
        f"call b, settle, {verb} a {SIZE}, call c", f"{rest}, call d, answer d", 12
    )


def _one_fails(verb: str) -> Iterator[Plan]:
    for which in (*(f"a_{number}" for number in range(1, SIZE + 1)), "a times=0"):
        steps = f"{verb} a {SIZE}, call b, settle, answer a, settle, answer b, call c, answer c, settle"
        for size in (0, 5):
            yield plan(f"fault refuse caller={which}, {steps}", chunk_bytes=size)


def _cut_within(verb: str) -> Iterator[Plan]:
    around = {"batch": (), "transaction": ("MULTI", "EXEC"), "watch": ("WATCH", "MULTI", "EXEC")}[verb]
    marks = [f"caller=a_{number}" for number in range(1, SIZE + 1)] + [f"command={each}" for each in around]
    for mark in marks:
        for harm in ("cut-before", "cut", "reset", "tear") if verb == "batch" else ("cut-before", "tear"):
            amount = " amount=3" if harm == "tear" else ""
            fault = f"fault {harm} {mark}{amount}"
            steps = f"{verb} a {SIZE}, answer a, settle, call b, settle, answer b, wait 30"
            yield plan(f"{fault}, {steps}", capacity=2)
            yield plan(f"call c, answer c, settle, {fault}, call d, {steps}, answer d, settle", capacity=2)


def _cancelled(verb: str) -> Iterator[Plan]:
    rest = f"settle, {verb} b {SIZE}, settle, answer a, answer b, settle"
    yield from at_every_suspension(f"{verb} a {SIZE}", f"cancel a, {rest}")
    yield from at_every_suspension(f"{verb} a {SIZE}, settle, answer a", f"cancel a, {rest}", 8)


def _checks(verb: str) -> Iterator[Check]:
    situations: tuple[tuple[str, Iterator[Plan], Obligation, str], ...] = (
        ("among-others", _among_others(verb), _stood_together, "a batch and another command arrived"),
        ("one-fails", _one_fails(verb), _one_was_refused, "a command of a batch was refused"),
        ("cut-within", _cut_within(verb), _lost_within, "a connection was lost during a batch"),
        ("cancelled-anywhere", _cancelled(verb), cancelled_in_flight, "a caller was cancelled in a batch"),
    )
    for name, plans, obligation, what in situations:
        yield Check(f"CALL-08/{verb}-{name}", tuple(plans), obligation, what)


_CHECKS = tuple(check for verb in ("batch", "transaction", "watch") for check in _checks(verb))

RULES = (Rule("CALL-08", torn_apart, Applies.ALL, _CHECKS),)
