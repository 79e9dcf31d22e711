"""`_thread`, simulated: locks.

To take a lock is a point, where others may come first; to try it or to release it is none (the standard
library's `Condition` tries a lock to find out whether it is held, and must not be disturbed there). Release
wakes all who wait, and whoever comes first gets the lock: CPython keeps no order either.

Everything else (Condition, Event, Semaphore, Barrier, Thread and its `join`) is the standard library's own
Python on top.
"""

from _thread import TIMEOUT_MAX

from .scheduler import Scheduler
from .thread import Killed, SimulatedThread, SimulationError, present


class Lock:
    """`_thread.lock`. Its owner is who took it; anybody may release it."""

    __slots__ = ("__weakref__", "owner", "waiting")

    def __init__(self) -> None:
        self.owner: SimulatedThread | str | None = None  # a text: taken where no thread runs
        self.waiting: list[SimulatedThread] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if timeout != -1:
            _check_timeout(blocking, timeout)
        thread, scheduler = present.thread, present.scheduler
        if thread is None or scheduler is None or scheduler.is_over:
            return self._acquire_outside(blocking)
        if blocking:
            scheduler.point()
        if self._is_free():
            self.take(thread)
            return True
        return blocking and timeout != 0 and self._wait(thread, scheduler, timeout)

    __enter__ = acquire

    def release(self) -> None:
        if self.owner is None:
            if present.scheduler is not None and present.scheduler.is_over:
                return
            raise RuntimeError("release unlocked lock")
        self._set_free()

    def __exit__(self, *_: object) -> None:
        self.release()

    def locked(self) -> bool:
        return not self._is_free()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self) -> None:
        self.owner = None
        self.waiting = []

    def _is_free(self) -> bool:
        owner = self.owner  # what a thread of an earlier run has left locked is free
        return owner is None or (isinstance(owner, SimulatedThread) and owner.scheduler.is_over)

    def _acquire_outside(self, blocking: bool) -> bool:
        over = present.scheduler is not None and present.scheduler.is_over
        if over and blocking and present.thread and self.owner is present.thread:
            raise Killed  # it would wait for a notification
        if over or self._is_free():
            self.owner = present.thread or "the importer"
            return True
        if blocking:
            raise SimulationError(f"{self!r} is taken where no simulated thread runs")
        return False

    def _wait(self, thread: SimulatedThread, scheduler: Scheduler, timeout: float) -> bool:
        until = None if timeout < 0 else scheduler.now + timeout
        while not self._is_free():
            self.waiting.append(thread)
            try:
                woken = scheduler.park("a lock", until, self)
            finally:
                if thread in self.waiting:
                    self.waiting.remove(thread)
            if not woken and not self._is_free():
                return False
        self.take(thread)
        return True

    def take(self, thread: SimulatedThread) -> None:
        """It is free, and now the thread has it."""
        self.owner = thread
        thread.locks_held += 1

    def _set_free(self) -> None:
        if isinstance(self.owner, SimulatedThread):
            self.owner.locks_held -= 1
        self.owner = None
        waiting, self.waiting = self.waiting, []
        for thread in waiting:
            thread.scheduler.wake(thread)

    def __repr__(self) -> str:
        state = "unlocked" if self._is_free() else "locked"
        return f"<{state} simulated {type(self).__name__} object at {id(self):#x}>"


class RLock(Lock):
    """`_thread.RLock`: its owner may take it again, and nobody else may release it."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._is_owned():
            self.count += 1
            return True
        if not Lock.acquire(self, blocking, timeout):
            return False
        self.count = 1
        return True

    __enter__ = acquire

    def release(self) -> None:
        if not self._is_owned():
            if present.scheduler is not None and present.scheduler.is_over:
                return
            raise RuntimeError("cannot release un-acquired lock")
        self.count -= 1
        if not self.count:
            self._set_free()

    # what threading.Condition asks of it

    def _is_owned(self) -> bool:
        return self.owner is not None and self.owner == (present.thread or "the importer")

    def _release_save(self) -> int:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        count, self.count = self.count, 0
        self._set_free()
        return count

    def _acquire_restore(self, count: int) -> None:
        Lock.acquire(self)
        self.count = count

    def _recursion_count(self) -> int:
        return self.count if self._is_owned() else 0

    def _at_fork_reinit(self) -> None:
        super()._at_fork_reinit()
        self.count = 0


def _check_timeout(blocking: bool, timeout: float) -> None:
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
