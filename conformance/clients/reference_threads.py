"""The reference for threads: its pool and its multiplexer."""

from collections.abc import Iterator

from poolproof.reference import threads

from ..adapter import Command, Numbers, SynchronousAdapter
from .reference_common import (
    AGES,
    COMMON,
    MESSAGES_KEPT,
    MULTIPLEXER_PROMISES,
    POOL_PROMISES,
    Reference,
    bounds_of,
    numbers_of,
)


class ThreadedPool(Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Pool`."""

    name = "threaded pool"
    promises = POOL_PROMISES
    takes = COMMON | AGES
    interruptible = True

    def open(self) -> None:
        self._pool = threads.Pool(
            self.server,
            max_size=self.settings.max_size,
            acquire_timeout_seconds=self.settings.acquire_timeout_seconds,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            idle_timeout_seconds=self.settings.idle_timeout_seconds,
            max_lifetime_seconds=self.settings.max_lifetime_seconds,
        )

    def call(self, *command: str) -> object:
        return self._pool.execute(*command)

    def batch(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            return connection.batch(commands)

    def transaction(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            return connection.transaction(commands)

    def watch(self, *commands: Command) -> object:
        with self._pool.acquire() as connection:
            connection.execute("WATCH", commands[0][1])
            return connection.transaction(commands)

    def borrow(self) -> object:
        return self._pool.acquire()

    def use(self, borrowed: threads.Lease, *command: str) -> object:
        return borrowed.execute(*command)

    def give_back(self, borrowed: threads.Lease) -> None:
        self._pool.release(borrowed)

    def drain(self, seconds: float) -> None:
        self._pool.close(drain_timeout_seconds=seconds)

    def close(self) -> None:
        self._pool.close()

    def numbers(self) -> Numbers:
        return numbers_of(self._pool)


class ThreadedMultiplexer(Reference, SynchronousAdapter):
    """`poolproof.reference.threads.Multiplexer`."""

    name = "threaded multiplexer"
    shared = True
    takes = COMMON | {"max_calls"}
    promises = MULTIPLEXER_PROMISES
    interruptible = True

    def open(self) -> None:
        self._multiplexer = threads.Multiplexer(
            self.server,
            command_timeout_seconds=self.settings.command_timeout_seconds,
            **bounds_of(self.settings),
        )

    def call(self, *command: str) -> object:
        return self._multiplexer.execute(*command)

    def batch(self, *commands: Command) -> object:
        return self._multiplexer.batch(commands)

    def transaction(self, *commands: Command) -> object:
        return self._multiplexer.transaction(commands)

    def subscribe(self, channel: str) -> Iterator[object]:
        kind = "pmessage" if channel.endswith("*") else "message"
        for message in self._multiplexer.subscribe(channel, kind=kind, bound=MESSAGES_KEPT):
            yield message.data

    def drain(self, seconds: float) -> None:
        self._multiplexer.close(drain_timeout_seconds=seconds)

    def close(self) -> None:
        self._multiplexer.close()
