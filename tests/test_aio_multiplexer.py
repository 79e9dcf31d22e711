"""The asyncio multiplexer: whose reply it is, in what order, and how many there may be."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import Misuse, Overflow, ServerError
from poolproof.reference.aio import Multiplexer

from .aio_calls import answered, error_of, turns
from .held_server import OK, HeldServer, SimulatedServer


async def test_mux_01_all_callers_share_one_connection_and_each_gets_its_own_reply(
    server: HeldServer,
) -> None:
    multiplexer = Multiplexer(server.url)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(100)]
    for received in await server.commands(100):
        received.reply()
    assert await asyncio.gather(*calls) == [b"%d" % caller for caller in range(100)]
    assert server.accepted == 1
    await multiplexer.close()


async def test_commands_are_sent_before_the_replies_to_earlier_ones_come(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    first = multiplexer.execute("ECHO", "first")
    held = await server.command()
    second = multiplexer.execute("ECHO", "second")
    received = await server.command()
    held.reply()
    received.reply()
    assert await asyncio.gather(*[first, second]) == [b"first", b"second"]
    await multiplexer.close()


async def test_a_command_sent_when_none_is_in_flight_does_not_wait_for_another(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    for name in ("first", "second"):
        assert await answered(server, multiplexer.execute("ECHO", name)) == name.encode()
    await multiplexer.close()


@pytest.mark.parametrize("turn", range(12))
async def test_call_07_commands_go_out_in_the_order_of_the_calls(server: HeldServer, turn: int) -> None:
    multiplexer = Multiplexer(server.url)
    server.answers.update({b"ECHO": b"+done\r\n", b"GET": b"+done\r\n"})
    calls: list[asyncio.Future[object]] = [multiplexer.execute("ECHO", "0")]
    await turns(turn)
    calls.append(multiplexer.execute("ECHO", "1", idempotent=True))
    calls.append(multiplexer.execute("ECHO", "2"))
    calls.append(multiplexer.batch([("ECHO", "3"), ("ECHO", "4")]))
    calls.append(multiplexer.execute("ECHO", "5"))
    await asyncio.gather(*calls)
    assert [words[1] for words in server.heard[3:]] == [b"%d" % number for number in range(6)]
    await multiplexer.close()


async def test_mux_02_the_reply_to_a_cancelled_call_goes_to_nobody(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(5)]
    held = await server.commands(5)
    calls[2].cancel()
    for received in held:
        received.reply()
    replies = await asyncio.gather(*calls, return_exceptions=True)
    assert [*replies[:2], *replies[3:]] == [b"0", b"1", b"3", b"4"]
    await multiplexer.close()


@pytest.mark.parametrize("idempotent", [False, True])
async def test_call_04_a_call_cancelled_before_it_was_written_is_never_sent(
    server: HeldServer, idempotent: bool
) -> None:
    multiplexer = Multiplexer(server.url)
    cancelled, kept = (multiplexer.execute("ECHO", name, idempotent=idempotent) for name in ("first", "kept"))
    cancelled.cancel()
    assert await answered(server, kept) == b"kept"
    assert server.quiet()
    await multiplexer.close()


async def test_mux_04_a_command_that_blocks_or_changes_the_connection_is_refused(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    for command in (("BLPOP", "k", 0), ("SELECT", 3), ("SUBSCRIBE", "c"), ("MONITOR",), ("MULTI",)):
        with pytest.raises(Misuse):
            multiplexer.execute(*command)
        with pytest.raises(Misuse):
            multiplexer.batch([("GET", "k"), command])
        with pytest.raises(Misuse):
            multiplexer.transaction([("GET", "k"), command])
    assert server.accepted == 0
    await multiplexer.close()


async def test_mux_05_at_the_bound_in_flight_commands_wait_for_replies(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=2)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(3)]
    first, second = await server.commands(2)
    assert server.quiet()
    first.reply()
    third = await server.command()
    second.reply()
    third.reply()
    assert await asyncio.gather(*calls) == [b"0", b"1", b"2"]
    await multiplexer.close()


async def test_mux_05_a_call_beyond_the_bounds_overflows_at_once(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1, max_backlog=1)
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(2)]
    for idempotent in (False, True):
        with pytest.raises(Overflow):
            multiplexer.execute("ECHO", "too many", idempotent=idempotent)
    assert [await answered(server, call) for call in calls] == [b"0", b"1"]
    await multiplexer.close()


async def test_mux_05_a_multiplexer_told_to_wait_keeps_the_calls_beyond_the_bound(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url, max_in_flight=1, max_backlog=1, overflow="wait")
    calls = [multiplexer.execute("ECHO", f"{caller}") for caller in range(5)]
    assert [await answered(server, call) for call in calls] == [b"%d" % caller for caller in range(5)]
    await multiplexer.close()


async def test_mux_05_nothing_is_dialled_for_a_call_that_overflows(virtual_server: SimulatedServer) -> None:
    multiplexer = Multiplexer(virtual_server.url, max_in_flight=1, max_backlog=0)
    with pytest.raises(Overflow):
        multiplexer.batch([("ECHO", "1"), ("ECHO", "2")])
    await asyncio.sleep(1)
    assert virtual_server.dialled == []
    await multiplexer.close()


async def test_call_08_a_batch_stays_together_and_gives_all_replies(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    before = multiplexer.execute("ECHO", "before")
    batch = multiplexer.batch([("ECHO", "1"), ("GET",), ("ECHO", "3")])
    after = multiplexer.execute("ECHO", "after")
    received = await server.commands(5)
    assert [each.words[-1] for each in received] == [b"before", b"1", b"GET", b"3", b"after"]
    for each in received:
        each.reply(b"-ERR wrong\r\n" if each.words == [b"GET"] else None)
    assert [str(reply) for reply in await batch] == ["b'1'", "ERR wrong", "b'3'"]
    assert await asyncio.gather(before, after) == [b"before", b"after"]
    await multiplexer.close()


async def test_call_08_a_transaction_gives_the_replies_to_its_commands(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.transaction([("SET", "k", "v"), ("GET", "k")])
    replies = OK, b"+QUEUED\r\n", b"+QUEUED\r\n", b"*2\r\n+OK\r\n+v\r\n"
    for received, reply in zip(await server.commands(4), replies, strict=True):
        received.reply(reply)
    assert await call == [b"OK", b"v"]
    await multiplexer.close()


@pytest.mark.parametrize("answers", range(4))
async def test_mux_02_a_batch_cancelled_in_flight_shifts_nobodys_reply(
    server: HeldServer, answers: int
) -> None:
    multiplexer = Multiplexer(server.url)
    batch = multiplexer.batch([("ECHO", f"{number}") for number in range(3)])
    other = multiplexer.execute("ECHO", "other")
    received = await server.commands(4)
    for each in received[:answers]:
        each.reply()
    while len(multiplexer._core.in_flight) > 4 - answers:
        await asyncio.sleep(0)
    batch.cancel()
    for each in received[answers:]:
        each.reply()
    assert await other == b"other"
    await multiplexer.close()


async def test_call_04_a_batch_cancelled_before_it_was_written_is_never_sent(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    batch, kept = multiplexer.batch([("ECHO", "1"), ("ECHO", "2")]), multiplexer.execute("ECHO", "kept")
    batch.cancel()
    assert await answered(server, kept) == b"kept"
    assert server.quiet()
    await multiplexer.close()


async def test_mux_08_a_push_completes_no_call(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    call = multiplexer.execute("ECHO", "own")
    (await server.command()).reply(b">2\r\n+invalidate\r\n*0\r\n+own\r\n")
    assert await call == b"own"
    await multiplexer.close()


async def test_an_error_reply_is_raised_to_its_own_caller_only(server: HeldServer) -> None:
    multiplexer = Multiplexer(server.url)
    wrong, right = multiplexer.execute("GET"), multiplexer.execute("ECHO", "right")
    (await server.command()).reply(b"-ERR wrong number of arguments\r\n")
    assert await answered(server, right) == b"right"
    assert type(await error_of(wrong)) is ServerError
    await multiplexer.close()


@pytest.mark.parametrize("command", [(), ("SET", "k", "\ud800"), ("SET", "k", object())])
async def test_conn_03_a_command_that_cannot_be_encoded_raises_before_anything_is_queued(
    server: HeldServer, command: tuple[str, ...]
) -> None:
    multiplexer = Multiplexer(server.url)
    for idempotent in (False, True):
        with pytest.raises(Misuse):
            multiplexer.execute(*command, idempotent=idempotent)
    with pytest.raises(Misuse):
        multiplexer.batch([("GET", "k"), command])
    assert server.accepted == 0
    await multiplexer.close()
