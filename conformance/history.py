"""A history is what happened in one run: a list of events in the order in which they happened.

Two witnesses write it. The *world* writes what callers see (they set out, are cancelled, get a value or an
error) and the *witness server* writes what is on the wire; a client can fake neither. Oracles read histories
and nothing else, so a history recorded elsewhere can be judged as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .promises import NONE, Promises

if TYPE_CHECKING:
    from .plan import Plan


class Kind(StrEnum):
    """What happened. The comment says which fields of the event are set besides `at`."""

    # seen by callers
    CALLED = "called"  # caller, text: the step, if it is a batch
    FORKED = "forked"  # caller: it is about to set out in a child process
    CANCELLED = "cancelled"  # caller: it was cancelled or interrupted (it may still return or raise)
    RETURNED = "returned"  # caller, text: the value
    RAISED = "raised"  # caller, text: the error kind, detail: the error as text
    SUBSCRIBING = "subscribing"  # caller: it subscribes
    HEARD = "heard"  # caller, text: a message that it was given
    TOLD = "told"  # caller, text: error kind or none, detail: the error: its subscription has ended
    BORROWED = "borrowed"  # caller, text: error kind or none, detail: the error: it keeps a connection
    RELEASING = "releasing"  # caller: it begins to give back what it has borrowed
    RELEASED = "released"  # caller, text: error kind or none, detail: the error: it has done so
    FATED = "fated"  # caller, text: what the client says became of its command: not_sent, unknown, executed
    # seen on the wire
    DIALLED = "dialled"  # connection: the client asks for a connection
    OPENED = "opened"  # connection: the server accepted it
    REFUSED = "refused"  # connection
    GIVEN_UP = "given up"  # connection: the client stopped dialling
    RECEIVED = "received"  # caller, connection, text: its command, or one of its batch, is at the server
    REPLIED = "replied"  # caller, connection, text: the reply to that command was sent, detail: if an error
    GREETED = "greeted"  # connection, text: a command that is no caller's (handshake, ping) is at the server
    WELCOMED = "welcomed"  # connection, text: the reply to such a command was sent
    CLOSED = "closed"  # connection, text: "client" or "server"
    STRAYED = "strayed"  # connection: bytes were sent there that can be no reply to anything
    SILENCED = "silenced"  # connection: from now on the server sends nothing on it, and does not close it
    GARBAGE = "garbage"  # connection, text: bytes that are no RESP command
    # written by the world
    COLLECTED = "collected"  # caller: garbage collection began where its thread was stopped
    PUBLISHED = "published"  # caller: the channel, text: a message, detail: to how many it was sent
    MISSED = "missed"  # text: a step that found nothing to act on
    HEALED = "healed"  # the faults stopped and every reply owed was sent; patience begins
    RESTED = "rested"  # patience is over: the client had all the time it may want
    PROBED = "probed"  # caller: one of the capacity probe's callers sets out
    NUMBERED = "numbered"  # text: what the client says of its connections and callers
    COUNTED = "counted"  # the capacity probe is over
    CLOSING = "closing"  # the client was told to close
    DRAINING = "draining"  # text: the limit in seconds: the client was told to close once its calls are over
    DRAINED = "drained"  # that close has returned
    ENDED = "ended"  # the run is over
    STILL = "still"  # text: what has not happened by then (only in stories)
    BLOCKED = "blocked"  # caller, text: what its thread waits for when patience is over
    UNHANDLED = "unhandled"  # text: an error that the event loop or the interpreter was left with


LOCKED = "waits for a lock"  # how the text of BLOCKED begins where that is so


class ErrorKind(StrEnum):
    """What an error means, the same words for every client."""

    ACQUIRE_TIMEOUT = "timeout.acquire"  # no connection became available within the acquire limit
    COMMAND_TIMEOUT = "timeout.command"  # no reply came within the command limit
    EXHAUSTED = "exhausted"  # the pool is full and does not let callers wait
    CANCELLED = "cancelled"
    CLOSED = "closed"  # the pool or multiplexer was closed
    REFUSED = "refused"  # no connection could be opened
    LOST = "conn_lost"  # the connection ended before the reply came
    SERVER = "server"  # the server answered with an error
    PROTOCOL = "protocol"  # the server's bytes made no sense
    OTHER = "other"  # the adapter does not know; legal, and listed


class Event(NamedTuple):
    """One event. `at` is virtual seconds since the run began; `connection` counts from 1, 0 is none."""

    at: float
    kind: Kind
    caller: str = ""
    connection: int = 0
    text: str = ""
    detail: str = ""


class Record(Protocol):
    """Writes an event, stamped with the time of the world, into the history."""

    def __call__(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None: ...


class History:
    """The events of one run, in order."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.events: list[Event] = list(events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def first(self, kind: Kind, caller: str = "") -> int | None:
        """The place of the first event of that kind (and caller, if one is named)."""
        for place, event in enumerate(self.events):
            if event.kind is kind and (not caller or event.caller == caller):
                return place
        return None


@dataclass(slots=True)
class Call:
    """What became of one caller. Numbers are places in the history; None: it did not happen.

    received: where its command, or the first one of its batch, arrived at the server, with the connection;
    more than once if it was sent again. replied: where the reply was sent, or the last one of its batch.
    """

    caller: str
    called: int
    received: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    cancelled: int | None = None
    replied: int | None = None
    settled: int | None = None

    @property
    def was_in_flight_when_cancelled(self) -> bool:
        """Its command had been written and its reply had not been sent when it was cancelled."""
        return (
            self.cancelled is not None
            and bool(self.received)
            and self.received[0][0] < self.cancelled
            and (self.replied is None or self.replied > self.cancelled)
        )

    @property
    def was_waiting_when_cancelled(self) -> bool:
        """Nothing of its command had been written when it was cancelled."""
        return self.cancelled is not None and not any(place < self.cancelled for place, _ in self.received)


@dataclass(frozen=True)
class Run:
    """All that an oracle may look at: the plan, what kind of client it was, and the history.

    shared: the client is a multiplexer: many callers use one connection.
    waits: a caller that finds the pool full waits; otherwise it is refused at once.
    extra: connections that the client says it has outside the pool.
    promises: what else it declares.
    patience: how long is long, as a part of what it is in virtual time; real time is not to be had for free.
    """

    plan: Plan
    shared: bool
    waits: bool
    history: History
    extra: int = 0
    promises: Promises = NONE
    patience: float = 1.0

    @cached_property
    def calls(self) -> dict[str, Call]:
        """What became of each caller, those of the ending included, in the order in which they set out."""
        return _calls(self.history)


def _calls(history: History) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for place, event in enumerate(history):
        match event.kind:
            case Kind.CALLED | Kind.PROBED:
                found[event.caller] = Call(event.caller, place)
            case Kind.RECEIVED if event.caller in found:
                received = found[event.caller].received
                if not received or history.events[received[0][0]].text == event.text:
                    received.append((place, event.connection))
            case Kind.CANCELLED:
                found[event.caller].cancelled = place
            case Kind.REPLIED if event.caller in found:
                found[event.caller].replied = place
            case Kind.RETURNED | Kind.RAISED:
                found[event.caller].settled = place
            case _:
                pass
    return found
