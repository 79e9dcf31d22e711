"""One connection for threads: bytes in, frames out, and one end, whatever ends it.

It blocks, and knows no calls: whoever uses it counts what is owed. At most one thread reads at a time, and at
most one writes; any thread may `abort`. That shuts the socket down, which ends the others' reading, writing
and dialling at once, but leaves the descriptor open: it is closed when the last of them has gone, so that
nobody ever reads from another socket that has got its number.

A read gives up after `tick_seconds` without news, so that its thread can look at the clock. The kernel keeps
that time (SO_RCVTIMEO): a timeout of Python's own costs one more system call per read, and with it one more
fight for the interpreter's lock. A write looks at the clock as often, for a server that takes nothing.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Awaitable
from contextlib import suppress
from math import inf
from time import monotonic

from ..errors import (
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Fate,
    Misuse,
    PoolproofError,
    ProtocolError,
    call_ended,
)
from ..handshake import Handshake
from ..ownership import disown
from ..resp import NOT_ENOUGH, Push, Reader, Reply, encode
from ..url import Settings
from .tls import TlsSocket

READ_BYTES = 64 * 1024


class Stream:
    """A connection that threads use one after another, or one for reading and one for writing."""

    _socket: socket.socket | None = None  # of the class, for a `__del__` after an interrupted `__init__`

    def __init__(self, settings: Settings, tick_seconds: float = inf) -> None:
        self.settings = settings
        self.end: tuple[type[PoolproofError], str] | None = None  # the kind of error that ended it, and why
        self.protocol = 2  # of RESP
        self.heard = 0  # how often bytes came
        self.begun_unasked = False  # part of a frame has come while nothing was owed: it has to become a push
        self._tick_seconds = tick_seconds
        self._reader = Reader()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._poll = select.poll()
        self._channel: socket.socket | TlsSocket  # what is read and written: the socket, or TLS over it

    def connect(self, limit_seconds: float = inf) -> None:
        """Opens the connection and its session, or raises `ConnectFailed` and leaves no socket (CONN-06)."""
        deadline = monotonic() + min(limit_seconds, self.settings.connect_timeout_seconds)
        try:
            self._dial(deadline)
            self._shake_hands(deadline)
            self._set_tick()
        except BaseException as error:
            kind = type(error) if isinstance(error, ConnectFailed) else ConnectFailed
            why = self.end[1] if self.end is not None else str(error)
            reason = why if isinstance(error, ConnectFailed) else f"no connection to {self.settings}: {why}"
            self.abort(kind, reason)
            self.close()
            if not isinstance(error, Exception):
                raise
            raise kind(reason) from error

    def _dial(self, deadline: float) -> None:
        where = self.settings
        places: list[tuple[int, int, int, str, object]] = [
            (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", where.path)
        ]
        if where.path is None:
            places = list(socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM))
        for place, (family, kind, number, _, address) in enumerate(places):
            self._socket = opened = socket.socket(family, kind, number)
            opened.settimeout(max(deadline - monotonic(), 0.001))
            try:
                opened.connect(address)  # type: ignore[arg-type]  # as getaddrinfo says it
                break
            except OSError:
                opened.close()
                if place + 1 == len(places) or self.end is not None:
                    raise
        assert self._socket is not None
        if where.path is None:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if where.tls is not None:
            self._socket = where.tls.wrap_socket(self._socket, server_hostname=where.host)
        self._poll.register(self._socket, select.POLLIN)
        self._channel = self._socket

    def _shake_hands(self, deadline: float) -> None:
        assert self._socket is not None
        given = self.settings.credentials() if self.settings.credentials is not None else None
        if isinstance(given, Awaitable):
            raise Misuse(
                "a credential provider that must be awaited is for asyncio: give threads a plain one"
            )
        handshake = Handshake(self.settings, given)
        commands = handshake.begin()
        self.write(b"".join(map(encode, commands)))
        while not handshake.done:
            self._socket.settimeout(max(deadline - monotonic(), 0.001))
            replies = [frame for frame in self.read() if frame.__class__ is not Push]
            if not replies and monotonic() >= deadline:
                raise ConnectionError("the handshake was not over in time")
            if further := [command for reply in replies for command in handshake.received(reply)]:
                self.write(b"".join(map(encode, further)))
        self.protocol = handshake.protocol

    def _set_tick(self) -> None:
        assert self._socket is not None
        if isinstance(self._socket, ssl.SSLSocket):
            self._channel = TlsSocket(self._socket, self._tick_seconds)
        else:
            self._socket.settimeout(None)
            if self._tick_seconds != inf:
                seconds, rest = divmod(self._tick_seconds, 1)
                tick = struct.pack("ll", int(seconds), int(rest * 1e6))
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, tick)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, tick)

    def write(self, data: bytes, deadline: float = inf) -> None:
        """Sends all of it, or ends the stream and raises: `CommandTimeout` if nobody has taken it by then."""
        try:
            if self.end is not None or self._socket is None:
                raise ConnectionError("it has ended")
            rest = memoryview(data)
            while rest:
                try:
                    rest = rest[self._channel.send(rest) :]
                except BlockingIOError:
                    if monotonic() >= deadline:
                        self.abort(CommandTimeout, f"{self.settings} does not take what is sent to it")
                        raise self.error(Fate.UNKNOWN) from None
        except OSError as error:
            self.abort(ConnectionLost, f"the connection was lost: {error}")
            raise self.error(Fate.UNKNOWN) from None
        except BaseException:  # an interrupt: nobody knows how much was sent (CONN-03)
            self.abort(ConnectionLost, "a write was interrupted")
            raise

    def read(self) -> list[Reply | Push]:
        """The frames that came next; none if nothing whole came within a tick. Ends the stream and raises if
        it has ended, or if what came is not RESP (CONN-04)."""
        try:
            if self.end is not None or self._socket is None:
                raise ConnectionError("it has ended")
            self._buffer[0] = 0  # no frame begins with it
            size = self._channel.recv_into(self._buffer)
        except (BlockingIOError, TimeoutError):
            return []
        except OSError as error:
            self.abort(ConnectionLost, f"the connection was lost: {error}")
            raise self.error(Fate.UNKNOWN) from None
        if not size:
            self.abort(ConnectionLost, "the server closed the connection")
            raise self.error(Fate.UNKNOWN)
        self.heard += 1
        return self._parse(size)

    def wait(self, seconds: float) -> bool:
        """Whether there is something to read, or will be by then; true at the end as well."""
        if self._socket is None or self.end is not None:
            return True
        if isinstance(self._channel, TlsSocket) and self._channel.pending():
            return True
        return bool(self._poll.poll(None if seconds == inf else max(seconds, 0) * 1000))

    def unasked(self) -> None:
        """More has come than was owed, or is about to: nobody could tell it from an answer (CONN-04)."""
        self._garbage("a reply came that nobody asked for")

    @property
    def took(self) -> bool:
        """Whether the last read may have taken bytes: if it was interrupted, they are lost (CONN-03)."""
        return bool(self._buffer[0]) or self.part_read

    @property
    def part_read(self) -> bool:
        """Whether part of a frame has been read."""
        return bool(self._reader.has_data())

    def abort(self, kind: type[PoolproofError], reason: str) -> None:
        """Ends the stream now, unless it has ended already, and wakes whoever reads, writes or dials."""
        if self.end is None:
            self.end = kind, reason
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # below TLS, which others may be using

    def close(self) -> None:
        """Gives the descriptor back; only when no other thread is in here."""
        if self._socket is not None:
            self._socket.close()

    __del__ = close

    def error(self, fate: Fate) -> PoolproofError:
        """Why the stream has ended, for one caller."""
        assert self.end is not None
        kind, reason = self.end
        return call_ended(kind, reason, fate)

    def disown(self) -> None:
        """In a child of a fork: leaves the socket to the parent (LIFE-07)."""
        if self._socket is not None:
            disown(self._socket.fileno())

    def _parse(self, size: int) -> list[Reply | Push]:
        frames: list[Reply | Push] = []
        try:
            self._reader.feed(self._buffer, 0, size)  # type: ignore[arg-type]  # stub: str or bytes only
            while (frame := self._reader.gets()) is not NOT_ENOUGH:
                frames.append(frame)
        except (ProtocolError, TypeError) as error:  # TypeError: a map whose key cannot be hashed
            self._garbage(str(error))
            if not frames:
                raise self.error(Fate.UNKNOWN) from None
        return frames

    def _garbage(self, what: str) -> None:
        self.abort(ProtocolError, f"closed, as its replies cannot be told apart any more: {what}")
