"""A real server behind the witness (`--proxy`): a connection to it for each one that the client opens."""

import socket
from types import TracebackType
from urllib.parse import unquote, urlsplit

import hiredis

from ..witness.replies import array, bulk

USUAL_PORT = 6379
REPLY_SECONDS = 5.0
READ_AT_ONCE = 65536
_NOT_YET = object()


class NoServer(Exception):
    """The server behind the witness can't be reached, or says something unforeseen."""


class RealServer:
    """The server at `redis://[[user]:password@]host[:port]`. Raises NoServer if that is no such address."""

    def __init__(self, url: str) -> None:
        self._connections: dict[int, socket.socket] = {}
        try:
            parts = urlsplit(url)
            self._address = parts.hostname or "", parts.port or USUAL_PORT
        except ValueError as problem:
            raise NoServer(f"--proxy is no address of a server: {problem}") from None
        is_login = bool(parts.password) or not parts.username
        is_address = parts.scheme in ("redis", "valkey") and parts.hostname and not parts.path.strip("/")
        if not is_address or not is_login:
            raise NoServer("--proxy is no address of a server, as redis://127.0.0.1:6379 is one")
        self._name = f"the server at {self._address[0]}:{self._address[1]}"
        names = [unquote(each).encode() for each in (parts.username, parts.password) if each]
        self._login = [b"AUTH", *names] if names else []

    def __enter__(self) -> "RealServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, number: int, words: list[bytes]) -> bytes:
        """The reply to a command on the connection of that number, as it came. Raises NoServer."""
        try:
            if number not in self._connections:
                self._connections[number] = socket.create_connection(self._address, REPLY_SECONDS)
                if self._login and (reply := self._say(number, self._login)).startswith(b"-"):
                    raise NoServer(
                        f"{self._name} refuses the login: {reply[1:].decode(errors='replace').strip()}"
                    )
            return self._say(number, words)
        except (OSError, UnicodeError) as problem:
            self.leave(number)
            why = problem.strerror if isinstance(problem, OSError) else None
            raise NoServer(f"{self._name} can't be reached: {why or problem}") from None

    def greet(self) -> None:
        """Raises NoServer if it does not answer PING."""
        if (reply := self.ask(0, [b"PING"])).startswith(b"-"):
            raise NoServer(f"{self._name} does not answer PING: {reply[1:].decode(errors='replace').strip()}")

    def leave(self, number: int) -> None:
        """That connection is over."""
        if connection := self._connections.pop(number, None):
            connection.close()

    def close(self) -> None:
        """Leave it."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _say(self, number: int, words: list[bytes]) -> bytes:
        connection = self._connections[number]
        connection.sendall(array([bulk(word) for word in words]))
        reader = hiredis.Reader(notEnoughData=_NOT_YET)
        reply = b""
        try:
            while reader.gets() is _NOT_YET:
                data = connection.recv(READ_AT_ONCE)
                if not data:
                    raise NoServer(f"{self._name} has closed a connection after {words[0]!r}")
                reply += data
                reader.feed(data)
        except hiredis.ProtocolError as problem:
            raise NoServer(f"{self._name} is no Redis server: {problem}") from None
        return reply


def reachable(url: str) -> None:
    """Raises NoServer if it isn't."""
    with RealServer(url) as server:
        server.greet()
