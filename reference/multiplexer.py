"""The multiplexer's core: whose reply comes next on the one connection that all callers share.

RESP replies carry no name. The k-th reply on a connection belongs to the k-th command written on it (MUX-01),
so the core is two queues and the rule that nothing ever leaves the second one but by a reply, or by the end
of the connection:

    send ---> backlog --- flush ---> in flight --- received ---> the caller
              (accepted, not         (written,
               yet written)           reply owed)

*Tombstones.* A caller that gives up (cancelled, timed out) is not taken out of the queues; its call says so
itself, by `done()`. In flight it keeps its place and its reply is dropped when it comes (MUX-02); in the
backlog it is passed over when its turn comes, and never sent (CALL-04). Until then it counts towards the
bounds, for it takes memory.

*Pipelining.* A command is written at once when nothing is in flight, so that a lone caller waits for nobody.
Otherwise it is written by the next flush, one write for all that gathered. At most `max_in_flight` commands
are in flight; the replies make room for the oldest in the backlog. Nobody is woken to send for itself:
between the wake-up and its turn it could be gone.

*Epochs.* An epoch is one life of the connection. When it ends, all in flight fail with fate unknown and the
backlog fails with fate not sent; nothing is sent a second time (CALL-05), nothing waits for a server that may
be gone for long, and the next command dials again (LIFE-05). News of an epoch that is over changes nothing
(MUX-06).

        send                     opened
    DOWN ----------> DIALLING -----------> UP        any of them --- close ---> CLOSED
     ^                  |                   |
     '------ lost ------'------- lost ------'

Left out as yet: which commands may share a connection (MUX-04), subscriptions (MUX-09), back-off between
dials (LIFE-06).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from .errors import Closed, Misuse, Overflow, ProtocolError


class Call(Protocol):
    """One caller's command, waiting for its reply; a future will do."""

    def done(self) -> bool:
        """True once it is settled, or given up by its caller."""
        ...


CallT = TypeVar("CallT", bound=Call)


class Link(Enum):
    """The shared connection."""

    DOWN = "down"  # there is none; the next command asks for a dial
    DIALLING = "dialling"  # being opened; commands gather in the backlog
    UP = "up"
    CLOSED = "closed"  # for good


class Next(Enum):
    """What follows from a command that was accepted."""

    DIAL = "dial"  # open a connection for `epoch`, then say `opened` or `lost`
    FLUSH_NOW = "flush now"
    FLUSH_SOON = "flush soon"  # once the callers that are running now have had their say
    NOTHING = "nothing"  # a flush is due already, or will follow from `opened` or from a reply


@dataclass(frozen=True)
class Ended(Generic[CallT]):
    """The calls that an epoch leaves behind, to be failed."""

    unknown: tuple[CallT, ...] = ()  # they were in flight
    not_sent: tuple[CallT, ...] = ()  # they were in the backlog


# A member looked up in its class costs more than all else that is done per command.
DOWN, DIALLING, UP, CLOSED = Link
DIAL, FLUSH_NOW, FLUSH_SOON, NOTHING = Next


class MultiplexerCore(Generic[CallT]):
    """Two queues and the state of the link.

    Invariant:
        in flight <= max_in_flight; in flight + backlog <= max_in_flight + max_backlog                (MUX-05)
        nothing is in flight unless the link is up; the backlog is empty unless it is up or dialling
        while the link is up and the backlog is not empty: a flush was asked for, or nothing more fits in
        flight
    """

    def __init__(self, max_in_flight: int, max_backlog: int) -> None:
        if max_in_flight < 1 or max_backlog < 0:
            raise Misuse(
                f"max_in_flight is {max_in_flight}, at least 1; max_backlog is {max_backlog}, at least 0"
            )
        self.max_in_flight = max_in_flight
        self.max_backlog = max_backlog
        self.link = DOWN
        self.epoch = 1  # the present one, or the next when there is none
        self.in_flight: deque[CallT] = deque()
        self.backlog: deque[tuple[bytes, CallT]] = deque()

    def send(self, data: bytes, call: CallT) -> Next:
        """Accepts an encoded command. `Overflow` at the bound, connected or not; `Closed` after close."""
        if self.link is CLOSED:
            raise Closed("the multiplexer is closed: open a new one")
        in_flight, backlog = len(self.in_flight), len(self.backlog)
        if in_flight + backlog >= self.max_in_flight + self.max_backlog:
            raise Overflow(f"{self}: wait for replies before sending more, or raise max_backlog")
        self.backlog.append((data, call))
        if self.link is UP:
            if backlog or in_flight == self.max_in_flight:
                return NOTHING
            return FLUSH_SOON if in_flight else FLUSH_NOW
        if self.link is DIALLING:
            return NOTHING
        self.link = DIALLING
        return DIAL

    def opened(self, epoch: int) -> None:
        """The connection of `epoch` is open; a flush follows."""
        if epoch == self.epoch:
            self.link = UP

    def flush(self) -> bytes:
        """Moves from the backlog to the wire what there is room for, oldest first; the bytes to write now."""
        written: list[bytes] = []
        if self.link is UP:
            room = self.max_in_flight - len(self.in_flight)
            while self.backlog and len(written) < room:
                data, call = self.backlog.popleft()
                if not call.done():
                    written.append(data)
                    self.in_flight.append(call)
        return b"".join(written)

    def received(self, epoch: int) -> CallT | None:
        """A reply arrived: the call it settles, None if its caller is gone. `ProtocolError` if nobody asked.

        It makes room: when all replies at hand have been received, a flush follows.
        """
        if epoch != self.epoch:
            return None
        if not self.in_flight:
            raise ProtocolError("a reply came that nobody asked for")
        call = self.in_flight.popleft()
        return None if call.done() else call

    def lost(self, epoch: int) -> Ended[CallT]:
        """The connection of `epoch` has ended, or could not be opened."""
        return self._end(DOWN) if epoch == self.epoch else Ended()

    def close(self) -> Ended[CallT]:
        """The end, now; closing again changes nothing (LIFE-02, LIFE-04)."""
        return self._end(CLOSED)

    def __str__(self) -> str:
        return (
            f"{len(self.in_flight)} commands in flight (max_in_flight {self.max_in_flight}),"
            f" {len(self.backlog)} in the backlog (max_backlog {self.max_backlog}), link {self.link.value}"
        )

    def check(self) -> None:
        """Asserts the invariant but for its last line: only the shell knows whether a flush is to come."""
        owed, waiting = len(self.in_flight), len(self.backlog)
        assert owed <= self.max_in_flight, "too many in flight"
        assert owed + waiting <= self.max_in_flight + self.max_backlog, "too many accepted"
        assert not owed or self.link is UP, "in flight without a connection"
        assert not waiting or self.link in (UP, DIALLING), "a backlog that nothing will send"

    def _end(self, link: Link) -> Ended[CallT]:
        ended = Ended(
            unknown=tuple(call for call in self.in_flight if not call.done()),
            not_sent=tuple(call for _, call in self.backlog if not call.done()),
        )
        self.link = link
        self.epoch += 1
        self.in_flight.clear()
        self.backlog.clear()
        return ended
