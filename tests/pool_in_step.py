"""A pool's core kept in step with its model: one label after the other, or along every edge of a small graph.

What is one call in code may be several steps of the model: whoever looks after the idle connections lets go
of all that have grown too old, and an acquire looks before it takes. The model leaves out how long it takes
to grow old, and lets it happen at any time and in any order; here it is written into the core's book.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import pytest

from poolproof import models
from poolproof.models.full_pool import State
from poolproof.models.pool import NONE
from poolproof.reference.errors import Closed, PoolproofError
from poolproof.reference.idle import Limits
from poolproof.reference.pool import CHECK, DIAL, WAIT, Next, PoolCore

Core = PoolCore[int, int]
Labels = tuple[models.Action, ...]
Make = Callable[[Limits], Core]


def calls(model: models.FullPool, state: State) -> Iterator[tuple[Labels, State]]:
    """Everything that can be called now: the steps of the model that it stands for, and where they lead."""
    (_, _, idle, _, _), _, old = state
    looked: Labels = ()
    after = state
    for slot in idle:
        if old[slot]:
            looked = (*looked, ("Expire", slot))
            after = dict(model.actions(after))[looked[-1]]
    if looked:
        yield looked, after
    for label, successor in model.actions(after):
        if label[0] == "Acquire":
            yield (*looked, label), successor
    for label, successor in model.actions(state):
        if label[0] not in ("Acquire", "Expire"):
            yield (label,), successor


def let_go(labels: Labels, before: State, after: State) -> list[int]:
    """The slots whose healthy connections the shell has to close then."""
    (callers, _, idle, _, closed), _, _ = before
    gone = [slot for name, *slots in labels if name == "Expire" for slot in slots]
    match labels[-1]:
        case ("Drain",):
            gone += idle
        case ("Release" | "Cancel", caller) if callers[caller][0] in ("holding", "granted") and not closed:
            slot = callers[caller][1]
            gone += [slot] if after[0][1][slot] in ("free", "dialling") else []
        case _:
            pass
    return gone


class Driver:
    """A core driven by the model's labels. A caller is its number, a connection its slot in the model."""

    def __init__(self, core: Core, callers: int) -> None:
        self.core = core
        self.callers = callers
        self.now = 0.0
        self.dials: dict[int, int] = {}  # the slot for which each caller dials: the core knows nothing of it
        self.asleep: set[int] = set()  # told to wait, and not woken since

    def follow(self, labels: Labels, expected: State) -> None:
        """Makes the call, and asserts that it leads where the model's steps lead."""
        gone = let_go(labels, self.state(), expected)
        self.perform(labels[-1])
        assert sorted(self.core.idle.discarded) == sorted(gone), "who is to be closed"
        self.core.idle.discarded.clear()
        assert self.state() == expected
        assert self.asleep == set(self.core.waiting), "asleep, and not waiting"
        assert self.core.empty == all(caller == ("out", NONE) for caller in expected[0][0])
        self.core.check()

    def perform(self, label: models.Action) -> None:
        core, now = self.core, self.now
        match label:
            case ("Acquire", caller):
                self.acquired(caller, core.acquire(caller, now))
            case ("DialOk", caller) if core.closed:
                with pytest.raises(Closed):
                    core.opened(caller, self.dials[caller], now, 0.0)
                self.leave(caller)
            case ("DialOk", caller):
                assert core.resume(caller, now) is DIAL
                assert core.opened(caller, self.dials.pop(caller), now, 0.0) is None
            case ("DialFail" | "Cancel", caller):
                self.leave(caller)
            case ("Take", caller):
                assert core.resume(caller, now) == self.held(caller)
            case ("Break", caller):
                core.lost(self.held(caller))
            case ("Release", caller):
                slot = self.held(caller)
                self.passed_on(slot, core.release(caller, now))
            case ("IdleBreak", slot):
                core.lost(slot)
            case ("Age", slot):
                self.age(slot)
            case ("Expire", _):
                core.idle.discard_expired(now)
            case ("Drain",):
                core.drain()
            case ("Close",) | ("Drained",):
                self.asleep -= set(core.close().callers)
            case _:
                assert label == ("Done",)

    def held(self, caller: int) -> int:
        return self.core.lent[caller][0]

    def acquired(self, caller: int, got: int | Next) -> None:
        assert got is not CHECK
        if got is DIAL:
            self.dials[caller] = self.slots().index("free")
        elif got is WAIT:
            self.asleep.add(caller)
        else:
            assert got == self.held(caller)

    def leave(self, caller: int) -> None:
        slot = self.dials.pop(caller, NONE) if caller in self.dials else self.core.granted.get(caller, NONE)
        self.asleep.discard(caller)
        self.passed_on(slot, self.core.abandon(caller, self.now))

    def passed_on(self, slot: int, woken: int | None) -> None:
        if woken is not None:
            self.asleep.remove(woken)
            if woken in self.core.dialling:
                self.dials[woken] = slot

    def age(self, slot: int) -> None:
        """The lifetime of this connection is over now."""
        idle = self.core.idle
        idle.expiry[slot] = self.now
        if slot in idle:
            idle.next_look = self.now

    def refuse(self) -> None:
        """Asserts that what no caller may do where it is raises, and changes nothing."""
        before = self.state()
        for caller, (phase, _) in enumerate(before[0][0]):
            for act in self.forbidden(caller, phase):
                try:
                    assert act() is None
                    assert self.core.closed, "only after close may a caller leave twice"
                except PoolproofError:
                    pass
            if phase == "waiting":
                assert self.core.resume(caller, self.now) is WAIT, "it asked too early, and waits on"
        assert (self.state(), self.core.idle.discarded) == (before, [])

    def forbidden(self, caller: int, phase: str) -> list[Callable[[], object]]:
        core, now = self.core, self.now
        acts: list[tuple[bool, Callable[[], object]]] = [
            (phase == "out" and not core.draining, lambda: core.acquire(caller, now)),
            (phase == "dialling" and not core.closed, lambda: core.opened(caller, 99, now, 0.0)),
            (phase in ("waiting", "dialling", "granted"), lambda: core.resume(caller, now)),
            (phase in ("waiting", "dialling", "granted"), lambda: core.abandon(caller, now)),
            (phase in ("holding", "broken"), lambda: core.release(caller, now)),
        ]
        return [act for allowed, act in acts if not allowed]

    def state(self) -> State:
        """What the model would be in, were it where the core is."""
        core = self.core
        places = dict.fromkeys(core.waiting, ("waiting", NONE))
        places |= {caller: ("dialling", self.dials.get(caller, NONE)) for caller in core.dialling}
        places |= {caller: ("granted", slot) for caller, slot in core.granted.items()}
        places |= {
            caller: ("broken" if slot in core.broken else "holding", slot)
            for caller, (slot, _) in core.lent.items()
        }
        callers = tuple(places.get(caller, ("out", NONE)) for caller in range(self.callers))
        idle = tuple(slot for slot, _ in core.idle.shelf)
        plain = callers, self.slots(), idle, tuple(core.waiting), core.closed
        return plain, core.draining and not core.closed, self.old()

    def slots(self) -> tuple[str, ...]:
        core = self.core
        uses = {slot: "idle" for slot, _ in core.idle.shelf} | dict.fromkeys(self.dials.values(), "dialling")
        uses |= dict.fromkeys([*core.granted.values(), *(slot for slot, _ in core.lent.values())], "lent")
        return tuple(uses.get(slot, "free") for slot in range(core.limits.max_size + 1))

    def old(self) -> tuple[bool, ...]:
        """Of each slot: whether its connection has passed a limit."""
        core = self.core
        old = {slot for slot, end in core.idle.expiry.items() if end <= self.now}
        old |= {slot for slot, since in core.idle.shelf if since + core.limits.idle_seconds <= self.now}
        return tuple(slot in old and not core.closed for slot in range(core.limits.max_size + 1))


def walk(make: Make, callers: int = 4, capacity: int = 2, *, ageing: bool = True) -> dict[State, Driver]:
    """Takes the core along every edge of the model's graph, and tries in every state what is forbidden there.

    Returns the drivers, by the state each is in.

    Two callers more than connections: with one waiter, first come and last come are the same. Without
    ageing it is the plain pool's graph, and the pool has no limits of age.
    """
    model = models.FullPool(callers, capacity)
    limits = Limits(
        max_size=capacity, max_dialling=capacity, lifetime_seconds=1e9 if ageing else float("inf")
    )
    reached = {model.initial(): Driver(make(limits), callers)}
    queue = list(reached.values())
    for driver in queue:  # which grows while it is read
        kept = pickle.dumps(driver)
        for labels, expected in calls(model, driver.state()):
            if ageing or labels[-1][0] not in ("Age", "Drain"):
                successor: Driver = pickle.loads(kept)
                successor.follow(labels, expected)
                if expected not in reached:
                    reached[expected] = successor
                    queue.append(successor)
        driver.refuse()
    return reached


def caught(make: Make, *, ageing: bool = True) -> bool:
    """Whether the walk notices that this core is not what it should be."""
    try:
        walk(make, ageing=ageing)
    except (AssertionError, PoolproofError):
        return True
    return False
