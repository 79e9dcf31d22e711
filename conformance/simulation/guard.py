"""Clients that never come to rest.

One that goes on for ever inside the simulation is caught by counting. One that never comes back to it (an
endless loop; in an event loop also a lock or a sleep) can only be ended by a signal: this is the suite's one
limit in real time. The error names the line that was running.
"""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

LIMIT_SECONDS = 5.0  # a run takes about a millisecond


class Livelock(Exception):
    """The client goes on for ever without any news or time passing."""


class Blocked(KeyboardInterrupt):
    """The client blocked its process. No Exception, lest the client's error handling swallow it."""


@contextmanager
def guarded(limit_seconds: float = LIMIT_SECONDS) -> Generator[None]:
    """Raises Blocked inside the block when it takes longer. Main thread only; without SIGALRM, no effect."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(_: int, frame: FrameType | None) -> None:
        place = f" at {frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}" if frame else ""
        raise Blocked(f"the client's process was blocked for {limit_seconds:g} s{place}")

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(
        signal.ITIMER_REAL, limit_seconds, 1.0
    )  # again every second, should the client swallow it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
