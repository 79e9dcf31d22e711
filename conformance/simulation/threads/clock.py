"""`time`, simulated: the client's clocks show the virtual time of the run, and to sleep is to park."""

from collections.abc import Callable

from .thread import present

EPOCH_SECONDS = 1_700_000_000.0  # what time.time() says when a run begins
START_SECONDS = 1_000.0  # of the other clocks


def sleep(seconds: float) -> None:
    """Park for so long. Where no thread runs (while the client is imported) no time passes."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    scheduler = present.scheduler
    if scheduler is None or present.thread is None:
        return
    if seconds:
        scheduler.park("time to pass", scheduler.now + seconds)
    else:
        scheduler.give_way()


def shown(start: float) -> float:
    """What a clock shows that began the run with `start`."""
    return start + (present.scheduler.now if present.scheduler else 0.0)


def shown_nanoseconds(start: float) -> int:
    """The same, as a whole number of nanoseconds."""
    return int(shown(start) * 1e9)


def of_now(convert: Callable[[float], object], seconds: float | None = None) -> object:
    """The conversion of a time, or of the present one."""
    return convert(shown(EPOCH_SECONDS) if seconds is None else seconds)
