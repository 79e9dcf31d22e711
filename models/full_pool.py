"""The pool in full: its connections grow old, and whoever closes it may let it drain first.

It is the plain pool with two things more in its state, which is (plain, draining, old):

    plain      a state of the plain pool
    draining   whether the pool lets nobody in, but serves those who are inside already
    old        of each slot: whether its connection has passed a limit, of its idle time or of its lifetime

A connection passes its limit at any time (Age); how long that takes is left out. If it is idle, it is closed
when the pool next looks (Expire). Until then it lies there, but is not lent: an acquire that would get it
has to wait for that look. So what is one call in code is as many Expires as are due and then an Acquire. If
it is lent, it stays as it is, for age never closes a connection in use. It is discarded when it comes back:
the first waiter then gets its place, and dials.

    open ──Drain──▶ draining ──Drained, once everybody is out──▶ closed
      │                 │                                          ▲
      └─────────────────┴───── Close, now ─────────────────────────┘

To drain is to let nobody in any more, to close what is idle, and to go on serving: whoever waits still gets
a connection or a place, and whoever dials may use what it has dialled. A connection that comes back and is
awaited by nobody is closed. So when everybody is out, nothing is left. The limit of a drain is a Close.

A closed pool has no use for ages and forgets them: whatever comes back is closed anyhow.
"""

from collections.abc import Callable
from typing import TypeAlias

from . import pool
from .explore import Action, Model, put
from .pool import OUT, Pool

State: TypeAlias = tuple[pool.State, bool, tuple[bool, ...]]


class FullPool(Model[State]):
    """`callers` callers that share up to `capacity` connections, none of which is good for ever."""

    def __init__(self, callers: int, capacity: int) -> None:
        self.plain = Pool(callers, capacity)
        self.all_young = (False,) * (capacity + 1)

    def initial(self) -> State:
        return self.plain.initial(), False, self.all_young

    def actions(self, state: State) -> list[tuple[Action, State]]:
        plain, draining, old = state
        callers, slots, idle, _, closed = plain
        steps = [
            (action, self.extended(state, action, successor))
            for action, successor in self.plain.actions(plain)
            if action[0] != "Acquire" or self.may_acquire(state)
        ]
        if closed:
            return steps
        steps += [
            (("Age", slot), (plain, draining, put(old, slot, True)))
            for slot, use in enumerate(slots)
            if use in ("idle", "lent") and not old[slot]
        ]
        steps += [(("Expire", slot), self.expire(state, slot)) for slot in idle if old[slot]]
        if not draining:
            steps.append((("Drain",), self.drain(state)))
        elif all(caller == OUT for caller in callers):
            steps.append((("Drained",), self.close(state)))
        return steps

    def violated(self, state: State) -> str | None:
        return next((name for name, holds in INVARIANTS.items() if not holds(state)), None)

    def canonical(self, state: State) -> State:
        plain, draining, old = state
        return self.plain.canonical(plain), draining, old

    # What is different from the plain pool.

    def extended(self, state: State, action: Action, successor: pool.State) -> State:
        """The step that the plain pool takes to `successor`, taken here."""
        plain, draining, old = state
        match action:
            case ("Close",):
                return self.close(state)
            case "Release" | "Cancel", caller if plain[0][caller][0] in ("holding", "granted"):
                if self.unwanted(state, caller):
                    successor = self.plain.discard(plain, caller)
            case _:
                pass
        return successor, draining, self.ages(old, successor)

    def may_acquire(self, state: State) -> bool:
        """A draining pool lets nobody in, and what it would lend must be young."""
        (_, _, idle, _, _), draining, old = state
        return not draining and not (idle and old[idle[-1]])

    def unwanted(self, state: State, caller: int) -> bool:
        """Whether the healthy connection that this caller gives back is closed, and not passed on."""
        (callers, _, _, waiting, _), draining, old = state
        return old[callers[caller][1]] or (draining and not waiting)

    def ages(self, old: tuple[bool, ...], successor: pool.State) -> tuple[bool, ...]:
        """What is left of the ages: a connection that is gone takes its age along."""
        if True not in old:
            return old
        return tuple(aged and use in ("idle", "lent") for aged, use in zip(old, successor[1], strict=True))

    # What happens to the pool itself.

    def expire(self, state: State, slot: int) -> State:
        plain, draining, old = state
        return self.plain.idle_break(plain, slot), draining, put(old, slot, False)

    def drain(self, state: State) -> State:
        plain, _, old = state
        for slot in plain[2]:
            plain = self.plain.idle_break(plain, slot)
        return plain, True, self.ages(old, plain)

    def close(self, state: State) -> State:
        return self.plain.close(state[0]), False, self.all_young


# What holds in every state, beside the invariants of the plain pool.


def nothing_kept(state: State) -> bool:
    """LIFE-03: in a draining pool nothing is idle, so that nothing is left when everybody is out."""
    (_, _, idle, _, closed), draining, _ = state
    return not draining or not (idle or closed)


def ages_of_connections(state: State) -> bool:
    """POOL-11: what is old is a connection, idle or lent, in an open pool; a new one begins young."""
    (_, slots, _, _, closed), _, old = state
    aged = [slots[slot] for slot, is_old in enumerate(old) if is_old]
    return not aged or (not closed and set(aged) <= {"idle", "lent"})


def plainly(holds: Callable[[pool.State], bool]) -> Callable[[State], bool]:
    """An invariant of the plain pool as one of this."""
    return lambda state: holds(state[0])


INVARIANTS: dict[str, Callable[[State], bool]] = {
    **{name: plainly(holds) for name, holds in pool.INVARIANTS.items()},
    "NothingKept": nothing_kept,
    "AgesOfConnections": ages_of_connections,
}


# What holds of every step.


def in_order(before: State, after: State) -> bool:
    """POOL-05: a waiter that is served was the first in the queue."""
    return pool.in_order(before[0], after[0])


def young_is_lent(before: State, after: State) -> bool:
    """POOL-11: who gets a connection that exists already does not get an old one."""
    had, has, old = before[0][0], after[0][0], before[2]
    return not any(
        old[slot]
        for (phase, slot), (_, held) in zip(has, had, strict=True)
        if phase in ("granted", "holding") and slot != held
    )


def spared_in_use(before: State, after: State) -> bool:
    """POOL-11: who has a connection in use keeps it until its own release, however old it is."""
    (callers, _, _, _, _), (now, slots, _, _, _) = before[0], after[0]
    return all(
        now[caller] == OUT or (now[caller][1] == slot and slots[slot] == "lent")
        for caller, (phase, slot) in enumerate(callers)
        if phase in ("holding", "broken")
    )


def nobody_new(before: State, after: State) -> bool:
    """LIFE-03, LIFE-04: a pool that drains or is closed lets nobody in."""
    (callers, _, _, _, closed), draining, _ = before
    let_in = [now for was, now in zip(callers, after[0][0], strict=True) if was == OUT and now != OUT]
    return not (let_in and (draining or closed))


def waiters_stay(before: State, after: State) -> bool:
    """LIFE-03: draining turns away nobody who waits."""
    return before[1] or not after[1] or before[0][3] == after[0][3]


STEP_INVARIANTS: dict[str, Callable[[State, State], bool]] = {
    "InOrder": in_order,
    "YoungIsLent": young_is_lent,
    "SparedInUse": spared_in_use,
    "NobodyNew": nobody_new,
    "WaitersStay": waiters_stay,
}
