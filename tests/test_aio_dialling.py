"""Dials of asyncio's pool and multiplexer: the handshake, and the credentials it asks for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Any

import pytest

from poolproof.reference import AuthenticationFailed, ConnectFailed, Fate, HandshakeFailed
from poolproof.reference.aio import Pool
from poolproof.reference.url import Settings

from .aio_calls import Shell, answered, both, error_of, fate_of, settings
from .held_server import GREETING, NO_RESP3, OK, HeldServer, SimulatedServer

TLS = ssl.create_default_context()


@both
async def test_conn_05_the_session_is_set_up_before_any_command_is_sent(
    server: HeldServer, shell: type[Shell]
) -> None:
    client = shell(settings(server, username="me", password="secret", database=3, client_name="billing"))
    await answered(server, client.execute("ECHO", "own"))
    assert server.heard == [
        [b"HELLO", b"3", b"AUTH", b"me", b"secret"],
        [b"SELECT", b"3"],
        [b"CLIENT", b"SETNAME", b"billing"],
        *([b"CLIENT", b"SETINFO", *what] for what in ([b"LIB-NAME", b"poolproof"], [b"LIB-VER", b"0.1.0"])),
        [b"ECHO", b"own"],
    ]
    await client.close()


@both
@pytest.mark.parametrize("answers", range(3))
async def test_conn_05_no_command_is_sent_before_the_last_step_has_succeeded(
    virtual_server: SimulatedServer, shell: type[Shell], answers: int
) -> None:
    virtual_server.answers.clear()
    client = shell(virtual_server.url)
    call = asyncio.ensure_future(client.execute("ECHO", "own"))
    for step in (await virtual_server.commands(3))[:answers]:
        step.reply(GREETING[step.words[0]])
    await asyncio.sleep(1)
    assert [words[0] for words in virtual_server.heard] == [b"HELLO", b"CLIENT", b"CLIENT"]
    call.cancel()
    await client.close()


@both
@pytest.mark.parametrize("answers", range(3))
async def test_conn_06_a_server_that_hangs_up_in_the_handshake_fails_the_call(
    server: HeldServer, shell: type[Shell], answers: int
) -> None:
    server.answers.clear()
    client = shell(server.url)
    call = asyncio.ensure_future(client.execute("ECHO", "own"))
    steps = await server.commands(3)
    for step in steps[:answers]:
        step.reply(GREETING[step.words[0]])
    steps[0].peer.end()
    assert await fate_of(call) == (ConnectFailed, Fate.NOT_SENT)
    await server.until_open(0)
    await client.close()


async def test_pool_12_a_server_that_hangs_up_right_after_the_handshake_fails_the_dial(
    virtual_server: SimulatedServer,
) -> None:
    virtual_server.answers.clear()
    pool = Pool(virtual_server.url)
    acquiring = asyncio.ensure_future(pool.acquire())
    for step in await virtual_server.commands(3):
        step.reply(GREETING[step.words[0]])
        step.peer.end()
    assert await fate_of(acquiring) == (ConnectFailed, Fate.NOT_SENT)
    await pool.close()


@both
async def test_conn_06_a_server_that_is_silent_in_the_handshake_fails_the_call_at_the_connect_limit(
    virtual_server: SimulatedServer, shell: type[Shell]
) -> None:
    virtual_server.answers.clear()
    client = shell(f"{virtual_server.url}?connect_timeout_seconds=3")
    error = await error_of(client.execute("ECHO", "own"))
    assert (type(error), error.fate) == (ConnectFailed, Fate.NOT_SENT)
    assert "no connection to 127.0.0.1:6379: not within 3.0 s" in str(error)
    assert (virtual_server.loop.time(), virtual_server.peers) == (3, [])
    await client.close()


async def test_conn_06_a_connection_that_was_refused_says_why(unused_port: int) -> None:
    pool = Pool(f"redis://127.0.0.1:{unused_port}")
    error = await error_of(pool.execute("PING"))
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert f"no connection to 127.0.0.1:{unused_port}" in str(error)
    await pool.close()


@pytest.mark.parametrize(
    ("options", "dial", "asked"),
    [
        ({"path": "/run/redis.sock"}, "create_unix_connection", ("/run/redis.sock", {})),
        ({"host": "h", "port": 1}, "create_connection", ("h", 1, {})),
        (
            {"host": "h", "port": 1, "tls": TLS},
            "create_connection",
            ("h", 1, {"ssl": TLS, "server_hostname": "h"}),
        ),
    ],
    ids=["path", "plain", "tls"],
)
async def test_the_server_is_dialled_where_the_settings_say(
    virtual_server: SimulatedServer,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    dial: str,
    asked: tuple[object, ...],
) -> None:
    loop = virtual_server.loop
    original, seen = getattr(loop, dial), list[object]()

    def spy(factory: object, *where: object, **how: object) -> Awaitable[object]:
        seen.append((*where, how))
        connecting: Awaitable[object] = original(factory, *where, **how)
        return connecting

    monkeypatch.setattr(loop, dial, spy)
    pool = Pool(Settings(**options))
    await answered(virtual_server, pool.execute("ECHO", "own"))
    assert seen == [asked]
    await pool.close()


@both
@pytest.mark.parametrize(
    ("step", "refusal", "kind"),
    [
        (
            b"HELLO",
            b"-NOAUTH HELLO must be called with the client already authenticated\r\n",
            AuthenticationFailed,
        ),
        (b"HELLO", b"-WRONGPASS invalid username-password pair\r\n", AuthenticationFailed),
        (b"HELLO", b"-ERR max number of clients reached\r\n", HandshakeFailed),
        (b"SELECT", b"-ERR DB index is out of range\r\n", HandshakeFailed),
    ],
)
async def test_conn_06_a_refusal_reaches_the_caller_and_costs_nothing(
    server: HeldServer, shell: type[Shell], step: bytes, refusal: bytes, kind: type[HandshakeFailed]
) -> None:
    client = shell(settings(server, database=99))
    server.answers[step] = refusal
    assert await fate_of(client.execute("ECHO", "own")) == (kind, Fate.NOT_SENT)
    await server.until_open(0)
    server.answers.update(GREETING)
    assert await answered(server, client.execute("ECHO", "next")) == b"next"
    await client.close()


@both
async def test_conn_07_a_server_without_resp3_is_spoken_to_in_resp2(
    server: HeldServer, shell: type[Shell]
) -> None:
    server.answers[b"HELLO"] = NO_RESP3
    client = shell(settings(server, password="secret"))
    assert await answered(server, client.execute("ECHO", "own")) == b"own"
    assert [words[0] for words in server.heard] == [
        *(b"HELLO", b"CLIENT", b"CLIENT"),
        *(b"AUTH", b"CLIENT", b"CLIENT"),
        b"ECHO",
    ]
    await client.close()


@both
async def test_conn_07_an_old_server_may_refuse_the_optional_steps(
    server: HeldServer, shell: type[Shell]
) -> None:
    server.answers[b"CLIENT"] = b"-ERR unknown subcommand\r\n"
    client = shell(settings(server, client_name="billing"))
    assert await answered(server, client.execute("ECHO", "own")) == b"own"
    await client.close()


@both
async def test_conn_04_a_reply_too_many_in_the_handshake_fails_the_dial(
    server: HeldServer, shell: type[Shell]
) -> None:
    server.answers.clear()
    client = shell(server.url)
    call = asyncio.ensure_future(client.execute("ECHO", "own"))
    *steps, last = await server.commands(3)
    for step in steps:
        step.reply(GREETING[step.words[0]])
    last.reply(OK + OK)
    assert await fate_of(call) == (ConnectFailed, Fate.NOT_SENT)
    await server.until_open(0)
    await client.close()


async def test_pool_03_a_refused_handshake_passes_the_permit_on(server: HeldServer) -> None:
    pool = Pool(server.url, max_size=1)
    server.answers.clear()
    refused, served = (asyncio.create_task(pool.execute("ECHO", name)) for name in ("first", "second"))
    steps = await server.commands(3)
    server.answers.update(GREETING)
    for step in steps:
        step.reply(b"-NOAUTH Authentication required.\r\n")
    assert isinstance(await error_of(refused), AuthenticationFailed)
    assert await answered(server, served) == b"second"
    await pool.close()
