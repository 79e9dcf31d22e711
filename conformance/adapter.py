"""What the suite needs of a client: an adapter of a few lines, written once per client.

An adapter opens the client with the settings it is given, issues one command for one caller, closes the
client, and says what the client's errors mean. It adds nothing of its own: no retries, no timeouts, no locks.
What the client does is what is judged. A complete example stands in the README; `clients/` holds those that
come with the suite. What a client can do besides, batches and subscriptions, its adapter offers by overriding
a method; what is not overridden is not judged.

There are two kinds. `Adapter` is for asyncio: its callers are tasks, which can be cancelled anywhere.
`SynchronousAdapter` is for clients that block: its callers are threads, and nobody can cancel a thread. What
comes near it is an exception from outside: a timeout of gevent, a signal handler that raises. A client that
is to survive that declares it (`interruptible`), and its callers are then interrupted where those of others
are cancelled.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, TypeAlias

from .history import ErrorKind
from .promises import Promises


@dataclass(frozen=True, slots=True)
class Settings:
    """How the client is to be opened.

    max_size: connections a pool may hold.
    acquire_timeout_seconds: how long a caller may wait for one; None: for ever.
    command_timeout_seconds: how long a command may take; None: for ever. It must then be switched off: the
        witness keeps replies back as long as the plan says.
    connect_timeout_seconds: how long a dial with its handshake may take; None: as long as the client likes.
    password, database: of each connection; empty and 0: none, and the first.
    idle_timeout_seconds, max_lifetime_seconds: how old a connection of a pool may become; None: any age.
    max_calls: how many calls a multiplexer may have under way; 0: as many as it likes.

    Those with a default are asked for only if the adapter declares that it `takes` them.
    """

    host: str
    port: int
    max_size: int
    acquire_timeout_seconds: float | None
    command_timeout_seconds: float | None = None
    connect_timeout_seconds: float | None = None
    password: str = ""
    database: int = 0
    idle_timeout_seconds: float | None = None
    max_lifetime_seconds: float | None = None
    max_calls: int = 0


class Numbers(NamedTuple):
    """How many connections are idle and lent, and how many callers wait; of a multiplexer, in flight, too."""

    idle: int
    lent: int
    waiting: int

    def __str__(self) -> str:
        return f"idle={self.idle} lent={self.lent} waiting={self.waiting}"


class AnyAdapter(ABC):
    """What adapters of both kinds declare.

    name: tells variants of one client apart ("BlockingConnectionPool, RESP3").
    shared: the client is a multiplexer: all callers use one connection. Otherwise it is a pool.
    extra: connections that the client opens for itself, outside the pool (for subscriptions, say).
    waits: a caller that finds the pool full waits for a connection; otherwise it gets an error at once.
    limits_waiting: how long it waits can be limited.
    issues_ahead: a caller need not wait for a reply before it issues its next command: what `call` awaits is
        the reply to come to a command that the client has accepted.
    forks: its process can fork, and a child use what it inherits; only drivers have such processes.
    can_be_misused: it can be handed an argument that the client cannot encode.
    cannot_be_cancelled: why not, if that is so.
    takes: which of the settings that have a default it hands to the client, by name.
    promises: what the client declares of itself.
    """

    name: ClassVar[str] = ""
    shared: ClassVar[bool] = False
    waits: ClassVar[bool] = True
    limits_waiting: ClassVar[bool] = True
    issues_ahead: ClassVar[bool] = False
    extra: ClassVar[int] = 0
    forks: ClassVar[bool] = False
    can_be_misused: ClassVar[bool] = True
    takes: ClassVar[frozenset[str]] = frozenset()
    cannot_be_cancelled: ClassVar[str] = "its callers can't be cancelled"
    promises: ClassVar[Promises] = Promises()

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

    def numbers(self) -> Numbers:
        """What the client says of itself, if it does; asked when nobody calls. Override it then."""
        raise NotImplementedError

    @staticmethod
    def fate(error: BaseException) -> str:  # noqa: ARG004  # for who overrides it
        """What the error says became of the command: not_sent, unknown or executed; empty: nothing.

        Override it if the client's errors tell.
        """
        return ""

    @classmethod
    def variant(cls) -> str:
        """What to call this adapter among those of its client."""
        return cls.name or cls.__name__

    @staticmethod
    def version() -> str:
        """The client's version, for the report."""
        return ""


Command: TypeAlias = tuple[str, ...]


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

    async def batch(self, *commands: Command) -> object:
        """Hand over the commands together; their replies in turn, where one fails an exception as a value."""
        raise NotImplementedError

    async def transaction(self, *commands: Command) -> object:
        """The same between MULTI and EXEC."""
        raise NotImplementedError

    async def watch(self, *commands: Command) -> object:
        """The same on a connection that has watched the key of the first command before."""
        raise NotImplementedError

    def subscribe(self, channel: str) -> AsyncIterator[object]:
        """The messages of a channel, or of the pattern if it ends in `*`. The end, or an error, tells the
        subscriber that it will hear nothing more. Must pass on cancellation."""
        raise NotImplementedError

    async def borrow(self) -> object:
        """Borrow a connection, for a caller that keeps it until it gives it back; what it holds then."""
        raise NotImplementedError

    async def use(self, borrowed: Any, *command: str) -> object:
        """Issue one command on what was borrowed, and return its reply."""
        raise NotImplementedError

    async def give_back(self, borrowed: Any) -> None:
        """Give it back, as a caller does that may have done so before: raise what the client raises."""
        raise NotImplementedError

    async def drain(self, seconds: float) -> None:
        """Close the client and its connections, but let what it has accepted finish for so long before."""
        raise NotImplementedError

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

    cannot_be_cancelled = "its callers are threads, and it does not claim that they may be interrupted"
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

    def batch(self, *commands: Command) -> object:
        """Hand over the commands together; their replies in turn, where one fails an exception as a value."""
        raise NotImplementedError

    def transaction(self, *commands: Command) -> object:
        """The same between MULTI and EXEC."""
        raise NotImplementedError

    def watch(self, *commands: Command) -> object:
        """The same on a connection that has watched the key of the first command before."""
        raise NotImplementedError

    def subscribe(self, channel: str) -> Iterator[object]:
        """The messages of a channel, or of the pattern if it ends in `*`. The end, or an error, tells the
        subscriber that it will hear nothing more."""
        raise NotImplementedError

    def borrow(self) -> object:
        """Borrow a connection, for a caller that keeps it until it gives it back; what it holds then."""
        raise NotImplementedError

    def use(self, borrowed: Any, *command: str) -> object:
        """Issue one command on what was borrowed, and return its reply."""
        raise NotImplementedError

    def give_back(self, borrowed: Any) -> None:
        """Give it back, as a caller does that may have done so before: raise what the client raises."""
        raise NotImplementedError

    def drain(self, seconds: float) -> None:
        """Close the client and its connections, but let what it has accepted finish for so long before."""
        raise NotImplementedError

    @abstractmethod
    def close(self) -> None:
        """Close the client and its connections."""

    def abandon(self) -> None:
        """Borrow a connection and lose it in a reference cycle, where only the garbage collector finds it.

        Override it if the client has objects (a transaction, a subscription) that give back what they hold
        when they are collected.
        """
