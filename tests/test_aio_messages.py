"""What an asyncio subscriber has been sent and has not taken yet."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import Closed, Overflow
from poolproof.reference.aio import Messages
from poolproof.reference.subscriptions import Message, Topic

from .aio_calls import turns


def number(which: int) -> Message:
    return Message(Topic("message", b"news"), b"news", which)


async def test_messages_are_taken_in_the_order_of_their_coming() -> None:
    messages = Messages(bound=3)
    for which in range(3):
        messages.put(number(which))
    assert [await anext(messages) for _ in range(3)] == [number(which) for which in range(3)]


async def test_who_waits_gets_the_message_that_comes() -> None:
    messages = Messages(bound=1)
    taking = asyncio.ensure_future(anext(messages))
    await turns(1)
    messages.put(number(1))
    assert await taking == number(1)


@pytest.mark.parametrize("turn", range(3))
async def test_who_is_cancelled_while_waiting_loses_no_message(turn: int) -> None:
    messages = Messages(bound=1)
    taking = asyncio.ensure_future(anext(messages))
    await turns(turn)
    taking.cancel()
    messages.put(number(1))
    await asyncio.wait([taking])
    assert await anext(messages) == number(1)


async def test_who_is_cancelled_in_the_turn_in_which_a_message_comes_loses_none() -> None:
    messages = Messages(bound=1)
    taking = asyncio.ensure_future(anext(messages))
    await turns(1)
    messages.put(number(1))
    taking.cancel()
    await asyncio.wait([taking])
    assert await anext(messages) == number(1)


async def test_mux_09_beyond_the_bound_nothing_is_kept_and_the_subscriber_is_told() -> None:
    messages = Messages(bound=2)
    for which in range(4):
        messages.put(number(which))
    assert [await anext(messages), await anext(messages)] == [number(0), number(1)]
    with pytest.raises(Overflow):
        await anext(messages)


async def test_mux_09_after_an_overflow_no_later_message_hides_the_gap() -> None:
    messages = Messages(bound=1)
    for which in range(2):
        messages.put(number(which))
    assert await anext(messages) == number(0)
    messages.put(number(2))
    with pytest.raises(Overflow):
        await anext(messages)


async def test_the_end_comes_after_what_was_kept_and_stays() -> None:
    messages = Messages(bound=1)
    messages.put(number(1))
    messages.finish(Closed("the multiplexer was closed"))
    assert await anext(messages) == number(1)
    for _ in range(2):
        with pytest.raises(Closed):
            await anext(messages)


async def test_the_first_reason_of_the_end_is_the_one_that_counts() -> None:
    messages = Messages(bound=0)
    messages.put(number(1))
    messages.finish(Closed("the multiplexer was closed"))
    with pytest.raises(Overflow):
        await anext(messages)


async def test_who_waits_is_woken_by_the_end() -> None:
    messages = Messages(bound=1)
    taking = asyncio.ensure_future(anext(messages))
    await turns(1)
    messages.finish(Closed("the multiplexer was closed"))
    with pytest.raises(Closed):
        await taking
