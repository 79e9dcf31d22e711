"""What the witness's server holds: sessions, databases, scripts, who waits, and what it has to tell.

Commands act on it; they return their own reply and leave here what others are to be told, which is collected
by whoever carries commands out (`processing.py`).
"""

from typing import NamedTuple

from .command import Command
from .keyspace import Clock, Database
from .session import DEFAULT_USER, Session
from .setup import Condition, Setup
from .tracking import TrackingTable
from .waiting import WaitingRoom


class Told(NamedTuple):
    """That session is sent something that is no reply."""

    session: Session
    data: bytes


class Served(NamedTuple):
    """That session was blocked, and here is the reply."""

    session: Session
    reply: bytes


class Dismissed(NamedTuple):
    """That session is ended by the server."""

    session: Session


News = Told | Served | Dismissed


class Server:
    """See the module. `current`: whose command is being carried out."""

    def __init__(self, setup: Setup, clock: Clock) -> None:
        self.setup = setup
        self.clock = clock
        self.condition = Condition.WELL  # for connections to come
        self._databases: dict[int, Database] = {}
        self.sessions: dict[int, Session] = {}
        self.waiting = WaitingRoom()
        self.tracking = TrackingTable(self.sessions, self.tell)
        self.scripts: dict[bytes, bytes] = {}
        self.commands: dict[bytes, Command] = {}  # those that it knows, by name in capitals
        self.monitors: dict[Session, None] = {}
        self.current: Session | None = None
        self.paused_until = 0.0
        self.pauses_all = False
        self.news: list[News] = []

    def open(self, number: int, address: str) -> Session:
        """A client has connected."""
        session = Session(number, address, self.database(0), self.initial_user(), self.condition)
        self.sessions[number] = session
        return session

    def close(self, session: Session) -> None:
        """The connection has gone, and its session with it."""
        self.sessions.pop(session.number, None)
        self.waiting.leave(session)
        self.tracking.forget(session)
        self.monitors.pop(session, None)

    def restart(self, forgets: bool) -> None:
        """All connections have gone, and with them what is not kept; if it forgets, all keys as well."""
        self.scripts.clear()
        self.paused_until = 0.0
        if forgets:
            self.clear()

    def database(self, number: int) -> Database:
        """The one with that number."""
        if (found := self._databases.get(number)) is None:
            found = Database(number, self.clock, self._touched, self.waiting.became_ready)
            self._databases[number] = found
        return found

    def clear(self) -> None:
        """All keys of all databases go."""
        for database in self._databases.values():
            database.clear()

    def initial_user(self) -> str | None:
        """Who a client is before it has authenticated."""
        return None if DEFAULT_USER in self.setup.passwords else DEFAULT_USER

    def has_password(self, user: str, password: str) -> bool:
        """Whether these credentials are good."""
        needed = self.setup.passwords.get(user)
        return password == needed if needed is not None else user == DEFAULT_USER

    def tell(self, session: Session, data: bytes) -> None:
        """To be sent when the command that is being carried out has its reply."""
        self.news.append(Told(session, data))

    def is_paused(self) -> bool:
        """CLIENT PAUSE holds."""
        return self.paused_until > self.clock()

    def flushed(self) -> None:
        """All keys of a database have gone."""
        self.tracking.flushed(self.current)

    def _touched(self, _: Database, key: bytes) -> None:
        self.tracking.touched(key, self.current)
