"""Both shells behind one face, so that a claim is written once: that of threads.

A test uses either from its own thread, and from the threads that `calling` starts. What is asyncio's then
happens in an event loop that has a thread of its own; each call goes there, and its outcome comes back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from poolproof.reference import aio, threads

PATIENCE_SECONDS = 60.0  # nothing takes so long, but what never ends


class Shell:
    """The shell of threads, and what both have in common."""

    name = "threads"

    def __init__(self) -> None:
        self._callers = ThreadPoolExecutor(max_workers=100)

    def pool(self, server: Any, **options: Any) -> Any:
        return threads.Pool(server, **options)

    def multiplexer(self, server: Any, **options: Any) -> Any:
        return threads.Multiplexer(server, **options)

    def client(self, server: Any, **options: Any) -> Any:
        return threads.Client(server, **options)

    def calling(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The call, made by another thread: to be waited for by `outcome`."""
        return self._callers.submit(call, *arguments)

    def take_in(self) -> None:
        """Lets the shell see what has arrived at its sockets."""

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._callers.shutdown()


class AsyncioShell(Shell):
    """The shell of asyncio, in a loop of its own."""

    name = "asyncio"

    def pool(self, server: Any, **options: Any) -> Any:
        return FromOutside(self, aio.Pool(server, **options))

    def multiplexer(self, server: Any, **options: Any) -> Any:
        return FromOutside(self, aio.Multiplexer(server, **options))

    def client(self, server: Any, **options: Any) -> Any:
        return FromOutside(self, aio.Client(server, **options))

    def take_in(self) -> None:
        for _ in range(3):  # one turn polls, the next one runs what has come of it
            self.run(asyncio.sleep, 0)

    def run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the function returns in the loop, awaited there if it has to be."""

        async def call() -> Any:
            returned = function(*arguments, **options)
            return await returned if hasattr(returned, "__await__") else returned

        return outcome(asyncio.run_coroutine_threadsafe(call(), self._loop))

    def __enter__(self) -> Shell:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        left = self.run(asyncio.all_tasks, self._loop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        assert len(left) == 1, f"tasks are left behind: {left}"


class FromOutside:
    """A pool, a multiplexer, a client, a lease or a subscription of asyncio, for other threads."""

    def __init__(self, shell: AsyncioShell, inside: Any, pool: aio.Pool | None = None) -> None:
        self.shell, self.inside, self._pool = shell, inside, pool
        self._messages: Any = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inside, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            return self.shell.run(found, *arguments, **options)

        return call

    def __str__(self) -> str:
        return str(self.inside)

    def acquire(self) -> FromOutside:
        pool = getattr(self.inside, "pool", self.inside)
        return FromOutside(self.shell, self.shell.run(pool.acquire), pool)

    def release(self, lease: FromOutside) -> None:
        self.shell.run(self.inside.release, lease.inside)

    def subscribe(self, *channels: str, **options: Any) -> FromOutside | None:
        """As under threads: a lease listens itself, and a multiplexer gives a subscription."""
        messages = self.shell.run(self.inside.subscribe, *channels, **options)
        if self._pool is None:
            return FromOutside(self.shell, messages)
        self._messages = messages
        return None

    def message(self) -> Any:
        messages = self._messages or self.inside
        return self.shell.run(messages.__anext__)

    def __enter__(self) -> FromOutside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self.shell.run(self._pool.release, self.inside)


def outcome(call: Future[Any]) -> Any:
    """What has come of it; it ends, whatever happens."""
    return call.result(PATIENCE_SECONDS)


def failure(call: Future[Any]) -> BaseException:
    """The error that it ended with."""
    error = call.exception(PATIENCE_SECONDS)
    assert error is not None, f"it succeeded: {call.result()!r}"
    return error


@contextmanager
def closing(one: Any) -> Iterator[Any]:
    """Closes it at the end."""
    try:
        yield one
    finally:
        one.close()


def assert_all_capacity_is_there(pool: Any, capacity: int) -> None:
    """So many can be held at a time, and each answers its own caller."""
    held = [pool.acquire() for _ in range(capacity)]
    answers = [lease.execute("ECHO", number) for number, lease in enumerate(held)]
    assert answers == [b"%d" % number for number in range(capacity)]
    for lease in held:
        pool.release(lease)
