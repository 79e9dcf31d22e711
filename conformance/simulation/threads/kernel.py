"""The network as threads see it: what comes from it waits for its turn; and a table of descriptors."""

from ...history import Record
from ...plan import Plan
from ...witness import Witness
from ..network import Dial, Network, Outcome
from .endpoint import Endpoint
from .scheduler import Scheduler

FIRST_DESCRIPTOR = 1_000_000  # far from real ones


class Kernel(Network[Endpoint]):
    """All dials, connections and descriptors of one run."""

    def __init__(self, plan: Plan, witness: Witness, record: Record, scheduler: Scheduler) -> None:
        super().__init__(plan, witness, record)
        self.scheduler = scheduler
        scheduler.outside = self
        self.descriptors: dict[int, Endpoint] = {}
        self._next_descriptor = FIRST_DESCRIPTOR

    def new_endpoint(self) -> tuple[int, Endpoint]:
        """A fresh socket and its descriptor."""
        descriptor, endpoint = self._next_descriptor, Endpoint(self)
        self._next_descriptor += 1
        self.descriptors[descriptor] = endpoint
        return descriptor, endpoint

    def rule(self, admit: bool) -> None:
        super().rule(admit)
        self.scheduler.soon(self._decide)

    def hold(self, dials: bool) -> None:
        super().hold(dials)
        for _ in self._dials:
            self.scheduler.soon(self._decide)

    def dial(self, outcome: Outcome) -> Dial:
        self.scheduler.soon(self._decide)
        return super().dial(outcome)

    def _decide(self) -> None:
        if decide := next(self.ruled_dials(), None):
            decide()
