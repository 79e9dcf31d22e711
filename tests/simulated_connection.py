"""A simulated connection under test: the world around it, and clients that write down what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from poolproof.conformance.history import Event, Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.aio.loop import SimulatedLoop
from poolproof.conformance.simulation.aio.network import Network
from poolproof.conformance.witness import Witness

PING, QUIT = b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nQUIT\r\n"
PONG = b"+PONG\r\n"
Told = list[object]


class Simulated:
    """A simulated loop, its network and its witness; `told` is what the protocols of the test were told."""

    def __init__(self, hold_dials: bool = False, chunk_bytes: int = 0, order: tuple[int, ...] = ()) -> None:
        setting = plan("", hold_dials=hold_dials, chunk_bytes=chunk_bytes, order=order)
        self.events: list[Event] = []
        self.witness = Witness(self._record, clock=lambda: self.loop.time())
        self.network = Network(setting, self.witness, self._record)
        self.loop = SimulatedLoop(self.network)
        self.told: Told = []

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        self.events.append(Event(self.loop.time(), kind, caller, connection, text, detail))

    def __enter__(self) -> Simulated:
        asyncio._set_running_loop(self.loop)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio._set_running_loop(None)
        self.loop.close()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self.loop.create_task(work)
        self.loop.settle()
        return task

    def dial(self) -> Client:
        """A client that is connected."""
        client = Client(self.told)
        self.start(client.dial(0)).result()
        return client

    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.events]


class Client(asyncio.Protocol):
    """Writes down what it is told. `keeps_open`: it does not close at the end of the stream."""

    def __init__(self, told: Told, keeps_open: bool = False) -> None:
        self.told, self.keeps_open = told, keeps_open
        self.transport: asyncio.Transport
        self.changed = asyncio.Event()

    def tell(self, *what: object) -> None:
        self.told.append(what)
        self.changed.set()

    async def until(self, *words: str) -> None:
        """Returns when it has been told one of these."""
        while not any(what[0] in words for what in self.told if isinstance(what, tuple)):
            self.changed.clear()
            await self.changed.wait()

    async def dial(self, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        self.tell("dialled")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.tell("made")

    def data_received(self, data: bytes) -> None:
        self.tell("data", data)

    def eof_received(self) -> bool:
        self.tell("end")
        return self.keeps_open

    def connection_lost(self, exc: Exception | None) -> None:
        self.tell("lost", type(exc))


class Faulty(Client):
    """Raises an error at the first bytes."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        raise ValueError("these bytes make no sense")


class Hasty(Client):
    """Closes at the first bytes."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.transport.close()


class Buffered(asyncio.BufferedProtocol):
    """Reads into a buffer of its own, and tells the client."""

    def __init__(self, client: Client, size: int) -> None:
        self.client, self.buffer = client, bytearray(size)

    def get_buffer(self, sizehint: int) -> bytearray:
        self.client.tell("lends", sizehint)
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.client.data_received(bytes(self.buffer[:nbytes]))

    def eof_received(self) -> bool:
        return self.client.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.client.connection_lost(exc)
