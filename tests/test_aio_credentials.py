"""Credentials that a provider gives, to asyncio's pool and multiplexer."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import ConnectFailed, Fate
from poolproof.reference.aio import Pool
from poolproof.reference.url import Credentials

from .aio_calls import Shell, answered, both, error_of, fate_of, settings, turns
from .held_server import HeldServer, SimulatedServer


@both
@pytest.mark.parametrize("awaited", [False, True])
async def test_credentials_are_asked_for_at_every_dial(
    server: HeldServer, shell: type[Shell], awaited: bool
) -> None:
    given: list[int] = []

    def credentials() -> Credentials:
        given.append(len(given))
        return "me", f"secret{given[-1]}"

    async def later() -> Credentials:
        await asyncio.sleep(0)
        return credentials()

    client = shell(settings(server, credentials=later if awaited else credentials))
    for _ in range(2):
        await answered(server, client.execute("ECHO", "own"))
        server.peers[0].end()
        await server.until_open(0)
    hellos = [words[-1] for words in server.heard if words[0] == b"HELLO"]
    assert hellos == [b"secret0", b"secret1"]
    await client.close()


@both
@pytest.mark.parametrize("awaited", [False, True])
async def test_conn_05_credentials_that_cannot_be_given_fail_the_dial(
    server: HeldServer, shell: type[Shell], awaited: bool
) -> None:
    def credentials() -> Credentials:
        raise LookupError("the vault is sealed")

    async def later() -> Credentials:
        return credentials()

    client = shell(settings(server, credentials=later if awaited else credentials))
    error = await error_of(client.execute("ECHO", "own"))
    assert isinstance(error, ConnectFailed)
    assert "the vault is sealed" in str(error)
    await server.until_open(0)
    assert server.heard == []
    await client.close()


@both
async def test_life_01_credentials_that_do_not_come_fail_the_dial_at_the_connect_limit(
    virtual_server: SimulatedServer, shell: type[Shell]
) -> None:
    async def never() -> Credentials:
        return await asyncio.Future[Credentials]()

    client = shell(settings(virtual_server, credentials=never, connect_timeout_seconds=3))
    assert await fate_of(client.execute("ECHO", "own")) == (ConnectFailed, Fate.NOT_SENT)
    assert (virtual_server.loop.time(), virtual_server.peers) == (3, [])
    await client.close()


@both
async def test_life_02_close_ends_a_dial_that_waits_for_credentials(
    virtual_server: SimulatedServer, shell: type[Shell]
) -> None:
    async def never() -> Credentials:
        return await asyncio.Future[Credentials]()

    client = shell(settings(virtual_server, credentials=never))
    call = asyncio.ensure_future(client.execute("ECHO", "own"))
    await asyncio.sleep(1)
    await client.close()
    await error_of(call)
    assert (virtual_server.loop.time(), virtual_server.peers) == (1, [])


@pytest.mark.parametrize("turn", range(12))
async def test_pool_03_who_is_cancelled_while_credentials_come_passes_the_permit_on(
    server: HeldServer, turn: int
) -> None:
    async def slow() -> Credentials:
        await turns(4)
        return "me", "secret"

    pool = Pool(settings(server, credentials=slow), max_size=1)
    server.answers[b"ECHO"] = b"+done\r\n"
    cancelled, waiting = (asyncio.create_task(pool.execute("ECHO", "own")) for _ in range(2))
    await turns(turn)
    cancelled.cancel()
    assert await waiting == b"done"
    await server.until_open(1)
    await pool.close()
