"""A multiplexer for threads whose run is replayed, operation by operation, as actions of models/combining.py.

What its threads do with the two locks, with the two queues and with who sleeps is a step of the model, and
the model must offer it at that moment. One step of the code is often several of the model: a flush gathers,
queues and sends; a read receives, settles and tells, one reply after the other. Where the code may be between
two steps of the model, it is taken to be where nobody could tell the difference: a call whose limit has
passed expires when that is entered in the book.

Not mapped: the book (each of its sections is one step), the dial as a role, the loss of a connection (the
code fails all calls in one section, the model takes the writing for it), the look before the first command,
bounds, batches, listeners, interrupts. Where a run does what the model cannot say, and need not, it is
followed no further (`unmapped`): the reader writes what the replies have made room for; a call is chosen in
the instant before it is entered as dead; one in the backlog is woken.
"""

from __future__ import annotations

import sys
from typing import Any

from poolproof.conformance.simulation.threads.thread import SimulatedThread, present
from poolproof.models.combining import Combining
from poolproof.models.combining_state import NONE, State, lying
from poolproof.reference.multiplexer import MultiplexerCore
from poolproof.reference.threads import Multiplexer
from poolproof.reference.threads import combining as code
from poolproof.reference.threads.calls import Call


class Replay:
    """Where the model is. A thread makes one call; their numbers are in the order of their first step."""

    def __init__(self, multiplexer: Multiplexer, calls: int) -> None:
        self.length = 0
        self.unmapped = ""
        self._model = Combining(calls)
        self.state: State = self._model.initial()
        self._numbers: dict[SimulatedThread | None, int] = {}
        core = multiplexer._core
        core.__class__ = ReplayedCore
        core.replay = self  # type: ignore[attr-defined]
        multiplexer._look_if_idle = _nothing  # type: ignore[method-assign]
        multiplexer._writing.log = self.writing  # type: ignore[attr-defined]
        multiplexer._reading.log = self.reading  # type: ignore[attr-defined]
        multiplexer._reading.stops_before_release = False  # type: ignore[attr-defined]  # the last look takes it
        ReplayedCall.replay = self

    def __enter__(self) -> Replay:
        code.Call = ReplayedCall  # type: ignore[misc]
        return self

    def __exit__(self, *_: object) -> None:
        code.Call = Call  # type: ignore[misc]

    @property
    def me(self) -> int:
        return self._numbers.setdefault(present.thread, len(self._numbers))

    @property
    def phase(self) -> str:
        return self.state.calls[self.me].phase

    def act(self, name: str, *one: int) -> None:
        if self.unmapped:
            return
        offered = dict(self._model.actions(self.state))
        label = (name, self.me, *one)
        assert label in offered, f"the model does not offer {label} in {self.state}"
        self.state = offered[label]
        self.length += 1
        assert (broken := self._model.violated(self.state)) is None, broken

    def writing(self, what: str) -> None:
        """An operation on that lock."""
        match self.phase, what:
            case "willing", "taken":
                self.act("LockWriting")
            case "willing", "not taken":
                self.act("FindWriter")
            case "written", "given back":
                self.act("UnlockWriting")
                if not lying(self.state, "backlog"):
                    self.act("FindNoBacklog")
            case "reading", "not taken":
                pass
            case phase, _:
                self.unmapped = self.unmapped or f"writing {what} in {phase}"

    def reading(self, what: str) -> None:
        match self.phase, what:
            case "unserved", "taken":
                self.act("LockReading")
            case "unserved", "not taken":
                self.act("FindReader")
            case "reading", "given back":
                if not self.state.calls[self.me].outcome:
                    self.act("Expire")
                self.act("UnlockReading")
            case "leaving", "taken":
                self.act("FindNoReader")
            case "leaving", "not taken":
                self.act("FindReader")
            case "choosing", "given back":
                pass
            case phase, _:
                self.unmapped = self.unmapped or f"reading {what} in {phase}"

    def left(self) -> None:
        """The thread has returned from its call: there was nobody to look for."""
        if self.phase == "leaving":
            self.act("FindNoReader" if self.state.reader == NONE else "FindReader")
        if self.phase == "choosing":
            self.act("ChooseNobody")
        assert self.unmapped or self.phase == "out", f"it has left, and the model is at {self.phase}"


def _nothing() -> None:
    pass


class ReplayedCore(MultiplexerCore[Any]):
    """Tells what becomes of the queues."""

    replay: Replay

    def send(self, data: bytes, call: Any, replies: int = 1) -> Any:
        call.number = self.replay.me
        call.heard = -1  # a silent server is not given up: that would be a loss
        self.replay.act("Append")
        self.replay.act("FindBacklog")
        return super().send(data, call, replies)

    def flush(self) -> bytes:
        before = [call.number for _, call, _ in self.backlog]
        data = super().flush()
        gathered = [call.number for call in self.in_flight]
        for number in before:
            if number in gathered:
                self.replay.act("Gather", number)
                self.replay.act("Queue")
            else:
                self.replay.act("Skip", number)
        self.replay.act("Send")
        return data

    @property
    def sendable(self) -> bool:
        self.replay.act("FindBacklog" if self.backlog else "FindNoBacklog")
        return bool(self.backlog)

    def received(self, epoch: int, replies: int) -> list[Any]:
        calls = super().received(epoch, replies)
        for call in calls:
            self.replay.act("Receive", call.number)
            self.replay.act("Settle")
            if call.number != self.replay.me:
                self.replay.act("Tell")
        return calls


class ReplayedCall(Call):
    """Tells who looks whether it is served, and who wakes it."""

    replay: Replay
    number = NONE
    _served = False

    @property
    def served(self) -> bool:  # type: ignore[override]
        if self.number != NONE and self.number == self.replay.me:
            self._looked_at(sys._getframe(1).f_code.co_name)
        return self._served

    @served.setter
    def served(self, served: bool) -> None:
        self._served = served

    def wake(self) -> None:
        promotes = self.replay.phase == "choosing"
        if promotes:
            target = self.replay.state.calls[self.number]
            if target.outcome or target.place != "in flight":
                self.replay.unmapped = "one is chosen that is dead, or in the backlog"
            self.replay.act("Choose", self.number)
        super().wake()
        if promotes:
            self.replay.act("Promote")

    def _looked_at(self, where: str) -> None:
        """By its own thread: in the loop of its call, or when its limit has passed."""
        replay = self.replay
        if where == "_expire" and replay.phase == "parked":
            replay.act("Expire")
        elif where == "_call":
            if replay.phase == "parked":
                replay.act("Wake")
            if replay.phase == "waiting":
                replay.act("FindOutcome" if replay.state.calls[self.number].outcome else "FindNoOutcome")
