"""What the suite needs of a client: an adapter of a few lines, written once per client.

An adapter opens the client with the settings it is given, issues one command for one caller, closes the
client, and says what the client's errors mean. It adds nothing of its own: no retries, no timeouts, no locks.
What the client does is what is judged. A complete example stands in the README; `clients/` holds those that
come with the suite.

There are two kinds. `Adapter` is for asyncio: its callers are tasks, which can be cancelled anywhere.
`SynchronousAdapter` is for clients that block: its callers are threads, and nobody can cancel a thread. What
comes near it is an exception from outside: a timeout of gevent, a signal handler that raises. A client that
is to survive that declares it (`interruptible`), and its callers are then interrupted where those of others
are cancelled.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from .history import ErrorKind


@dataclass(frozen=True, slots=True)
class Settings:
    """How the client is to be opened.

    max_size: connections a pool may hold.
    acquire_timeout_seconds: how long a caller may wait for one; None: for ever.
    A limit on how long a command may take must be switched off: the witness keeps replies back as long as the
    plan says.
    """

    host: str
    port: int
    max_size: int
    acquire_timeout_seconds: float | None


class AnyAdapter(ABC):
    """What adapters of both kinds declare.

    name: tells variants of one client apart ("BlockingConnectionPool, RESP3").
    shared: the client is a multiplexer: all callers use one connection. Otherwise it is a pool.
    extra: connections that the client opens for itself, outside the pool (for subscriptions, say).
    waits: a caller that finds the pool full waits for a connection; otherwise it gets an error at once.
    limits_waiting: how long it waits can be limited.
    """

    name: ClassVar[str] = ""
    shared: ClassVar[bool] = False
    waits: ClassVar[bool] = True
    limits_waiting: ClassVar[bool] = True
    extra: ClassVar[int] = 0

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    @abstractmethod
    def can_be_cancelled(cls) -> bool:
        """Whether callers may be cancelled, or interrupted."""

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        """What an error raised by `call` means. Override it to name the client's own errors."""
        match error:
            case asyncio.CancelledError() | Interrupted():
                return ErrorKind.CANCELLED
            case ConnectionRefusedError():
                return ErrorKind.REFUSED
            case ConnectionError() | EOFError():
                return ErrorKind.LOST
            case _:
                return ErrorKind.OTHER

    @classmethod
    def variant(cls) -> str:
        """What to call this adapter among those of its client."""
        return cls.name or cls.__name__

    @staticmethod
    def version() -> str:
        """The client's version, for the report."""
        return ""


class Adapter(AnyAdapter):
    """An asyncio client, opened once a run, used by many callers at the same time."""

    @classmethod
    def can_be_cancelled(cls) -> bool:
        return True

    async def open(self) -> None:
        """Create the client; it may connect now or at the first call."""

    @abstractmethod
    async def call(self, *command: str) -> object:
        """Issue one command as a caller does, and return its reply. Must pass on cancellation."""

    @abstractmethod
    async def close(self) -> None:
        """Close the client and its connections."""


class Interrupted(BaseException):
    """What a caller of a synchronous client is interrupted by; no Exception, as KeyboardInterrupt is none."""


class Strength(IntEnum):
    """Where an interruption may strike a thread. Each place includes those before."""

    PARKED = 1  # while it waits for the network, for a notification or for time to pass, as gevent's timeouts
    LOCK_POINT = 2  # also where it is about to take a lock or to use the network
    STATEMENT = 3  # also before any statement of the client, as what a signal handler raises


class SynchronousAdapter(AnyAdapter):
    """A client that blocks, opened once a run, used by many threads at the same time.

    interruptible: the client promises to survive an `Interrupted` that strikes one of its callers.
    interrupted_at: where it may strike.
    """

    interruptible: ClassVar[bool] = False
    interrupted_at: ClassVar[Strength] = Strength.PARKED

    @classmethod
    def can_be_cancelled(cls) -> bool:
        return cls.interruptible

    def open(self) -> None:
        """Create the client; it may connect now or at the first call."""

    @abstractmethod
    def call(self, *command: str) -> object:
        """Issue one command as a caller does, and return its reply. Must pass on `Interrupted`."""

    @abstractmethod
    def close(self) -> None:
        """Close the client and its connections."""

    def abandon(self) -> None:
        """Borrow a connection and lose it in a reference cycle, where only the garbage collector finds it.

        Override it if the client has objects (a transaction, a subscription) that give back what they hold
        when they are collected.
        """
