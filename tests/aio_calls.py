"""What the tests of the asyncio shells do with calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from poolproof.reference import Fate, PoolproofError

from .held_server import HeldServer


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
