"""An asyncio event loop with virtual time, run one callback at a time by somebody else.

Promise: whatever a client sees on this loop it could see on asyncio's own. Callbacks run in the order in
which they were scheduled, in batches, as `BaseEventLoop` does: a batch is what was ready when it began; news
from the network, then timers that are due, are appended between two batches. What asyncio leaves open (which
of several connections with news goes first, and how much of a batch has run when something else happens) is
the plan's choice.

Time stands still while anything is ready, and jumps to the next timer when it is told to: an hour costs
nothing. Threads do not exist: `run_in_executor` runs the function at once.
"""

import asyncio
import heapq
import math
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVarTuple

from ..guard import Livelock
from ..network import ADDRESS
from .network import Network
from .transport import SimulatedTransport

CALLBACK_LIMIT = 50_000  # of one run; the longest honest run seen needed under 3,000

_Arguments = TypeVarTuple("_Arguments")


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module. `errors` collects what asyncio would have logged, `tasks` all that were created."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.errors: list[str] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.callbacks = 0
        self._now = 0.0
        self._left_in_batch = 0
        self._clock_resolution = 1e-9
        self.set_exception_handler(lambda _, context: self.errors.append(_describe(context)))

    # running

    def step(self) -> bool:
        """Run the next callback. False: none is ready and the network has no news; only time can help."""
        if not self._left_in_batch:
            self._begin_batch()
            if not self._ready:
                return False
            self._left_in_batch = len(self._ready)
        self._left_in_batch -= 1
        handle = self._ready.popleft()
        if not handle.cancelled():
            self.callbacks += 1
            if self.callbacks > CALLBACK_LIMIT:
                raise Livelock(f"{CALLBACK_LIMIT:,} callbacks in one run, and still no rest")
            handle._run()  # pyright: ignore[reportPrivateUsage]  # what BaseEventLoop itself does
        return True

    def settle(self) -> None:
        """Run until nothing is ready. Raises Livelock."""
        while self.step():
            pass

    def pass_time(self, seconds: float) -> None:
        """Let that much virtual time pass, running whatever becomes due. Raises Livelock."""
        end = self._now + seconds
        self.settle()
        while (due := min(self._next_timer(), self.network.next_time())) <= end:
            self._now = max(self._now, due)
            if self.network.next_time() <= self._now:
                self.network.pass_time()
            self.settle()
        self._now = end

    def freeze(self, seconds: float) -> None:
        """Let that much virtual time pass while nothing runs."""
        self._now += seconds

    def _begin_batch(self) -> None:
        for news in self.network.news():
            self.call_soon(news)
        end = self._now + self._clock_resolution  # as asyncio: what is due this moment is due together
        while self._next_timer() < end:
            self._ready.append(heapq.heappop(self._scheduled))

    def _next_timer(self) -> float:
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        return self._scheduled[0].when() if self._scheduled else math.inf

    # what a client asks of a loop

    def time(self) -> float:
        return self._now

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is self

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        task = super().create_task(coro, **options)
        self.tasks.append(task)
        return task

    def call_soon_threadsafe(
        self, callback: Callable[[*_Arguments], object], *args: *_Arguments, context: Any = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        """A connection to the witness, whatever address was asked for. Raises ConnectionRefusedError.

        Suspends where asyncio's own does: for the connection itself, and until the protocol was told of it.
        Cancellation closes what was opened.
        """
        outcome: asyncio.Future[None] = self.create_future()
        dial = self.network.dial(outcome)
        try:
            await outcome
        except BaseException as error:
            self.network.failed(dial, error)
            raise
        protocol = protocol_factory()
        transport = SimulatedTransport(self, protocol, self.network, dial.connection)
        self.network.connect(dial, transport)
        told = self.create_future()
        self.call_soon(_introduce, protocol, transport, told)
        try:
            await told
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def create_unix_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        return await self.create_connection(protocol_factory)

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        found = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ADDRESS)]
        return await self.run_in_executor(None, lambda: found)

    def run_in_executor(self, _executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # the same call, less generic
        """Runs the function now, but its outcome comes from the loop: no thread is ever done at once."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            self.call_soon(_finish, future, func(*args))
        except Exception as error:
            self.call_soon(_fail, future, error)
        return future


def _introduce(protocol: Any, transport: asyncio.BaseTransport, told: asyncio.Future[None]) -> None:
    """Two callbacks in asyncio, but queued back to back: nothing ever runs between them."""
    try:
        protocol.connection_made(transport)
    finally:
        _finish(told, None)


def _finish(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _describe(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{context.get('message', '')}: {error!r}" if error else str(context.get("message", ""))
