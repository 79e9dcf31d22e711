"""Leader and follower: the threads that share a connection write and read for each other.

Every call runs these few lines in the thread of its caller. There are two locks and two queues:

    backlog.append(me)
    while backlog and writing.acquire(blocking=False):      one writes for all,
        while backlog: in_flight.append(backlog.popleft())
        send what was gathered
        writing.release()                                   and looks again
    while not settled:
        if reading.acquire(blocking=False):                 one reads for all,
            for each reply: in_flight.popleft(), settle it, wake it; until mine was among them
            reading.release()
        else: sleep until woken, or until the limit expires
    if not reading.locked(): wake one that is in flight     and who leaves finds the next

The last line is the danger. Who leaves may have been the last one awake, and those whose commands it wrote
would sleep for ever. So nobody leaves without that look, not even a call whose limit has expired: the
wake-up that it slept through may have been the one that made it the reader.

The reader finds out that the connection is lost. It takes `writing` too, so that no command is between the
queues, fails all that is in them, and gives both locks back; `writing` last, because it must look again.

One action is one operation on what threads share (models/combining_state.py). Which command is taken first
is left open: order is the affair of models/multiplexer.py, and here any order must do.

Left out: what replies say, how the next connection is made, and close, which is a loss that somebody wanted.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from .combining_state import (
    INVARIANTS,
    NONE,
    Call,
    State,
    back,
    end,
    go,
    lying,
    owing,
    put_down,
    renamed,
    wake,
)
from .explore import Action, Model

Steps: TypeAlias = Iterator[tuple[Action, State]]


class Combining(Model[State]):
    """`calls` calls, each in a thread of its own, over one connection and those that replace it."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        phases: list[Callable[[State, int], Steps]] = [
            *(self.new, self.appended, self.willing, self.writing, self.queueing, self.written),
            *(self.waiting, self.unserved, self.parked, self.reading, self.settling, self.telling),
            *(self.lost, self.failing, self.leaving, self.choosing, self.promoting),
        ]
        self.phases = {phase.__name__: phase for phase in phases}

    def initial(self) -> State:
        return State((Call(),) * self.calls)

    def actions(self, state: State) -> list[tuple[Action, State]]:
        going = [(me, call.phase) for me, call in enumerate(state.calls) if call.phase != "out"]
        if not going:
            return [(("Done",), state)]
        return [step for me, phase in going for step in self.phases[phase](state, me)]

    def violated(self, state: State) -> str | None:
        return next((name for name, holds in INVARIANTS.items() if not holds(state)), None)

    def canonical(self, state: State) -> State:
        """By what each call is like itself, and among equals by the calls that it has to do with."""
        calls, writer, reader = state
        alone = [(*call[:-1], me == writer, me == reader, me == call.target) for me, call in enumerate(calls)]
        everyone = range(len(calls))
        if len(set(alone)) == len(calls):
            return renamed(state, sorted(everyone, key=alone.__getitem__))
        aims = [alone[call.target] if call.target != NONE else () for call in calls]
        aimed = [sorted(alone[one] for one in everyone if calls[one].target == me) for me in everyone]
        return renamed(state, sorted(everyone, key=lambda me: (alone[me], aims[me], aimed[me])))

    # Writing, for everybody.

    def new(self, state: State, me: int) -> Steps:
        yield ("Append", me), go(put_down(state, me, "backlog"), me, "appended")

    def appended(self, state: State, me: int) -> Steps:
        if lying(state, "backlog"):
            yield ("FindBacklog", me), go(state, me, "willing")
        else:
            yield ("FindNoBacklog", me), go(state, me, "waiting")

    def willing(self, state: State, me: int) -> Steps:
        if state.writer == NONE:
            yield ("LockWriting", me), go(state._replace(writer=me), me, "writing")
        else:
            yield ("FindWriter", me), go(state, me, "waiting")

    def writing(self, state: State, me: int) -> Steps:
        """What expired in the backlog is never written. Once the backlog is empty, the rest is sent."""
        backlog = lying(state, "backlog")
        for one in backlog:
            if state.calls[one].outcome:
                yield ("Skip", me, one), put_down(state, one, "")
            else:
                yield ("Gather", me, one), go(put_down(state, one, "writer"), me, "queueing", one)
        if not backlog:
            yield ("Send", me), go(owing(state, lying(state, "in flight")), me, "written")

    def queueing(self, state: State, me: int) -> Steps:
        yield ("Queue", me), go(put_down(state, state.calls[me].target, "in flight"), me, "writing")

    def written(self, state: State, me: int) -> Steps:
        yield ("UnlockWriting", me), go(state._replace(writer=NONE), me, "appended")

    # Waiting, and reading for everybody.

    def waiting(self, state: State, me: int) -> Steps:
        if state.calls[me].outcome:
            yield ("FindOutcome", me), go(state, me, "leaving")
        else:
            yield ("FindNoOutcome", me), go(state, me, "unserved")

    def unserved(self, state: State, me: int) -> Steps:
        if state.reader == NONE:
            yield ("LockReading", me), go(state._replace(reader=me), me, "reading")
        else:
            yield ("FindReader", me), go(state, me, "parked")

    def parked(self, state: State, me: int) -> Steps:
        if state.calls[me].woken:
            yield ("Wake", me), go(wake(state, me, False), me, "waiting")
        yield ("Expire", me), go(end(state, me, "expired"), me, "leaving")

    def reading(self, state: State, me: int) -> Steps:
        """A push settles nobody. A reader that has its outcome may still have replies at hand."""
        yield ("Push", me), state
        for one in lying(state, "in flight"):
            if state.calls[one].owed:
                yield ("Receive", me, one), go(put_down(state, one, "reader"), me, "settling", one)
        if state.calls[me].outcome:
            yield ("UnlockReading", me), go(state._replace(reader=NONE), me, "waiting")
        else:
            yield ("Expire", me), end(state, me, "expired")
            yield ("Lose", me), go(owing(state, []), me, "lost")

    def settling(self, state: State, me: int) -> Steps:
        one = state.calls[me].target
        settled = end(put_down(state, one, ""), one, "settled")
        yield (
            ("Settle", me),
            go(settled, me, back(state, me)) if one == me else go(settled, me, "telling", one),
        )

    def telling(self, state: State, me: int) -> Steps:
        yield ("Tell", me), go(wake(state, state.calls[me].target), me, back(state, me))

    def lost(self, state: State, me: int) -> Steps:
        """Until nobody writes, there is nothing it can do; what is sent meanwhile is lost as well."""
        if state.writer == NONE:
            yield ("LockWriting", me), go(state._replace(writer=me), me, "failing")

    def failing(self, state: State, me: int) -> Steps:
        remaining = [*lying(state, "in flight"), *lying(state, "backlog")]
        for one in remaining:
            yield ("Fail", me, one), go(put_down(state, one, "reader"), me, "settling", one)
        if not remaining:
            yield ("UnlockReading", me), go(state._replace(reader=NONE), me, "written")

    # Leaving.

    def leaving(self, state: State, me: int) -> Steps:
        if state.reader == NONE:
            yield ("FindNoReader", me), go(state, me, "choosing")
        else:
            yield ("FindReader", me), go(state, me, "out")

    def choosing(self, state: State, me: int) -> Steps:
        heirs = [one for one in lying(state, "in flight") if not state.calls[one].outcome]
        for one in heirs:
            yield ("Choose", me, one), go(state, me, "promoting", one)
        if not heirs:
            yield ("ChooseNobody", me), go(state, me, "out")

    def promoting(self, state: State, me: int) -> Steps:
        yield ("Promote", me), go(wake(state, state.calls[me].target), me, "out")
