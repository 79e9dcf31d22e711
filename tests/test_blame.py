"""A task that is left running is the adapter's mistake only if it is held up in the adapter's own code."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from poolproof.conformance.adapter import Adapter
from poolproof.conformance.simulation.blame import left_running

CLIENT: dict[str, Any] = {}
exec(compile("async def wait(event):\n    await event.wait()\n", "client.py", "exec"), CLIENT)


class Own(Adapter):
    """An adapter with tasks of its own."""

    async def call(self, *command: str) -> object:
        return command

    async def close(self) -> None:
        pass

    async def waits_for_an_event(self, event: asyncio.Event) -> None:
        await event.wait()

    async def waits_for_another_of_its_own(self, event: asyncio.Event) -> None:
        await self.waits_for_an_event(event)

    async def waits_for_its_client(self, event: asyncio.Event) -> None:
        await CLIENT["wait"](event)


ADAPTER = Own.__new__(Own)


@pytest.mark.parametrize(
    ("begin", "place"),
    [
        (ADAPTER.waits_for_an_event, "Own.waits_for_an_event (" + __file__),
        (ADAPTER.waits_for_another_of_its_own, "Own.waits_for_an_event (" + __file__),
        (ADAPTER.waits_for_its_client, ""),
        (CLIENT["wait"], ""),
    ],
)
async def test_who_is_to_blame_for_a_task_that_is_left(begin: Any, place: str) -> None:
    event = asyncio.Event()
    work: Coroutine[Any, Any, None] = begin(event)
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    found = left_running(work, Own)
    assert found.startswith(place)
    assert bool(found) == bool(place)
    event.set()
    await task
