"""The world of a synchronous client: simulated threads, of which each caller is one."""

import gc
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePath

from ...adapter import Interrupted, Strength, SynchronousAdapter
from ...history import LOCKED, Kind
from ...plan import Step, Verb
from ..stage import Work
from ..world import World
from . import install
from .kernel import Kernel
from .scheduler import Scheduler
from .statements import is_of_the_client
from .thread import SimulatedThread, SimulationError, present

FRAMES_SHOWN = 3
YOUNG, OLD = 0, 2  # generations of objects: those of this run, as a rule, and all


class ThreadedWorld(World[SynchronousAdapter]):
    """One run on simulated threads. The client was imported after `install.install`."""

    def _lay_network(self) -> Kernel:
        if not install.is_installed():
            raise SimulationError("the simulated threads have to be installed before the client is imported")
        self._messages: dict[str, Iterator[object]] = {}
        self._scheduler = Scheduler(self._plan.order)
        self._kernel = Kernel(self._plan, self._witness, self._record, self._scheduler)
        return self._kernel

    @contextmanager
    def _at_work(self) -> Generator[None]:
        install.begin_again(lambda text: self._record(Kind.UNHANDLED, text=text))
        if self._plan.uses({Verb.COLLECT}):
            gc.collect()  # the garbage of earlier runs is not this one's
        present.scheduler, present.kernel = self._scheduler, self._kernel
        try:
            yield
        finally:
            self._is_over = True  # what is unwound now is our doing, not the client's
            self._scheduler.end()
            gc.collect(YOUNG)  # what is left must not act in the next run
            present.scheduler = present.kernel = None
            install.forget_threads()

    def _now(self) -> float:
        return self._scheduler.now

    # callers

    def _begin_open(self) -> SimulatedThread:
        return self._scheduler.start("opening", self._client.open)

    def _begin_call(self, step: Step, kind: Kind) -> SimulatedThread:
        return self._scheduler.start(step.caller, partial(self._caller, step, kind))

    def _caller(self, step: Step, kind: Kind) -> None:
        with self._observed(step, kind) as tell:
            tell(self._issue(step))

    def _begin_lending(self, caller: str, kind: Kind) -> None:
        self._scheduler.start(caller, partial(self._borrower, caller, kind))

    def _borrower(self, caller: str, kind: Kind) -> None:
        with self._borrowing(caller, kind) as held:
            if kind is Kind.BORROWED:
                held[caller] = self._client.borrow()
            else:
                self._client.give_back(held[caller])

    def _begin_listening(self, caller: str, channel: str, is_slow: bool = False) -> None:
        self._slow.discard(caller)
        self._scheduler.start(caller, partial(self._listener, caller, channel, is_slow))

    def _listener(self, caller: str, channel: str, is_slow: bool) -> None:
        with self._subscribed(caller) as tell:
            if caller not in self._messages:
                self._messages[caller] = self._client.subscribe(channel)
            for message in self._messages[caller]:
                tell(message)
                if is_slow:
                    self._slow.add(caller)
                    break

    def _begin_close(self, drain_seconds: float | None = None) -> SimulatedThread:
        return self._scheduler.start("closing", partial(self._closing, drain_seconds))

    def _closing(self, drain_seconds: float | None) -> None:
        with self._watched_closing(drain_seconds is not None):
            if drain_seconds is None:
                self._client.close()
            else:
                self._client.drain(drain_seconds)

    def _interrupt(self, caller: str, work: Work) -> None:
        assert isinstance(work, SimulatedThread)
        allowed = self._client.interrupted_at if self._client.interruptible else 0
        is_next = any(thread.thrown for thread in self._scheduler.threads)  # one at a time, as they come
        if _place(work) > allowed or is_next:
            self._record(Kind.MISSED, text=f"{caller} cannot be interrupted there")
            return
        self._record(Kind.CANCELLED, caller)
        in_one_go = self._client.interrupted_at is Strength.PARKED
        self._scheduler.throw(work, Interrupted(), in_one_go)

    # the scheduler

    def _run(self, turns: int) -> None:
        self._scheduler.run(turns)

    def _settle(self) -> None:
        self._scheduler.run()

    def _pass_time(self, seconds: float) -> None:
        self._scheduler.pass_time(seconds)

    def _freeze(self, seconds: float) -> None:
        self._scheduler.now += seconds

    def _perform_on_threads(self, step: Step) -> None:
        match step.verb:
            case Verb.STEP:
                self._scheduler.step(step.amount)
            case Verb.ABANDON:
                self._scheduler.start("abandoning", self._abandoning)
            case _:
                self._collect()

    def _collect(self) -> None:
        stopped = self._scheduler.stopped
        if stopped is not None and stopped.name in self._under_way:
            self._record(Kind.COLLECTED, stopped.name)
        self._scheduler.collect()

    def _abandoning(self) -> None:
        try:
            self._client.abandon()
        except Exception as error:
            self._look_for_mistake(error)

    def _end(self) -> None:
        self._scheduler.start("collector", self._collect_own)  # what only waits for that is not lost
        super()._end()

    def _collect_own(self) -> None:
        """Collect the garbage of this run."""
        gc.collect(OLD if self._plan.uses({Verb.COLLECT}) else YOUNG)

    def _say_who_is_blocked(self) -> None:
        for caller in sorted(self._under_way):
            thread = self._work[caller]
            assert isinstance(thread, SimulatedThread)
            self._record(Kind.BLOCKED, caller, text=_what_blocks(thread))


def _place(thread: SimulatedThread) -> Strength:
    """How strong an interruption has to be to strike the thread where it stands.

    To be parked is not enough. The greenlets that gevent's timeouts interrupt are never stopped while they
    hold a lock; with threads that are, the standard library's own Condition can lose a notification.
    """
    if thread.waits_for and not thread.is_ready:
        is_in_line = thread.lock is not None and thread.lock.owner is not thread
        locked = any(each.was_stopped and each.locks_held for each in thread.scheduler.threads)
        return Strength.LOCK_POINT if is_in_line or locked else Strength.PARKED
    return Strength.STATEMENT if thread.is_between_statements else Strength.LOCK_POINT


def _what_blocks(thread: SimulatedThread) -> str:
    stack = traceback.extract_stack(thread.greenlet.gr_frame)[::-1]
    what = f"waits for {thread.waits_for or 'its turn'}"
    if thread.lock is not None and any(_is_a_notification(each) for each in stack):
        what = "waits for a notification"
    elif thread.lock is not None:
        owner = thread.lock.owner
        what = f"{LOCKED} that {'it holds itself' if owner is thread else f'{owner} holds'}"
    places = [
        f"{'/'.join(PurePath(each.filename).parts[-2:])}:{each.lineno} {each.name}"
        for each in stack
        if is_of_the_client(each.filename)
    ]
    return what + (f", in {' < '.join(places[:FRAMES_SHOWN])}" if places else "")


def _is_a_notification(frame: traceback.FrameSummary) -> bool:
    """Whether it is the wait of a Condition, on which all others are built."""
    return frame.name == "wait" and PurePath(frame.filename).name == "threading.py"
