"""A pool's core that logs its linearization points, and the replay of such a log as actions of the model.

The core is entered once at a time, so each call of a method is a point where the whole run can be cut in
two. The model must offer the action that the call stands for, and lead to a state that shows the same of
every caller.
"""

from typing import Any

from poolproof import models
from poolproof.models.pool import NONE, State
from poolproof.reference.pool import DIAL, WAIT, Closing, Next, PoolCore

PHASES = {DIAL: "dialling", WAIT: "waiting"}


class LoggedCore(PoolCore[Any, Any]):
    """Follows the model as it goes; `length` counts the actions replayed. Callers are given out again."""

    def __init__(self, capacity: int, callers: int = 8) -> None:
        super().__init__(capacity)
        self.length = 0
        self._model = models.Pool(callers, capacity)
        self._state: State = self._model.initial()
        self._numbers: dict[Any, int] = {}

    def acquire(self, caller: Any) -> Any:
        got = super().acquire(caller)
        number = next(n for n, place in enumerate(self._state[0]) if place == ("out", NONE))
        self._numbers[caller] = number
        self._act("Acquire", number)
        assert self._state[0][number][0] == (PHASES[got] if isinstance(got, Next) else "holding")
        return got

    def opened(self, caller: Any, connection: Any) -> None:
        if not self.closed:  # else the core refuses, and the caller says abandon
            self._act("DialOk", self._numbers[caller])
        super().opened(caller, connection)

    def resume(self, caller: Any) -> Any:
        if caller in self.granted:
            self._act("Take", self._numbers[caller])
        return super().resume(caller)

    def abandon(self, caller: Any) -> Any:
        number = self._numbers.pop(caller)
        if self._state[0][number] != ("out", NONE):  # else close has sent it away
            self._act("Cancel", number)
        return super().abandon(caller)

    def release(self, caller: Any) -> Any:
        if caller in self.lent:
            self._act("Release", self._numbers.pop(caller))
        return super().release(caller)

    def lost(self, connection: Any) -> None:
        if connection in self.idle:
            self._act("IdleBreak", self._state[2][self.idle.index(connection)])
        for caller, lent in self.lent.items():
            if lent == connection and connection not in self.broken:
                self._act("Break", self._numbers[caller])
        super().lost(connection)

    def close(self) -> Closing[Any, Any]:
        if not self.closed:
            self._act("Close")
        return super().close()

    def check(self) -> None:
        """The invariant, and that model and core agree on every caller."""
        super().check()
        for phase, callers in (
            ("waiting", self.waiting),
            ("granted", self.granted),
            ("dialling", self.dialling),
        ):
            assert self._in(phase) == {self._numbers[caller] for caller in callers}
        assert self._in("holding") | self._in("broken") == {self._numbers[caller] for caller in self.lent}
        assert len(self._state[2]) == len(self.idle)

    def _in(self, phase: str) -> set[int]:
        return {number for number, place in enumerate(self._state[0]) if place[0] == phase}

    def _act(self, *action: Any) -> None:
        self._state = dict(self._model.actions(self._state))[action]
        self.length += 1
