"""Virtual time for whoever asks `time` directly instead of the event loop.

While a run is going on, `time.monotonic`, `time.time` and `time.perf_counter` (and their `_ns` twins) follow
the simulated loop, so that a client's time stamps repeat exactly; between runs they are the real ones.
`install` has to come before the client is imported, for the sake of `from time import monotonic`.
"""

import time
from collections.abc import Callable

EPOCH_SECONDS = 1_700_000_000.0  # what time.time() says when a run begins

_now: Callable[[], float] | None = None


def install() -> None:
    """Replace the clocks of this process, once."""
    for name, start in (("monotonic", 1_000.0), ("perf_counter", 1_000.0), ("time", EPOCH_SECONDS)):
        setattr(time, name, _seconds(getattr(time, name), start))
        setattr(time, f"{name}_ns", _nanoseconds(getattr(time, f"{name}_ns"), start))


def follow(now: Callable[[], float] | None) -> None:
    """From now on the clocks show `now` (virtual seconds since the run began); None: real time."""
    global _now
    _now = now


def _seconds(real: Callable[[], float], start: float) -> Callable[[], float]:
    return lambda: real() if _now is None else start + _now()


def _nanoseconds(real: Callable[[], int], start: float) -> Callable[[], int]:
    return lambda: real() if _now is None else int((start + _now()) * 1e9)
