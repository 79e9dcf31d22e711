"""A limit in real time for client code that blocks the event loop: an endless loop, a lock, a sleep.

Such code never comes back to the simulation, so only a signal can end it. The error names the line that was
running.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

LIMIT_SECONDS = 5.0  # a run takes about a millisecond


class Blocked(KeyboardInterrupt):
    """The client blocked the event loop. No Exception, lest the client's error handling swallow it."""


@contextmanager
def guarded(limit_seconds: float = LIMIT_SECONDS) -> Generator[None]:
    """Raises Blocked inside the block when it takes longer. Main thread only; without SIGALRM, no effect."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(_: int, frame: FrameType | None) -> None:
        place = f" at {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}" if frame else ""
        raise Blocked(f"the event loop was blocked for {limit_seconds:g} s{place}")

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(
        signal.ITIMER_REAL, limit_seconds, 1.0
    )  # again every second, should the client swallow it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
