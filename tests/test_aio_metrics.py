"""What asyncio's pool and multiplexer tell about themselves (OBS-01)."""

from __future__ import annotations

import asyncio

from poolproof.reference.aio import Multiplexer, Pool

from .aio_calls import answered, error_of, turns
from .held_server import SimulatedServer

PREFIX = "db.client.connection"


async def test_obs_01_the_states_of_the_connections_are_counted(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=2, min_idle=1)
    async with pool.acquire():
        async with pool.acquire():
            waiting = asyncio.create_task(pool.execute("ECHO", "waits"))
            await turns(1)
            told = pool.metrics()
            assert told["db.client.connection.count"] == {"used": 2, "idle": 0}
            assert told["db.client.connection.pending_requests"] == 1
        await answered(virtual_server, waiting)
        told = pool.metrics()
        assert told["db.client.connection.count"] == {"used": 1, "idle": 1}
        assert (told["db.client.connection.max"], told["db.client.connection.idle.min"]) == (2, 1)
    await pool.close()


async def test_obs_01_waits_dials_and_uses_are_timed(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1)
    virtual_server.network.hold(True)
    first, second = (asyncio.create_task(pool.execute("ECHO", "slow")) for _ in range(2))
    await asyncio.sleep(1)
    virtual_server.network.hold(False)
    received = await virtual_server.command()
    await asyncio.sleep(2)
    received.reply()
    await first
    await answered(virtual_server, second)
    told = pool.metrics()
    assert told["db.client.connection.create_time"] == {"count": 1, "seconds": 1}
    assert told["db.client.connection.use_time"] == {"count": 2, "seconds": 2}
    assert told["db.client.connection.wait_time"] == {"count": 2, "seconds": 1 + 3}
    await pool.close()


async def test_obs_01_a_caller_served_at_once_has_waited_for_nothing(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url)
    for _ in range(3):
        await answered(virtual_server, pool.execute("ECHO", "quick"))
    assert pool.metrics()["db.client.connection.wait_time"] == {"count": 3, "seconds": 0}
    await pool.close()


async def test_obs_01_acquires_that_came_to_their_limit_are_counted(virtual_server: SimulatedServer) -> None:
    pool = Pool(virtual_server.url, max_size=1, acquire_timeout_seconds=1)
    async with pool.acquire():
        for _ in range(2):
            await error_of(pool.execute("ECHO", "late"))
    assert pool.metrics()["db.client.connection.timeouts"] == 2
    await pool.close()


async def test_obs_01_a_multiplexer_counts_its_connection_and_who_waits(
    virtual_server: SimulatedServer,
) -> None:
    multiplexer = Multiplexer(virtual_server.url, max_in_flight=1)
    assert multiplexer.metrics() == {f"{PREFIX}.count": 0, f"{PREFIX}.pending_requests": 0}
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(3)]
    received = await virtual_server.command()
    assert multiplexer.metrics() == {f"{PREFIX}.count": 1, f"{PREFIX}.pending_requests": 3}
    received.reply()
    for call in calls[1:]:
        await answered(virtual_server, call)
    assert multiplexer.metrics() == {f"{PREFIX}.count": 1, f"{PREFIX}.pending_requests": 0}
    await multiplexer.close()
