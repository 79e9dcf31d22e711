"""The world of an asyncio client: a simulated event loop, on which each caller is a task."""

import asyncio
import random
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

from ...adapter import Adapter
from ...history import Kind
from ...plan import Step
from ..blame import AdapterMistake, left_running
from ..stage import Work
from ..world import World
from . import clock
from .loop import SimulatedLoop
from .network import Network


class AsyncioWorld(World[Adapter]):
    """One run on a simulated event loop."""

    def _lay_network(self) -> Network:
        self._messages: dict[str, AsyncIterator[object]] = {}
        network = Network(self._plan, self._witness, self._record)
        self._loop = SimulatedLoop(network)
        return network

    @contextmanager
    def _at_work(self) -> Generator[None]:
        random.seed(0)  # what a client draws (jitter) repeats
        clock.follow(self._loop.time)
        asyncio._set_running_loop(self._loop)
        try:
            yield
            self._clean_up()
        finally:
            asyncio._set_running_loop(None)
            clock.follow(None)
            self._loop.close()

    def _now(self) -> float:
        return self._loop.time()

    # callers

    def _begin_open(self) -> asyncio.Task[None]:
        return self._loop.create_task(self._client.open())

    def _begin_call(self, step: Step, kind: Kind) -> asyncio.Task[None]:
        return self._loop.create_task(self._caller(step, kind))

    async def _caller(self, step: Step, kind: Kind) -> None:
        with self._observed(step, kind) as tell:
            tell(await self._issue(step))

    def _begin_lending(self, caller: str, kind: Kind) -> None:
        self._loop.create_task(self._borrower(caller, kind))

    async def _borrower(self, caller: str, kind: Kind) -> None:
        with self._borrowing(caller, kind) as held:
            if kind is Kind.BORROWED:
                held[caller] = await self._client.borrow()
            else:
                await self._client.give_back(held[caller])

    def _begin_listening(self, caller: str, channel: str, is_slow: bool = False) -> None:
        self._slow.discard(caller)
        self._loop.create_task(self._listener(caller, channel, is_slow))

    async def _listener(self, caller: str, channel: str, is_slow: bool) -> None:
        with self._subscribed(caller) as tell:
            if caller not in self._messages:
                self._messages[caller] = self._client.subscribe(channel)
            async for message in self._messages[caller]:
                tell(message)
                if is_slow:
                    self._slow.add(caller)
                    break

    def _begin_close(self, drain_seconds: float | None = None) -> asyncio.Task[None]:
        return self._loop.create_task(self._closing(drain_seconds))

    async def _closing(self, drain_seconds: float | None) -> None:
        with self._watched_closing(drain_seconds is not None):
            await (self._client.close() if drain_seconds is None else self._client.drain(drain_seconds))

    def _interrupt(self, caller: str, work: Work) -> None:
        assert isinstance(work, asyncio.Task)
        self._record(Kind.CANCELLED, caller)
        work.cancel()

    # the loop

    def _run(self, turns: int) -> None:
        for _ in range(turns):
            if not self._loop.step():
                break

    def _settle(self) -> None:
        self._loop.settle()

    def _pass_time(self, seconds: float) -> None:
        self._loop.pass_time(seconds)

    def _freeze(self, seconds: float) -> None:
        self._loop.freeze(seconds)

    def _look_for_leftovers(self) -> None:
        for task in self._loop.tasks:
            if not task.done() and (place := left_running(task.get_coro(), self._client_type)):
                self._mistake = AdapterMistake(f"the adapter left a task running: {place}")

    def _clean_up(self) -> None:
        """Record what went unhandled, and end whatever the client has left running."""
        for message in self._loop.errors:
            self._record(Kind.UNHANDLED, text=message)
        self._is_over = True  # what is cancelled now is our doing, not the client's
        for task in self._loop.tasks:
            if task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            task.cancel()
        self._run(1_000)
