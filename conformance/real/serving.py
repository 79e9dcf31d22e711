"""The witness by itself, on a port, for somebody with a debugger: what comes in is told, and steps are typed.

The steps are those of plans that concern the server: `answer a`, `cut a`, `stall`, `refuse`, `fault ...`.
Replies go out at once unless they are to be kept back.
"""

import sys
from collections.abc import Callable
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import TextIO

from ..history import Event, Kind
from ..plan import BadPlan, Plan, Step
from ..simulation.server_side import ServerSide
from ..witness import Setup, Witness
from .network import Connection, Network
from .proxied import RealServer

LONGEST_SELECT_SECONDS = 0.5

Tell = Callable[[str], None]


class Serving:
    """A witness and its port. `tell` is given a line for each event."""

    def __init__(self, port: int, password: str, holds: bool, proxy: str, tell: Tell) -> None:
        """Raises OSError if the port is taken, NoServer if the proxy is no address."""
        self._tell = tell
        self._began = monotonic()
        self._selector = DefaultSelector()
        self._behind = RealServer(proxy) if proxy else None
        passwords = {"default": password} if password else {}
        self._witness = Witness(
            self._record, Setup(passwords=passwords, lenient=True), self._now, self._behind
        )
        self._network = Network(Plan(()), self._witness, self._record, self._selector, port)
        self._server_side = ServerSide(self._witness, self._network)
        self.port = self._network.port
        if not holds:
            self._network.carry(self._witness.heal())

    def serve(self, steps: TextIO = sys.stdin) -> None:
        """Until the steps end, if they do, or somebody interrupts."""
        self._selector.register(steps, EVENT_READ, steps)
        try:
            while self._turn(steps):
                pass
        finally:
            self._network.close()
            self._selector.close()
            if self._behind:
                self._behind.close()

    def _turn(self, steps: TextIO) -> bool:
        due = self._network.next_time() - self._now()
        ready = [key.data for key, _ in self._selector.select(max(0.0, min(due, LONGEST_SELECT_SECONDS)))]
        self._network.take_in(each for each in ready if isinstance(each, Connection))
        if self._network in ready:
            self._network.accept()
        if due <= 0:
            self._network.pass_time()
        if steps not in ready:
            return True
        line = steps.readline()
        if line.strip():
            self._perform(line)
        return bool(line)

    def _perform(self, line: str) -> None:
        try:
            step = Step.parse(line)
            known = self._server_side.perform(step)
        except (BadPlan, ValueError) as problem:
            self._tell(str(problem))
            return
        if not known:
            self._tell(f"{step.verb} is for a client's side; here the client is yours")

    def _now(self) -> float:
        return monotonic() - self._began

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        event = Event(self._now(), kind, caller, connection, text, detail)
        where = f"connection {event.connection}: " if event.connection else ""
        self._tell(f"{event.at:9.3f}  {where}{event.kind} {event.text}".rstrip())
