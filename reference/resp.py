"""Bytes and values: a command becomes RESP bytes, RESP bytes become replies; hiredis does both.

A command is turned into bytes *before* anything is queued or written, so that an argument which cannot be
encoded is the caller's error and nobody else's: a command that fails half-way through its bytes would shift
every reply behind it (CONN-03). The empty command is refused for the same reason: `*0` is legal RESP to which
a server sends no reply.

A reader is fed whatever arrived and gives back whole replies, in order. "Nothing whole yet" must be told
apart from every reply there is; `None` and `False` are replies (a null, RESP3's `#f`). So it is an object of
our own, `NOT_ENOUGH`, compared by identity.

An error reply is returned, not raised, as a `ServerError`: it is a reply like any other, may stand inside an
array (EXEC), and belongs to the caller it answers, not to whoever reads the connection. Bytes that are not
RESP raise `ProtocolError`; the reader is of no use afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, cast

import hiredis

from .errors import Misuse, ProtocolError, ServerError

Argument: TypeAlias = str | bytes | int | float
Reply: TypeAlias = "bool | int | float | str | bytes | ServerError | list[Reply] | dict[Reply, Reply] | None"
Push = hiredis.PushNotification  # a RESP3 frame that answers no command

NOT_ENOUGH: Final = object()


def encode(command: tuple[Argument, ...]) -> bytes:
    """The command as RESP bytes; `Misuse` if it is empty or an argument cannot be encoded."""
    if not command:
        raise Misuse("an empty command has no reply to wait for: name the command, as in execute('PING')")
    try:
        return _pack(command)
    except (TypeError, ValueError) as error:
        raise Misuse(f"a command is made of str, bytes, int and float; nothing was sent: {error}") from error


_pack = cast(  # its stub allows commands of one word only, and says nothing about what it returns
    "Callable[[tuple[Argument, ...]], bytes]",
    hiredis.pack_command,  # pyright: ignore[reportUnknownMemberType]
)


class Reader(hiredis.Reader):
    """`feed` takes the bytes that arrived; `gets` gives the next whole reply, or `NOT_ENOUGH`."""

    def __init__(self) -> None:
        super().__init__(protocolError=ProtocolError, replyError=ServerError, notEnoughData=NOT_ENOUGH)
