"""What is known of a command before it is carried out, in the words of COMMAND INFO.

A command is a function of a `Request` that returns the reply, or a `Wait`, and raises `Refusal` for an error.
`arity` counts the words, the name included; -3 means three or more. `flags` are those that a real server
gives (a test compares them). `keys` says which words are keys: the first, the last (negative: from the end)
and the step; (0, 0, 0): none, or only the function `find_keys` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from .keyspace import Database
    from .session import Session
    from .state import Server
    from .waiting import Wait

Words = list[bytes]


class Request(NamedTuple):
    """A command that is being carried out."""

    server: Server
    session: Session
    words: Words

    @property
    def keys(self) -> Database:
        """Those of the database that the session has selected."""
        return self.session.keys

    @property
    def protocol(self) -> int:
        return self.session.protocol


Run = Callable[[Request], "bytes | Wait"]

NO_KEYS = 0, 0, 0
ONE_KEY = 1, 1, 1
TWO_KEYS = 1, 2, 1
ALL_KEYS = 1, -1, 1

_IN_A_TRANSACTION_AT_ONCE = frozenset({"multi", "exec", "discard", "watch", "quit", "reset"})
_MAY_WRITE = "publish", "spublish", "eval", "evalsha"
_WHILE_SUBSCRIBED = frozenset(
    {"ping", "quit", "reset"}
    | {f"{kind}{verb}" for kind in ("", "p", "s") for verb in ("subscribe", "unsubscribe")}
)


def _never_called(_: Request) -> bytes:
    raise AssertionError("a container is called by its subcommands")


class Command:
    """One command. A container, such as CLIENT, has commands of its own, by their second word."""

    def __init__(
        self,
        name: str,
        run: Run,
        arity: int,
        flags: str = "",
        keys: tuple[int, int, int] = NO_KEYS,
        find_keys: Callable[[Words], Words] | None = None,
        subcommands: Iterable[Command] = (),
    ) -> None:
        self.name = name
        self.run = run
        self.arity = arity
        self.flags = flags.split()
        self.keys = keys
        self.find_keys = find_keys
        self.subcommands = {each.name.partition("|")[2].upper().encode(): each for each in subcommands}
        self.writes = "write" in self.flags
        self.reads = "readonly" in self.flags
        self.grows = "denyoom" in self.flags
        self.needs_no_user = "no_auth" in self.flags
        self.works_while_loading = "loading" in self.flags
        self.works_with_old_data = "stale" in self.flags
        self.works_while_subscribed = name in _WHILE_SUBSCRIBED
        self.is_queued = name not in _IN_A_TRANSACTION_AT_ONCE
        self.is_allowed_in_transactions = "no_multi" not in self.flags
        self.is_shown_to_monitors = not {"admin", "skip_monitor"} & {*self.flags}
        self.may_write = self.writes or name in _MAY_WRITE
        self.has_pushes_for_a_reply = name.endswith("subscribe") or name == "exec"

    @classmethod
    def container(cls, name: str, *subcommands: Command) -> Self:
        """A command that is nothing without a second word."""
        return cls(name, _never_called, -2, subcommands=subcommands)

    def takes(self, count: int) -> bool:
        """Whether it can have so many words, its name included."""
        return count == self.arity if self.arity >= 0 else count >= -self.arity

    def keys_in(self, words: Words) -> Words:
        """The words that are keys."""
        if self.find_keys is not None:
            return self.find_keys(words)
        first, last, step = self.keys
        return words[first : len(words) + last + 1 if last < 0 else last + 1 : step] if first else []
