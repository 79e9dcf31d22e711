"""Who is blocked, and until when: BLPOP and its kind, XREAD BLOCK, WAIT, and all during CLIENT PAUSE.

A command that cannot be answered yet returns a `Wait` instead of a reply. When one of its keys becomes ready
it is carried out again as if it came only now, in the order in which the blocked ones came; when its time is
over, it is answered with what the wait holds for that.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .command import Command
from .keyspace import Database, Value
from .session import Session

Key = tuple[Database, bytes]


class Wait(NamedTuple):
    """Why a command can't be answered yet.

    kind: the type of value that helps. seconds: how long at most; 0: for ever.
    at_limit: the reply then. in_transaction: the reply where nobody may wait.
    words: the command to be carried out when a key is ready.
    """

    words: list[bytes]
    keys: tuple[bytes, ...]
    kind: type[Value]
    seconds: float
    at_limit: bytes
    in_transaction: bytes


class Blocked(NamedTuple):
    """A session that waits. command: None: any, held up by CLIENT PAUSE, and not looked at yet."""

    session: Session
    command: Command | None
    words: list[bytes]
    wait: Wait | None = None
    until: float = float("inf")


class WaitingRoom:
    """All who are blocked, the longest first."""

    def __init__(self) -> None:
        self._blocked: dict[Session, Blocked] = {}
        self._ready: dict[Key, None] = {}

    def __bool__(self) -> bool:
        return bool(self._blocked)

    def __contains__(self, session: Session) -> bool:
        return session in self._blocked

    def enter(self, blocked: Blocked) -> None:
        self._blocked[blocked.session] = blocked

    def leave(self, session: Session) -> Blocked | None:
        return self._blocked.pop(session, None)

    def find(self, number: int) -> Blocked | None:
        """Whoever is blocked on that connection, CLIENT PAUSE aside."""
        return next(
            (each for each in self._blocked.values() if each.wait and each.session.number == number), None
        )

    def became_ready(self, database: Database, key: bytes) -> None:
        if self._blocked:
            self._ready[database, key] = None

    def whose_turn(self) -> Iterator[Blocked]:
        """Those whose key is ready. Each may find that another was faster, and stays."""
        while self._ready:
            database, key = next(iter(self._ready))
            del self._ready[database, key]
            for each in list(self._blocked.values()):
                if (
                    each.wait
                    and key in each.wait.keys
                    and each.session.keys is database
                    and isinstance(database.get(key), each.wait.kind)
                    and each.session in self._blocked
                ):
                    yield each

    def paused(self) -> list[Blocked]:
        """Those held up by CLIENT PAUSE."""
        return [each for each in self._blocked.values() if each.wait is None]

    def overdue(self, now: float) -> list[Blocked]:
        """Those whose time is over."""
        return [each for each in self._blocked.values() if each.until <= now]

    def next_limit(self) -> float:
        """When the next one's time is over; infinity: never."""
        return min((each.until for each in self._blocked.values()), default=float("inf"))
