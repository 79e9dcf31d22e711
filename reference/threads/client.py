"""Both ways in one, for threads: what may share a connection does, what needs one for itself gets one.

Multiplexing is fast, and cannot carry a command that blocks; pooling carries everything, one command at a
time. `commands.py` says which is which. What it does not know, the server is asked about once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..batch import BLOCKING, SHARED
from ..commands import known, learn, route, why_not_shared, word
from ..errors import Misuse, ServerError
from ..resp import Argument, Reply
from ..shell import options_of
from ..url import Settings
from .lease import Lease
from .multiplexer import Multiplexer
from .pool import Pool
from .subscription import Subscription

COUNTS_ITS_OWN_WRITES = ("wait", "waitaof")  # on a connection that nobody wrote on they promise nothing


class Client:
    """A multiplexer and a pool for one server; the options are those of both, by keyword."""

    def __init__(self, server: str | Settings = "redis://127.0.0.1:6379", **options: Any) -> None:
        settings = Settings.of(server)
        self.multiplexer = Multiplexer(settings, **options_of(Multiplexer, options))
        self.pool = Pool(settings, **options_of(Pool, options))

    def execute(self, *command: Argument, idempotent: bool = False) -> Reply:
        """The reply, by the way that the command has to take (MUX-04). Raises what
        `Multiplexer.execute` and `Pool.execute` raise; `Misuse` if it changes a connection: acquire one."""
        way = route(command)
        if way is SHARED:
            return self.multiplexer.execute(*command, idempotent=idempotent)
        if way is BLOCKING and word(command[0]) not in COUNTS_ITS_OWN_WRITES:
            return self.pool.execute(*command)
        if command and not known(command[0]):
            return self._ask(command, idempotent)
        raise Misuse(why_not_shared(command))

    def batch(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """`Multiplexer.batch`."""
        return self.multiplexer.batch(commands)

    def transaction(self, commands: Sequence[Sequence[Argument]]) -> Any:
        """`Multiplexer.transaction`; with WATCH, acquire a connection, and use that one's."""
        return self.multiplexer.transaction(commands)

    def acquire(self) -> Lease:
        """`Pool.acquire`: a connection of one's own."""
        return self.pool.acquire()

    def subscribe(self, *channels: str | bytes, kind: str = "message", bound: int = 1000) -> Subscription:
        """`Multiplexer.subscribe`."""
        return self.multiplexer.subscribe(*channels, kind=kind, bound=bound)

    def close(self, drain_timeout_seconds: float = 0.0) -> None:
        """Closes one after the other."""
        try:
            self.multiplexer.close(drain_timeout_seconds)
        finally:
            self.pool.close(drain_timeout_seconds)

    def _ask(self, command: tuple[Argument, ...], idempotent: bool) -> Reply:
        with suppress(ServerError):  # this user may not ask
            learn(command[0], self.multiplexer.execute("COMMAND", "INFO", command[0]))
        if not known(command[0]):
            return self.pool.execute(*command)  # the server knows it no better, and will say so
        return self.execute(*command, idempotent=idempotent)
