"""Commands for tests of the multiplexer's core, and a core that has served one."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from poolproof.reference.multiplexer import DIAL, MultiplexerCore


@dataclass(eq=False)
class Command:
    """A call, and whether it has been settled or given up."""

    name: str = ""
    over: bool = False

    def done(self) -> bool:
        return self.over


Core = MultiplexerCore[Command]


def connected(max_in_flight: int = 10, max_backlog: float = 10, limit_seconds: float = inf) -> Core:
    """One whose first command has been written, and answered."""
    made = Core(max_in_flight, max_backlog, limit_seconds)
    assert made.send(b"first ", Command("first")) is DIAL
    made.opened(made.epoch)
    assert made.flush() == b"first "
    assert made.received(made.epoch, 1)
    return made
