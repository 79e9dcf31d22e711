"""What the commands of a lease have left on its connection, judged from what was sent (CONN-08).

A connection goes back to its pool only if it is `clean`: in the session that the handshake had configured.
What a lease did in balance leaves nothing behind:

    SELECT 3           SELECT back to the configured database
    MULTI              EXEC, or DISCARD
    WATCH              UNWATCH, or the EXEC or DISCARD of a transaction
    SUBSCRIBE          UNSUBSCRIBE from all of them; so with patterns and shards

All else stays until the connection is closed: to dial costs little, to be wrong much. So does what is in
doubt: a command not known, or misshapen; one that the server refused, for it has not undone what it should;
and any sent while subscribed, when RESP2 refuses almost all. What is queued in a transaction happens at EXEC,
if it does: a SELECT there can lead away from the configured database, and not back.
"""

from __future__ import annotations

from .commands import BLOCKING, SHARED, SUBSCRIPTION, Route, route, title, word
from .resp import Argument

WRONG_ROLE = frozenset({"READONLY", "LOADING", "MASTERDOWN"})


class Session:
    """The session of one connection, from the handshake on.

    Invariant: if `clean`, and `refused` was told of all that was refused, the session is as configured.
    """

    def __init__(self, database: int = 0) -> None:
        self.clean = True
        self._configured = self._database = str(database)
        self._queued: str | None = None  # a database to which EXEC may lead
        self._transaction = False
        self._watching = False
        self._subscribed: dict[str, set[bytes]] = {}  # kind: names
        self._for_good: dict[str, None] = {}

    def sent(self, command: tuple[Argument, ...]) -> None:
        """This command, which could be encoded, was or will be written."""
        way = route(command)
        if way is not SHARED and way is not BLOCKING:
            self._changed(way, command)
            self.clean = self.leftovers() == ""

    def refused(self, command: tuple[Argument, ...]) -> None:
        """The server answered this command with an error."""
        if route(command) not in (SHARED, BLOCKING):
            self._for_good[f"a refused {title(command)}"] = None
            self.clean = False

    def answered_wrongly(self, error: str) -> None:
        """Whatever was asked, the server is not the one for it: the next dial may find another (CONN-09)."""
        code = error.split(" ", 1)[0]
        if code in WRONG_ROLE:
            self._for_good[f"a server that says {code}"] = None
            self.clean = False

    def leftovers(self) -> str:
        """What is not as configured, in words: "database 3, an open MULTI"; empty if nothing."""
        left = [f"database {self._database}"] if self._database != self._configured else []
        left += ["an open MULTI"] * self._transaction
        left += ["watched keys"] * self._watching
        left += [f"{names} subscriptions"] if (names := sum(map(len, self._subscribed.values()))) else []
        return ", ".join([*left, *self._for_good])

    def _changed(self, way: Route, command: tuple[Argument, ...]) -> None:
        match word(command[0]), *map(word, command[1:]):
            case name, *_ if way is SUBSCRIPTION and not self._transaction:
                self._subscriptions_changed(name, set(map(_bytes, command[1:])))
            case _ if any(self._subscribed.values()):
                self._for_good[title(command)] = None
            case "select", database if not self._transaction:
                self._database = database
            case "select", database:
                self._queued = self._queued if database == self._configured else database
            case ["multi"]:
                self._transaction = True
            case "watch", *_:
                self._watching = True
            case ["unwatch"]:
                self._watching = self._watching and self._transaction
            case ["exec" | "discard" as end]:
                if self._transaction:  # else the server refuses it, and keys that are watched stay so
                    self._database = (self._queued if end == "exec" else None) or self._database
                    self._transaction, self._watching, self._queued = False, False, None
            case _:
                self._for_good[title(command)] = None

    def _subscriptions_changed(self, name: str, names: set[bytes]) -> None:
        subscribed = self._subscribed.setdefault(name.removesuffix("subscribe").removesuffix("un"), set())
        if not name.endswith("unsubscribe"):
            subscribed |= names
        else:
            subscribed -= names or set(subscribed)


def _bytes(argument: Argument) -> bytes:
    """As it stands on the wire."""
    return bytes(argument) if isinstance(argument, bytes | bytearray) else str(argument).encode()
