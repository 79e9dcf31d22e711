"""A pool as its callers and its sockets see it: every call is made here, and what it answers is judged.

The models leave out that only so many dial at a time, what is dialled ahead of need, checks of what was idle
for long, connections that die before they are used, and the clock. The ledger has all of these. It knows of
the pool only what it was told, and holds it to the rules as a caller would put them: there are never too many
sockets, nobody sleeps beside something free, who sleeps is served in turn, and every connection that was
opened is in one place, or closed.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import pytest

from poolproof.reference.errors import Closed
from poolproof.reference.idle import Limits
from poolproof.reference.metrics import Metrics, snapshot
from poolproof.reference.pool import CHECK, DIAL, WAIT, Next, PoolCore

Core = PoolCore[int, int]
Event = tuple[str, *tuple[int, ...]]


class Ledger:
    """Callers and connections are numbers; a number is used again when its connection is gone."""

    def __init__(self, core: Core, callers: int) -> None:
        self.core = core
        self.limits = core.limits
        self.callers = callers
        self.now = 0.0
        self.asleep: list[int] = []
        self.dialling: set[int] = set()
        self.promised: dict[int, int] = {}  # to who was woken, and has not resumed
        self.holds: dict[int, int] = {}
        self.idle: list[tuple[int, float]] = []  # since when; the last to come back stands last
        self.dead: set[int] = set()  # and still held by, or promised to, somebody
        self.ends: dict[int, float] = {}  # of lifetimes
        self.draining = self.closed = False
        self.uses = 0

    def events(self) -> Iterator[Event]:
        """What can happen next; each is a method."""
        for caller in range(self.callers):
            if caller in self.holds:
                yield "release", caller
                yield "replace" if self.holds[caller] in self.dead else "lost", caller
            elif caller in self.promised or caller in self.dialling or caller in self.asleep:
                yield "resume", caller
                yield "abandon", caller
                if caller in self.dialling:
                    yield "opened", caller
                if caller in self.promised and self.promised[caller] not in self.dead:
                    yield "lost", caller
            else:
                yield "acquire", caller
                yield "warm", caller
        for connection, _ in self.idle:
            yield "lost_idle", connection
        yield ("look",)
        if not self.draining:
            yield ("drain",)
        if not self.closed:
            yield ("close",)

    def happen(self, event: Event) -> None:
        name, *arguments = event
        getattr(self, name)(*arguments)
        self.keep_rules()

    def acquire(self, caller: int) -> None:
        if self.draining:
            with pytest.raises(Closed):
                self.core.acquire(caller, self.now)
            return
        self.served(caller, self.core.acquire(caller, self.now), len(self.asleep))

    def warm(self, caller: int) -> None:
        short = len(self.idle) + len(self.dialling) < self.limits.min_idle
        assert self.core.warm(caller) == (short and self.room() and not self.draining)
        self.dialling |= self.core.dialling

    def resume(self, caller: int) -> None:
        if caller in self.dialling and self.closed:
            with pytest.raises(Closed):
                self.core.resume(caller, self.now)
        elif caller not in self.promised:
            assert self.core.resume(caller, self.now) is (DIAL if caller in self.dialling else WAIT)
        elif (connection := self.promised.pop(caller)) in self.dead:
            self.dead.remove(connection)
            self.in_place_of_dead(caller, lambda: self.core.resume(caller, self.now))
        else:
            assert self.core.resume(caller, self.now) == connection
            self.holds[caller] = connection

    def replace(self, caller: int) -> None:
        self.dead.remove(self.holds.pop(caller))
        self.in_place_of_dead(caller, lambda: self.core.replace(caller, self.now))

    def opened(self, caller: int, random: float = 0.0) -> None:
        here = {*self.holds.values(), *self.promised.values(), *(connection for connection, _ in self.idle)}
        fresh = min(set(range(len(here) + 1)) - here)
        if self.closed:
            with pytest.raises(Closed):
                self.core.opened(caller, fresh, self.now, random)
            self.abandon(caller)
            return
        woken = self.core.opened(caller, fresh, self.now, random)
        self.dialling.remove(caller)
        self.holds[caller] = fresh
        self.ends[fresh] = self.now + self.limits.lifetime_seconds * (1 - random / 10)
        self.woke(woken, None)

    def lost(self, caller: int) -> None:
        connection = self.holds[caller] if caller in self.holds else self.promised[caller]
        self.dead.add(connection)
        self.core.lost(connection)

    def lost_idle(self, connection: int) -> None:
        self.idle = [one for one in self.idle if one[0] != connection]
        self.core.lost(connection)

    def release(self, caller: int) -> None:
        self.uses += 1
        self.returned(self.holds.pop(caller), lambda: self.core.release(caller, self.now))

    def abandon(self, caller: int) -> None:
        if caller in self.promised:
            self.returned(self.promised.pop(caller), lambda: self.core.abandon(caller, self.now))
        elif caller in self.dialling:
            self.dialling.remove(caller)
            self.woke(self.core.abandon(caller, self.now), None)
        else:
            self.asleep.remove(caller)
            assert self.core.abandon(caller, self.now) is None

    def look(self) -> None:
        self.core.idle.discard_expired(self.now)
        self.shut(self.expired())

    def drain(self) -> None:
        self.draining = True
        self.core.drain()
        self.shut([connection for connection, _ in self.idle])

    def close(self) -> None:
        closing = self.core.close()
        assert sorted(closing.callers) == sorted([*self.asleep, *self.dialling])
        lent = [*self.promised.values(), *self.holds.values()]
        assert sorted(closing.connections) == sorted([*(connection for connection, _ in self.idle), *lent])
        self.draining = self.closed = True
        self.idle.clear()
        self.asleep.clear()

    def served(self, caller: int, answer: int | Next, place: int) -> None:
        """What is idle was lent to the caller; else it was told what to do next, and at which place."""
        self.shut(self.expired())
        if self.idle:
            connection, since = self.idle.pop()
            checked = self.now - since >= self.limits.check_after_seconds
            assert answer == (CHECK if checked else connection)
            self.holds[caller] = connection
        elif answer is DIAL:
            self.dialling.add(caller)
        else:
            assert answer is WAIT
            self.asleep.insert(place, caller)

    def woke(self, caller: int | None, connection: int | None) -> None:
        """Whom the pool told to wake, when this connection had become free, or none."""
        if caller is not None:
            assert self.asleep and caller == self.asleep.pop(0), "woken out of turn"
            if connection is not None:
                self.promised[caller] = connection
            else:
                self.dialling.add(caller)
        elif connection is not None:
            self.idle.append((connection, self.now))

    def returned(self, connection: int, call: Callable[[], int | None]) -> None:
        over = self.closed or connection in self.dead
        unwanted = self.ends[connection] <= self.now or (self.draining and not self.asleep)
        woken = call()
        self.shut([connection] if unwanted and not over else [])
        self.dead.discard(connection)
        self.woke(woken, None if unwanted or over else connection)

    def in_place_of_dead(self, caller: int, call: Callable[[], int | Next]) -> None:
        if self.closed:
            with pytest.raises(Closed):
                call()
        else:
            self.served(caller, call(), 0)

    def expired(self) -> list[int]:
        ends = {one: min(since + self.limits.idle_seconds, self.ends[one]) for one, since in self.idle}
        return [connection for connection, end in ends.items() if end <= self.now]

    def shut(self, connections: list[int]) -> None:
        """These are idle no more, and for the shell to close."""
        assert sorted(self.core.idle.discarded) == sorted(connections)
        self.core.idle.discarded.clear()
        self.idle = [one for one in self.idle if one[0] not in connections]

    def taken(self) -> int:
        return len(self.idle) + len(self.promised) + len(self.holds) + len(self.dialling)

    def room(self) -> bool:
        return self.taken() < self.limits.max_size and len(self.dialling) < self.limits.max_dialling

    def keep_rules(self) -> None:
        core = self.core
        assert self.taken() <= self.limits.max_size
        assert len(self.dialling) <= self.limits.max_dialling
        assert not self.asleep or not (self.idle or self.room()), "asleep beside something free"
        core.check()
        assert (list(core.waiting), core.dialling, core.granted) == (
            self.asleep,
            self.dialling,
            self.promised,
        )
        assert {caller: one for caller, (one, _) in core.lent.items()} == self.holds
        assert (core.idle.shelf, core.broken) == (self.idle, self.dead)
        told = snapshot(core, Metrics())
        used = len(self.promised) + len(self.holds)
        assert told["db.client.connection.count"] == {"used": used, "idle": len(self.idle)}
        assert told["db.client.connection.pending_requests"] == len(self.asleep) + len(self.dialling)
        assert told["db.client.connection.use_time"]["count"] == self.uses

    def key(self) -> object:
        """What the future depends on, as long as no time passes."""
        held = frozenset(self.promised.items()), frozenset(self.holds.items()), frozenset(self.dead)
        idle = tuple(connection for connection, _ in self.idle)
        return tuple(self.asleep), frozenset(self.dialling), held, idle, self.draining, self.closed


def walk(make: Callable[[Limits], Core], limits: Limits, callers: int) -> int:
    """Lets everything happen in every state that a pool can get into without a clock; how many there are."""
    first = Ledger(make(limits), callers)
    reached, queue = {first.key()}, [first]
    for ledger in queue:  # which grows while it is read
        kept = pickle.dumps(ledger)
        for event in list(ledger.events()):
            after: Ledger = pickle.loads(kept)
            after.happen(event)
            if after.key() not in reached:
                reached.add(after.key())
                queue.append(after)
    return len(reached)
