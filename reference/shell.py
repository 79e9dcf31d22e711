"""What the shells of threads and asyncio share: their options, and what they say about themselves."""

from __future__ import annotations

from inspect import signature
from math import inf
from pathlib import Path
from types import CodeType
from typing import Any, Generic, Literal

from .errors import AcquireTimeout, Misuse
from .idle import Limits
from .metrics import Metrics, Snapshot, describe, snapshot
from .multiplexer import UP, CallT, MultiplexerCore
from .ownership import warn_unclosed
from .pool import CallerT, ConnectionT, PoolCore
from .subscriptions import ListenerT, Subscriptions
from .url import Settings


class PoolShell(Generic[CallerT, ConnectionT]):
    """Lends each caller a connection of its own, of at most `max_size`, and takes it back.

    A connection is opened when it is first needed, but for `min_idle`, which are dialled ahead of need. An
    acquire takes at most `acquire_timeout_seconds`, its dial included; a command `command_timeout_seconds`,
    and as long as it may block by its own argument. One that was idle for `health_check_after_seconds` is
    asked whether it is alive before it is lent. None sets no limit.
    """

    def __init__(
        self,
        server: str | Settings = "redis://127.0.0.1:6379",
        *,
        max_size: int = 10,
        min_idle: int = 0,
        max_dialling: int = 4,
        acquire_timeout_seconds: float | None = 20.0,
        command_timeout_seconds: float | None = 5.0,
        idle_timeout_seconds: float | None = None,
        max_lifetime_seconds: float | None = None,
        health_check_after_seconds: float | None = 30.0,
    ) -> None:
        self._settings = Settings.of(server)
        self._acquire_limit = _or_none(acquire_timeout_seconds)
        self._command_limit = _or_none(command_timeout_seconds)
        self._limits = Limits(
            max_size=max_size,
            min_idle=min_idle,
            max_dialling=max_dialling,
            idle_seconds=_or_none(idle_timeout_seconds),
            lifetime_seconds=_or_none(max_lifetime_seconds),
            check_after_seconds=_or_none(health_check_after_seconds),
        )
        self._core: PoolCore[CallerT, ConnectionT] = PoolCore(self._limits)
        self._metrics = Metrics()
        self._start()

    def _start(self) -> None:
        """Sets what else a new shell has, or one that begins anew in the child of a fork."""
        raise NotImplementedError

    def metrics(self) -> Snapshot:
        """The numbers of this moment, under OpenTelemetry's names (OBS-01)."""
        return snapshot(self._core, self._metrics)

    def _too_late(self, now: float) -> AcquireTimeout:
        self._metrics.timeouts += 1
        return AcquireTimeout(
            f"no connection within {self._acquire_limit:g} s ({describe(self._core, now)}):"
            " release connections sooner, or raise max_size or acquire_timeout_seconds"
        )

    def __del__(self) -> None:
        if hasattr(self, "_core") and not self._core.closed:
            warn_unclosed(self, len(self._core.idle) + len(self._core.lent))


class MultiplexerShell(Generic[CallT, ListenerT]):
    """Lets all callers share one connection, and gives each reply to the caller it belongs to.

    The connection is opened by the first command, and by the first one after it was lost, at growing
    intervals while that fails (LIFE-06). Up to `max_in_flight` commands are written ahead of their replies,
    up to `max_backlog` more are kept; with `overflow="refuse"` one more is turned away with `Overflow`, with
    "wait" its caller waits in line (MUX-05). A command takes at most `command_timeout_seconds`, its dial
    included; None sets no limit. One that is idempotent is sent up to `attempts` times.
    """

    def __init__(
        self,
        server: str | Settings = "redis://127.0.0.1:6379",
        *,
        max_in_flight: int = 10_000,
        max_backlog: int = 100_000,
        overflow: Literal["refuse", "wait"] = "refuse",
        command_timeout_seconds: float | None = 5.0,
        attempts: int = 3,
    ) -> None:
        self._settings = Settings.of(server)
        self._limit_seconds = _or_none(command_timeout_seconds)
        self._attempts = attempts
        self._bounds = max_in_flight, inf if overflow == "wait" else max_backlog
        self._start()

    def _start(self) -> None:
        """Sets what a new shell has, or one that begins anew in the child of a fork."""
        self._core: MultiplexerCore[CallT] = MultiplexerCore(*self._bounds, self._limit_seconds)
        self._subscriptions: Subscriptions[ListenerT] = Subscriptions()

    def metrics(self) -> dict[str, int]:
        """The numbers of this moment, under OpenTelemetry's names (OBS-01)."""
        waiting = len(self._core.in_flight) + self._core.backlogged
        used = int(self._core.link is UP)
        return {"db.client.connection.count": used, "db.client.connection.pending_requests": waiting}

    def __str__(self) -> str:
        return str(self._core)

    def __del__(self) -> None:
        if hasattr(self, "_core") and self._core.link is UP:
            warn_unclosed(self, 1)


def _or_none(seconds: float | None) -> float:
    """A limit, where None stands for none."""
    return inf if seconds is None else seconds


def options_of(shell: type[object], options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that a pool, or a multiplexer, has; `Misuse` if neither has one of them."""
    kinds: tuple[type[object], ...] = PoolShell, MultiplexerShell
    names = {kind: set(signature(kind).parameters) for kind in kinds}
    if unknown := set(options) - set().union(*names.values()):
        raise Misuse(f"{min(unknown)} is an option of neither a pool nor a multiplexer")
    kind = kinds[issubclass(shell, MultiplexerShell)]
    return {name: value for name, value in options.items() if name in names[kind]}


def place(code: CodeType) -> str:
    """Where a caller stands in the program, for messages."""
    return f"{code.co_qualname} ({Path(code.co_filename).name}:{code.co_firstlineno})"
