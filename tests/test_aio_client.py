"""The asyncio client: which way each command goes, and what the two ways share."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import Closed, Fate, Misuse, ServerError, commands
from poolproof.reference.aio import Client

from .aio_calls import answered, error_of, fate_of, turns
from .held_server import OK, HeldServer, SimulatedServer
from .publishing import confirmed, message


def info(name: bytes, *flags: bytes) -> bytes:
    """The reply to COMMAND INFO."""
    told = b"*%d\r\n" % len(flags) + b"".join(b"+%s\r\n" % flag for flag in flags)
    return b"*1\r\n*6\r\n$%d\r\n%s\r\n:2\r\n%s:1\r\n:1\r\n:1\r\n" % (len(name), name, told)


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test learns, it alone knows."""
    monkeypatch.setattr(commands, "_routes", dict(commands._routes))
    monkeypatch.setattr(commands, "_by_spelling", {})


async def test_mux_04_a_command_that_blocks_delays_none_that_shares(server: HeldServer) -> None:
    client = Client(server.url)
    blocked = client.execute("BLPOP", "k", 0)
    blocking = await server.command()
    shared = [client.execute("ECHO", f"{caller}") for caller in range(3)]
    for received in await server.commands(3):
        received.reply()
    assert await asyncio.gather(*shared) == [b"0", b"1", b"2"]
    assert server.accepted == 2
    blocking.reply(b"*2\r\n+k\r\n+v\r\n")
    assert await blocked == [b"k", b"v"]
    await client.close()


async def test_mux_04_commands_that_block_each_have_a_connection_while_they_run(server: HeldServer) -> None:
    client = Client(server.url, max_size=2)
    calls = [client.execute("BLPOP", f"k{caller}", 0) for caller in range(3)]
    first, second = await server.commands(2)
    await turns(5)
    assert server.quiet()
    first.reply()
    third = await server.command()
    assert third.peer is first.peer
    for received in (second, third):
        received.reply()
    assert await asyncio.gather(*calls) == [b"0", b"0", b"0"]
    await client.close()


async def test_call_03_a_blocking_command_that_is_cancelled_gives_its_connection_up(
    server: HeldServer,
) -> None:
    client = Client(server.url, max_size=1)
    cancelled = client.execute("BLPOP", "k", 0)
    await server.command()
    cancelled.cancel()
    await server.until_open(0)
    assert await answered(server, client.execute("BLPOP", "next", 0)) == b"0"
    await client.close()


@pytest.mark.parametrize("command", ["SELECT", "MULTI", "SUBSCRIBE", "MONITOR", "WAIT"])
async def test_mux_10_a_command_that_changes_a_connection_is_refused(
    server: HeldServer, command: str
) -> None:
    client = Client(server.url)
    with pytest.raises(Misuse):
        client.execute(command)
    assert server.accepted == 0
    await client.close()


@pytest.mark.parametrize(
    ("flags", "connections"),
    [((b"write", b"fast"), 1), ((b"write", b"blocking"), 2)],
    ids=["shares", "blocks"],
)
async def test_an_unknown_command_is_asked_about_once_and_goes_its_way(
    server: HeldServer, flags: tuple[bytes, ...], connections: int
) -> None:
    client = Client(server.url)
    server.answers.update({b"COMMAND": info(b"new.command", *flags), b"NEW.COMMAND": OK})
    for _ in range(3):
        assert await client.execute("NEW.COMMAND", "k") == b"OK"
    assert server.heard.count([b"COMMAND", b"INFO", b"NEW.COMMAND"]) == 1
    assert server.accepted == connections
    await client.close()


async def test_mux_10_an_unknown_command_that_turns_out_to_change_its_connection_is_refused(
    server: HeldServer,
) -> None:
    client = Client(server.url)
    server.answers[b"COMMAND"] = info(b"new.command", b"no_multi")
    assert type(await error_of(client.execute("NEW.COMMAND"))) is Misuse
    assert [b"NEW.COMMAND"] not in server.heard
    await client.close()


@pytest.mark.parametrize(
    "answer", [b"*1\r\n_\r\n", b"*0\r\n", b"-NOPERM no permission to run 'command|info'\r\n"]
)
async def test_conn_08_a_command_that_the_server_does_not_explain_runs_on_a_connection_of_its_own(
    server: HeldServer, answer: bytes
) -> None:
    client = Client(server.url)
    server.answers[b"COMMAND"] = answer
    call = client.execute("NEW.COMMAND")
    (await server.command()).reply(b"-ERR unknown command\r\n")
    assert await fate_of(call) == (ServerError, Fate.EXECUTED)
    await server.until_open(1)  # that connection is closed; the shared one stays
    await client.close()


@pytest.mark.parametrize("turn", range(15))
async def test_call_03_who_is_cancelled_while_a_command_is_asked_about_leaves_nothing(
    virtual_server: SimulatedServer, turn: int
) -> None:
    client = Client(virtual_server.url)
    virtual_server.answers.update({b"COMMAND": info(b"new.command", b"blocking"), b"NEW.COMMAND": OK})
    call = client.execute("NEW.COMMAND")
    await turns(turn)
    call.cancel()
    assert await client.execute("NEW.COMMAND") == b"OK"
    assert client.pool._core.permits_taken <= 1
    await client.close()


async def test_conn_03_an_empty_command_is_misuse(server: HeldServer) -> None:
    client = Client(server.url)
    with pytest.raises(Misuse):
        client.execute()
    await client.close()


async def test_the_options_go_where_they_belong(server: HeldServer) -> None:
    client = Client(server.url, max_size=7, max_in_flight=8, command_timeout_seconds=9)
    assert client.pool._limits.max_size == 7
    assert client.multiplexer._core.max_in_flight == 8
    assert (client.pool._command_limit, client.multiplexer._limit_seconds) == (9, 9)
    await client.close()


async def test_an_option_that_nobody_has_is_misuse(server: HeldServer) -> None:
    with pytest.raises(Misuse, match="max_sizes"):
        Client(server.url, max_sizes=7)


async def test_a_client_lends_connections_and_sends_batches_and_listens(server: HeldServer) -> None:
    client = Client(server.url)
    server.answers.update({b"ECHO": b"+done\r\n", b"PING": b"+PONG\r\n"})
    async with client.acquire() as connection:
        assert await connection.execute("ECHO", "own") == b"done"
    assert await client.batch([("ECHO", "1"), ("ECHO", "2")]) == [b"done", b"done"]
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await confirmed(server)
    server.peers[-1].write(message(b"news", b"1"))
    assert (await anext(await subscribing)).data == b"1"
    await client.close()


async def test_life_02_close_ends_the_calls_of_both_ways(server: HeldServer) -> None:
    client = Client(server.url)
    calls = [client.execute("ECHO", "shared"), client.execute("BLPOP", "k", 0)]
    await server.commands(2)
    await client.close()
    assert [await fate_of(call) for call in calls] == [(Closed, Fate.UNKNOWN)] * 2
    await server.until_open(0)


async def test_life_03_a_close_that_drains_waits_for_both_ways(virtual_server: SimulatedServer) -> None:
    client = Client(virtual_server.url)
    calls = [client.execute("ECHO", "shared"), client.execute("BLPOP", "k", 0)]
    held = await virtual_server.commands(2)
    closing = asyncio.create_task(client.close(drain_timeout_seconds=10))
    for received in held:
        await asyncio.sleep(1)
        received.reply()
    assert await asyncio.gather(*calls) == [b"shared", b"0"]
    await closing
    assert virtual_server.loop.time() == 2


@pytest.mark.parametrize("turn", range(4))
async def test_life_02_a_close_that_is_cancelled_at_any_turn_has_closed_both_ways(
    virtual_server: SimulatedServer, turn: int
) -> None:
    client = Client(virtual_server.url)
    calls = [client.execute("ECHO", "shared"), client.execute("BLPOP", "k", 0)]
    await virtual_server.commands(2)
    closing = asyncio.create_task(client.close(drain_timeout_seconds=10))
    await turns(1 + turn)
    closing.cancel()
    assert [await fate_of(call) for call in calls] == [(Closed, Fate.UNKNOWN)] * 2
    await virtual_server.until_open(0)
    assert virtual_server.loop.time() == 0
