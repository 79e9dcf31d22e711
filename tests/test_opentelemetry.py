"""What OpenTelemetry's own reader is told about a pool, by either shell and by the bridges."""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from poolproof.reference import AcquireTimeout, Misuse, aio, threads
from poolproof.reference.opentelemetry import export
from poolproof.reference.redis_py import AsyncioPool
from poolproof.reference.redis_py import Pool as BridgedPool

from .held_server import SimulatedServer
from .scripted_server import Scripted

Numbers = dict[tuple[str, ...], Any]  # by name, pool and state


class Reader:
    """OpenTelemetry's end."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def points(self) -> Iterator[tuple[Any, Any]]:
        """Each metric, with each of its data points."""
        data: Any = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric, point

    def numbers(self) -> Numbers:
        """The value of each point; of a histogram, how often it was recorded, and the sum."""
        found: Numbers = {}
        for metric, point in self.points():
            value = point.value if hasattr(point, "value") else (point.count, point.sum)
            found[(metric.name.removeprefix("db.client.connection."), *point.attributes.values())] = value
        return found


@pytest.fixture
def reader() -> Iterator[Reader]:
    opened = Reader()
    yield opened
    opened.provider.shutdown()


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


Opened = Callable[..., threads.Pool]


@pytest.fixture
def opened(server: Scripted, reader: Reader) -> Iterator[Opened]:
    """Makes exported pools."""
    pools: list[threads.Pool] = []

    def make(pool_name: str = "mine", **options: Any) -> threads.Pool:
        pools.append(threads.Pool(f"redis://127.0.0.1:{server.port}", **options))
        export(pools[-1], reader.provider, pool_name)
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def test_connections_are_counted_by_their_state(opened: Opened, reader: Reader) -> None:
    pool = opened()
    with pool.acquire():
        pool.execute("GET", "k")
        numbers = reader.numbers()
    assert (numbers["count", "mine", "used"], numbers["count", "mine", "idle"]) == (1, 1)


def test_the_limits_are_told(opened: Opened, reader: Reader) -> None:
    opened(max_size=7, min_idle=2)
    numbers = reader.numbers()
    assert (numbers["max", "mine"], numbers["idle.min", "mine"]) == (7, 2)


def test_who_got_no_connection_in_time_is_counted(opened: Opened, reader: Reader) -> None:
    pool = opened(max_size=1)
    with pool.acquire():
        pool._acquire_limit = 0.0
        for _ in range(2):
            with pytest.raises(AcquireTimeout):
                pool.acquire()
    assert reader.numbers()["timeouts", "mine"] == 2


def test_each_dial_wait_and_loan_is_recorded(opened: Opened, reader: Reader) -> None:
    pool = opened()
    for _ in range(3):
        pool.execute("GET", "k")
    numbers = reader.numbers()
    assert [numbers[name, "mine"][0] for name in ("create_time", "wait_time", "use_time")] == [1, 1, 3]


def test_names_units_and_attributes_are_those_of_the_conventions(opened: Opened, reader: Reader) -> None:
    opened().execute("GET", "k")
    assert {(metric.name, metric.unit, *sorted(point.attributes)) for metric, point in reader.points()} == {
        (f"db.client.connection.{name}", unit, "db.client.connection.pool.name", *more)
        for name, unit, *more in (
            ("count", "{connection}", "db.client.connection.state"),
            ("max", "{connection}"),
            ("idle.min", "{connection}"),
            ("pending_requests", "{request}"),
            ("timeouts", "{timeout}"),
            ("create_time", "s"),
            ("wait_time", "s"),
            ("use_time", "s"),
        )
    }


def test_pools_are_told_apart_by_their_names(opened: Opened, reader: Reader) -> None:
    opened("first", max_size=1)
    opened("second", max_size=2)
    numbers = reader.numbers()
    assert (numbers["max", "first"], numbers["max", "second"]) == (1, 2)


def test_a_pool_is_named_by_its_server_if_it_has_no_other_name(server: Scripted, reader: Reader) -> None:
    pool = threads.Pool(f"redis://127.0.0.1:{server.port}/3")
    export(pool, reader.provider)
    assert ("max", f"127.0.0.1:{server.port}/3") in reader.numbers()
    pool.close()


def test_a_name_that_is_taken_is_refused(opened: Opened) -> None:
    opened("mine")
    with pytest.raises(Misuse, match="'mine'"):
        opened("mine")


def test_a_pool_that_is_gone_is_told_of_no_more(server: Scripted, reader: Reader) -> None:
    pool = threads.Pool(f"redis://127.0.0.1:{server.port}")
    export(pool, reader.provider)
    pool.close()
    del pool
    gc.collect()
    assert reader.numbers() == {}


def test_a_pool_that_began_anew_after_a_fork_goes_on_to_be_recorded(opened: Opened, reader: Reader) -> None:
    pool = opened()
    pool._forget()
    reader.numbers()
    pool.execute("GET", "k")
    assert reader.numbers()["use_time", "mine"][0] == 1


def test_a_pool_under_a_bridge_can_be_exported(server: Scripted, reader: Reader) -> None:
    pool = BridgedPool(host="127.0.0.1", port=server.port, db=3)
    export(pool, reader.provider)
    pool.release(pool.get_connection())
    assert reader.numbers()["use_time", f"127.0.0.1:{server.port}/3"][0] == 1
    pool.close()


async def test_durations_are_those_of_the_loops_clock(virtual_server: SimulatedServer) -> None:
    reader = Reader()
    pool = aio.Pool(virtual_server.url, max_size=1)
    export(pool, reader.provider, "mine")
    async with pool.acquire():
        waiting = asyncio.create_task(pool.execute("GET", "k"))
        await asyncio.sleep(3)
        assert reader.numbers()["pending_requests", "mine"] == 1
    (await virtual_server.command()).reply()
    await waiting
    numbers = reader.numbers()
    assert numbers["wait_time", "mine"][0] == 2 and numbers["use_time", "mine"][0] == 2
    assert numbers["wait_time", "mine"][1] >= 3 and numbers["use_time", "mine"][1] >= 3
    await pool.close()


async def test_a_pool_under_the_bridge_for_asyncio_can_be_exported(virtual_server: SimulatedServer) -> None:
    reader = Reader()
    pool = AsyncioPool.from_url(virtual_server.url)
    export(pool, reader.provider, "mine")
    await pool.release(await pool.get_connection())
    assert reader.numbers()["use_time", "mine"][0] == 1
    await pool.aclose()


def test_without_opentelemetry_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    monkeypatch.delitem(sys.modules, "poolproof.reference.opentelemetry")
    with pytest.raises(ImportError, match=r"pip install 'poolproof\[otel\]'"):
        importlib.import_module("poolproof.reference.opentelemetry")
