"""What there is to be sure about: each model, its claims, its planted faults, and its text in TLA+."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from poolproof.models import (
    MULTIPLEXER_FAULTS,
    POOL_FAULTS,
    Client,
    FullMultiplexer,
    FullPool,
    Model,
    Multiplexer,
    Pool,
    Promise,
    combining_state,
    full_multiplexer,
    full_pool,
    liveness,
    multiplexer,
    pool,
    tla,
)
from poolproof.models.combining import Combining
from poolproof.models.faults_combining import COMBINING_FAULTS, ExpiredLeavesAtOnce, OnlyReadersPromote
from poolproof.models.faults_full import FULL_MULTIPLEXER_FAULTS, FULL_POOL_FAULTS
from poolproof.models.faults_waiting import (
    CLIENT_FAULTS,
    ENDLESS_DRAINS,
    STARVING_CLIENTS,
    STARVING_FULL_POOLS,
    STARVING_MULTIPLEXERS,
    STARVING_POOLS,
)

from .run import FAULTS_FOUND

Sizes = tuple[int, ...]
Make = Callable[..., Model[Any]]


@dataclass(frozen=True)
class Text:
    """The same machine in TLA+: its module, the constants for given sizes, and how to read its states."""

    module: str
    constants: Callable[[Sizes], Mapping[str, str]]
    reading: tla.Reading


@dataclass(frozen=True)
class Machine:
    """A model with what is claimed of it.

    `faults` says which invariant each planted fault breaks, at `fault_sizes` unless it needs `larger_sizes`;
    `starving` says the same of promises, at `waiting_sizes`.
    """

    name: str
    make: Make
    words: str  # the sizes in words, a hole for each
    invariants: tuple[str, ...]
    steps: Mapping[str, Callable[[Any, Any], bool]]
    promises: tuple[Promise[Any], ...]
    faults: tuple[tuple[Make, str], ...]
    fault_sizes: Sizes
    starving: Mapping[Make, Promise[Any]] = field(default_factory=dict[Make, Any])
    waiting_sizes: Sizes = ()
    larger_sizes: Mapping[Make, Sizes] = field(default_factory=dict[Make, Sizes])
    text: Text | None = None

    @property
    def claims(self) -> tuple[str, ...]:
        return *self.invariants, *self.steps, *(promise.name for promise in self.promises), FAULTS_FOUND

    def sized(self, sizes: Sizes) -> str:
        return self.words.format(*sizes)

    def sizes_of(self, fault: Make) -> Sizes:
        return self.larger_sizes.get(fault, self.fault_sizes)


def name_of(fault: Make) -> str:
    return getattr(fault, "__name__", str(fault))


def numbers(count: int) -> str:
    return "{" + ", ".join(map(str, range(count))) + "}"


def of_pool(sizes: Sizes) -> Mapping[str, str]:
    callers, capacity = sizes
    switches = dict.fromkeys(("WithAging", "WithDraining"), "FALSE")
    return {"Callers": numbers(callers), "MaxSize": str(capacity), **switches}


def of_full_pool(sizes: Sizes) -> Mapping[str, str]:
    return {**of_pool(sizes), **dict.fromkeys(("WithAging", "WithDraining"), "TRUE")}


def of_multiplexer(sizes: Sizes) -> Mapping[str, str]:
    names = "Requests", "Connections", "MaxInFlight", "MaxBacklog"  # the plain one has two of them
    return {"Callers": numbers(sizes[0]), **dict(zip(names, map(str, sizes[1:]), strict=False))}


def of_combining(sizes: Sizes) -> Mapping[str, str]:
    """From three calls on they are names instead of numbers, so that TLC may exchange them."""
    (calls,) = sizes
    return {"Calls": numbers(calls) if calls < 3 else "{" + ", ".join("abcdefgh"[:calls]) + "}"}


MACHINES = {
    machine.name: machine
    for machine in (
        Machine(
            name="pool",
            make=Pool,
            words="{} callers, {} connections",
            invariants=tuple(pool.INVARIANTS),
            steps=pool.STEP_INVARIANTS,
            promises=(liveness.EVERY_WAITER_GETS_ON,),
            faults=tuple(POOL_FAULTS.items()),
            fault_sizes=(4, 2),
            starving=dict.fromkeys(STARVING_POOLS, liveness.EVERY_WAITER_GETS_ON),
            waiting_sizes=(3, 1),
            text=Text("Pool", of_pool, tla.plain_pool),
        ),
        Machine(
            name="full pool",
            make=FullPool,
            words="{} callers, {} connections",
            invariants=tuple(full_pool.INVARIANTS),
            steps=full_pool.STEP_INVARIANTS,
            promises=(liveness.EVERY_WAITER_OF_FULL_POOL_GETS_ON, liveness.EVERY_DRAIN_ENDS),
            faults=tuple(FULL_POOL_FAULTS.items()),
            fault_sizes=(4, 2),
            starving={
                **dict.fromkeys(STARVING_FULL_POOLS, liveness.EVERY_WAITER_OF_FULL_POOL_GETS_ON),
                **dict.fromkeys(ENDLESS_DRAINS, liveness.EVERY_DRAIN_ENDS),
            },
            waiting_sizes=(3, 1),
            text=Text("Pool", of_full_pool, tla.full_pool),
        ),
        Machine(
            name="multiplexer",
            make=Multiplexer,
            words="{} callers x {} requests, {} connections",
            invariants=tuple(multiplexer.INVARIANTS),
            steps={},
            promises=(liveness.EVERY_CALL_IS_SETTLED,),
            faults=tuple(MULTIPLEXER_FAULTS.items()),
            fault_sizes=(2, 2, 2),
            waiting_sizes=(2, 2, 2),
            text=Text("Multiplexer", of_multiplexer, tla.plain_multiplexer),
        ),
        Machine(
            name="full multiplexer",
            make=FullMultiplexer,
            words="{} callers x {} requests, {} connections, bounds {} + {}",
            invariants=(*full_multiplexer.INVARIANTS, "BoundKept"),
            steps=full_multiplexer.STEP_INVARIANTS,
            promises=(liveness.EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED,),
            faults=tuple(FULL_MULTIPLEXER_FAULTS.items()),
            fault_sizes=(2, 2, 2, 1, 1),
            starving=dict.fromkeys(STARVING_MULTIPLEXERS, liveness.EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED),
            waiting_sizes=(2, 1, 2, 1, 1),
            text=Text("FullMultiplexer", of_multiplexer, tla.full_multiplexer),
        ),
        Machine(
            name="combining",
            make=Combining,
            words="{} calls",
            invariants=tuple(combining_state.INVARIANTS),
            steps={},
            promises=(),
            faults=tuple(COMBINING_FAULTS.items()),
            fault_sizes=(2,),
            larger_sizes={OnlyReadersPromote: (3,), ExpiredLeavesAtOnce: (3,)},
            text=Text("Combining", of_combining, tla.combining),
        ),
        Machine(
            name="client",
            make=Client,
            words="{} sharers, {} blockers, {} to borrow, {} requests, {} connections",
            invariants=("NeverDelayed",),
            steps={},
            promises=(liveness.EVERY_SHARED_CALL_IS_SETTLED,),
            faults=tuple(CLIENT_FAULTS.items()),
            fault_sizes=(2, 1, 1, 1, 1),
            starving=dict.fromkeys(STARVING_CLIENTS, liveness.EVERY_SHARED_CALL_IS_SETTLED),
            waiting_sizes=(2, 1, 1, 1, 1),
        ),
    )
}
