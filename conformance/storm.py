"""Storms: plans that are walks through the abstract models.

A string of bytes chooses, step by step, among the actions that the model allows in the state that the walk
has reached: so callers are answered that are owed something, cancelled that are there, and connections lost
that exist. Each action becomes a step of the plan; where the model is vaguer than a plan (`Break` is a
cancellation, or a lost connection), the byte chooses that as well. After the step the client gets a pace: it
may come to rest, or run just a few callbacks, so that the next step hits it in the middle of something.

Threads are switched at random as well: a second string says after how many turns, and to whom.

The real client may be elsewhere than the model. Nothing depends on it: steps name callers, and a step that
finds nothing to act on does nothing. The byte 0 is no step at all, and "come to rest" is the first pace, so a
storm that Hypothesis has shrunk is short and calm.
"""

import string
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from poolproof.models.explore import Action, Model
from poolproof.models.multiplexer import Multiplexer
from poolproof.models.pool import Pool

from .adapter import AnyAdapter, SynchronousAdapter
from .plan import Plan, Step, Verb

CHOICES = 24  # in one storm
SWITCHES = 24  # of threads, in one storm
CALLERS = 4  # of the model; each may set out many times
NOT_AT_ALL = Step(Verb.RUN, amount=0)
PACES = (Step(Verb.SETTLE), *(Step(Verb.RUN, amount=callbacks) for callbacks in (0, 1, 2, 3, 5, 8, 13)))
THREAD_PACES = (*PACES[:6], Step(Verb.STEP, amount=20), Step(Verb.STEP, amount=100))
PICKS = 256 // len(PACES)  # several times what any state of the models offers
LONGEST_GAP = 16  # turns between two switches


def storms(client: type[AnyAdapter]) -> st.SearchStrategy[Plan]:
    """Storms for a multiplexer or a pool, with tasks or threads, and cancellations if there are any."""
    make = multiplexer_storm if client.shared else pool_storm
    threads = issubclass(client, SynchronousAdapter)
    paces = THREAD_PACES if threads else PACES
    size = 1 + CHOICES + (SWITCHES if threads else 0)

    def storm(data: bytes) -> Plan:
        plan = make(data[1 : 1 + CHOICES], data[0], _Walk(paces, client.can_be_cancelled()))
        return replace(plan, order=switches(data[1 + CHOICES :])) if threads else plan

    return st.binary(min_size=size, max_size=size).map(storm)


def switches(data: bytes) -> tuple[int, ...]:
    """An order for threads. Each byte: so many turns without a switch, then one. The byte 0 is nothing."""
    order: list[int] = []
    for byte in data:
        if byte:
            choice, gap = divmod(byte, LONGEST_GAP)
            order += [0] * gap + [choice + 1]
    return tuple(order)


def pool_storm(choices: bytes, setting: int, walk: "_Walk") -> Plan:
    """A walk through the pool model."""
    capacity, hold_dials, order = 1 + setting % 2, bool(setting & 2), setting // 4 % 3
    for action in walk.through(Pool(CALLERS, capacity), choices):
        match action:
            case "Acquire", caller:
                walk.call(caller)
            case "Release", caller:
                walk.step(Verb.ANSWER, walk.calls[caller])
            case "Break", caller:
                walk.step(walk.either(*walk.cancel, Verb.CUT, Verb.TEAR), walk.calls[caller])
            case "Cancel", caller if walk.cancel:
                walk.step(Verb.CANCEL, walk.calls[caller])
            case "DialOk", _ if hold_dials:
                walk.step(Verb.ADMIT)
            case "DialFail", _:
                walk.step(Verb.REFUSE)
            case "IdleBreak", _:
                walk.step(Verb.DROP)
            case _:
                pass  # the caller resumes: the client's own doing
    return Plan(tuple(walk.steps), capacity, hold_dials=hold_dials, order=(order,) * CHOICES)


def multiplexer_storm(choices: bytes, setting: int, walk: "_Walk") -> Plan:
    """A walk through the multiplexer model; `owed` are the calls without a reply yet, in order."""
    hold_dials, chunk_bytes = bool(setting & 2), setting // 4 % 4
    owed: list[str] = []
    for action in walk.through(Multiplexer(CALLERS, requests=CHOICES, connections=CHOICES), choices):
        match action:
            case "Send", caller:
                owed.append(walk.call(caller))
            case ("Receive",):
                walk.step(Verb.ANSWER, owed.pop(0))
            case "Cancel", caller if walk.cancel:
                walk.step(Verb.CANCEL, walk.calls[caller])
            case ("Disconnect",) if owed:
                walk.step(walk.either(Verb.CUT, Verb.TEAR), owed[0])
                owed.clear()
            case ("Disconnect",):
                walk.step(Verb.DROP)
            case ("Reconnect",) if hold_dials:
                walk.step(walk.either(Verb.ADMIT, Verb.REFUSE))
            case _:
                pass  # the server serves: the witness does it by itself
    return Plan(tuple(walk.steps), hold_dials=hold_dials, chunk_bytes=chunk_bytes)


class _Walk:
    """Chooses actions and collects steps. `cancel` is empty if callers can't be cancelled."""

    def __init__(self, paces: Sequence[Step], can_be_cancelled: bool) -> None:
        self.cancel = (Verb.CANCEL,) if can_be_cancelled else ()
        self._paces = paces
        self.steps: list[Step] = []
        self._names = iter(string.ascii_lowercase)
        self.calls: dict[int, str] = {}  # which call each of the model's callers is making
        self._spare = 0

    def through(self, model: Model[Any], choices: bytes) -> Iterator[Action]:
        """The actions chosen. What the loop's body adds is followed by the pace that was chosen with them."""
        state = model.initial()
        for choice in choices:
            if not choice:
                continue
            pace, pick = divmod(choice, PICKS)
            offers = [offer for offer in model.actions(state) if offer[0][0] not in ("Close", "Done")]
            self._spare, place = divmod(pick, len(offers))
            action, state = offers[place]
            yield action
            if self._paces[pace] != NOT_AT_ALL:
                self.steps.append(self._paces[pace])

    def call(self, caller: int) -> str:
        """The model's caller makes a new call; its name."""
        name = self.calls[caller] = next(self._names)
        self.step(Verb.CALL, name)
        return name

    def step(self, verb: Verb, call: str = "") -> None:
        """A step, about that call if one is named."""
        self.steps.append(Step(verb, call))

    def either(self, *verbs: Verb) -> Verb:
        """One of the verbs, by what the choice has left over."""
        return verbs[self._spare % len(verbs)]
