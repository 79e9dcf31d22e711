"""`_thread`, simulated: threads that the client starts.

To start one is a point, where others may come first. What a thread raises is looked after by `threading`, but
for SystemExit, which ends it without a word. CPython 3.13 has changed how `threading` starts and joins
threads; both ways are here.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .locks import Lock
from .thread import IMPORTER, SimulatedThread, present, running_scheduler


def get_ident() -> int:
    return present.thread.ident if present.thread else IMPORTER


def start_new_thread(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, /
) -> int:
    """`_thread.start_new_thread`."""
    return _start(function, args, kwargs or {}).ident


def _start(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> SimulatedThread:
    scheduler = running_scheduler()

    def run() -> None:
        with suppress(SystemExit):  # it ends the thread, and no more
            function(*args, **kwargs)

    scheduler.point()
    return scheduler.start(f"thread {len(scheduler.threads) + 1}", run)


def set_sentinel() -> Lock:
    """A lock that is released when the running thread ends (until CPython 3.12)."""
    lock = Lock()
    if present.thread is not None:
        present.thread.at_end.append(lambda: lock.release() if lock.locked() else None)
    return lock


class ThreadHandle:
    """`_thread._ThreadHandle` (CPython 3.13 and later)."""

    def __init__(self, ident: int | None = None) -> None:
        self.ident = ident
        self._end = Lock()

    def begin(self, thread: SimulatedThread) -> None:
        self.ident = thread.ident
        self._end.take(thread)
        thread.at_end.append(self._set_done)

    def is_done(self) -> bool:
        return not self._end.locked()

    def _set_done(self) -> None:
        if self._end.locked():
            self._end.release()

    def join(self, timeout: float | None = None) -> None:
        if self._end.locked() and self._end.acquire(True, -1 if timeout is None else timeout):
            self._end.release()


def start_joinable_thread(
    function: Callable[[], object], handle: ThreadHandle | None = None, daemon: bool = True
) -> ThreadHandle:
    del daemon  # nobody waits for threads at the end of the process
    handle = handle or ThreadHandle()
    handle.begin(_start(function, (), {}))
    return handle
