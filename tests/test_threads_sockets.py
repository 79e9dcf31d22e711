"""Simulated sockets agree with real ones, operation by operation, in every state there is."""

from __future__ import annotations

import json
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .sockets import Outcomes, Server, outcomes

ROOT = Path(__file__).parent.parent
LONG_ENOUGH_MILLISECONDS = 5_000  # for news to cross the loopback; nobody ever waits for so long


class Real:
    """A stage on the loopback interface."""

    def __init__(self) -> None:
        self.socket, self.select = socket, select
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers: list[socket.socket] = []

    def close(self) -> None:
        for each in (*self._peers, self._listener):
            each.close()

    def fresh(self) -> socket.socket:
        return socket.socket()

    def refused(self) -> socket.socket:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        poll = select.poll()
        poll.register(client, select.POLLIN)
        assert poll.poll(LONG_ENOUGH_MILLISECONDS)
        return client

    def connected(self) -> tuple[socket.socket, Server]:
        client = socket.create_connection(self._listener.getsockname())
        peer, _ = self._listener.accept()
        self._peers.append(peer)
        return client, RealServer(client, peer)


class RealServer:
    """Waits until the client's kernel knows."""

    def __init__(self, client: socket.socket, peer: socket.socket) -> None:
        self._client, self._peer = client, peer

    def send(self, data: bytes) -> None:
        self._peer.sendall(data)
        self._until(select.POLLIN)

    def close(self) -> None:
        self._peer.close()
        self._until(select.POLLRDHUP)

    def close_by_half(self) -> None:
        self._peer.shutdown(socket.SHUT_WR)
        self._until(select.POLLRDHUP)

    def reset(self) -> None:
        at_once = struct.pack("ii", 1, 0)  # linger for no time at all: what was not sent is thrown away
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._peer.close()
        self._until(select.POLLERR)

    def reset_after_write(self) -> None:
        self._until(select.POLLERR)

    def _until(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._client, event)
        assert poll.poll(LONG_ENOUGH_MILLISECONDS)


@pytest.fixture(scope="module")
def simulated() -> Outcomes:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sockets"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Outcomes = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def real() -> Any:
    stage = Real()
    yield outcomes(stage)
    stage.close()


def test_they_do_the_same_in_every_state(real: Outcomes, simulated: Outcomes) -> None:
    different = {
        what: (on_real, simulated[what]) for what, on_real in real.items() if simulated[what] != on_real
    }
    assert different == {}
    assert real.keys() == simulated.keys()
