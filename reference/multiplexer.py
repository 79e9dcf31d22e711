"""The multiplexer's core: whose reply comes next on the one connection that all callers share.

RESP replies carry no name. The k-th reply on a connection belongs to the k-th command written on it (MUX-01),
so the core is two queues and the rule that nothing ever leaves the second one but by a reply, or by the end
of the connection:

    send ---> backlog --- flush ---> in flight --- received ---> the caller
              (accepted, not         (written,
               yet written)           reply owed)

*Tombstones.* A caller that gives up stays in the queues; its call says so itself, by `done()`. In flight its
reply is dropped when it comes (MUX-02); in the backlog it is passed over when its turn comes, and never sent
(CALL-04). Until then it counts towards the bounds, for it takes memory.

*Pipelining.* A command is written at once when nothing is in flight, so that a lone caller waits for nobody,
and else by the next flush, one write for all that gathered. At most `max_in_flight` commands are in flight;
replies make room for the oldest in the backlog. Nobody is woken to send for itself, for it could be gone by
then. A batch is one entry that is owed several replies: all its commands are sent, or none (CALL-08).

*Epochs.* An epoch is one life of the connection. When it ends, all in flight fail with fate unknown, the
backlog with fate not sent, and nothing is sent twice (CALL-05). The next command dials again (LIFE-05), after
a pause if dials have failed (LIFE-06). News of an epoch that is over changes nothing (MUX-06).

        send                     opened
    DOWN ----------> DIALLING -----------> UP        any of them --- close ---> CLOSED
     ^                  |                   |
     '------ lost ------'------- lost ------'
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import chain, islice, repeat
from math import inf
from typing import Generic, Protocol, TypeVar

from .errors import Closed, Misuse, Overflow
from .marks import Mark, Marks, Pauses


class Call(Protocol):
    def done(self) -> bool: ...  # it is settled, or given up by its caller; a future will do


CallT = TypeVar("CallT", bound=Call)


class Link(Enum):
    """The shared connection."""

    DOWN = "down"  # there is none; the next command asks for a dial
    DIALLING = "dialling"  # being opened, or about to be; commands gather in the backlog
    UP = "up"
    CLOSED = "closed"  # for good


class Next(Enum):
    """What follows from a command that was accepted."""

    DIAL = "dial"  # after a pause open a connection for `epoch`, then say `opened` or `lost`
    FLUSH_NOW = "flush now"
    FLUSH_SOON = "flush soon"  # once the callers that are running now have had their say
    NOTHING = "nothing"  # a flush is due already, or will follow from `opened` or from a reply


@dataclass(frozen=True)
class Ended(Generic[CallT]):
    """Calls that are to be failed."""

    unknown: tuple[CallT, ...] = ()  # they were in flight
    not_sent: tuple[CallT, ...] = ()  # they were in the backlog


# A member looked up in its class costs more than all else that is done per command.
DOWN, DIALLING, UP, CLOSED = Link
DIAL, FLUSH_NOW, FLUSH_SOON, NOTHING = Next


class MultiplexerCore(Generic[CallT]):
    """Two queues and the state of the link.

    Invariant:
        in flight <= max_in_flight, or it is one batch; in flight + backlog <= bound                  (MUX-05)
        nothing is in flight unless the link is up; the backlog is empty unless it is up or dialling
        while the link is up and the backlog is not empty: a flush was asked for, or nothing more fits
    """

    def __init__(self, max_in_flight: int, max_backlog: float, limit_seconds: float = inf) -> None:
        if max_in_flight < 1 or max_backlog < 0:
            raise Misuse(f"max_in_flight is {max_in_flight}, max_backlog {max_backlog}: at least 1 and 0")
        self.max_in_flight = max_in_flight
        self.bound = max_in_flight + max_backlog
        self.link = DOWN
        self.draining = False
        self.epoch = 1  # the present one, or the next when there is none
        self.in_flight: deque[CallT] = deque()  # once for each reply that it is owed
        self.backlog: deque[tuple[bytes, CallT, int]] = deque()  # with the number of its replies
        self.backlogged = 0  # replies that the backlog will be owed
        self.confirming: set[CallT] = set()  # they subscribe: unless refused, a push answers them (MUX-08)
        self.answered = 0  # replies, since the beginning
        self.heard = 0  # raised by the shell whenever bytes come
        self._marks = Marks(limit_seconds)
        self.pauses = Pauses()
        self._answered_before = 0  # this epoch

    def send(self, data: bytes, call: CallT, replies: int = 1) -> Next:
        """Accepts encoded commands. `Overflow` at the bound, connected or not; `Closed` after close."""
        link = self.link
        if link is CLOSED or self.draining:
            raise Closed("the multiplexer is closed: open a new one")
        in_flight, backlogged = len(self.in_flight), self.backlogged
        if in_flight + backlogged + replies > self.bound:
            raise Overflow(f"{self}: wait for replies before sending more, or raise max_backlog")
        self.backlogged = backlogged + replies  # first: after the call of `append` an interrupt may strike
        self.backlog.append((data, call, replies))
        if link is UP:
            if not in_flight:
                return NOTHING if backlogged else FLUSH_NOW
            return NOTHING if backlogged or in_flight + replies > self.max_in_flight else FLUSH_SOON
        if link is DIALLING:
            return NOTHING
        self.link = DIALLING
        return DIAL

    def dial(self) -> bool:
        """Asks for a connection although nobody has sent anything; true if a dial follows."""
        if self.link is not DOWN or self.draining:
            return False
        self.link = DIALLING
        return True

    def opened(self, epoch: int, restore: Iterable[tuple[bytes, CallT]] = ()) -> None:
        """The connection of `epoch` is open. A flush follows, which first sends what restores the session."""
        if epoch == self.epoch:
            self.link = UP
            self._answered_before = self.answered
            restoring = list(restore)
            for data, call in reversed(restoring):
                self.backlog.appendleft((data, call, 1))
            self.backlogged += len(restoring)
            self.confirming.update(call for _, call in restoring)
            self._marks.shift(self.answered, len(restoring))  # behind them the others stand

    def flush(self) -> bytes:
        """Moves from the backlog to the wire what there is room for, oldest first; the bytes to write now."""
        written: list[bytes] = []
        in_flight, backlog = self.in_flight, self.backlog
        if self.link is UP:
            room, moved = self.max_in_flight - len(in_flight), 0
            while backlog and (backlog[0][2] <= room or not in_flight):
                data, call, replies = backlog.popleft()
                moved += replies
                if call.done():
                    self._marks.shift(self.answered + len(in_flight), -replies)
                    self.confirming.discard(call)
                    continue
                room -= replies
                written.append(data)
                if replies == 1:
                    in_flight.append(call)
                else:
                    in_flight.extend(repeat(call, replies))
            self.backlogged -= moved
        return b"".join(written)

    def received(self, epoch: int, replies: int) -> list[CallT]:
        """Whom these replies are for, in order; fewer if nobody asked for the rest. A flush follows."""
        if epoch != self.epoch:
            return []
        pop = self.in_flight.popleft
        calls = [pop() for _ in range(min(replies, len(self.in_flight)))]
        self.answered += len(calls)
        if self.confirming:
            self.confirming.difference_update(calls)
        return calls

    def confirmed(self, epoch: int) -> list[CallT]:
        """A push came that says (un)subscribed: the call that it answers, if one asked for it."""
        if epoch == self.epoch and self.in_flight and self.in_flight[0] in self.confirming:
            return self.received(epoch, 1)
        return []

    def tick(self, now: float) -> tuple[Ended[CallT], bool]:
        """The calls that waited too long (CALL-01), and whether the server was silent as long (CONN-10)."""
        accepted = self.answered + len(self.in_flight) + self.backlogged
        old = self._marks.make(Mark(now, accepted, self.heard))
        if old is None or (overdue := old.accepted - self.answered) <= 0:
            return Ended(), False
        in_flight = len(self.in_flight)
        backlog = chain.from_iterable(repeat(call, replies) for _, call, replies in self.backlog)
        unknown = islice(self.in_flight, overdue)
        not_sent = islice(backlog, max(0, overdue - in_flight))
        return Ended(_waiting(unknown), _waiting(not_sent)), old.heard == self.heard and in_flight > 0

    def lost(self, epoch: int) -> Ended[CallT]:
        """The connection of `epoch` has ended, or could not be opened."""
        if epoch != self.epoch:
            return Ended()
        self.pauses.ended(worked=self.link is UP and self.answered > self._answered_before)
        return self._end(DOWN)

    def drain(self) -> None:
        """Nothing is accepted any more; what was is served, until the core is `empty` (LIFE-03)."""
        self.draining = True

    def close(self) -> Ended[CallT]:
        """The end, now; closing again changes nothing (LIFE-02, LIFE-04)."""
        return self._end(CLOSED)

    @property
    def sendable(self) -> bool:  # a flush would write something
        room = self.max_in_flight - len(self.in_flight) if self.in_flight else inf
        return self.link is UP and bool(self.backlog) and self.backlog[0][2] <= room

    @property
    def empty(self) -> bool:  # nobody is owed anything
        return not (self.in_flight or self.backlog)

    def __str__(self) -> str:
        in_flight = f"{len(self.in_flight)} commands in flight (max_in_flight {self.max_in_flight})"
        backlog = f"{self.backlogged} in the backlog (max_backlog {self.bound - self.max_in_flight})"
        return f"{in_flight}, {backlog}, link {self.link.value}"

    def check(self) -> None:
        """Asserts the invariant but for its last line: only the shell knows whether a flush is to come."""
        owed = len(self.in_flight)
        assert owed <= self.max_in_flight or len(set(self.in_flight)) == 1, "too many in flight"
        assert owed + self.backlogged <= self.bound + len(self.confirming), "too many accepted"
        assert self.backlogged == sum(replies for _, _, replies in self.backlog), "miscounted"
        assert not owed or self.link is UP, "in flight without a connection"
        assert not self.backlog or self.link in (UP, DIALLING), "a backlog that nothing will send"

    def _end(self, link: Link) -> Ended[CallT]:
        ended = Ended(_waiting(self.in_flight), _waiting(call for _, call, _ in self.backlog))
        self.in_flight.clear()
        self.backlog.clear()
        self.backlogged = 0
        self.confirming.clear()
        self._marks.clear()
        self.link = link
        self.epoch += 1
        return ended


def _waiting(calls: Iterable[CallT]) -> tuple[CallT, ...]:
    return tuple(call for call in dict.fromkeys(calls) if not call.done())
