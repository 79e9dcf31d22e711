"""The simulated connection does what a real one does: the same callbacks, in the same order.

A scenario is a coroutine for a client that has dialled. It runs on the simulated network, and on asyncio over
loopback sockets; the witness is the server of both, and what the protocol was told must be equal.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Awaitable, Callable

import pytest

from poolproof.conformance.witness import Send, Witness

from .simulated_connection import PING, PONG, QUIT, Buffered, Client, Faulty, Hasty, Simulated, Told


async def the_client_closes(client: Client) -> None:
    client.transport.write(PING)
    await client.until("data")
    client.transport.close()
    client.transport.write(PING)
    client.tell("closes", client.transport.is_closing())


async def the_client_aborts(client: Client) -> None:
    client.transport.write(PING)
    client.transport.abort()
    client.tell("aborts", client.transport.is_closing())


async def the_server_closes(client: Client) -> None:
    client.transport.writelines([PING, QUIT])


async def the_server_closes_and_the_client_does_not(client: Client) -> None:
    client.keeps_open = True
    client.transport.write(QUIT)
    await client.until("end")
    while not client.transport.is_closing():
        client.transport.write(PING)
        await asyncio.sleep(0)


async def the_client_pauses(client: Client) -> None:
    client.transport.pause_reading()
    client.transport.write(PING + QUIT)
    for _ in range(5):
        await asyncio.sleep(0)
    client.tell("resumes", client.transport.is_reading())
    client.transport.resume_reading()


async def it_reads_into_a_buffer(client: Client, size: int = 3) -> None:
    client.transport.set_protocol(Buffered(client, size))
    client.transport.write(PING + QUIT)


async def it_lends_an_empty_buffer(client: Client) -> None:
    await it_reads_into_a_buffer(client, size=0)


SCENARIOS: list[tuple[type[Client], Callable[[Client], Awaitable[None]]]] = [
    *((Client, the_client_closes), (Client, the_client_aborts), (Client, the_server_closes)),
    *((Client, the_server_closes_and_the_client_does_not), (Client, the_client_pauses)),
    *((Client, it_reads_into_a_buffer), (Client, it_lends_an_empty_buffer)),
    *((Faulty, the_server_closes), (Hasty, the_server_closes), (Hasty, it_reads_into_a_buffer)),
]


async def play(client: Client, scenario: Callable[[Client], Awaitable[None]], port: int) -> None:
    """The scenario, from the dial to the end of the connection."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: client.tell("complaint"))
    await client.dial(port)
    await scenario(client)
    await client.until("lost")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A witness behind a real socket."""
    witness = Witness(lambda *_, **__: None)
    witness.opened(1)
    try:
        while data := await reader.read(65536):
            for effect in witness.received(1, data):
                if isinstance(effect, Send):
                    writer.write(effect.data)
                else:
                    writer.close()
    except ConnectionError:
        pass  # the client aborted
    writer.close()


@pytest.mark.parametrize(("kind", "scenario"), SCENARIOS)
async def test_a_connection_tells_the_same_as_one_over_real_sockets(
    kind: type[Client], scenario: Callable[[Client], Awaitable[None]]
) -> None:
    simulated = await asyncio.to_thread(play_simulated, kind, scenario)
    client = kind([])
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await play(client, scenario, server.sockets[0].getsockname()[1])
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))  # the server's
    assert simulated == client.told


def play_simulated(kind: type[Client], scenario: Callable[[Client], Awaitable[None]]) -> Told:
    with Simulated() as world:
        world.start(play(kind(world.told), scenario, 0)).result()
        return world.told


async def test_a_write_that_crosses_the_servers_close_is_reset_as_over_real_sockets() -> None:
    real = Client([])
    with socket.create_server(("127.0.0.1", 0)) as server:
        await real.dial(server.getsockname()[1])
        with server.accept()[0] as peer:
            real.transport.write(PING)
            assert select.select([peer], [], [], 10)[0]
            peer.send(PONG)  # and the command is never read, so that closing resets the connection
    await real.until("lost")
    assert real.told == await asyncio.to_thread(told_of_a_crossing_write)


def told_of_a_crossing_write() -> Told:
    with Simulated() as world:
        client = world.dial()
        world.network.carry([Send(1, PONG), *world.witness.drop()])
        client.transport.write(PING)
        world.loop.settle()
        return client.told
