"""What redis-py and valkey-py have in common for asyncio."""

from typing import Any

from ..adapter import Adapter, Command
from .redis_like import RedisLike, purpose


class RedisLikeAsyncio(RedisLike, Adapter):
    """The client for asyncio."""

    async def open(self) -> None:
        self._pool = self.pool_class(**self.pool_options())
        self._redis = self.client_class(connection_pool=self._pool)

    async def call(self, *command: str) -> object:
        return await self._redis.execute_command(*command)

    async def batch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=False)

    async def transaction(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True)

    async def watch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True, watched=commands[0][1:])

    async def _send_together(
        self, commands: tuple[Command, ...], transaction: bool, watched: Command = ()
    ) -> object:
        async with self._redis.pipeline(transaction=transaction) as pipeline:
            if watched:
                await pipeline.watch(*watched)
                pipeline.multi()
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)

    async def borrow(self) -> object:
        return await self._pool.get_connection(*purpose(self._pool))

    async def use(self, borrowed: Any, *command: str) -> object:
        await borrowed.send_command(*command)
        return await borrowed.read_response()

    async def give_back(self, borrowed: Any) -> None:
        await self._pool.release(borrowed)

    async def close(self) -> None:
        await self._pool.disconnect()
