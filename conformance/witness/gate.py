"""What the plan keeps back, and what it lets go."""

from .faults import Fault, Harm
from .keyspace import Clock
from .peer import Owed, Peer


class Gate:
    """Replies to callers are kept back until they are answered, others until the stall is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.answered: set[str] = set()  # callers whose reply may go out
        self.is_stalled = False
        self.is_healed = False

    def lets(self, peer: Peer, owed: Owed) -> bool:
        """Whether that may go out now, if it is its turn."""
        if owed.reply is None or peer.is_silent or peer.is_mute:
            return False
        if owed.fault is not None and not self.is_healed and self._is_kept_back(owed.fault, owed.due):
            return False
        if owed.caller:
            return self.is_healed or owed.caller in self.answered
        return owed.is_push or not self.is_stalled

    def _is_kept_back(self, fault: Fault, due: float) -> bool:
        return fault.harm is Harm.WITHHOLD or due > self._clock()
