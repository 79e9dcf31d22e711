"""An in-memory network: dials, connections, and what is on its way from the witness to the client.

What a client writes is at the witness at once. What the witness sends waits here until the loop asks for
news, once a batch, and is handed over connection by connection in the order that the plan chooses; the bytes
of one connection never overtake each other.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..history import Kind, Record
from ..plan import Plan
from ..witness import Effect, Send, Witness
from .transport import SimulatedTransport


@dataclass(eq=False, slots=True)
class Dial:
    """A connection being opened: its number, and the future that its caller awaits."""

    connection: int
    outcome: asyncio.Future[None]


class Network:
    """All dials and connections of one run."""

    def __init__(self, plan: Plan, witness: Witness, record: Record) -> None:
        self._witness = witness
        self._record = record
        self._chunk_bytes = plan.chunk_bytes
        self._choices = iter(plan.order)
        self._hold_dials = plan.hold_dials
        self._rulings: deque[bool] = deque()  # of ADMIT and REFUSE steps that no dial has used yet
        self._dials: deque[Dial] = deque()
        self._dialled = 0
        self._transports: dict[int, SimulatedTransport] = {}  # those that the client has not closed

    # the plan's side

    def rule(self, admit: bool) -> None:
        """The oldest pending dial, or the next one, succeeds or is refused."""
        self._rulings.append(admit)

    def hold(self, dials: bool) -> None:
        """From now on a dial is pending until it is ruled on, or is admitted at once."""
        self._hold_dials = dials

    def heal(self) -> None:
        """No dial is held or refused from now on."""
        self.hold(False)
        self._rulings.clear()

    def carry(self, effects: Iterable[Effect]) -> None:
        """Take what the witness wants sent or closed."""
        for effect in effects:
            transport = self._transports.get(effect.connection)
            if transport is None:
                continue
            if isinstance(effect, Send):
                transport.incoming += effect.data
            else:
                transport.server_closed()

    # the loop's side

    def news(self) -> list[Callable[[], None]]:
        """What the outside world has for the client now, as callbacks, in the order that the plan chooses."""
        sources = [each.deliver for each in self._transports.values() if each.has_news()]
        if self._dials:
            sources[:0] = self._ruled_dials()
        chosen: list[Callable[[], None]] = []
        while len(sources) > 1:
            chosen.append(sources.pop(next(self._choices, 0) % len(sources)))
        return chosen + sources

    def _ruled_dials(self) -> Iterator[Callable[[], None]]:
        while self._dials:
            if self._dials[0].outcome.done():  # given up
                self._dials.popleft()
            elif self._rulings:
                yield _settle(self._dials.popleft().outcome, self._rulings.popleft())
            elif not self._hold_dials:
                yield _settle(self._dials.popleft().outcome, True)
            else:
                return

    def dial(self, outcome: asyncio.Future[None]) -> Dial:
        """The client asks for a connection; `outcome` ends when it has one, or in ConnectionRefusedError."""
        self._dialled += 1
        dial = Dial(self._dialled, outcome)
        self._record(Kind.DIALLED, connection=dial.connection)
        self._dials.append(dial)
        return dial

    def failed(self, dial: Dial, error: BaseException) -> None:
        """The dial was refused, or its caller no longer wants it."""
        refused = isinstance(error, ConnectionRefusedError)
        self._record(Kind.REFUSED if refused else Kind.GIVEN_UP, connection=dial.connection)

    def connect(
        self, dial: Dial, loop: asyncio.AbstractEventLoop, protocol: asyncio.BaseProtocol
    ) -> SimulatedTransport:
        """The dial succeeded: the server has accepted, and here is the client's end."""
        number = dial.connection

        def write(data: bytes) -> None:
            self.carry(self._witness.received(number, data))

        def hang_up() -> None:
            del self._transports[number]
            self._witness.closed_by_client(number)

        transport = SimulatedTransport(loop, protocol, self._chunk_bytes, write, hang_up)
        self._transports[number] = transport
        self._witness.opened(number)
        return transport


def _settle(outcome: asyncio.Future[None], admit: bool) -> Callable[[], None]:
    def settle() -> None:
        if outcome.done():
            return
        if admit:
            outcome.set_result(None)
        else:
            outcome.set_exception(ConnectionRefusedError(111, "Connection refused"))

    return settle
