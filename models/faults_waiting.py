"""Planted faults of waiting: somebody waits for ever, though everybody else keeps moving.

Those of the client delay shared work by blocking work, which breaks an invariant and a promise at once. Those
of the other models are the subtler ones. Their states are mostly as they should be, and every single step
can be defended: the newcomer was faster, pushes are urgent, somebody will notice the end of the drain. The
tables name the faults, here or elsewhere, that must be found to break a promise of `liveness`.
"""

from .client import Client
from .client import State as ClientState
from .explore import Action, put
from .faults import LastInFirstServed, LeakedDial, LeakedGrant, LostWakeUp, queue_overlooked
from .faults_full import BacklogForgotten, DrainForgetsWaiters
from .full_multiplexer import PUSH, FullMultiplexer
from .full_multiplexer import State as MultiplexerState
from .full_pool import FullPool
from .full_pool import State as FullPoolState
from .multiplexer import Multiplexer
from .pool import Pool, without
from .pool import State as PoolState


class Barging(Pool):
    """A returned connection becomes idle and the first waiter is woken to take it, if it is still there."""

    def give_back(self, state: PoolState, caller: int) -> PoolState:
        return queue_overlooked(super().give_back, state, caller)

    def actions(self, state: PoolState) -> list[tuple[Action, PoolState]]:
        callers, slots, idle, waiting, closed = state
        if not (idle and waiting):
            return super().actions(state)
        first = waiting[0]
        awake = put(callers, first, ("out", -1)), slots, idle, without(waiting, first), closed
        return [*super().actions(state), (("Take", first), self.acquire(awake, first))]


class LastOutTellsNobody(FullPool):
    """A draining pool looks whether everybody is out when the drain begins, and then never again."""

    def actions(self, state: FullPoolState) -> list[tuple[Action, FullPoolState]]:
        return [step for step in super().actions(state) if step[0] != ("Drained",)]


class PushesFirst(FullMultiplexer):
    """A push is read before the replies that came before it."""

    def read(self, state: MultiplexerState) -> MultiplexerState:
        callers, in_flight, server, wire, up, epoch = state.plain
        pushes_first = tuple(sorted(wire, key=lambda item: item != PUSH))
        return super().read(state._replace(plain=(callers, in_flight, server, pushes_first, up, epoch)))


class BlockingIsShared(Client):
    """Blocking commands go over the shared connection; one is answered only if what it waits for comes."""

    def __init__(self, sharers: int, blockers: int, capacity: int, requests: int, connections: int) -> None:
        super().__init__(sharers, blockers, capacity, requests, connections)
        self.multiplexer = Multiplexer(sharers + blockers, requests, connections)

    def blocking(self, state: ClientState) -> list[tuple[Action, ClientState]]:
        return [step for step in super().blocking(state) if step[0][0] != "Acquire"]

    def shared(self, state: ClientState) -> list[tuple[Action, ClientState]]:
        _, (_, _, server, _, _, _) = state
        blocked = bool(server) and server[0][0] >= self.sharers
        return [
            (("Comes",) if blocked and action == ("Serve",) else action, successor)
            for action, successor in super().shared(state)
        ]


class ReaderWaits(Client):
    """One thread reads the shared connection and the borrowed ones, and waits for each in turn."""

    def shared(self, state: ClientState) -> list[tuple[Action, ClientState]]:
        (callers, *_), _ = state
        reads_elsewhere = any(phase == "holding" for phase, _ in callers)
        return [step for step in super().shared(state) if not (reads_elsewhere and step[0] == ("Receive",))]


class SharedBorrows(Client):
    """The shared connection is one of the pool's: nothing can be sent while all of them are lent."""

    def shared(self, state: ClientState) -> list[tuple[Action, ClientState]]:
        (_, slots, *_), _ = state
        all_lent = slots.count("lent") == self.pool.capacity
        return [step for step in super().shared(state) if not (all_lent and step[0][0] == "Send")]


CLIENT_FAULTS: dict[type[Client], str] = {
    BlockingIsShared: "NeverDelayed",
    ReaderWaits: "NeverDelayed",
    SharedBorrows: "NeverDelayed",
}

STARVING_POOLS: tuple[type[Pool], ...] = (LastInFirstServed, Barging, LostWakeUp, LeakedGrant, LeakedDial)
STARVING_FULL_POOLS: tuple[type[FullPool], ...] = (DrainForgetsWaiters,)
ENDLESS_DRAINS: tuple[type[FullPool], ...] = (LastOutTellsNobody,)
STARVING_MULTIPLEXERS: tuple[type[FullMultiplexer], ...] = (PushesFirst, BacklogForgotten)
STARVING_CLIENTS: tuple[type[Client], ...] = (BlockingIsShared, ReaderWaits)
