"""What redis-py's own pools have got wrong in the field is right over the reference's: under asyncio."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import redis.asyncio

from poolproof.reference import errors
from poolproof.reference.redis_py import AsyncioPool, Misuse

from .held_server import HeldServer, SimulatedServer, bulk

protocols = pytest.mark.parametrize("protocol", [2, 3])


@asynccontextmanager
async def bridged(server: HeldServer, **options: Any) -> AsyncIterator[Any]:
    """redis-py over a pool of one connection."""
    pool = AsyncioPool.from_url(server.url, **({"max_connections": 1, "socket_timeout": None} | options))
    try:
        yield redis.asyncio.Redis(connection_pool=pool)
    finally:
        await pool.aclose()


async def answered(server: HeldServer, call: Awaitable[Any]) -> Any:
    """The outcome of a call, whose commands are answered by their last words."""
    task = asyncio.ensure_future(call)
    while not task.done():
        await answer(server)
    return task.result()


async def answer(server: HeldServer) -> None:
    """Answers all that has come, and lets a turn pass."""
    while not server.quiet():
        (await server.command()).reply()
    await asyncio.sleep(0)


def used(client: Any) -> int:
    count: int = client.connection_pool.metrics()["db.client.connection.count"]["used"]
    return count


@protocols
async def test_conn_04_a_reply_that_nobody_asked_for_is_served_to_nobody(
    server: HeldServer, protocol: int
) -> None:
    async with bridged(server, protocol=protocol) as client:
        assert await answered(server, client.get("first")) == b"first"
        server.peers[0].write(b"+STRAY\r\n")
        await until_it_arrives(client)
        assert await answered(server, client.get("next")) == b"next"


@protocols
@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR"])
async def test_conn_04_nor_is_one_that_came_with_the_last_reply(
    server: HeldServer, protocol: int, stray: bytes
) -> None:
    async with bridged(server, protocol=protocol) as client:
        first = asyncio.create_task(client.get("first"))
        (await server.command()).reply(bulk(b"first") + stray)
        assert await first == b"first"
        assert await answered(server, client.get("next")) == b"next"


@protocols
async def test_pool_12_a_connection_that_the_server_closed_is_not_lent(
    server: HeldServer, protocol: int
) -> None:
    async with bridged(server, protocol=protocol) as client:
        await answered(server, client.get("first"))
        server.peers[0].end()
        await until_it_arrives(client)
        assert await answered(server, client.get("next")) == b"next"


async def until_it_arrives(client: Any) -> None:
    """Returns when the idle connection has been told something."""
    (connection,) = client.connection_pool._available_connections
    while connection.alive():
        await asyncio.sleep(0)


def call_of(client: Any, kind: str) -> Any:
    if kind == "command":
        return client.get("a")
    pipeline = client.pipeline(transaction=kind == "transaction")
    return pipeline.get("a").get("b").execute()


@pytest.mark.parametrize("kind", ["command", "pipeline", "transaction"])
@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_conn_01_a_call_cancelled_anywhere_leaves_its_reply_to_nobody(
    virtual_server: SimulatedServer, kind: str, turns: int
) -> None:
    async with bridged(virtual_server, max_connections=2) as client:
        victim = asyncio.ensure_future(call_of(client, kind))
        for _ in range(turns):
            await asyncio.sleep(0)
        victim.cancel()
        with suppress(asyncio.CancelledError):
            await answered(virtual_server, victim)
        tokens = [b"c", b"d"]
        assert await answered(virtual_server, asyncio.gather(*map(client.get, tokens))) == tokens
        assert len(virtual_server.peers) <= 2 and used(client) == 0


async def test_call_03_a_cancelled_call_keeps_no_place_until_its_reply_comes(server: HeldServer) -> None:
    async with bridged(server) as client:
        victim = asyncio.create_task(client.get("withheld"))
        await server.command()
        victim.cancel()
        assert await answered(server, client.get("next")) == b"next"
        assert victim.cancelled()


async def test_pool_04_a_waiter_cancelled_as_it_is_served_passes_its_turn_on(server: HeldServer) -> None:
    async with bridged(server) as client:
        pool = client.connection_pool
        held = await pool.get_connection()
        first, second = (asyncio.create_task(client.get(key)) for key in "ab")
        await asyncio.sleep(0)
        await pool.release(held)
        first.cancel()
        assert await answered(server, second) == b"b"
        assert first.cancelled()


async def test_a_subscription_whose_close_is_cancelled_strands_no_connection(server: HeldServer) -> None:
    async with bridged(server) as client:
        subscription = client.pubsub()
        await subscription.subscribe("news")
        await server.command()
        closing = asyncio.create_task(subscription.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        with suppress(asyncio.CancelledError):
            await closing
        assert await answered(server, client.get("next")) == b"next"


class Provider(redis.CredentialProvider):
    """The first time it fails, or is cancelled."""

    def __init__(self, failure: Callable[[], BaseException]) -> None:
        self._failures = [failure]

    def get_credentials(self) -> tuple[str, str]:
        if self._failures:
            raise self._failures.pop()()
        return "user", "password"

    async def get_credentials_async(self) -> tuple[str, str]:
        return self.get_credentials()


@pytest.mark.parametrize("failure", [ValueError, asyncio.CancelledError])
async def test_conn_05_a_connection_whose_credentials_could_not_be_had_serves_nobody(
    server: HeldServer, failure: type[BaseException]
) -> None:
    async with bridged(server, credential_provider=Provider(failure), protocol=2) as client:
        with pytest.raises((redis.ConnectionError, asyncio.CancelledError)):
            await client.get("k")
        assert await answered(server, client.get("k")) == b"k"
    assert server.heard[0] == [b"AUTH", b"user", b"password"]


async def test_pool_09_a_slow_handshake_of_one_keeps_nobody_else_waiting(server: HeldServer) -> None:
    async with bridged(server, max_connections=2, protocol=3) as client:
        await answered(server, client.get("first"))
        held = await client.connection_pool.get_connection()
        del server.answers[b"HELLO"]
        slow = asyncio.create_task(client.get("slow"))
        hello = await server.command()
        await client.connection_pool.release(held)
        other = asyncio.create_task(client.get("other"))
        (await server.command()).reply()
        assert await other == b"other"
        hello.reply(b"%1\r\n$5\r\nproto\r\n:3\r\n")
        assert await answered(server, slow) == b"slow"


async def test_pool_08_a_second_release_is_told_and_changes_nothing(
    server: HeldServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with bridged(server, max_connections=2) as client:
        pool = client.connection_pool
        stale = await pool.get_connection()
        await pool.release(stale)
        holder = await pool.get_connection()
        with caplog.at_level(logging.WARNING):
            await pool.release(stale)
        other = await pool.get_connection()
        assert holder._connection is stale._connection is not other._connection
        assert "released twice" in caplog.text
        with pytest.raises(Misuse):
            await stale.send_command("GET", "late")
        await pool.release(holder)
        await pool.release(other)


async def test_pool_08_a_release_into_a_foreign_pool_changes_neither(server: HeldServer) -> None:
    async with bridged(server) as client, bridged(server) as other:
        connection = await client.connection_pool.get_connection()
        with pytest.raises(redis.RedisError) as caught:
            await other.connection_pool.release(connection)
        assert isinstance(caught.value, errors.Misuse)
        assert (used(client), used(other)) == (1, 0)
        await client.connection_pool.release(connection)


async def test_conn_10_an_idle_connection_that_stays_silent_is_replaced(
    virtual_server: SimulatedServer,
) -> None:
    async with bridged(virtual_server, health_check_after_seconds=0.0) as client:
        await answered(virtual_server, client.get("first"))
        call = asyncio.create_task(client.get("next"))
        assert (await virtual_server.command()).words == [b"PING"]
        assert (await virtual_server.command()).words == [b"GET", b"next"]
        await virtual_server.until_open(1)
        virtual_server.peers[0].write(bulk(b"next"))
        assert await call == b"next"


async def test_life_04_nobody_dials_again_after_the_close(server: HeldServer) -> None:
    async with bridged(server) as client:
        connection = await client.connection_pool.get_connection()
        await client.connection_pool.aclose()
        await connection.disconnect()
        with pytest.raises(redis.ConnectionError) as caught:
            await connection.send_command("GET", "k")
        assert isinstance(caught.value, errors.Closed)
        assert server.accepted == 1
        await client.connection_pool.release(connection)
