"""The memory that a call takes from the moment it is accepted until it is answered.

The server takes no writes for a while, and many are made at once. Counted twice: what the process grew by,
and, in a second go, what Python's allocator handed out. Only the call is counted, its future and all that is
kept for it; what a caller keeps for itself (under asyncio mostly a task, of about 1 KB) is the caller's.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

from .cells import KEY, RESIDENT, TRACED, VALUE, Figures, Setting
from .server import ask


async def multiplexer(setting: Setting) -> Callable[[], Awaitable[object]]:
    """Our `Multiplexer`, all calls in flight on its one connection."""
    from poolproof.reference.aio import Multiplexer

    execute = Multiplexer(setting.url, max_in_flight=setting.cell.callers).execute
    return lambda: execute("SET", KEY, VALUE)


ASYNCIO: dict[str, Callable[[Setting], Awaitable[Callable[[], Awaitable[object]]]]] = {
    "asyncio-waiting-multiplexer": multiplexer,
}


async def measure(setting: Setting) -> Figures:
    """Bytes per call, by the system and by Python's allocator."""
    call = await ASYNCIO[setting.cell.subject](setting)
    await call()
    resident = await _growth(call, setting, _resident_bytes)
    tracemalloc.start()
    traced = await _growth(call, setting, lambda: tracemalloc.get_traced_memory()[0])
    return {RESIDENT: resident, TRACED: traced}


async def _growth(
    call: Callable[[], Awaitable[object]], setting: Setting, occupied: Callable[[], int]
) -> float:
    """By how much each of the calls adds to what is occupied."""
    calls: list[Awaitable[object]] = []
    ask(setting.port, "CLIENT PAUSE 60000 WRITE")
    gc.collect()
    before = occupied()
    for _ in range(setting.cell.callers):
        calls.append(call())
    await asyncio.sleep(0.1)  # it writes them
    gc.collect()
    growth = (occupied() - before) / setting.cell.callers
    ask(setting.port, "CLIENT UNPAUSE")
    await asyncio.gather(*calls)
    return growth


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
