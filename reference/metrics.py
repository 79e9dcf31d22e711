"""What a pool tells about itself, under the names that OpenTelemetry gives the numbers (OBS-01).

https://opentelemetry.io/docs/specs/semconv/database/database-metrics/

Counts are read off the state itself when somebody asks, so that they cannot drift from it; what is over by
then (how long a wait, a dial, a borrowing took) is added up as it happens. All durations are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from .pool import PoolCore


class Sum(TypedDict):
    """Of durations."""

    count: int
    seconds: float


Snapshot = TypedDict(
    "Snapshot",
    {
        "db.client.connection.count": dict[str, int],  # by db.client.connection.state: used, idle
        "db.client.connection.max": int,
        "db.client.connection.idle.min": int,
        "db.client.connection.pending_requests": int,
        "db.client.connection.timeouts": int,
        "db.client.connection.create_time": Sum,
        "db.client.connection.wait_time": Sum,
        "db.client.connection.use_time": Sum,
    },
)


class Durations:
    """How often something happened, and for how long in all; `listener` is told of each."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.listener: Callable[[float], None] | None = None

    def record(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds
        if self.listener is not None:
            self.listener(seconds)

    def snapshot(self) -> Sum:
        return {"count": self.count, "seconds": self.seconds}


class Metrics:
    """What has happened to the callers of one pool."""

    def __init__(self) -> None:
        self.timeouts = 0
        self.create_time = Durations()
        self.wait_time = Durations()  # of those only who had to wait or dial; the others waited for nothing


def snapshot(core: PoolCore[Any, Any], metrics: Metrics) -> Snapshot:
    """The numbers of this moment."""
    waits = metrics.wait_time.snapshot()
    waits["count"] = core.use_time.count + len(core.lent)
    return {
        "db.client.connection.count": {
            "used": len(core.lent) + len(core.granted),
            "idle": len(core.idle),
        },
        "db.client.connection.max": core.limits.max_size,
        "db.client.connection.idle.min": core.limits.min_idle,
        "db.client.connection.pending_requests": len(core.waiting) + len(core.dialling),
        "db.client.connection.timeouts": metrics.timeouts,
        "db.client.connection.create_time": metrics.create_time.snapshot(),
        "db.client.connection.wait_time": waits,
        "db.client.connection.use_time": core.use_time.snapshot(),
    }


def describe(core: PoolCore[Any, Any], now: float) -> str:
    """Who has what, in a few words, for an error message; a caller is shown by its `str`."""
    lent = len(core.lent) + len(core.granted)
    used = "all lent" if lent == core.limits.max_size else f"{lent} lent, {len(core.dialling)} dialling"
    words = f"capacity {core.limits.max_size}: {used}, {len(core.waiting)} waiting"
    for caller, (_, since) in core.lent.items():
        return f"{words}; oldest lent {now - since:.1f} s by {caller}"
    return words
