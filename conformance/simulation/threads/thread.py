"""A simulated thread, which is a greenlet, and what is known of the one that runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from greenlet import greenlet

if TYPE_CHECKING:
    from .kernel import Kernel
    from .locks import Lock
    from .scheduler import Scheduler

IMPORTER = 1  # the ident of the thread that imports the client


class Killed(BaseException):
    """The run is over; unwind."""


class SimulationError(RuntimeError):
    """Something was asked for that is not simulated: blocking, for example, where no thread runs."""


class Present:
    """What is going on in this process: the run, its network, and which thread runs (None: the hub)."""

    scheduler: "Scheduler | None" = None
    kernel: "Kernel | None" = None
    thread: "SimulatedThread | None" = None


present = Present()


def running_scheduler() -> "Scheduler":
    """The scheduler of the thread that runs. Raises SimulationError."""
    if present.scheduler is None or present.thread is None:
        raise SimulationError("something blocks or uses the network where no simulated thread runs")
    return present.scheduler


class SimulatedThread:
    """A thread of the client, or a caller.

    is_ready: it is in the queue. waits_for, lock: what it is parked for, in words, and the lock if it is one.
    was_woken: its last wait ended because of somebody, and not of time.
    thrown: is raised in it when it goes on. is_left_alone: nobody stops it before it parks.
    errand: is run in it where it stands, before it goes on.
    """

    def __init__(self, scheduler: "Scheduler", ident: int, name: str, function: Callable[[], object]) -> None:
        self.scheduler = scheduler
        self.ident = ident
        self.name = name
        self.greenlet = greenlet(self._run, scheduler.hub)
        self.at_end: list[Callable[[], object]] = []
        self.is_ready = True
        self.waits_for = ""
        self.lock: Lock | None = None
        self.locks_held = 0
        self.was_woken = False
        self.wait_number = 0  # tells a timer of this wait from those of earlier ones
        self.is_between_statements = False
        self.thrown: BaseException | None = None
        self.is_left_alone = False
        self.errand: Callable[[], object] | None = None
        self._function = function
        self._error: BaseException | None = None
        self._is_done = False

    def __str__(self) -> str:
        return self.name

    @property
    def was_stopped(self) -> bool:
        """It has begun, and is neither parked nor done."""
        return bool(self.greenlet) and not self.waits_for

    def done(self) -> bool:
        return self._is_done

    def exception(self) -> BaseException | None:
        return self._error

    def _run(self) -> None:
        try:
            self._function()
        except (KeyboardInterrupt, SystemExit):
            raise  # in the hub
        except BaseException as error:
            self._error = error
        finally:
            self._is_done = True
            for notify in self.at_end:
                notify()

    def go(self) -> None:
        """The hub only: let it run until it parks, is stopped, or ends."""
        self.is_ready = self.is_between_statements = False
        present.thread = self
        try:
            self.greenlet.switch()
        finally:
            present.thread = None
