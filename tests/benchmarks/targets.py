"""What is compared with what, and what is to be reached.

A comparison divides a figure of one cell by a figure of another, both of the same round. Commands per second
for claims about clients; processor time where two subjects of our own differ by little; what has no target is
there to be looked at. The rows of one group show one thing at several numbers of callers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .cells import BORROWING, COMMANDS, CPU, P50, P99, SOCKETS, TRACED, Cell


class Quantity(NamedTuple):
    """A figure of a cell."""

    cell: Cell
    figure: str


@dataclass(frozen=True)
class Row:
    """One quantity over another, or by itself."""

    group: str
    at: str  # where in the group
    over: Quantity
    under: Quantity | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def title(self) -> str:
        return f"{self.group}, {self.at}"

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return (self.over,) if self.under is None else (self.over, self.under)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(quantity.cell for quantity in self.quantities)


def _faster(group: str, ours: str, theirs: str, targets: dict[int, float | None]) -> list[Row]:
    """Commands per second, at several numbers of callers."""
    noun = "thread" if ours.startswith("threads-") else "caller"
    return [
        Row(
            group,
            f"{count:,} {noun}{'s' if count > 1 else ''}",
            Quantity(Cell(ours, count), COMMANDS),
            Quantity(Cell(theirs, count), COMMANDS),
            at_least=target,
        )
        for count, target in targets.items()
    ]


def _cheaper(group: str, ours: str, theirs: str, at_least: float) -> Row:
    """Processor time of theirs / ours, with a thousand callers."""
    pair = Quantity(Cell(theirs, 1_000), CPU), Quantity(Cell(ours, 1_000), CPU)
    return Row(group, "1,000 callers", *pair, at_least=at_least)


def _borrowing(group: str, at: str, ours: str, least: str, at_most: float | None = None) -> Row:
    """Time of ours / the least that could do."""
    pair = Quantity(Cell(ours, 1), BORROWING), Quantity(Cell(least, 1), BORROWING)
    return Row(group, at, *pair, at_most=at_most)


def _uneven(group: str, at: str, cell: Cell, at_most: float | None = None) -> Row:
    """How much longer than usual the unlucky wait."""
    return Row(group, at, Quantity(cell, P99), Quantity(cell, P50), at_most=at_most)


ASYNCIO = "asyncio-multiplexer"
THREADS = "threads-multiplexer"
CROWD = Cell(ASYNCIO, 10_000)

ASYNCIO_MULTIPLEXER = [
    _cheaper("asyncio alone, no I/O / asyncio multiplexer (CPU time)", ASYNCIO, "asyncio-ceiling", 0.55),
    *_faster("asyncio multiplexer / redis-py", ASYNCIO, "asyncio-redis-py", {1: 1.8, 10: 6.0, 100: 15.0}),
    *_faster("asyncio multiplexer / valkey-py", ASYNCIO, "asyncio-valkey-py", {100: None}),
    *_faster("asyncio multiplexer / valkey-glide", ASYNCIO, "asyncio-glide", {1_000: 8.0}),
    *_faster("asyncio multiplexer / coredis", ASYNCIO, "asyncio-coredis", {1_000: 25.0}),
    Row(
        "asyncio multiplexer, a crowd",
        "10,000 / 1,000",
        Quantity(CROWD, COMMANDS),
        Quantity(Cell(ASYNCIO, 1_000), COMMANDS),
        at_least=0.65,
    ),
    Row("asyncio multiplexer, a crowd", "its sockets", Quantity(CROWD, SOCKETS), at_most=1),
    _cheaper("no limit on replies / the usual one (CPU time)", ASYNCIO, "asyncio-multiplexer-no-limit", 0.95),
    Row(
        "bytes per waiting call",
        "10,000 calls",
        Quantity(Cell("asyncio-waiting-multiplexer", 10_000), TRACED),
        at_most=1_500,
    ),
]

THREADED_MULTIPLEXER = [
    *_faster(
        "threaded multiplexer / a raw connection per thread",
        THREADS,
        "threads-raw",
        {1: 0.8, 8: 0.85, 64: 0.95},
    ),
    *_faster("threaded multiplexer / redis-py", THREADS, "threads-redis-py", {1: 1.6, 8: 1.8, 64: 1.8}),
    *_faster("a raw connection per thread / redis-py", "threads-raw", "threads-redis-py", {1: None}),
    *_faster("threaded multiplexer / valkey-glide", THREADS, "threads-glide", {1: None, 8: None, 64: None}),
]

LOCK, QUEUE = "threads-borrow-lock-and-deque", "asyncio-borrow-queue"
POOLS = [
    _borrowing("acquire and release, threads / lock and deque", "pool", "threads-borrow-pool", LOCK, 2.0),
    _borrowing("acquire and release, threads / lock and deque", "redis-py", "threads-borrow-redis-py", LOCK),
    _borrowing("acquire and release, asyncio / LifoQueue", "pool", "asyncio-borrow-pool", QUEUE, 2.0),
    _borrowing("acquire and release, asyncio / LifoQueue", "redis-py", "asyncio-borrow-redis-py", QUEUE),
    *_faster("threaded pool / redis-py", "threads-pool", "threads-redis-py", {1: 1.8}),
    *_faster("asyncio pool / redis-py", "asyncio-pool", "asyncio-redis-py", {1: 2.0, 10: 2.0, 100: 2.0}),
    _uneven("p99 / p50, 64 threads on 50 connections", "pool", Cell("threads-pool", 64, 50), 10.0),
    _uneven("p99 / p50, 64 threads on 50 connections", "redis-py", Cell("threads-redis-py-blocking", 64, 50)),
    _uneven("p99 / p50, 100 asyncio callers on 50", "pool", Cell("asyncio-pool", 100, 50), 10.0),
    _uneven("p99 / p50, 100 asyncio callers on 50", "redis-py", Cell("asyncio-redis-py-blocking", 100, 50)),
]

ROWS = [*ASYNCIO_MULTIPLEXER, *THREADED_MULTIPLEXER, *POOLS]

CURVES = [  # only for the picture
    *(Cell("asyncio-ceiling", count) for count in (10, 100, 10_000)),
    Cell("asyncio-redis-py", 1_000),
    Cell("asyncio-pool", 1_000),
    *(Cell("asyncio-glide", count) for count in (1, 10, 100)),
    *(Cell("asyncio-coredis", count) for count in (1, 10, 100)),
    *(Cell("threads-pool", count) for count in (8, 64)),
]
