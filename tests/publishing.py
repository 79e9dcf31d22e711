"""What a server says to those who listen: confirmations and messages, as RESP3 or RESP2 has them."""

from __future__ import annotations

import asyncio

import pytest

from poolproof.reference import PoolproofError
from poolproof.reference.aio import Messages, Multiplexer

from .held_server import HeldServer, bulk

_FRAME = {2: b"*", 3: b">"}


def confirmation(name: bytes, protocol: int = 3, kind: bytes = b"subscribe") -> bytes:
    return _FRAME[protocol] + b"3\r\n" + bulk(kind) + bulk(name) + b":1\r\n"


def message(name: bytes, data: bytes, protocol: int = 3) -> bytes:
    return _FRAME[protocol] + b"3\r\n" + bulk(b"message") + bulk(name) + bulk(data)


async def confirmed(server: HeldServer) -> list[bytes]:
    """The next command, which subscribes or unsubscribes, once it was confirmed."""
    received = await server.command()
    received.reply(confirmation(received.words[1], kind=received.words[0].lower()))
    return received.words


async def subscribed(server: HeldServer, multiplexer: Multiplexer, name: str, bound: int = 1000) -> Messages:
    """A subscription of a multiplexer that the server has confirmed."""
    server.answers[b"PING"] = b"+PONG\r\n"
    subscribing = asyncio.ensure_future(multiplexer.subscribe(name, bound=bound))
    await confirmed(server)
    return await subscribing


async def taken(messages: Messages) -> tuple[list[object], PoolproofError]:
    """What can be taken, and the error that comes then."""
    found: list[object] = []
    with pytest.raises(PoolproofError) as caught:
        async for each in messages:
            found.append(each.data)
    return found, caught.value
