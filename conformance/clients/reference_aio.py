"""The reference for asyncio: its pool and its multiplexer."""

from collections.abc import AsyncIterator

from poolproof.reference import aio

from ..adapter import Adapter, Command, Numbers
from .reference_common import (
    AGES,
    COMMON,
    MESSAGES_KEPT,
    MULTIPLEXER_PROMISES,
    POOL_PROMISES,
    Reference,
    bounds_of,
    numbers_of,
)


class AsyncioPool(Reference, Adapter):
    """`poolproof.reference.aio.Pool`."""

    name = "asyncio pool"
    promises = POOL_PROMISES
    takes = COMMON | AGES

    async def open(self) -> None:
        self._pool = aio.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            idle_timeout_seconds=self.settings.idle_timeout_seconds,
            max_lifetime_seconds=self.settings.max_lifetime_seconds,
        )

    async def call(self, *command: str) -> object:
        return await self._pool.execute(*command)

    async def batch(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            return await connection.batch(commands)

    async def transaction(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            return await connection.transaction(commands)

    async def watch(self, *commands: Command) -> object:
        async with self._pool.acquire() as connection:
            await connection.execute("WATCH", commands[0][1])
            return await connection.transaction(commands)

    async def borrow(self) -> object:
        return await self._pool.acquire()

    async def use(self, borrowed: aio.Lease, *command: str) -> object:
        return await borrowed.execute(*command)

    async def give_back(self, borrowed: aio.Lease) -> None:
        self._pool.release(borrowed)

    async def drain(self, seconds: float) -> None:
        await self._pool.close(drain_timeout_seconds=seconds)

    async def close(self) -> None:
        await self._pool.close()

    def numbers(self) -> Numbers:
        return numbers_of(self._pool)


class AsyncioMultiplexer(Reference, Adapter):
    """`poolproof.reference.aio.Multiplexer`."""

    name = "asyncio multiplexer"
    shared = True
    issues_ahead = True
    takes = COMMON | {"max_calls"}
    promises = MULTIPLEXER_PROMISES

    async def open(self) -> None:
        self._multiplexer = aio.Multiplexer(
            self.server,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            **bounds_of(self.settings),
        )

    async def call(self, *command: str) -> object:
        return await self._multiplexer.execute(*command)

    async def batch(self, *commands: Command) -> object:
        return await self._multiplexer.batch(commands)

    async def transaction(self, *commands: Command) -> object:
        return await self._multiplexer.transaction(commands)

    async def subscribe(self, channel: str) -> AsyncIterator[object]:
        kind = "pmessage" if channel.endswith("*") else "message"
        async for message in await self._multiplexer.subscribe(channel, kind=kind, bound=MESSAGES_KEPT):
            yield message.data

    async def drain(self, seconds: float) -> None:
        await self._multiplexer.close(drain_timeout_seconds=seconds)

    async def close(self) -> None:
        await self._multiplexer.close()
