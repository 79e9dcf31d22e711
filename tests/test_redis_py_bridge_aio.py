"""redis-py's own commands, over the reference's pools, against a real server: under asyncio."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from poolproof.reference import ConnectFailed, errors
from poolproof.reference.redis_py import AcquireTimeout, AsyncioPool, Closed

from .real.server import Eyes, Server, valkey

Client = Any  # redis-py's, whose types differ from release to release
Opened = Callable[[], AbstractAsyncContextManager[Client]]


@pytest.fixture(scope="module")
def real() -> Iterator[Server]:
    program = valkey()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder, Server(program, Path(folder)) as running:
        yield running


@pytest.fixture
def eyes(real: Server) -> Iterator[Eyes]:
    """They see that no connection is left in the end."""
    with real.eyes() as opened:
        yield opened
        opened.ask("FLUSHALL")
        opened.until_clients(0)


@asynccontextmanager
async def bridged(url: str, **options: Any) -> AsyncIterator[Client]:
    """redis-py over a pool."""
    pool = AsyncioPool.from_url(url, **options)
    try:
        yield redis.asyncio.Redis(connection_pool=pool)
    finally:
        await pool.aclose()


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def opened(request: pytest.FixtureRequest, real: Server, eyes: Eyes) -> Opened:  # noqa: ARG001
    return partial(bridged, real.url(), max_connections=2, timeout=60, protocol=request.param)


async def test_plain_commands_are_answered(opened: Opened) -> None:
    async with opened() as client:
        assert await client.set("k", "v") and await client.get("k") == b"v"
        assert await client.hset("h", mapping={"a": 1}) == 1
        assert await client.hgetall("h") == {b"a": b"1"}


async def test_an_error_reply_is_its_callers_and_costs_no_connection(opened: Opened, eyes: Eyes) -> None:
    async with opened() as client:
        await client.set("k", "text")
        (before,) = eyes.clients()
        with pytest.raises(redis.ResponseError):
            await client.incr("k")
        assert await client.get("k") == b"text"
        assert [one["id"] for one in eyes.clients()] == [before["id"]]


async def test_a_pipeline_is_answered_in_order(opened: Opened) -> None:
    async with opened() as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(200):
            pipeline.set(f"k{number}", number)
        for number in range(200):
            pipeline.get(f"k{number}")
        assert (await pipeline.execute())[200:] == [b"%d" % number for number in range(200)]


async def test_a_transaction_fails_if_a_key_that_it_watches_has_changed(opened: Opened) -> None:
    async with opened() as client:
        async with client.pipeline() as transaction:
            await transaction.watch("k")
            await client.set("k", "changed")
            transaction.multi()
            transaction.set("k", "mine")
            with pytest.raises(redis.WatchError):
                await transaction.execute()
        assert await client.get("k") == b"changed"


async def test_a_subscription_gets_what_is_published_and_its_connection_is_not_lent_again(
    opened: Opened, eyes: Eyes
) -> None:
    async with opened() as client:
        subscription = client.pubsub()
        await subscription.subscribe("news")
        assert (await subscription.get_message(timeout=60))["type"] == "subscribe"
        (listening,) = eyes.clients()
        await client.publish("news", "today")
        assert (await subscription.get_message(timeout=60))["data"] == b"today"
        await subscription.aclose()
        await client.get("k")
        eyes.until(lambda: listening["id"] not in [one["id"] for one in eyes.clients()])


async def test_a_blocking_command_waits_while_others_are_served(opened: Opened, eyes: Eyes) -> None:
    async with opened() as client:
        waiting = asyncio.create_task(client.blpop("jobs", 60))
        await client.rpush("others", "job")
        while not eyes.clients(cmd="blpop"):
            await client.rpush("others", "job")
        await client.rpush("jobs", "job")
        assert tuple(await waiting) == (b"jobs", b"job")


async def test_a_scan_yields_every_key(opened: Opened) -> None:
    async with opened() as client:
        await client.mset({f"k{number}": number for number in range(100)})
        assert len({key async for key in client.scan_iter("k*", count=7)}) == 100


async def test_a_lock_keeps_others_out(opened: Opened) -> None:
    async with opened() as client:
        async with client.lock("lock", timeout=60):
            assert not await client.lock("lock", timeout=60).acquire(blocking=False)
        assert await client.lock("lock", timeout=60).acquire(blocking=False)


async def test_conn_08_what_a_command_does_to_its_connection_is_not_for_the_next_caller(
    opened: Opened,
) -> None:
    async with opened() as client:
        await client.set("k", "of database 0")
        await client.execute_command("SELECT", 3)
        await client.client_setname("changed")
        assert await client.get("k") == b"of database 0"
        assert not await client.client_getname()


@pytest.mark.parametrize("seed", range(3))
async def test_conn_01_replies_find_their_callers_while_others_are_cancelled(
    opened: Opened, eyes: Eyes, seed: int
) -> None:
    chance = random.Random(seed)
    async with opened() as client:

        async def asks(caller: int) -> None:
            for number in range(10):
                tokens = [b"%d:%d:%d" % (caller, number, place) for place in range(3)]
                assert await client.echo(tokens[0]) == tokens[0]
                pipeline = client.pipeline(transaction=bool(number % 2))
                for token in tokens:
                    pipeline.echo(token)
                assert await pipeline.execute() == tokens

        async with asyncio.TaskGroup() as callers:
            tasks = [callers.create_task(asks(caller)) for caller in range(40)]
            for victim in chance.sample(tasks, 20):
                for _ in range(chance.randrange(6)):
                    await asyncio.sleep(0)
                victim.cancel()
        assert any(task.cancelled() for task in tasks)
        replies: list[object] = await asyncio.gather(client.echo("a"), client.echo("b"))
        assert replies == [b"a", b"b"]
        eyes.until(lambda: len(eyes.clients()) <= 2)
        assert client.connection_pool.metrics()["db.client.connection.count"]["used"] == 0


@pytest.mark.usefixtures("eyes")
async def test_pool_07_a_full_pool_tells_who_has_its_connections(real: Server) -> None:
    async with bridged(real.url(), max_connections=1) as client, client.client() as holder:
        client.connection_pool.beneath._acquire_limit = 0.001  # and not before: the first call has to dial
        with pytest.raises(AcquireTimeout, match=r"capacity 1: all lent.* by ") as caught:
            await client.get("k")
        await holder.ping()
    assert isinstance(caught.value, redis.ConnectionError)


async def test_pool_03_a_refused_dial_costs_no_capacity(unused_port: int) -> None:
    async with bridged(f"redis://127.0.0.1:{unused_port}", max_connections=1) as client:
        for _ in range(3):
            with pytest.raises(redis.ConnectionError) as caught:
                await client.get("k")
            assert isinstance(caught.value, ConnectFailed)


@pytest.mark.usefixtures("eyes")
async def test_conn_06_a_wrong_password_is_told_as_redis_py_does_and_as_we_do(real: Server) -> None:
    async with bridged(real.url(), username="nobody", password="wrong") as client:
        with pytest.raises(redis.AuthenticationError) as caught:
            await client.get("k")
    assert isinstance(caught.value, errors.AuthenticationFailed)


async def test_life_04_a_closed_pool_opens_no_connection(opened: Opened, eyes: Eyes) -> None:
    async with opened() as client:
        await client.connection_pool.aclose()
        with pytest.raises(Closed) as caught:
            await client.get("k")
    assert isinstance(caught.value, redis.ConnectionError)
    assert eyes.clients() == []


async def test_life_02_a_close_ends_the_calls_in_flight_and_those_that_wait(
    opened: Opened, eyes: Eyes
) -> None:
    async with opened() as client:
        calls = [asyncio.create_task(client.blpop("nothing", 0)) for _ in range(3)]
        while len(eyes.clients(cmd="blpop")) < 2:
            await asyncio.sleep(0)
        await client.connection_pool.aclose()
        for call in calls:
            with pytest.raises(redis.ConnectionError):
                await call


async def test_disconnecting_leaves_the_pool_open(opened: Opened, eyes: Eyes) -> None:
    async with opened() as client:
        await client.get("k")
        await client.connection_pool.disconnect()
        eyes.until_clients(0)
        assert await client.set("k", "v")


async def test_conn_08_a_transaction_does_not_outlive_the_connection_on_which_its_keys_were_watched(
    opened: Opened,
) -> None:
    async with opened() as client:
        async with client.pipeline() as transaction:
            await transaction.watch("k")
            await client.set("k", "changed")
            await client.connection_pool.disconnect()
            transaction.multi()
            transaction.set("k", "mine")
            with pytest.raises(redis.WatchError):
                await transaction.execute()
        assert await client.get("k") == b"changed"


async def test_connections_are_dialled_ahead_of_need(real: Server, eyes: Eyes) -> None:
    async with bridged(real.url(), min_idle=2) as client:
        await client.get("k")
        while len(eyes.clients()) < 2:
            await asyncio.sleep(0)
