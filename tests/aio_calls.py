"""What the tests of the asyncio shells do with calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from poolproof.reference import Fate, PoolproofError
from poolproof.reference.aio import Multiplexer, Pool
from poolproof.reference.url import Settings

from .held_server import HeldServer

Shell = Pool | Multiplexer
both = pytest.mark.parametrize("shell", [Pool, Multiplexer])


def settings(server: HeldServer, **options: Any) -> Settings:
    """What it takes to reach this server."""
    return Settings(port=int(server.url.rpartition(":")[2]), **options)


async def turns(count: int) -> None:
    """So many turns of the loop pass."""
    for _ in range(count):
        await asyncio.sleep(0)


async def error_of(call: Awaitable[object]) -> PoolproofError:
    """The error with which the call fails."""
    with pytest.raises(PoolproofError) as caught:
        await call
    return caught.value


async def fate_of(call: Awaitable[object]) -> tuple[type[PoolproofError], Fate]:
    """The kind of the error with which the call fails, and its fate."""
    error = await error_of(call)
    return type(error), error.fate


async def answered(server: HeldServer, call: Awaitable[object]) -> object:
    """The call's result, once the server has answered the one command it holds."""
    running = asyncio.ensure_future(call)
    (await server.command()).reply()
    return await running
