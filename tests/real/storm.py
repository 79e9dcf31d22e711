"""Callers in a crowd, many of whom give up: what each of them asks for is told apart by a token of its own."""  # noqa: E501

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from poolproof.reference import ConnectFailed, ConnectionLost

Execute = Callable[[str, str], Awaitable[object]]


class Storm:
    """Tasks that ask until it is `over`; `counts` says what came of their calls."""

    def __init__(self, execute: Execute, seed: int, over: Callable[[Counter[str]], bool]) -> None:
        self.counts: Counter[str] = Counter()
        self._execute = execute
        self._chance = random.Random(seed)
        self._over = over

    async def rage(self, callers: int) -> None:
        """Runs so many callers at a time. One in ten calls is cancelled, at a random moment."""
        async with asyncio.TaskGroup() as group:
            for caller in range(callers):
                group.create_task(self._ask(caller))

    async def _ask(self, caller: int) -> None:
        number = 0
        while not self._over(self.counts):
            number += 1
            token = f"{caller}:{number}"
            call = asyncio.ensure_future(self._execute("ECHO", token))
            if self._chance.random() < 0.1:
                for _ in range(self._chance.randrange(4)):
                    await asyncio.sleep(0)
                call.cancel()
            self.counts[await outcome(call, token)] += 1


async def outcome(call: asyncio.Future[object], token: str) -> str:
    """What came of it, in a word."""
    try:
        return "right" if await call == token.encode() else "wrong"
    except asyncio.CancelledError:
        return "cancelled"
    except (ConnectionLost, ConnectFailed):
        return "lost"


def calls(counts: Counter[str]) -> int:
    """How many there were."""
    return sum(counts.values())
