"""One caller's hold on one connection under asyncio."""

# pyright: reportPrivateUsage=false
# Pool and Lease are the two ends of one mechanism: they share what nobody else may see.

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..errors import Misuse, ServerError
from ..pool import CHECK, DIAL, WAIT
from ..resp import Argument, Reply
from ..shell import place
from ..subscriptions import Topic
from .connection import Connection
from .messages import Messages

if TYPE_CHECKING:
    from .pool import Pool


class Lease:
    """One caller's hold on one connection, from acquire to release; await it, or enter it by `async with`."""

    __slots__ = ("_limit", "_pool", "_where", "_woken")
    _limit: asyncio.Timeout  # while the acquire is not served yet
    _woken: asyncio.Future[None]  # while it sleeps

    def __init__(self, pool: Pool, where: CodeType) -> None:
        self._pool = pool
        self._where = where

    def execute(self, *command: Argument) -> asyncio.Future[Reply]:
        """Sends a command and returns its reply to come, which fails with `ServerError` for an error reply,
        with `CommandTimeout`, and with `ConnectionLost`, `ProtocolError` or `Closed` if the connection ends.

        `Misuse`, and nothing sent, if this lease holds no connection or is owed a reply, or if the command
        takes its connection over. If it is cancelled, the connection can only be released, and is closed then
        (CALL-03, CONN-02).
        """
        connection = self._held()
        call = connection.execute(command)
        if connection.deadline < self._pool._look_at:
            self._pool._arm(connection.deadline)
        return call

    def batch(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply]]:
        """Sends the commands together; the replies to come, error replies among them as values (CALL-08)."""
        return self._batch(commands, transaction=False)

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply] | None]:
        """The same between MULTI and EXEC; None if a key that was watched has changed."""
        return self._batch(commands, transaction=True)

    async def subscribe(self, *channels: str | bytes, kind: str = "message", bound: int = 1000) -> Messages:
        """Listens to channels, to patterns (kind "pmessage") or to shard channels (kind "smessage").

        The lease serves for nothing else any more, and its connection is closed at its release.
        """
        connection, messages = self._held(), Messages(bound)
        topics = [Topic(kind, name.encode() if isinstance(name, str) else name) for name in channels]
        confirmed = connection.subscribe(topics, messages)
        self._pool._arm(connection.deadline)
        if refused := [reply for reply in await confirmed if isinstance(reply, ServerError)]:
            raise refused[0]
        return messages

    def _batch(self, commands: Sequence[Sequence[Argument]], transaction: bool) -> asyncio.Future[Any]:
        connection = self._held()
        call = connection.batch(commands, transaction)
        self._pool._arm(connection.deadline)
        return call

    def _held(self) -> Connection:
        loan = self._pool._core.lent.get(self)
        if loan is None:
            raise Misuse("this lease holds no connection: await it first; after its release acquire anew")
        return loan[0]

    def __await__(self) -> Generator[object, None, Lease]:
        pool = self._pool
        step = pool._core.acquire(self, pool._clock())
        if step is WAIT or step is DIAL or step is CHECK or pool._core.idle.discarded:
            yield from pool._complete(self, step).__await__()
        return self

    async def __aenter__(self) -> Lease:
        pool = self._pool
        step = pool._core.acquire(self, pool._clock())
        if step is WAIT or step is DIAL or step is CHECK or pool._core.idle.discarded:
            await pool._complete(self, step)
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self._pool.release(self)

    def __str__(self) -> str:
        """Where it was acquired."""
        return place(self._where)
