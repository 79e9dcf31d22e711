"""What the suite needs of a client: an adapter of a few lines, written once per client.

An adapter opens the client with the settings it is given, issues one command for one caller, closes the
client, and says what the client's errors mean. It adds nothing of its own: no retries, no timeouts, no locks.
What the client does is what is judged. A complete example stands in the README; `clients/` holds those that
come with the suite.
"""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
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


class Adapter(ABC):
    """One client, opened once a run, used by many callers at the same time.

    name: tells variants of one client apart ("BlockingConnectionPool, RESP3").
    shared: the client is a multiplexer: all callers use one connection. Otherwise it is a pool.
    extra: connections that the client opens for itself, outside the pool (for subscriptions, say).
    waits: a caller that finds the pool full waits for a connection; otherwise it gets an error at once.
    """

    name: ClassVar[str] = ""
    shared: ClassVar[bool] = False
    waits: ClassVar[bool] = True
    extra: ClassVar[int] = 0

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def open(self) -> None:  # noqa: B027  # most clients have nothing to do here
        """Create the client; it may connect now or at the first call."""

    @abstractmethod
    async def call(self, *command: str) -> object:
        """Issue one command as a caller does, and return its reply. Must pass on cancellation."""

    @abstractmethod
    async def close(self) -> None:
        """Close the client and its connections."""

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        """What an error raised by `call` means. Override it to name the client's own errors."""
        match error:
            case asyncio.CancelledError():
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
