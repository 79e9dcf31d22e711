"""Several commands that stay together: one call that is owed several replies (CALL-08).

A batch takes its replies one by one, as a call of one command takes its own, and settles its caller's call
with all of them when the last has come; an error reply stands at its place among them. A transaction is a
batch between MULTI and EXEC, whose caller is given the reply to EXEC: the replies to its commands, or None if
a watched key was changed. If the server refused one of its commands, EXEC fails, and so does the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

from .commands import Route, blocks_for_seconds, route, why_not_shared
from .errors import Misuse, PoolproofError, ServerError
from .resp import Argument, Reply, encode
from .session import Session

Command: TypeAlias = tuple[Argument, ...]
SHARED, SESSION, BLOCKING = Route.SHARED, Route.SESSION, Route.BLOCKING


class Settled(Protocol):
    """A call as its caller holds it; a future will do."""

    def done(self) -> bool: ...
    def set_result(self, result: Reply, /) -> object: ...
    def set_exception(self, exception: PoolproofError, /) -> object: ...


class Batch:
    """A call that takes `wanted` replies, and settles `call` with the outcome of them."""

    def __init__(self, call: Settled, wanted: int, transaction: bool) -> None:
        self.call = call
        self.replies: list[Reply] = []
        self._wanted = wanted
        self._transaction = transaction

    def done(self) -> bool:
        return self.call.done()

    def set_result(self, reply: Reply) -> None:
        self.replies.append(reply)
        if len(self.replies) == self._wanted:
            try:
                self.call.set_result(outcome(self.replies, self._transaction))
            except ServerError as error:
                self.call.set_exception(error)

    def set_exception(self, error: PoolproofError) -> None:
        if isinstance(error, ServerError):  # it answers one command; any other error ends the batch
            self.set_result(error)
        else:
            self.call.set_exception(error)


def outcome(replies: list[Reply], transaction: bool) -> Reply:
    """What the caller of a batch or a transaction is given, or the `ServerError` that it gets."""
    if not transaction:
        return replies
    if isinstance(replies[-1], ServerError):
        refused = next((reply for reply in replies if isinstance(reply, ServerError)), None)
        raise replies[-1] from refused if refused is not replies[-1] else None
    return replies[-1]


def together(commands: Iterable[Sequence[Argument]], transaction: bool) -> tuple[list[Command], bytes]:
    """The commands that are to be sent, and their bytes; `Misuse` if there are none or one is bad."""
    inner = [tuple(command) for command in commands]
    if not inner:
        raise Misuse("an empty batch has no replies to wait for")
    every: list[Command] = [("MULTI",), *inner, ("EXEC",)] if transaction else inner
    return every, b"".join(map(encode, every))


def shared(commands: Iterable[Command]) -> None:
    """`Misuse` if one of them must not share a connection with other callers (MUX-04, MUX-10)."""
    for command in commands:
        if route(command) is not SHARED:
            raise Misuse(why_not_shared(command))


def leased(command: Command) -> float:
    """For how long the command may block a connection of one's own; `Misuse` if it would end its use."""
    way = route(command)
    if way is SHARED or way is SESSION:
        return 0.0
    if way is BLOCKING:
        return blocks_for_seconds(command)
    raise Misuse(why_not_shared(command))


def answered(session: Session, commands: Iterable[Command], replies: Iterable[Reply]) -> None:
    """Tells the session what was refused; an EXEC that aborts has ended its transaction all the same."""
    for command, reply in zip(commands, replies, strict=False):
        if isinstance(reply, ServerError) and not str(reply).startswith("EXECABORT"):
            session.refused(command)
            session.answered_wrongly(str(reply))
