"""An in-memory network: dials, connections, and what is on its way from the witness to the client.

What a client writes is at the witness at once. What the witness sends is handed to the client's end of the
connection, which gives it to the client later: when, and from which of several connections first, is for the
world to say (`aio/network.py`, `threads/kernel.py`). The bytes of one connection never overtake each other.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ..history import Kind, Record
from ..plan import Plan
from ..witness import Effect, HalfClose, Reset, Send, Witness

ADDRESS = "127.0.0.1", 1  # of the witness; nothing listens there, should a client leave the simulation


class Outcome(Protocol):
    """What becomes of a dial; `done` also if its caller has given it up. asyncio's futures are such."""

    def done(self) -> bool: ...
    def set_result(self, result: None, /) -> None: ...
    def set_exception(self, error: Exception, /) -> None: ...


@dataclass(eq=False, slots=True)
class Dial:
    """A connection being opened: its number, and what becomes of it."""

    connection: int
    outcome: Outcome


class End(Protocol):
    """The client's end of a connection, as the network needs it."""

    def receive(self, data: bytes) -> None:
        """The server sent this."""

    def server_closed(self, listens: bool = False) -> None:
        """Nothing comes after what is on its way now; listens: but what the client writes is still read."""

    def server_reset(self) -> None:
        """What is on its way is lost, and an error comes instead."""

    def has_room(self) -> None:
        """The network takes again what the client writes."""


EndT = TypeVar("EndT", bound=End)


class Network(Generic[EndT]):
    """All dials and connections of one run. `ends` are those that the client has not closed."""

    def __init__(self, plan: Plan, witness: Witness, record: Record) -> None:
        self.chunk_bytes = plan.chunk_bytes
        self.ends: dict[int, EndT] = {}
        self._witness = witness
        self._record = record
        self._hold_dials = plan.hold_dials
        self._rulings: deque[bool] = deque()  # of ADMIT and REFUSE steps that no dial has used yet
        self._dials: deque[Dial] = deque()
        self._dialled = 0
        self._jam: int | None = None  # so many bytes are taken on each connection; None: all
        self._taken: dict[int, int] = {}  # on each connection since the jam began

    # the plan's side

    def jam(self, room: int | None) -> None:
        """The server stops reading: from now on so many bytes are taken on each connection; None: all."""
        self._jam = room
        self._taken.clear()
        if room is None:
            for end in list(self.ends.values()):
                end.has_room()

    def rule(self, admit: bool) -> None:
        """The oldest pending dial, or the next one, succeeds or is refused."""
        self._rulings.append(admit)

    def hold(self, dials: bool) -> None:
        """From now on a dial is pending until it is ruled on, or is admitted at once."""
        self._hold_dials = dials

    def heal(self) -> None:
        """No dial is held or refused from now on."""
        self._rulings.clear()
        self.hold(False)
        self.jam(None)

    def carry(self, effects: Iterable[Effect]) -> None:
        """Take what the witness wants sent or closed."""
        for effect in effects:
            end = self.ends.get(effect.connection)
            if end is None:
                continue
            if isinstance(effect, Send):
                end.receive(effect.data)
            elif isinstance(effect, Reset):
                end.server_reset()
            else:
                end.server_closed(listens=isinstance(effect, HalfClose))

    # the client's side

    def dial(self, outcome: Outcome) -> Dial:
        """The client asks for a connection; `outcome` is told; ConnectionRefusedError if it gets none."""
        self._dialled += 1
        dial = Dial(self._dialled, outcome)
        self._record(Kind.DIALLED, connection=dial.connection)
        self._dials.append(dial)
        return dial

    def failed(self, dial: Dial, error: BaseException) -> None:
        """The dial was refused, or its caller no longer wants it."""
        refused = isinstance(error, ConnectionRefusedError)
        self._record(Kind.REFUSED if refused else Kind.GIVEN_UP, connection=dial.connection)

    def connect(self, dial: Dial, end: EndT) -> None:
        """The dial succeeded: the server has accepted, and this is the client's end."""
        self.ends[dial.connection] = end
        self._witness.opened(dial.connection)

    def room(self, number: int) -> int:
        """How many bytes the client can write now."""
        return sys.maxsize if self._jam is None else max(0, self._jam - self._taken.get(number, 0))

    def write(self, number: int, data: bytes) -> None:
        """The client writes what there is room for."""
        self._taken[number] = self._taken.get(number, 0) + len(data)
        self.carry(self._witness.received(number, data))

    def hang_up(self, number: int) -> None:
        """The client closes, or has noticed that the connection is lost."""
        del self.ends[number]
        self._witness.closed_by_client(number)

    # the world's side

    def next_time(self) -> float:
        """When the witness will do something by itself; infinity: never."""
        return self._witness.next_time()

    def pass_time(self) -> None:
        """That time has come."""
        self.carry(self._witness.pass_time())

    def ruled_dials(self) -> Iterator[Callable[[], None]]:
        """What decides each dial that need not wait any longer, oldest first."""
        while self._dials:
            if self._dials[0].outcome.done():  # given up
                self._dials.popleft()
            elif self._rulings:
                yield _decision(self._dials.popleft().outcome, self._rulings.popleft())
            elif not self._hold_dials:
                yield _decision(self._dials.popleft().outcome, True)
            else:
                return


def _decision(outcome: Outcome, admit: bool) -> Callable[[], None]:
    def decide() -> None:
        if outcome.done():
            return
        if admit:
            outcome.set_result(None)
        else:
            outcome.set_exception(ConnectionRefusedError(111, "Connection refused"))

    return decide
