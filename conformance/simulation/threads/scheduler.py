"""One deterministic scheduler for simulated threads: greenlets, virtual time, and a plan that chooses.

Each thread of the client is a greenlet; only one runs at a time, and the scheduler, which runs in the hub
(the greenlet of the world itself), decides who is next. A thread ends its turn

    at a point   before it does what others can see: takes a lock, uses the network, starts a thread
    parked       blocked until somebody wakes it, or until its time has come
    at its end

and at a point it takes the next turn as well unless the plan says otherwise, which costs no switch at all. It
never takes more than LONGEST_ROW of them: who spins must not keep out the one that would end it.
Deliveries of the network wait for their turn in the same queue as the threads. A choice of the plan is an
index into it; 0 is whoever is running, and else whoever has waited longest.

Within a turn, a thread can be stopped between two statements: the client's code carries a call before each
(`statements.py`), which does nothing unless a step of the plan counts statements.

Time stands still while anything can go on, and jumps to the next timer when it is told to. If nothing can go
on and there is no timer, whoever is parked stays so for ever: a deadlock is seen at once.
"""

import gc
import heapq
import itertools
from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Protocol

from greenlet import getcurrent

from ..guard import Livelock
from .statements import armed
from .thread import IMPORTER, Killed, SimulatedThread, SimulationError, present

if TYPE_CHECKING:
    from .locks import Lock

TURN_LIMIT = 200_000  # of one run; a client that polls needs some thousands
LONGEST_ROW = 1_000  # turns that a thread takes one after the other while others wait for theirs


class Outside(Protocol):
    """What has times of its own: a network."""

    def next_time(self) -> float: ...
    def pass_time(self) -> None: ...


class Nothing:
    """Outside there is nothing."""

    def next_time(self) -> float:
        return inf

    def pass_time(self) -> None:
        pass


class Scheduler:
    """See the module. `now` is virtual seconds since the run began.

    outside: does something by itself when its time comes.
    stopped: the thread that the last step of the plan stopped where it could have gone on.
    """

    def __init__(self, order: Sequence[int] = (), turn_limit: int = TURN_LIMIT) -> None:
        self.hub = getcurrent()
        self.now = 0.0
        self.is_over = False
        self.outside: Outside = Nothing()
        self.threads: list[SimulatedThread] = []
        self.stopped: SimulatedThread | None = None
        self._choices = iter(order)
        self._turn_limit = turn_limit
        self._queue: list[Callable[[], None]] = []
        self._first: list[Callable[[], None]] = []  # who goes before the queue
        self._timers: list[tuple[float, int, int, SimulatedThread]] = []
        self._serial = itertools.count()
        self._turns = 0
        self._row = 0
        self._turns_left = 0.0
        self._statements_left = 0.0

    # for the world, in the hub

    def start(self, name: str, function: Callable[[], object]) -> SimulatedThread:
        """A new thread, which waits for its first turn."""
        thread = SimulatedThread(self, IMPORTER + 1 + len(self.threads), name, function)
        self.threads.append(thread)
        self._queue.append(thread.go)
        return thread

    def soon(self, delivery: Callable[[], None]) -> None:
        """Call this, in the hub, when its turn comes."""
        self._queue.append(delivery)

    def run(self, turns: float = inf) -> None:
        """Let that many turns pass, or fewer if nobody can go on. Raises Livelock."""
        self.stopped = None
        self._turns_left = turns
        while self._turns_left > 0 and self._take_turn():
            pass

    def step(self, statements: float) -> None:
        """Run until that many statements of the client have been executed. Raises Livelock."""
        self._statements_left = statements
        armed.append(self._count_statement)
        try:
            self.run()
        finally:
            armed.clear()

    def pass_time(self, seconds: float) -> None:
        """Let that much virtual time pass, running whatever becomes due. Raises Livelock."""
        end = self.now + seconds
        self.run()
        while (due := min(self._next_timer(), self.outside.next_time())) <= end:
            self.now = max(self.now, due)
            if self.outside.next_time() <= self.now:
                self.outside.pass_time()
            self.run()
        self.now = end

    def collect(self) -> None:
        """The thread that was stopped last collects garbage where it stands; if none was, a new one does."""
        if (thread := self.stopped) is None or thread.thrown:
            self.start("collector", gc.collect)
        else:
            thread.errand = gc.collect
            self._queue.remove(thread.go)
            thread.go()

    def throw(self, thread: SimulatedThread, error: BaseException, in_one_go: bool) -> None:
        """Raise the error in the thread, where it stands, before anything else goes on.

        in_one_go: nobody stops the thread, as nobody stops a greenlet, before it ends, or blocks again.
        """
        thread.thrown = error
        thread.is_left_alone = in_one_go
        if thread.is_ready:
            self._queue.remove(thread.go)
        thread.is_ready = True
        self._first.append(thread.go)

    def end(self) -> None:
        """Unwind every thread that is left. From now on locks are free, and nobody waits for anything."""
        self.is_over = True
        for thread in self.threads:
            if thread.greenlet:  # has begun, and not ended
                present.thread = thread
                try:
                    thread.greenlet.throw(Killed)
                finally:
                    present.thread = None

    # for the primitives, in a thread

    def point(self) -> None:
        """Before the running thread does what others can see: others may come first."""
        thread = present.thread
        if thread is None or self.is_over or thread.is_left_alone:
            return
        if self._turns_left <= 0 or self._turns >= self._turn_limit:
            self.stopped = thread
            self._pause(thread)
            return
        if self._queue:
            self._row += 1
            choice = next(self._choices, 0) % (len(self._queue) + 1)
            if choice or self._row > LONGEST_ROW:
                self._first.append(self._queue.pop(max(0, choice - 1)))
                self._pause(thread)
                return
        self._count_turn()

    def park(self, what: str, until: float | None, lock: "Lock | None" = None) -> bool:
        """Block the running thread. True: it was woken; False: the time `until` has come.

        Raises what was thrown, and SimulationError outside a thread.
        """
        thread = present.thread
        if self.is_over:
            raise Killed
        if thread is None:
            raise SimulationError(f"waiting for {what} outside of a simulated thread")
        thread.waits_for, thread.lock, thread.was_woken = what, lock, False
        thread.is_left_alone = False
        if until is not None:
            heapq.heappush(self._timers, (until, next(self._serial), thread.wait_number, thread))
        self.hub.switch()
        thread.waits_for, thread.lock = "", None
        thread.wait_number += 1
        self._look_at_orders(thread)
        return thread.was_woken

    def wake(self, thread: SimulatedThread) -> None:
        """What the thread is parked for may have come."""
        if thread.waits_for and not thread.is_ready and not self.is_over:
            thread.was_woken = True
            self._make_ready(thread)

    def give_way(self) -> None:
        """The running thread lets everybody else go first."""
        if present.thread is not None and self._queue and not self.is_over:
            self._pause(present.thread)

    # inside

    def _take_turn(self) -> bool:
        self._wake_due()
        if self._first:
            go = self._first.pop(0)
        elif self._queue:
            choice = next(self._choices, 0) % len(self._queue) if len(self._queue) > 1 else 0
            go = self._queue.pop(choice)
        else:
            return False
        self._row = 0
        self._count_turn()
        go()
        return True

    def _count_turn(self) -> None:
        self._turns_left -= 1
        self._turns += 1
        if self._turns > self._turn_limit:
            raise Livelock(f"{self._turn_limit:,} turns of threads in one run, and still no rest")

    def _count_statement(self) -> None:
        thread = present.thread
        if thread is None or self.is_over or thread.is_left_alone:
            return
        if self._statements_left > 0:
            self._statements_left -= 1
            return
        armed.clear()
        self._turns_left = 0
        thread.is_between_statements = True
        self.stopped = thread
        self._pause(thread)

    def _pause(self, thread: SimulatedThread) -> None:
        self._make_ready(thread)
        self.hub.switch()
        self._look_at_orders(thread)

    def _look_at_orders(self, thread: SimulatedThread) -> None:
        while errand := thread.errand:
            thread.errand = None
            errand()
            self._make_ready(thread)
            self.hub.switch()
        if thread.thrown is not None:
            error, thread.thrown = thread.thrown, None
            try:
                raise error
            finally:
                del error  # or it would hold this frame, and this frame it, until garbage is collected

    def _make_ready(self, thread: SimulatedThread) -> None:
        if not thread.is_ready:
            thread.is_ready = True
            self._queue.append(thread.go)

    def _wake_due(self) -> None:
        while self._next_timer() <= self.now:
            _, _, _, thread = heapq.heappop(self._timers)
            self._make_ready(thread)

    def _next_timer(self) -> float:
        while self._timers:
            due, _, wait_number, thread = self._timers[0]
            if wait_number == thread.wait_number and not thread.is_ready:
                return due
            heapq.heappop(self._timers)
        return inf
