"""The client: ordinary calls share the multiplexer, blocking ones borrow a connection from the pool.

A connection on which a command blocks (BLPOP waits for somebody else's push) answers nothing else meanwhile.
On a shared connection it would hold up everybody, for as long as nothing is pushed, which nobody bounds. So
the client sends each call one of two ways:

                    ┌─ ordinary ──▶ multiplexer: one connection, shared
    caller ── call ─┤
                    └─ blocking ──▶ pool: a connection of its own until the reply is there

What it promises is that blocking work never delays shared work: whatever the callers of the one kind do, a
caller of the other kind can take each of the steps that it could take if it had the multiplexer to itself,
and is answered at last, although a blocking command need never be.

The model is the two machines side by side. A caller keeps to one kind, which loses nothing, since between
two calls it is as if it had just come. `sharers` callers come first in the numbering, `blockers` after them;
a connection that is `holding` in the pool is one on which a command blocks, and its Release is the reply. A
state is (pool, multiplexer), a state of each.

Left out: what else needs a connection of its own (transactions by hand, subscriptions), for it goes the way
of the blocking calls; and which command is which, for that is a table and not a machine.
"""

from typing import TypeAlias

from . import multiplexer, pool
from .explore import Action, Model
from .multiplexer import Multiplexer
from .pool import Pool

State: TypeAlias = tuple[pool.State, multiplexer.State]

OF_CALLERS = ("Acquire", "DialOk", "DialFail", "Take", "Break", "Release", "Cancel")


class Client(Model[State]):
    """`sharers` callers make ordinary calls, `requests` each; `blockers` callers make blocking ones."""

    def __init__(self, sharers: int, blockers: int, capacity: int, requests: int, connections: int) -> None:
        self.sharers = sharers
        self.pool = Pool(blockers, capacity)
        self.multiplexer = Multiplexer(sharers, requests, connections)

    def initial(self) -> State:
        return self.pool.initial(), self.multiplexer.initial()

    def actions(self, state: State) -> list[tuple[Action, State]]:
        steps = [*self.blocking(state), *self.shared(state)]
        if self.done(state):
            steps.append((("Done",), state))
        return steps

    def blocking(self, state: State) -> list[tuple[Action, State]]:
        """What the pool offers; the callers in it have numbers of their own."""
        lent, shared = state
        return [
            ((name, arguments[0] + self.sharers) if name in OF_CALLERS else action, (successor, shared))
            for action, successor in self.pool.actions(lent)
            for name, *arguments in [action]
            if name != "Done"
        ]

    def shared(self, state: State) -> list[tuple[Action, State]]:
        """What the multiplexer offers."""
        lent, shared = state
        return [
            (action, (lent, successor))
            for action, successor in self.multiplexer.actions(shared)
            if action != ("Done",)
        ]

    def done(self, state: State) -> bool:
        (callers, _, _, _, closed), shared = state
        return closed and all(caller == pool.OUT for caller in callers) and self.multiplexer.done(shared)

    def violated(self, state: State) -> str | None:
        broken = self.pool.violated(state[0]) or self.multiplexer.violated(state[1])
        return broken or (None if self.never_delayed(state) else "NeverDelayed")

    def never_delayed(self, state: State) -> bool:
        """MUX-04: of what the multiplexer would offer by itself, nothing is missing."""
        alone = {action for action, _ in self.multiplexer.actions(state[1])} - {("Done",)}
        return alone <= {action for action, _ in self.actions(state)}
