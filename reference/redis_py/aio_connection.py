"""redis-py's connection for asyncio, as the reference's pool wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Any

import redis
from redis.asyncio.connection import AbstractConnection

from ..commands import learn
from ..errors import ConnectionLost, PoolproofError
from ..ownership import disown
from ..resp import Argument, encode
from .account import Account, commands_in, unread
from .errors import connect_failed
from .threads_connection import CHECK_SECONDS


class Connection(Account, AbstractConnection):
    """Stands before the class of the user's choice, as that for threads does."""

    deadline = inf  # redis-py keeps its own limit of a command, `socket_timeout`
    _heard = -inf  # when the last reply was read

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lost: Callable[[Connection], None] = lambda _: None  # the pool's core hears of its end

    @property
    def _redis(self) -> Any:
        """The same connection, as redis-py has it."""
        return super()

    async def connect(self) -> None:
        """Dials if it has to. Fails with an error of redis-py's and ours, and leaves no socket (CONN-06)."""
        if self.is_connected:
            return
        self.unless_closed()
        await asyncio.sleep(0)  # closes a race: a socket aborted in this turn is closed in the next (POOL-01)
        self.open_account()
        try:
            await self._redis.connect()
            self.unless_closed()  # closes a race: the pool was closed meanwhile
        except BaseException as error:
            await self.disconnect()  # redis-py does so after its own errors only (CONN-05)
            if isinstance(error, Exception):
                raise connect_failed(error) from error
            raise
        self.greeted()
        self._heard = self._now()

    async def disconnect(self, *_: Any, **reasons: Any) -> None:
        """At once, whatever is asked for: who waits here can be cancelled, and would strand it."""
        self._cut()
        await self._redis.disconnect(**(reasons | {"nowait": True}))

    async def send_packed_command(
        self, command: str | bytes | Iterable[bytes], check_health: bool = True
    ) -> None:
        await self.connect()  # here and not within: else its handshake would be taken for the caller's
        chunks, commands = commands_in(command)
        for name in self.unheard_of(commands):
            await self.send_packed_command([encode(("COMMAND", "INFO", name))], check_health)
            with suppress(redis.ResponseError):
                learn(name, await self.read_response())
        self.sent(commands)
        await self._redis.send_packed_command(chunks, check_health)

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            reply = await self._redis.read_response(*arguments, **options)
        except redis.ResponseError as error:
            self.answered(error)
            raise
        self.answered()
        self._heard = self._now()
        return reply

    # What the pool asks of its connections.

    @property
    def calls(self) -> bool:
        """Whether it is owed a reply, or cannot be lent again for another reason."""
        return self.owed or self.ended is not None or not self.is_connected or self.spoiled()

    def alive(self) -> bool:
        """Whether it can be lent: it has not ended, and nothing came that would be taken for an answer."""
        if self._reader is None or self._writer is None or self.ended is not None:
            return False
        over = self._reader.at_eof() or self._reader.exception() or self._writer.transport.is_closing()
        return not (over or getattr(self._reader, "_buffer", None) or unread(self._parser))

    def fit(self) -> bool:
        """Whether it can be lent unasked: it is alive, and was heard of not long ago."""
        return self._now() - self._heard < self.check_after_seconds and self.alive()

    async def execute(self, command: tuple[Argument, ...]) -> None:
        """The pool's PING, before it lends one that is not fit."""
        if not self.alive():
            raise ConnectionLost("it was found dead")
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self.send_packed_command([encode(command)], check_health=False)
                await self.read_response()
        except (redis.RedisError, OSError) as error:
            raise ConnectionLost(f"no answer to a PING: {error}") from error

    def abort(self, kind: type[PoolproofError], reason: str) -> None:
        """Ends it; for whoever uses it, it is as if the server had. Its socket is closed in the next turn."""
        self.give_up(kind, reason)
        self._cut()  # even if it had ended, for redis-py may have dialled again since
        self.lost(self)
        loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = loop.create_future()  # done when the socket is closed
        loop.call_soon(self.gone.set_result, None)

    def disown(self) -> None:
        """In a child of a fork: leaves the socket to the parent (LIFE-07)."""
        if self._writer is not None:
            disown(self._writer.transport.get_extra_info("socket").fileno())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _cut(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    def __del__(self, *_: object) -> None:
        """The pool tells of what was never closed, and so does the socket."""
