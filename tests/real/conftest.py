"""Servers that a test may break, either shell, and the demand that nothing is left behind."""

from __future__ import annotations

import faulthandler
import gc
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .server import Eyes, Server
from .shells import PATIENCE_SECONDS, AsyncioShell, Shell


@pytest.fixture(scope="session")
def lasting_server(server_program: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder, Server(server_program, Path(folder)) as running:
        yield running


@pytest.fixture
def server(lasting_server: Server) -> Iterator[Server]:
    """A server that a test may pause and fill, but not kill. No connection to it must be left."""
    yield lasting_server
    with lasting_server.eyes() as eyes:
        eyes.ask("CLIENT", "UNPAUSE")
        eyes.ask("FLUSHALL")
        eyes.until_clients(0)


@pytest.fixture
def mortal_server(server_program: str) -> Iterator[Server]:
    """A server of the test's own."""
    with tempfile.TemporaryDirectory() as folder, Server(server_program, Path(folder)) as running:
        yield running


@pytest.fixture
def eyes(server: Server) -> Iterator[Eyes]:
    with server.eyes() as opened:
        yield opened


@pytest.fixture(params=[Shell, AsyncioShell], ids=["threads", "asyncio"])
def shell(request: pytest.FixtureRequest) -> Iterator[Shell]:
    with request.param() as used:
        yield used


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Every socket and thread of a test is gone after it. One that hangs is ended, and shows where."""
    faulthandler.dump_traceback_later(3 * PATIENCE_SECONDS, exit=True)
    sockets_before, threads_before = sockets(), set(threading.enumerate())
    try:
        yield
        for thread in set(threading.enumerate()) - threads_before:
            thread.join(PATIENCE_SECONDS)  # it may be about to end
            assert not thread.is_alive(), f"{thread} is left behind"
        gc.collect()
        assert sockets() <= sockets_before, "sockets are left behind"
    finally:
        faulthandler.cancel_dump_traceback_later()


def sockets() -> set[str]:
    """Those that this process has open."""
    held = set[str]()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue  # that of the listing itself
        if target.startswith("socket:"):
            held.add(target)
    return held
