"""What the witness owes to whom, kept by what is recorded: who may be waiting for nobody else."""

from collections import Counter

from ..history import Kind

_ITS_OWN = ""  # the client itself, which is owed the replies of handshakes


class Owing:
    """Connections, and how many replies are owed on each, to whom."""

    def __init__(self) -> None:
        self._owed: dict[int, Counter[str]] = {}

    def note(self, kind: Kind, caller: str, connection: int) -> None:
        """That was recorded."""
        match kind:
            case Kind.OPENED:
                self._owed[connection] = Counter()
            case Kind.RECEIVED | Kind.GREETED if connection in self._owed:
                self._owed[connection][caller] += 1
            case Kind.REPLIED | Kind.WELCOMED if connection in self._owed:
                self._owed[connection][caller] -= 1
            case Kind.CLOSED:
                self._owed.pop(connection, None)
            case _:
                pass

    @property
    def callers(self) -> set[str]:
        """Who is owed a reply."""
        return {caller for owed in self._owed.values() for caller in +owed if caller != _ITS_OWN}

    @property
    def busy(self) -> int:
        """The connections on which something is owed."""
        return sum(bool(+owed) for owed in self._owed.values())

    @property
    def is_handshaking(self) -> bool:
        return any(owed[_ITS_OWN] > 0 for owed in self._owed.values())
