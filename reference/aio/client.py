"""Both ways in one, for asyncio: what may share a connection does, what needs one for itself gets one.

Multiplexing is fast, and cannot carry a command that blocks; pooling carries everything, one command at a
time. `commands.py` says which is which. What it does not know, the server is asked about once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..batch import BLOCKING, SHARED
from ..commands import known, learn, route, why_not_shared, word
from ..errors import Misuse, ServerError
from ..resp import Argument, Reply
from ..shell import options_of
from ..url import Settings
from .lease import Lease
from .messages import Messages
from .multiplexer import Multiplexer
from .pool import Pool

COUNTS_ITS_OWN_WRITES = ("wait", "waitaof")  # on a connection that nobody wrote on they promise nothing


class Client:
    """A multiplexer and a pool for one server; the options are those of both, by keyword."""

    def __init__(self, server: str | Settings = "redis://127.0.0.1:6379", **options: Any) -> None:
        settings = Settings.of(server)
        self.multiplexer = Multiplexer(settings, **options_of(Multiplexer, options))
        self.pool = Pool(settings, **options_of(Pool, options))

    def execute(self, *command: Argument, idempotent: bool = False) -> asyncio.Future[Reply]:
        """The reply to come, by the way that the command has to take (MUX-04). Raises and fails as
        `Multiplexer.execute` and `Pool.execute` do; `Misuse` if it changes a connection: acquire one."""
        way = route(command)
        if way is SHARED:
            return self.multiplexer.execute(*command, idempotent=idempotent)
        loop = asyncio.get_running_loop()
        if way is BLOCKING and word(command[0]) not in COUNTS_ITS_OWN_WRITES:
            return loop.create_task(self.pool.execute(*command))
        if command and not known(command[0]):
            return loop.create_task(self._ask(command, idempotent))
        raise Misuse(why_not_shared(command))

    def batch(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply]]:
        """`Multiplexer.batch`."""
        return self.multiplexer.batch(commands)

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> asyncio.Future[list[Reply]]:
        """`Multiplexer.transaction`; with WATCH, acquire a connection, and use that one's."""
        return self.multiplexer.transaction(commands)

    def acquire(self) -> Lease:
        """`Pool.acquire`: a connection of one's own."""
        return self.pool.acquire()

    async def subscribe(self, *channels: str | bytes, kind: str = "message", bound: int = 1000) -> Messages:
        """`Multiplexer.subscribe`."""
        return await self.multiplexer.subscribe(*channels, kind=kind, bound=bound)

    async def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Closes both, at the same time. Cancelled anywhere, it has closed them all the same."""
        both = self.multiplexer, self.pool
        try:
            await asyncio.gather(*[each.close(drain_timeout_seconds) for each in both])
        finally:  # closes a race: cancelled before the two have begun
            for each in both:
                each._end()  # pyright: ignore[reportPrivateUsage]

    async def _ask(self, command: tuple[Argument, ...], idempotent: bool) -> Reply:
        with suppress(ServerError):  # this user may not ask
            learn(command[0], await self.multiplexer.execute("COMMAND", "INFO", command[0]))
        if not known(command[0]):
            return await self.pool.execute(*command)  # the server knows it no better, and will say so
        return await self.execute(*command, idempotent=idempotent)
