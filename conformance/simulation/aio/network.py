"""The network as the simulated loop sees it: news, asked for once a batch.

What the witness sends waits here until the loop asks for news, and is handed over connection by connection in
the order that the plan chooses.
"""

from collections.abc import Callable

from ...history import Record
from ...plan import Plan
from ...witness import Witness
from ..network import Network as AnyNetwork
from .transport import SimulatedTransport


class Network(AnyNetwork[SimulatedTransport]):
    """All dials and connections of one run."""

    def __init__(self, plan: Plan, witness: Witness, record: Record) -> None:
        super().__init__(plan, witness, record)
        self._choices = iter(plan.order)

    def news(self) -> list[Callable[[], None]]:
        """What the outside world has for the client now, as callbacks, in the order that the plan chooses."""
        sources = [each.deliver for each in self.ends.values() if each.has_news()]
        sources[:0] = self.ruled_dials()
        chosen: list[Callable[[], None]] = []
        while len(sources) > 1:
            chosen.append(sources.pop(next(self._choices, 0) % len(sources)))
        return chosen + sources
