"""The pool's core keeps step with its model: exhaustively at a small size, in random runs at larger ones."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from poolproof import models
from poolproof.models.pool import NONE, State
from poolproof.reference.errors import Closed, PoolproofError
from poolproof.reference.pool import DIAL, WAIT, Next, PoolCore

Core = PoolCore[int, int]


class Driver:
    """A core driven by the model's labels. A caller is its number, a connection its slot in the model."""

    def __init__(self, core: Core, callers: int) -> None:
        self.core = core
        self.callers = callers
        self.dials: dict[
            int, int
        ] = {}  # the slot for which each caller dials, of which the core knows nothing
        self.asleep: set[int] = set()  # told to wait, and not woken since

    def perform(self, label: models.Action) -> None:
        match label:
            case ("Acquire", caller):
                self.acquired(caller, self.core.acquire(caller))
            case ("DialOk", caller) if self.core.closed:
                with pytest.raises(Closed):
                    self.core.opened(caller, self.dials[caller])
                self.leave(caller)
            case ("DialOk", caller):
                assert self.core.resume(caller) is DIAL
                self.core.opened(caller, self.dials.pop(caller))
            case ("DialFail" | "Cancel", caller):
                self.leave(caller)
            case ("Take", caller):
                assert self.core.resume(caller) == self.core.lent[caller]
            case ("Break", caller):
                self.core.lost(self.core.lent[caller])
            case ("Release", caller):
                slot = self.core.lent[caller]
                self.passed_on(slot, self.core.release(caller))
            case ("IdleBreak", slot):
                self.core.lost(slot)
            case ("Close",):
                self.asleep -= set(self.core.close().callers)
            case _:
                assert label == ("Done",)

    def acquired(self, caller: int, got: int | Next) -> None:
        if got is DIAL:
            self.dials[caller] = self.slots().index("free")
        elif got is WAIT:
            self.asleep.add(caller)
        else:
            assert got == self.core.lent[caller]

    def leave(self, caller: int) -> None:
        slot = self.dials.pop(caller, NONE) if caller in self.dials else self.core.granted.get(caller, NONE)
        self.asleep.discard(caller)
        self.passed_on(slot, self.core.abandon(caller))

    def passed_on(self, slot: int, woken: int | None) -> None:
        if woken is not None:
            self.asleep.remove(woken)
            if woken in self.core.dialling:
                self.dials[woken] = slot

    def slots(self) -> tuple[str, ...]:
        uses = dict.fromkeys(self.core.idle, "idle") | dict.fromkeys(self.dials.values(), "dialling")
        uses |= dict.fromkeys([*self.core.granted.values(), *self.core.lent.values()], "lent")
        return tuple(uses.get(slot, "free") for slot in range(self.core.capacity + 1))

    def state(self) -> State:
        """What the model would be in, were it where the core is."""
        core = self.core
        places = dict.fromkeys(core.waiting, ("waiting", NONE))
        places |= {caller: ("dialling", self.dials[caller]) for caller in core.dialling}
        places |= {caller: ("granted", slot) for caller, slot in core.granted.items()}
        places |= {
            caller: ("broken" if slot in core.broken else "holding", slot)
            for caller, slot in core.lent.items()
        }
        callers = tuple(places.get(caller, ("out", NONE)) for caller in range(self.callers))
        return callers, self.slots(), tuple(core.idle), tuple(core.waiting), core.closed

    def check(self, expected: State) -> None:
        assert self.state() == expected
        assert self.asleep == set(self.core.waiting), "asleep, and not waiting"
        self.core.check()


def walk(make: Callable[[int], Core], callers: int = 4, capacity: int = 2) -> dict[State, Driver]:
    """Takes the core along every edge of the model's graph; the drivers, by the state each is in.

    Two callers more than connections: with one waiter, first come and last come are the same.
    """
    model = models.Pool(callers, capacity)
    reached = {model.initial(): Driver(make(capacity), callers)}
    queue = list(reached.values())
    for driver in queue:  # which grows while it is read
        for label, expected in model.actions(driver.state()):
            successor = deepcopy(driver)
            successor.perform(label)
            successor.check(expected)
            if expected not in reached:
                reached[expected] = successor
                queue.append(successor)
    return reached


def test_the_core_follows_the_model_along_every_edge() -> None:
    assert walk(PoolCore).keys() == models.explore(models.Pool(4, 2)).states


class RandomRun(RuleBasedStateMachine):
    """A random run of the model that the core must follow, to a close at last and until all have left."""

    @initialize(callers=st.integers(1, 6), capacity=st.integers(1, 4))
    def start(self, callers: int, capacity: int) -> None:
        self.model = models.Pool(callers, capacity)
        self.expected = self.model.initial()
        self.driver = Driver(PoolCore(capacity), callers)

    @rule(choice=st.integers(0, 1_000))
    def step(self, choice: int) -> None:
        offered = [step for step in self.model.actions(self.expected) if step[0] != ("Close",)]
        label, self.expected = offered[choice % len(offered)]
        self.driver.perform(label)

    @invariant()
    def in_step(self) -> None:
        if hasattr(self, "driver"):
            self.driver.check(self.expected)

    def teardown(self) -> None:
        while hasattr(self, "driver") and (steps := self.model.actions(self.expected))[0][0] != ("Done",):
            label, self.expected = steps[-1]  # Close comes last, while it is offered
            self.driver.perform(label)
            self.driver.check(self.expected)


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=40)


def forbidden(driver: Driver, caller: int) -> list[Callable[[], object]]:
    """What this caller, where it is now, must not do."""
    core = driver.core
    phase = driver.state()[0][caller][0]
    acts: list[tuple[set[str], Callable[[], object]]] = [
        ({"out"}, lambda: core.acquire(caller)),
        ({"dialling"}, lambda: core.opened(caller, core.capacity)),
        ({"dialling", "granted"}, lambda: core.resume(caller)),
        ({"waiting", "dialling", "granted"}, lambda: core.abandon(caller)),
        ({"holding", "broken"}, lambda: core.release(caller)),
    ]
    return [act for allowed, act in acts if phase not in allowed]


def test_a_forbidden_step_raises_and_changes_nothing() -> None:
    for state, driver in walk(PoolCore).items():
        for caller in range(driver.callers):
            for act in forbidden(driver, caller):
                try:
                    assert act() is None
                    assert driver.core.closed, "only after close may a caller leave twice"
                except PoolproofError:
                    pass
                driver.check(state)


# The lockstep is worth what it catches.


class LastInFirstServed(Core):
    def _returned(self, connection: int) -> int | None:
        self.waiting = type(self.waiting)(reversed(self.waiting.items()))
        return super()._returned(connection)


class LeakedGrant(Core):
    def abandon(self, caller: int) -> int | None:
        return None if self.granted.pop(caller, None) is not None else super().abandon(caller)


class LostWakeUp(Core):
    def _permit_freed(self) -> int | None:
        return None


class SilentGrant(Core):
    def release(self, caller: int) -> int | None:
        super().release(caller)
        return None


class OneTooMany(Core):
    @property
    def permits_taken(self) -> int:
        return super().permits_taken - 1


class OldestIdleFirst(Core):
    def acquire(self, caller: int) -> int | Next:
        self.idle.reverse()
        got = super().acquire(caller)
        self.idle.reverse()
        return got


class BrokenIsReused(Core):
    def lost(self, connection: int) -> None:
        if connection in self.idle:
            super().lost(connection)


class IdleAfterClose(Core):
    def _returned(self, connection: int) -> int | None:
        if self.closed:
            self.idle.append(connection)
        return super()._returned(connection)


@pytest.mark.parametrize(
    "fault",
    [
        LastInFirstServed,
        LeakedGrant,
        LostWakeUp,
        SilentGrant,
        OneTooMany,
        OldestIdleFirst,
        BrokenIsReused,
        IdleAfterClose,
    ],
)
def test_the_walk_catches(fault: type[Core]) -> None:
    with pytest.raises((AssertionError, PoolproofError)):
        walk(fault)
