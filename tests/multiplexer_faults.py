"""The multiplexer's core with one thing done wrong, to see that the lockstep notices."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from poolproof.reference.errors import Overflow
from poolproof.reference.multiplexer import (
    CLOSED,
    DOWN,
    FLUSH_NOW,
    FLUSH_SOON,
    NOTHING,
    UP,
    Ended,
    Next,
)

from .multiplexer_in_step import Command, Core


class NewestFirst(Core):
    """A reply goes to who sent last."""

    def received(self, epoch: int, replies: int) -> list[Command]:
        self.in_flight.reverse()
        calls = super().received(epoch, replies)
        self.in_flight.reverse()
        return calls


class NoTombstone(Core):
    """Who has given up does not keep its place in flight."""

    def received(self, epoch: int, replies: int) -> list[Command]:
        while self.in_flight and self.in_flight[0].done():
            self.in_flight.popleft()
        return super().received(epoch, replies)


class PushIsAReply(Core):
    """A push that says subscribed settles whoever is next."""

    def confirmed(self, epoch: int) -> list[Command]:
        return super().received(epoch, 1) if self.in_flight else []


class ForgottenCallers(Core):
    """The connection is lost, and nobody is told."""

    def lost(self, epoch: int) -> Ended[Command]:
        super().lost(epoch)
        return Ended()


class BacklogForgotten(Core):
    """The connection is lost; those whose commands were not written are not told."""

    def lost(self, epoch: int) -> Ended[Command]:
        return Ended(unknown=super().lost(epoch).unknown)


class StaleInFlight(Core):
    """The connection is lost; what was in flight waits for replies of the next one."""

    def lost(self, epoch: int) -> Ended[Command]:
        kept = list(self.in_flight)
        ended = super().lost(epoch)
        self.in_flight.extend(kept)
        return ended


class SentAgain(Core):
    """The connection is lost; what was in flight goes back to the backlog."""

    def lost(self, epoch: int) -> Ended[Command]:
        again = [(b"%d.%d " % call.request, call, 1) for call in self.in_flight if not call.done()]
        ended = super().lost(epoch)
        if again and epoch == self.epoch - 1:
            self.backlog.extend(again)
            self.backlogged += len(again)
        return Ended(not_sent=ended.not_sent) if again else ended


class BacklogKept(Core):
    """The connection is lost; everybody is told, and what was not written is written all the same."""

    def lost(self, epoch: int) -> Ended[Command]:
        kept, count = list(self.backlog), self.backlogged
        ended = super().lost(epoch)
        if ended.not_sent:
            self.backlog.extend(kept)
            self.backlogged = count
        return ended


class BacklogIsUnknown(Core):
    """The connection is lost; what was not written may have been executed, they are told."""

    def lost(self, epoch: int) -> Ended[Command]:
        ended = super().lost(epoch)
        return Ended(unknown=(*ended.unknown, *ended.not_sent))


class InFlightIsNotSent(Core):
    """The connection is lost; what was written is safe to send again, they are told."""

    def lost(self, epoch: int) -> Ended[Command]:
        ended = super().lost(epoch)
        return Ended(not_sent=(*ended.unknown, *ended.not_sent))


class LateNewsCount(Core):
    """News of an epoch that is over end the present one."""

    def lost(self, epoch: int) -> Ended[Command]:  # noqa: ARG002
        return super().lost(self.epoch)


class LateRepliesCount(Core):
    """Replies of an epoch that is over are given to callers of the present one."""

    def received(self, epoch: int, replies: int) -> list[Command]:  # noqa: ARG002
        return super().received(self.epoch, replies)


class OpenedTooLate(Core):
    """A connection of an epoch that is over is taken for the present one."""

    def opened(self, epoch: int, restore: Iterable[tuple[bytes, Command]] = ()) -> None:
        if self.link is not CLOSED:
            super().opened(self.epoch if epoch == self.epoch - 1 else epoch, restore)


class UnboundedInFlight(Core):
    """All of the backlog is written, however much is in flight."""

    def flush(self) -> bytes:
        self.max_in_flight, bound = 1_000, self.max_in_flight
        written = super().flush()
        self.max_in_flight = bound
        return written


class UnboundedBacklog(Core):
    """Without a connection nothing is refused."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        bound = self.bound
        self.bound += 0 if self.link is UP else 1
        try:
            return super().send(data, call, replies)
        finally:
            self.bound = bound


class OneTooFew(Core):
    """The last place of the bound is not given away."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        if len(self.in_flight) + self.backlogged + replies == self.bound:
            raise Overflow("full")
        return super().send(data, call, replies)


class OpenedByUse(Core):
    """A closed multiplexer that is used again dials again."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        self.link = DOWN if self.link is CLOSED else self.link
        return super().send(data, call, replies)


class GivenUpIsWritten(Core):
    """What its caller has given up in the backlog is written as if nothing had happened."""

    def flush(self) -> bytes:
        given_up = [call for _, call, _ in self.backlog if call.over]
        for call in given_up:
            call.over = False
        written = super().flush()
        for call in given_up:
            call.over = True
        return written


class LoneCallerWaits(Core):
    """A lone command is written with the next flush."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        step = super().send(data, call, replies)
        return FLUSH_SOON if step is FLUSH_NOW else step


class NobodyFlushes(Core):
    """What joins others in flight is left to a flush that nobody makes."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        step = super().send(data, call, replies)
        return NOTHING if step is FLUSH_SOON else step


FAULTS = [
    NewestFirst,
    NoTombstone,
    PushIsAReply,
    ForgottenCallers,
    BacklogForgotten,
    StaleInFlight,
    SentAgain,
    BacklogKept,
    BacklogIsUnknown,
    InFlightIsNotSent,
    LateNewsCount,
    LateRepliesCount,
    OpenedTooLate,
    UnboundedInFlight,
    UnboundedBacklog,
    OneTooFew,
    OpenedByUse,
    GivenUpIsWritten,
    LoneCallerWaits,
    NobodyFlushes,
]


class BacklogInAnyOrder(Core):
    """The backlog is written from its end."""

    def flush(self) -> bytes:
        self.backlog.reverse()
        written = super().flush()
        self.backlog.reverse()
        return written


class OneAtATime(Core):
    """Several replies that come together are all given to the first caller."""

    def received(self, epoch: int, replies: int) -> list[Command]:
        calls = super().received(epoch, replies)
        return list(repeat(calls[0], len(calls))) if calls else []


LARGE_FAULTS = [BacklogInAnyOrder, OneAtATime]
