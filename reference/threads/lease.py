"""One thread's hold on one connection."""

# pyright: reportPrivateUsage=false
# Pool and Lease are the two ends of one mechanism: they share what nobody else may see.

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from time import monotonic
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..errors import Fate, Misuse
from ..resp import Argument, Reply
from ..shell import place
from ..subscriptions import Message, Topic
from .calls import Sleeper
from .connection import Connection

if TYPE_CHECKING:
    from .pool import Pool


class Lease:
    """One caller's hold on one connection, from acquire to release; for one thread at a time."""

    __slots__ = ("_bereft", "_pool", "_sleeper", "_used", "_where")
    _sleeper: Sleeper  # while it waits for its turn
    _bereft: bool  # set once its connection had died unused and none replaced it: it has nothing to give back

    def __init__(self, pool: Pool, where: CodeType) -> None:
        self._pool = pool
        self._where = where
        self._used = False

    def execute(self, *command: Argument) -> Reply:
        """Sends a command and returns its reply. Raises `ServerError` for an error reply, `CommandTimeout`,
        and `ConnectionLost`, `ProtocolError` or `Closed` if the connection ends.

        `Misuse`, and nothing sent, if this lease holds no connection or is owed a reply, or if the command
        takes its connection over. If it is interrupted, the connection can only be released, and is closed
        then (CALL-03, CONN-02).
        """
        return self._usable().execute(command)

    def batch(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """Sends them together; a list of the replies, error replies among them as values (CALL-08)."""
        return self._usable().batch(commands, transaction=False)

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """The same between MULTI and EXEC; None if a key that was watched has changed."""
        return self._usable().batch(commands, transaction=True)

    def subscribe(self, *channels: str | bytes, kind: str = "message") -> None:
        """Listens to channels, to patterns (kind "pmessage") or to shard channels (kind "smessage"); then
        `message` waits for what is published. The connection is closed at the release of this lease."""
        names = [name.encode() if isinstance(name, str) else name for name in channels]
        self._usable().subscribe([Topic(kind, name) for name in names])

    def message(self, wait_seconds: float = inf) -> Message | None:
        """The next message; None if none has come by then."""
        return self._held().message(wait_seconds)

    def _held(self) -> Connection:
        loan = self._pool._core.lent.get(self)
        if loan is None:
            raise Misuse("this lease holds no connection: after its release acquire anew")
        return loan[0]

    def _usable(self) -> Connection:
        """Its connection; a fresh one in its place, if it had died before it was used."""
        connection = self._held()
        if connection.owed or connection.alive():  # if owed, it will be refused
            self._used = True
            return connection
        if self._used:
            raise connection.error(Fate.NOT_SENT)
        try:
            self._pool._complete(self, self._pool._replace(self, connection), monotonic())
        except BaseException:
            self._bereft = True
            self._pool._give_up(self)
            raise
        return self._usable()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._pool.release(self)

    def __str__(self) -> str:
        """Where it was acquired."""
        return place(self._where)
