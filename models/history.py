"""Checks over histories: what has happened, judged without knowing how it came about.

A history is recorded from outside, by callers and by a server that notes what it is told. Each event gets a
number from one counter, so that of two events it is known which came first. What lies between the beginning
of an operation and its end is not known, and these checks give the benefit of that doubt: what they find has
happened. They are four, from the simple to the general:

    held_twice      a connection that two callers held at once                           (POOL-02)
    wrong_reply     a reply that went to somebody else than to who had asked for it      (CONN-01)
    out_of_order    a command that was executed before one that its caller sent earlier,
                    or once more                                                         (CALL-05, CALL-07)
    linearization   an order in which the operations, each at once and somewhere between its beginning and
                    its end, do what a machine allows; if there is none, no explanation is left

The first three are fast, for commands carry a name that occurs only once (a nonce), and with names there is
nothing to search for. The fourth is a search (Wing and Gong's, with Lowe's memory of what has been tried): it
takes first what may be first, that is an operation that began before any other one ended. That can take long
where many operations overlap, so it is for histories in which names alone don't decide.

    caller a   ├──acquire──┤        ├─release─┤
    caller b        ├──────acquire──────┤            linearizable only if b's comes after a's release, or
                                                     if they hold two connections

An operation that was never seen to end may have happened, or not.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Machine = TypeVar("Machine", bound=Hashable)
Deed = TypeVar("Deed")


@dataclass(frozen=True)
class Holding:
    """A caller certainly held a connection from the end of its acquire to the beginning of its release.

    The times are numbers of events; `until` is None if it never gave the connection back.
    """

    caller: str
    connection: str
    since: int
    until: int | None


def held_twice(holdings: Iterable[Holding]) -> tuple[Holding, Holding] | None:
    """Two holdings of one connection that overlap; None if there are no such two."""
    latest: dict[str, Holding] = {}
    for holding in sorted(holdings, key=lambda holding: holding.since):
        before = latest.get(holding.connection)
        if before and (before.until is None or before.until > holding.since):
            return before, holding
        latest[holding.connection] = holding
    return None


@dataclass(frozen=True)
class Call:
    """One command of one caller: the nonce it carried, and the nonce its reply carried (None: no reply)."""

    caller: str
    asked: str
    got: str | None


def wrong_reply(calls: Iterable[Call]) -> Call | None:
    """The first call that got the reply to another command; None if every reply went to the right caller."""
    return next((call for call in calls if call.got not in (None, call.asked)), None)


def out_of_order(calls: Iterable[Call], executed: Sequence[str]) -> str | None:
    """The first command in `executed` that comes out of order, or again, or that nobody sent; or None.

    `calls` are in the order in which they were begun. Commands may be missing among the executed ones: the
    connection may have been lost.
    """
    sent = {call.asked: (call.caller, place) for place, call in enumerate(calls)}
    last: dict[str, int] = {}
    for nonce in executed:
        if nonce not in sent:
            return nonce
        caller, place = sent[nonce]
        if place <= last.get(caller, -1):
            return nonce
        last[caller] = place
    return None


@dataclass(frozen=True)
class Operation(Generic[Deed]):
    """What somebody did, with its result, between two events; `ended` is None if no end was seen."""

    deed: Deed
    begun: int
    ended: int | None


def linearization(
    operations: Iterable[Operation[Deed]],
    machine: Machine,
    step: Callable[[Machine, Deed], Machine | None],
) -> list[Operation[Deed]] | None:
    """The operations in an order in which `machine` can have done them one by one; None if there is none.

    `step` gives the machine after a deed, or None if the deed is not allowed. Operations without an end are
    left out of the order where they need not have happened.
    """
    history = sorted(operations, key=lambda operation: operation.begun)
    must_happen = {place for place, operation in enumerate(history) if operation.ended is not None}
    first: tuple[frozenset[int], Machine] = (frozenset(), machine)
    tried, untold = {first}, [(first, list[int]())]
    while untold:
        (done, machine), order = untold.pop()
        if must_happen <= done:
            return [history[place] for place in order]
        for place in may_be_next(history, done):
            after = step(machine, history[place].deed)
            if after is not None and (reached := (done | {place}, after)) not in tried:
                tried.add(reached)
                untold.append((reached, [*order, place]))
    return None


def may_be_next(history: Sequence[Operation[Deed]], done: frozenset[int]) -> list[int]:
    """The operations that are not done, and began before any other of these ended."""
    places: list[int] = []
    first_end: int | None = None
    for place, operation in enumerate(history):
        if place in done:
            continue
        if first_end is not None and operation.begun > first_end:
            break
        places.append(place)
        if operation.ended is not None and (first_end is None or operation.ended < first_end):
            first_end = operation.ended
    return places
