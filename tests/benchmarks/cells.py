"""A cell is what one sample measures: a subject, and the number of callers it has at a time.

Names of subjects begin with the world they run in, `asyncio-` or `threads-`. What is measured follows from
what the subject is: most are clients and send GETs; some only borrow and give back; some only wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

KEY: Final = "poolproof:bench"
VALUE: Final = "0123456789abcdef"

Figures: TypeAlias = dict[str, float]  # by the names below; a sample has those that it could measure

COMMANDS: Final = "commands_per_second"
CPU: Final = "cpu_seconds_per_100k"  # of the client's process
SERVER_CPU: Final = "server_cpu_seconds_per_100k"
P50: Final = "p50_microseconds"
P99: Final = "p99_microseconds"
SOCKETS: Final = "sockets"  # opened from the beginning to the end
ERRORS: Final = "errors"  # callers that got one, and stopped
BORROWING: Final = "borrowing_nanoseconds"  # an acquire and its release, of processor time
TRACED: Final = "traced_bytes_per_call"  # by tracemalloc
RESIDENT: Final = "resident_bytes_per_call"  # what the process grew by


@dataclass(frozen=True)
class Cell:
    """A subject with so many callers; `connections`, for a pool, is what they share."""

    subject: str
    callers: int
    connections: int | None = None  # None: as many as callers

    def __str__(self) -> str:
        shared = f" on {self.connections}" if self.connections is not None else ""
        return f"{self.subject} {self.callers:,}{shared}"

    def world_and_callers(self) -> tuple[str, int]:
        """In this order cells are measured: those that are compared are then close in time."""
        return self.subject.partition("-")[0], self.callers

    @property
    def pool_size(self) -> int:
        return self.callers if self.connections is None else self.connections


@dataclass(frozen=True)
class Setting:
    """Where a subject finds its server, and for whom it is set up."""

    port: int
    cell: Cell

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"


class NotRun(Exception):
    """This subject can't be measured here; the message says why, in one line."""
