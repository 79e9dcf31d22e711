"""What a program of threads plays on: threads, a network, and a server that answers at once.

`may_happen` names what may happen once, at any moment; the search tries every moment. An interrupt strikes
where a thread waits, or is about to: for a lock, or for the network. (Searching statements, it strikes before
any of them as well.) A failure is told with the schedule that led to it, and with who waits for what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf

from poolproof.conformance.adapter import Interrupted
from poolproof.conformance.history import Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.threads import install
from poolproof.conformance.simulation.threads.kernel import Kernel
from poolproof.conformance.simulation.threads.scheduler import Scheduler
from poolproof.conformance.simulation.threads.statements import armed
from poolproof.conformance.simulation.threads.thread import SimulatedThread, present
from poolproof.conformance.witness import Effect, Witness

from .choosing_scheduler import ChoosingScheduler, Event, place_of
from .thread_schedules import Order

SERVER = "redis://127.0.0.1:1"
PATIENCE_SECONDS = 30.0  # who reads wakes ten times a second, to look at the clock


class Caller:
    """A thread, what came of what it did, and how many (virtual) seconds it took."""

    def __init__(self, scheduler: Scheduler, name: str, function: Callable[[], object]) -> None:
        self.name = name
        self.result: object = None
        self.error: BaseException | None = None
        self.seconds = 0.0
        self._scheduler = scheduler
        self._function = function
        self.thread = scheduler.start(name, self._run)

    def _run(self) -> None:
        began = self._scheduler.now
        try:
            self.result = self._function()
        except (Exception, Interrupted) as error:
            self.error = without_frames(error)
        self.seconds = self._scheduler.now - began

    @property
    def interrupted(self) -> bool:
        return isinstance(self.error, Interrupted)


class Scene:
    """One run. `sockets_allowed` is how many the client may have open at any instant (POOL-01)."""

    def __init__(self, order: Order, statements: bool) -> None:
        self.witness = Witness(lambda *_, **__: None)
        self.witness.heal()
        self.scheduler = ChoosingScheduler(order)
        self.kernel = Kernel(plan("settle"), self.witness, self._record, self.scheduler)
        self.callers: list[Caller] = []
        self.complaints: list[str] = []
        self.sockets_allowed = inf
        self.passed_over = False  # the run tests nothing
        self.patience_seconds = PATIENCE_SECONDS
        self._statements = statements

    # For programs.

    def start(self, name: str, function: Callable[[], object]) -> Caller:
        self.callers.append(Caller(self.scheduler, name, function))
        return self.callers[-1]

    def may_happen(
        self, name: str, happen: Callable[[], object], possible: Callable[[], bool] = lambda: True
    ) -> None:
        """Once, at any moment while the search goes on."""
        self.scheduler.events.append(Event(name, happen, possible))

    def may_begin(self, name: str, function: Callable[[], object]) -> None:
        self.may_happen(f"{name} begins", lambda: self.start(name, function))

    def may_be_interrupted(self, caller: Caller) -> None:
        self.may_happen(
            f"{caller.name} is interrupted",
            lambda: self._interrupt(caller.thread),
            lambda: self.scheduler.can_be_interrupted(caller.thread),
        )

    def may_send(self, name: str, send: Callable[[], Iterable[Effect]]) -> None:
        """What the server does then reaches the client in its turn."""
        self.may_happen(name, lambda: self.kernel.carry(send()))

    def run(self, exploring: bool = True, all_done: bool = True) -> None:
        """Until everything is at rest, and patience has ended; if wanted, nobody is left waiting."""
        self.scheduler.exploring = exploring
        if exploring and self._statements:
            armed.append(self.scheduler.statement)
        try:
            self.scheduler.pass_time(self.patience_seconds)
        finally:
            self.scheduler.exploring = False
            armed.clear()
        waiting = [caller.name for caller in self.callers if not caller.thread.done()]
        assert not (waiting and all_done), f"{' and '.join(waiting)} left waiting"

    def call(self, function: Callable[[], object]) -> object:
        """In a thread of its own, in the plainest schedule, until it has returned; raises what it raises."""
        caller = self.start("afterwards", function)
        self.run(exploring=False)
        if caller.error is not None:
            raise caller.error
        return caller.result

    # For the search.

    @contextmanager
    def playing(self) -> Iterator[None]:
        install.begin_again(self.complaints.append)
        present.scheduler, present.kernel = self.scheduler, self.kernel
        try:
            yield
        finally:
            self.scheduler.end()
            present.scheduler = present.kernel = None
            install.forget_threads()

    def story(self) -> list[str]:
        waiting = [caller.thread for caller in self.callers if not caller.thread.done()]
        return [*self.scheduler.story, *map(_what_blocks, waiting)]

    def _interrupt(self, thread: SimulatedThread) -> None:
        self.scheduler.story[-1] += f" at {place_of(thread)}"
        if thread is present.thread:
            raise Interrupted
        self.scheduler.throw(thread, Interrupted(), in_one_go=False)

    def _record(self, kind: Kind, *_: object, **__: object) -> None:
        if kind is Kind.DIALLED and len(self.kernel.descriptors) > self.sockets_allowed:
            self.complaints.append(f"{len(self.kernel.descriptors)} sockets at once")


def without_frames(error: BaseException) -> BaseException:
    """The error, with what led to it; whatever the frames that it came through still held is let go."""
    at: BaseException | None = error
    while at is not None:
        at.__traceback__, at.__context__ = None, at.__cause__
        at = at.__cause__
    return error


def _what_blocks(thread: SimulatedThread) -> str:
    owner = f" that {thread.lock.owner} holds" if thread.lock is not None and thread.lock.owner else ""
    return f"{thread} waits for {thread.waits_for or 'its turn'}{owner}, at {place_of(thread)}"
