"""coredis: its pool multiplexes ordinary commands, and lends connections to pipelines.

So its handbook says, and so there are two variants: commands as callers of a multiplexer, and pipelines of
one command as callers of a pool. Releases before 6 have another interface; those before 4 do not multiplex.
"""

from typing import Any

from ..adapter import AnyAdapter, Command
from .coredis_common import RELEASE, Coredis
from .coredis_earlier import Earlier


class Commands(Coredis):
    """Each caller awaits a command."""

    name = "commands"
    shared = True

    async def call(self, *command: str) -> object:
        return await self._redis.create_request(command[0].encode(), *command[1:], callback=_as_it_came)


class Pipelines(Coredis):
    """Each caller sends a pipeline of one command."""

    name = "pipelines"

    async def call(self, *command: str) -> object:
        async with self._redis.pipeline(transaction=False) as pipeline:
            reply = pipeline.create_request(command[0].encode(), *command[1:], callback=_as_it_came)
        return await reply

    async def batch(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=False)

    async def transaction(self, *commands: Command) -> object:
        return await self._send_together(commands, transaction=True)

    async def watch(self, *commands: Command) -> object:
        async with (
            self._redis.pipeline(transaction=False, raise_on_error=False) as pipeline,
            pipeline.watch(*commands[0][1:]),
        ):
            _collect(pipeline, commands)
        return pipeline.results

    async def _send_together(self, commands: tuple[Command, ...], transaction: bool) -> object:
        async with self._redis.pipeline(transaction=transaction, raise_on_error=False) as pipeline:
            _collect(pipeline, commands)
        return pipeline.results


def _collect(pipeline: Any, commands: tuple[Command, ...]) -> None:
    for command in commands:
        pipeline.create_request(command[0].encode(), *command[1:], callback=_as_it_came)


def _as_it_came(reply: object, **_: object) -> object:
    return reply


ADAPTERS: tuple[type[AnyAdapter], ...] = (Commands, Pipelines) if RELEASE >= 6 else (Earlier,)
