"""A server that takes commands, and answers none until the test does: behind sockets, or simulated.

What a handshake asks it answers by itself, by the command's name, as `answers` has it; a test may change
these. It answers in no order but that of the test: who holds a command back, holds back what comes after it.

Behind loopback sockets the client runs on asyncio's own loop. Simulated it lives in virtual time: an hour
costs nothing, and a test that waits for what never comes is noticed at once.
"""

from __future__ import annotations

import asyncio
import gc
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeAlias, cast

import hiredis

from poolproof.conformance.history import Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.aio.loop import SimulatedLoop
from poolproof.conformance.simulation.aio.network import Network
from poolproof.conformance.simulation.network import Dial, Outcome
from poolproof.conformance.witness import Close, Send, Witness

Test: TypeAlias = Callable[[], Coroutine[Any, Any, None]]

OK = b"+OK\r\n"
RESP3 = b"%1\r\n$5\r\nproto\r\n:3\r\n"
NO_RESP3 = b"-ERR unknown command 'HELLO'\r\n"
GREETING = {b"HELLO": RESP3, b"CLIENT": OK, b"AUTH": OK, b"SELECT": OK}


@dataclass
class Peer:
    """A connection as the server sees it. `end`: it will send no more, and the client is to close."""

    write: Callable[[bytes], object]
    end: Callable[[], object]
    parser: hiredis.Reader = field(default_factory=hiredis.Reader)


@dataclass
class Received:
    """A command that arrived, and the connection it came by."""

    words: list[bytes]
    peer: Peer

    def reply(self, data: bytes | None = None) -> None:
        """Answers with these bytes, else with the command's last word: a token finds its caller."""
        self.peer.write(bulk(self.words[-1]) if data is None else data)


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


def run_alone(test: Test) -> None:
    """Runs the test in a loop of asyncio's own, and fails it if it leaves anything behind."""
    complaints: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
        async with asyncio.timeout(60):  # a limit for hangs: no test waits for it
            await test()
        assert len(asyncio.all_tasks()) == 1, "tasks are left behind"

    asyncio.run(run())
    gc.collect()  # a future whose error nobody looked at complains when it is collected
    assert complaints == []


class HeldServer(ABC):
    """See the module."""

    url: str

    def __init__(self) -> None:
        self.accepted = 0
        self.peers: list[Peer] = []  # the connections that are open
        self.answers = dict(GREETING)
        self.heard: list[list[bytes]] = []  # all commands, those of handshakes included
        self._commands: asyncio.Queue[Received] = asyncio.Queue()
        self._changed = asyncio.Event()

    @abstractmethod
    def play(self, test: Test) -> None:
        """Runs the test, and fails it if it leaves anything behind."""

    async def command(self) -> Received:
        """The next command to arrive."""
        return await self._commands.get()

    async def commands(self, count: int) -> list[Received]:
        return [await self.command() for _ in range(count)]

    def quiet(self) -> bool:
        """True if no command has arrived that the test has not taken."""
        return self._commands.empty()

    async def until_open(self, count: int) -> None:
        """Returns when so many connections are open, seen from here: the client has closed the others."""
        while len(self.peers) != count:
            self._changed.clear()
            await self._changed.wait()

    def _opened(self, peer: Peer) -> None:
        self.accepted += 1
        self.peers.append(peer)
        self._changed.set()

    def _arrived(self, peer: Peer, data: bytes) -> None:
        peer.parser.feed(data)
        while (words := peer.parser.gets()) is not False:
            self.heard.append(words)
            if (answer := self.answers.get(words[0].upper())) is not None:
                peer.write(answer)
            else:
                self._commands.put_nowait(Received(words, peer))

    def _closed(self, peer: Peer) -> None:
        self.peers.remove(peer)
        self._changed.set()


class SocketServer(HeldServer):
    """On a loopback port."""

    def play(self, test: Test) -> None:
        async def run() -> None:
            listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            host, self._port = listener.sockets[0].getsockname()
            self.url = f"redis://{host}:{self._port}"
            async with listener:
                await test()
                await self._until_all_is_closed()

        run_alone(run)

    async def _until_all_is_closed(self) -> None:
        _, last = await asyncio.open_connection("127.0.0.1", self._port)
        last.write(b"*1\r\n$4\r\nLAST\r\n")
        while (await self.command()).words != [b"LAST"]:
            pass  # when it comes, all that the client has opened is accepted
        last.close()
        await self.until_open(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(writer.write, writer.write_eof)
        self._opened(peer)
        try:
            while data := await reader.read(65536):
                self._arrived(peer, data)
        except ConnectionError:
            pass  # the client aborted
        writer.close()
        self._closed(peer)


class HeldNetwork(Network):
    """An in-memory network in which dials are refused while the test says so."""

    refusing = False

    def dial(self, outcome: Outcome) -> Dial:
        if self.refusing:
            self.rule(False)
        return super().dial(outcome)


class SimulatedServer(HeldServer):
    """On the simulated network, which takes it for a witness. `dialled` has the time of each dial."""

    url = "redis://127.0.0.1:6379"

    def __init__(self) -> None:
        super().__init__()
        self.dialled: list[float] = []
        self.network = HeldNetwork(plan(""), cast(Witness, self), self._record)
        self.loop = SimulatedLoop(self.network)
        self._numbered: dict[int, Peer] = {}

    def play(self, test: Test) -> None:
        loop = self.loop
        random.seed(0)  # what is drawn for pauses and lifetimes
        asyncio._set_running_loop(loop)
        try:
            task = loop.create_task(test())
            while not task.done():
                if not loop.step():
                    due = loop._next_timer()
                    assert due < inf, "the test waits for what never comes"
                    loop.freeze(due - loop.time())
            task.result()
            loop.settle()
            gc.collect()
            assert loop.errors == []
            assert self.peers == [], "connections are left behind"
            assert all(task.done() for task in loop.tasks), "tasks are left behind"
            assert loop._next_timer() == inf, "a timer is left behind"
        finally:
            asyncio._set_running_loop(None)
            for task in loop.tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # a failure leaves them behind
            loop.close()

    def _record(self, kind: Kind, *_: object, **__: object) -> None:
        if kind is Kind.DIALLED:
            self.dialled.append(self.loop.time())

    # What the network asks of a witness.

    def opened(self, number: int) -> None:
        def write(data: bytes) -> None:
            self.network.carry([Send(number, data)])

        def end() -> None:
            self.network.carry([Close(number)])

        self._numbered[number] = Peer(write, end)
        self._opened(self._numbered[number])

    def received(self, number: int, data: bytes) -> list[object]:
        self._arrived(self._numbered[number], data)
        return []

    def closed_by_client(self, number: int) -> None:
        self._closed(self._numbered.pop(number))
