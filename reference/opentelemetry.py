"""A pool's numbers, told to OpenTelemetry; needs `opentelemetry-api` (`pip install poolproof[otel]`).

    from poolproof.reference.opentelemetry import export

    pool = Pool("redis://127.0.0.1:6379")
    export(pool)                                   # that is all; the SDK does the rest

Names, units and kinds are those of the semantic conventions:
https://opentelemetry.io/docs/specs/semconv/database/database-metrics/

What a pool is (its connections by state, its limits, who waits) is read off it whenever the SDK collects.
What happens to it (a dial, a wait, a loan) is recorded as it ends: a pool that is exported pays for that,
others don't. Each number carries `db.client.connection.pool.name`. There is one instrument for all pools of a
meter provider, as OpenTelemetry wants it, so set the provider before the first pool is exported.

A pool is held by a weak reference: being exported keeps none alive, and what is gone is told of no more.
"""

# pyright: reportPrivateUsage=false
# What a pool tells of itself as it happens it tells through its core.

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol, TypeAlias, cast

from .errors import Misuse
from .handshake import LIBRARY, VERSION
from .metrics import Durations, Snapshot
from .shell import PoolShell

try:
    from opentelemetry.metrics import (
        CallbackOptions,
        Histogram,
        MeterProvider,
        Observation,
        get_meter_provider,
    )
except ImportError as error:
    raise ImportError("opentelemetry-api is not installed: pip install 'poolproof[otel]'") from error

PREFIX: Final = "db.client.connection"
POOL_NAME: Final = f"{PREFIX}.pool.name"
STATE: Final = f"{PREFIX}.state"
BOUNDARIES: Final = [
    0.001,
    0.005,
    0.01,
    0.05,
    0.1,
    0.5,
    1,
    5,
    10,
]  # seconds, as for db.client.operation.duration

Pool: TypeAlias = PoolShell[Any, Any]


class Bridged(Protocol):
    """A pool of `redis_py`."""

    beneath: Any  # the pool that it is made of


def export(
    pool: Pool | Bridged, meter_provider: MeterProvider | None = None, pool_name: str | None = None
) -> None:
    """Tells a pool's numbers from now on, under a name that is its own: the server's, if none is given.

    `Misuse` if that name is taken in this meter provider, the global one by default.
    """
    shell: Pool = pool if isinstance(pool, PoolShell) else pool.beneath
    provider = meter_provider or get_meter_provider()
    instruments = _instruments.get(provider) or _instruments.setdefault(provider, _Instruments(provider))
    instruments.add(pool_name or f"{shell._settings}/{shell._settings.database}", shell)


class _Instruments:
    """One meter provider's, and the pools that they tell of."""

    def __init__(self, provider: MeterProvider) -> None:
        self._pools: dict[str, weakref.ref[Pool]] = {}
        meter = provider.get_meter(LIBRARY, VERSION)
        for name, unit, create, what in (
            ("count", "connection", meter.create_observable_up_down_counter, "Connections, by their state"),
            ("max", "connection", meter.create_observable_up_down_counter, "Connections that may be open"),
            (
                "idle.min",
                "connection",
                meter.create_observable_up_down_counter,
                "Connections dialled ahead of need",
            ),
            (
                "pending_requests",
                "request",
                meter.create_observable_up_down_counter,
                "Callers that wait or dial",
            ),
            (
                "timeouts",
                "timeout",
                meter.create_observable_counter,
                "Callers that got no connection in time",
            ),
        ):
            create(f"{PREFIX}.{name}", [self._observing(f"{PREFIX}.{name}")], f"{{{unit}}}", what)
        self._create_time, self._wait_time, self._use_time = (
            meter.create_histogram(
                f"{PREFIX}.{name}", "s", what, explicit_bucket_boundaries_advisory=BOUNDARIES
            )
            for name, what in (
                ("create_time", "What a dial took, its handshake included"),
                ("wait_time", "What an acquire took that was not served at once"),
                ("use_time", "From the acquire to the release"),
            )
        )

    def add(self, name: str, pool: Pool) -> None:
        for taken, known in self._living():
            if taken == name or known is pool:
                raise Misuse(f"a pool is exported as {taken!r} already: give each one name of its own")
        self._pools[name] = weakref.ref(pool)
        self._listen(name, pool)

    def _listen(self, name: str, pool: Pool) -> None:
        for durations, histogram in (
            (pool._metrics.create_time, self._create_time),
            (pool._metrics.wait_time, self._wait_time),
            (pool._core.use_time, self._use_time),
        ):
            if durations.listener is None:
                _record(durations, histogram, {POOL_NAME: name})

    def _observing(self, metric: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            for name, pool in self._living():
                self._listen(name, pool)  # anew in the child of a fork, where the pool began anew
                yield from _observations(pool.metrics(), metric, name)

        return observe

    def _living(self) -> list[tuple[str, Pool]]:
        self._pools = {name: pool for name, pool in self._pools.items() if pool() is not None}
        return [(name, pool) for name, known in self._pools.items() if (pool := known()) is not None]


_instruments: weakref.WeakKeyDictionary[MeterProvider, _Instruments] = weakref.WeakKeyDictionary()


def _record(durations: Durations, histogram: Histogram, attributes: dict[str, str]) -> None:
    durations.listener = lambda seconds: histogram.record(seconds, attributes)


def _observations(numbers: Snapshot, metric: str, name: str) -> Iterator[Observation]:
    number = cast("dict[str, int | dict[str, int]]", numbers)[metric]
    if isinstance(number, int):
        yield Observation(number, {POOL_NAME: name})
    else:
        for state, count in number.items():
            yield Observation(count, {POOL_NAME: name, STATE: state})
