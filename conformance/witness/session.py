"""What the server remembers of one connection: its session.

A connection that is lent or shared has to be in the session that it was configured for (CONN-05, CONN-08,
MUX-10). `told` says in words in which one it is, for the history: each word names something that is not as on
a fresh connection of a server without passwords, so that `set(told.split())` can be compared.

    db=3 user=app resp=3 name=pool unauthenticated multi watch=2 subscribed=1 monitor reply=off tracking
    readonly asking no-evict no-touch
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from .setup import Condition

if TYPE_CHECKING:
    from .command import Command
    from .keyspace import Database

DEFAULT_USER = "default"


class Reply(Enum):
    """What CLIENT REPLY has set."""

    ON = "on"
    OFF = "off"
    SKIP = "skip"  # the next command is not answered


class Queued(NamedTuple):
    """A command between MULTI and EXEC."""

    command: Command
    words: list[bytes]


class Tracking:
    """What CLIENT TRACKING has set. A key that was read is told as invalid once it is written."""

    __slots__ = ("broadcasts", "ignores_own", "is_broken", "is_decided", "opts", "prefixes", "redirect")

    def __init__(
        self, redirect: int, broadcasts: bool, opts: str, ignores_own: bool, prefixes: dict[bytes, None]
    ) -> None:
        self.redirect = redirect  # the connection that is told instead; 0: this one
        self.broadcasts = broadcasts  # all keys with these prefixes, read or not
        self.prefixes = prefixes
        self.opts = opts  # "in", "out" or neither
        self.ignores_own = ignores_own
        self.is_decided = False  # by CLIENT CACHING, for the next command
        self.is_broken = False  # the other connection has gone


class Session:
    """The session of one connection. Whoever changes it calls `changed`."""

    def __init__(
        self, number: int, address: str, keys: Database, user: str | None, condition: Condition
    ) -> None:
        self.number = number
        self.address = address
        self.user = user  # None: not authenticated
        self.library_name = self.library_version = b""
        self.condition = condition
        self.is_leaving = False  # the next reply is the last
        self.command = ""  # the last one's name
        self.reset(keys)

    def reset(self, keys: Database) -> None:
        """As RESET leaves it; the user is another matter."""
        self.protocol = 2
        self.keys = keys  # of the database that was selected
        self.name = b""
        self.queue: list[Queued] | None = None  # since MULTI
        self.is_spoilt = False  # a command was refused since MULTI
        self.watched: dict[tuple[Database, bytes], int] = {}  # the key's version when WATCH came
        self.channels: dict[bytes, None] = {}
        self.patterns: dict[bytes, None] = {}
        self.shards: dict[bytes, None] = {}
        self.is_executing = False  # inside EXEC
        self.reply = Reply.ON
        self.tracking: Tracking | None = None
        self.monitors = self.reads_replicas = self.asks = self.avoids_eviction = self.leaves_untouched = False
        self.changed()

    def changed(self) -> None:
        """Takes note. `is_plain`: a command that is known needs no further looks."""
        self.told = " ".join(self._words())
        self.is_plain = (
            self.user is not None
            and self.queue is None
            and not self.is_subscribed
            and self.reply is Reply.ON
            and self.tracking is None
            and self.condition is Condition.WELL
            and not (self.monitors or self.asks)
        )

    @property
    def is_subscribed(self) -> bool:
        return bool(self.channels or self.patterns or self.shards)

    def _words(self) -> list[str]:
        subscribed = len(self.channels) + len(self.patterns) + len(self.shards)
        words = [
            f"db={self.keys.number}" if self.keys.number else "",
            f"user={self.user}" if self.user not in (None, DEFAULT_USER) else "",
            f"resp={self.protocol}" if self.protocol != 2 else "",
            f"name={self.name.decode('latin-1')}" if self.name else "",
            "unauthenticated" if self.user is None else "",
            "multi" if self.queue is not None else "",
            f"watch={len(self.watched)}" if self.watched else "",
            f"subscribed={subscribed}" if subscribed else "",
            "monitor" if self.monitors else "",
            f"reply={self.reply.value}" if self.reply is not Reply.ON else "",
            "tracking" if self.tracking is not None else "",
            "readonly" if self.reads_replicas else "",
            "asking" if self.asks else "",
            "no-evict" if self.avoids_eviction else "",
            "no-touch" if self.leaves_untouched else "",
        ]
        return [word for word in words if word]
