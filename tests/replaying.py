"""A pool's core that logs its linearization points, and the replay of such a log as actions of the model.

The core is entered once at a time, so each call of a method is a point where the whole run can be cut in
two. The model must offer the actions that the call stands for, and lead to a state that shows the same of
every caller. What the model leaves out cannot be replayed: it is for pools in which everybody may dial at a
time, nothing is dialled ahead of need, and no connection dies before it is used.
"""

from typing import Any

from poolproof import models
from poolproof.models.full_pool import State
from poolproof.models.pool import NONE
from poolproof.reference.idle import Limits
from poolproof.reference.pool import Closing, PoolCore


class LoggedCore(PoolCore[Any, Any]):
    """Follows the model as it goes; `length` counts the actions replayed. Callers are given out again."""

    def __init__(self, limits: Limits, callers: int = 8) -> None:
        assert limits.max_dialling >= limits.max_size, "the model has no limit of its own for dials"
        super().__init__(limits)
        self.length = 0
        self._model = models.FullPool(callers, limits.max_size)
        self._state: State = self._model.initial()
        self._numbers: dict[Any, int] = {}
        self._slots: dict[Any, int] = {}  # of connections

    def acquire(self, caller: Any, now: float) -> Any:
        got = super().acquire(caller, now)
        lent = self.lent[caller][0] if caller in self.lent else None
        self._expire(lent)
        number = next(n for n, place in enumerate(self._state[0][0]) if place == ("out", NONE))
        self._numbers[caller] = number
        self._act("Acquire", number)
        assert lent is None or self._state[0][0][number][1] == self._slots[lent]
        return self._agreed(got)

    def opened(self, caller: Any, connection: Any, now: float, random: float) -> Any:
        if not self.closed:  # else the core refuses, and the caller says abandon
            self._slots[connection] = self._state[0][0][self._numbers[caller]][1]
            self._act("DialOk", self._numbers[caller])
        return self._agreed(super().opened(caller, connection, now, random))

    def resume(self, caller: Any, now: float) -> Any:
        if caller in self.granted and self.granted[caller] not in self.broken:
            self._act("Take", self._numbers[caller])
        return self._agreed(super().resume(caller, now))

    def abandon(self, caller: Any, now: float) -> Any:
        number = self._numbers.pop(caller)
        if self._state[0][0][number] != ("out", NONE):  # else close has sent it away
            self._age(self.granted.get(caller), now)
            self._act("Cancel", number)
        return self._agreed(super().abandon(caller, now))

    def release(self, caller: Any, now: float) -> Any:
        if caller in self.lent:
            self._age(self.lent[caller][0], now)
            self._act("Release", self._numbers.pop(caller))
        return self._agreed(super().release(caller, now))

    def replace(self, caller: Any, now: float) -> Any:  # noqa: ARG002
        raise AssertionError("the model has no step for this")

    def lost(self, connection: Any) -> None:
        assert self.closed or connection not in self.granted.values(), "the model has no step for this"
        if connection in self.idle:
            self._act("IdleBreak", self._slots[connection])
        for caller, (lent, _) in self.lent.items():
            if lent == connection and connection not in self.broken:
                self._act("Break", self._numbers[caller])
        super().lost(connection)

    def drain(self) -> None:
        self._expire()
        if not self.draining:
            self._act("Drain")
        super().drain()

    def close(self) -> Closing[Any, Any]:
        self._expire()
        if not self.closed:
            self._act("Close")
        return super().close()

    def check(self) -> None:
        """The invariant, and that model and core agree on every caller."""
        super().check()
        self._expire()
        for phase, callers in (
            ("waiting", self.waiting),
            ("granted", self.granted),
            ("dialling", self.dialling),
        ):
            assert self._in(phase) == {self._numbers[caller] for caller in callers}
        assert self._in("holding") | self._in("broken") == {self._numbers[caller] for caller in self.lent}
        assert list(self._state[0][2]) == [self._slots[connection] for connection, _ in self.idle.shelf]

    def _agreed(self, answer: Any) -> Any:
        self.check()
        return answer

    def _in(self, phase: str) -> set[int]:
        return {number for number, place in enumerate(self._state[0][0]) if place[0] == phase}

    def _age(self, connection: Any, now: float) -> None:
        """If its lifetime is over, it has grown old in the model before now."""
        if not self.closed and connection is not None and self.idle.old(connection, now):
            self._act("Age", self._slots[connection])

    def _expire(self, lent: Any = None) -> None:
        """What was let go from the shelf, by this call or by a look since the last one, was old."""
        here = {self._slots[connection] for connection, _ in self.idle.shelf}
        here |= {self._slots[lent]} if lent is not None else set()
        for slot in self._state[0][2]:
            if slot not in here:
                self._act("Age", slot)
                self._act("Expire", slot)

    def _act(self, *action: Any) -> None:
        self._state = dict(self._model.actions(self._state))[action]
        self.length += 1
