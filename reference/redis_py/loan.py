"""A loan: what a caller is given instead of the connection itself.

redis-py's pools hand out the connection. A caller that releases it twice, or goes on using it, meets whoever
has borrowed it since. A loan passes everything on to its connection, but only until it is released: whether
it still holds is up to the lease of the pool beneath.
"""

# pyright: reportPrivateUsage=false
# A loan asks the pool beneath whether it still holds.

from __future__ import annotations

import sys
from importlib import import_module
from inspect import signature
from types import CodeType
from typing import Any

from ..url import Settings
from .errors import Misuse


class Loan:
    """A connection of redis-py's from the acquire to the release, and none after it (POOL-02, POOL-08).

    Its data can be read for ever, for redis-py does so when it reports an error.
    """

    __slots__ = ("_connection", "_lease")
    _connection: Any
    _lease: Any

    def __init__(self, lease: Any) -> None:
        """The lease was made for the code that called redis-py, and messages show it so."""
        lease._where = _user()
        object.__setattr__(self, "_lease", lease)
        object.__setattr__(self, "_connection", lease._held())

    def __getattr__(self, name: str) -> Any:
        if name in Loan.__slots__:
            raise AttributeError(name)  # it is a copy, which nobody has lent
        value = getattr(self._connection, name)
        if callable(value) and self._lease not in self._lease._pool._core.lent:
            raise Misuse(f"no {name}() on a connection that was released: get another one from the pool")
        return value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._connection, name, value)


def lease_of(loan: object, pool: object) -> Any:
    """The lease behind a loan of this pool's; `Misuse` if it is none."""
    if isinstance(loan, Loan) and loan._lease._pool is pool:
        return loan._lease
    raise Misuse("this pool has not lent it: release it into the pool that it came from")


def _user() -> CodeType:
    """The code that called redis-py."""
    frame = sys._getframe(3)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("redis."):
        frame = frame.f_back
    return frame.f_code


def settings_of(options: dict[str, Any]) -> Settings:
    """Where the server is, for messages and metrics; it is redis-py that dials."""
    host, port = options.get("host") or "localhost", int(options.get("port") or 6379)
    return Settings(host=host, port=port, path=options.get("path"), database=int(options.get("db") or 0))


def options_for(pool: type[object], options: dict[str, Any]) -> dict[str, Any]:
    """Options for this pool of redis-py's; `Misuse` if they ask for what only its own pools can do."""
    for name in ("cache", "cache_config", "maint_notifications_config"):
        if getattr(options.get(name), "enabled", options.get(name)):
            raise Misuse(f"{name} needs a pool of redis-py's own: leave it out")
    options = {name: value for name, value in options.items() if not name.startswith(("cache", "maint"))}
    if "maint_notifications_config" in signature(pool).parameters:  # where it is, RESP3 turns it on
        configuration = import_module("redis.maint_notifications").MaintNotificationsConfig
        options["maint_notifications_config"] = configuration(enabled=False)
    return options
