"""A multiplexer's core that replays, call by call, what happens to it as actions of the model.

The core is entered once at a time, so each call of a method is a point where the whole run can be cut in two.
The model must offer the actions that the call stands for, and lead to a state that shows the same queues. A
cancellation is no call: it is replayed before the next call that follows it. What the model leaves out cannot
be replayed: batches, and those who listen.
"""

from __future__ import annotations

from typing import Any

from poolproof.models import Action
from poolproof.models.full_multiplexer import State
from poolproof.models.multiplexer import Request
from poolproof.reference.multiplexer import UP, Ended, MultiplexerCore

from .multiplexer_in_step import RoomFirst

CALLERS, OFTEN = 8, 1_000  # given out again and again


class LoggedMultiplexerCore(MultiplexerCore[Any]):
    """Follows the model as it goes; `length` counts the actions replayed."""

    def __init__(self, max_in_flight: int, max_backlog: int, limit_seconds: float) -> None:
        super().__init__(max_in_flight, max_backlog, limit_seconds)
        self.length = 0
        self._model = RoomFirst(CALLERS, OFTEN, OFTEN, max_in_flight, max_backlog)
        self._state: State = self._model.initial()
        self._requests: dict[Any, Request] = {}  # of all calls in the queues
        self._act("Disconnect")  # the model begins with a connection

    def send(self, data: bytes, call: Any, replies: int = 1) -> Any:
        assert replies == 1, "the model has no batches"
        self._give_up()
        step = super().send(data, call)
        caller = next(n for n, (phase, *_) in enumerate(self._state.plain[0]) if phase == "out")
        self._act("Send", caller)
        self._requests[call] = self._state.backlog[-1][0]
        return self._agreed(step)

    def opened(self, epoch: int, restore: Any = ()) -> None:
        self._give_up()
        if epoch == self.epoch:
            self._act("Reconnect")
        self._agreed(super().opened(epoch, restore))

    def flush(self) -> bytes:
        self._give_up()
        before = len(self.backlog)
        data = super().flush()
        for _ in range(before - len(self.backlog)):
            self._act("Flush")
        return self._agreed(data)

    def received(self, epoch: int, replies: int) -> list[Any]:
        self._give_up()
        calls = super().received(epoch, replies)
        for call in calls:
            for name in ("Serve", "Read", "Receive"):
                self._act(name)
            del self._requests[call]
        return self._agreed(calls)

    def lost(self, epoch: int) -> Ended[Any]:
        self._give_up()
        if epoch == self.epoch and (self.link is UP or self._state.backlog):
            self._act("Disconnect" if self.link is UP else "DialFail")
        return self._agreed(super().lost(epoch))

    def close(self) -> Ended[Any]:
        self._give_up()
        if not self._state.closed:
            self._act("Close")
        return self._agreed(super().close())

    def check(self) -> None:
        """The invariant, and that model and core agree on every call."""
        super().check()
        self._give_up()
        in_flight = [(self._requests[call], not call.done()) for call in self.in_flight]
        backlog = [(self._requests[call], not call.done()) for _, call, _ in self.backlog]
        assert list(self._state.plain[1]) == in_flight
        assert list(self._state.backlog) == backlog
        assert self._state.plain[4] == (self.link is UP)

    def _agreed(self, answer: Any) -> Any:
        self.check()
        return answer

    def _give_up(self) -> None:
        """Whose call is over, though no reply has settled it, has given up."""
        for call, (caller, number) in self._requests.items():
            phase, present, _ = self._state.plain[0][caller]
            if call.done() and phase == "waiting" and number == present:
                self._act("Cancel", caller)

    def _act(self, *action: Any) -> None:
        known: dict[Action, State] = dict(self._model.actions(self._state))
        self._state = known[action]
        assert self._model.violated(self._state) is None
        self.length += 1
