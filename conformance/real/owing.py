"""What the witness owes to whom, and who has still to hear a message, kept by what is recorded."""

from collections import Counter

from ..history import Kind

_ITS_OWN = ""  # the client itself, which is owed the replies of handshakes


class Owing:
    """Connections, and how many replies are owed on each, to whom; messages, and who has not heard them."""

    def __init__(self) -> None:
        self._owed: dict[int, Counter[str]] = {}
        self._listening: set[str] = set()
        self._unheard: set[tuple[str, str]] = set()

    def note(self, kind: Kind, caller: str, connection: int, text: str, detail: str) -> None:
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
                self._unheard.clear()  # the messages may be lost
            case Kind.SUBSCRIBING:
                self._listening.add(caller)
            case Kind.TOLD:
                self._listening.discard(caller)
            case Kind.PUBLISHED if detail != "0":
                self._unheard.add((caller, text))
            case Kind.HEARD:
                self._unheard.discard((caller, text))
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
    def are_messages_heard(self) -> bool:
        """By all who listen, as far as no connection has been lost since."""
        return not any(caller in self._listening for caller, _ in self._unheard)

    @property
    def is_handshaking(self) -> bool:
        return any(owed[_ITS_OWN] > 0 for owed in self._owed.values())
