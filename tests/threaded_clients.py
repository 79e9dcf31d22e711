"""Small synchronous clients: a pool that keeps its promises, and relatives of it with one fault each."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

from poolproof.conformance.adapter import Strength, SynchronousAdapter
from poolproof.conformance.history import ErrorKind


class Timeout(Exception):
    """The acquire limit has passed."""


class Closed(Exception):
    """The pool was closed."""


class Connection:
    """A socket and what was read from it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.unread = b""

    def execute(self, *command: str) -> bytes:
        words = [b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in command]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(words))
        size = int(self._take(self._until(b"\r\n"))[1:])
        while len(self.unread) < size + 2:
            self._read()
        return self._take(size + 2)[:size]

    def _until(self, mark: bytes) -> int:
        while mark not in self.unread:
            self._read()
        return self.unread.index(mark) + len(mark)

    def _read(self) -> None:
        data = self.socket.recv(100)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.unread += data

    def _take(self, size: int) -> bytes:
        data, self.unread = self.unread[:size], self.unread[size:]
        return data

    def is_dead(self) -> bool:
        """Whether it was closed or reset, or something came that nobody had asked for."""
        try:
            self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Pool(SynchronousAdapter):
    """Keeps its promises."""

    interruptible = True

    def open(self) -> None:
        self.idle: list[Connection] = []
        self.lent: set[Connection] = set()
        self.size = 0
        self.is_closed = False
        self.changed = threading.Condition()

    def call(self, *command: str) -> object:
        connection = self.acquire()
        try:
            reply = connection.execute(*command)
        except BaseException:
            self.release(connection, broken=True)
            raise
        self.release(connection)
        return reply

    def acquire(self) -> Connection:
        limit = self.settings.acquire_timeout_seconds
        until = None if limit is None else time.monotonic() + limit
        with self.changed:
            while not self.is_closed and not self.idle and self.size >= self.settings.max_size:
                if not self.changed.wait(None if until is None else max(0.0, until - time.monotonic())):
                    raise Timeout
            if self.is_closed:
                raise Closed
            connection = self.idle.pop() if self.idle else None
            self.size += connection is None
        if connection is not None and connection.is_dead():
            connection.close()
            connection = None
        return self.lend(connection or self.dial())

    def dial(self) -> Connection:
        try:
            return Connection((self.settings.host, self.settings.port))
        except BaseException:
            self.shrink()
            raise

    def lend(self, connection: Connection) -> Connection:
        with self.changed:
            if not self.is_closed:
                self.lent.add(connection)
                return connection
        connection.close()
        self.shrink()
        raise Closed

    def release(self, connection: Connection, broken: bool = False) -> None:
        with self.changed:
            self.lent.discard(connection)
            if not broken and not self.is_closed:
                self.idle.append(connection)
                self.changed.notify()
                return
        connection.close()
        self.shrink()

    def shrink(self) -> None:
        with self.changed:
            self.size -= 1
            self.changed.notify()

    def close(self) -> None:
        with self.changed:
            self.is_closed = True
            connections, self.idle = [*self.idle, *self.lent], []
            self.changed.notify_all()
        for each in connections:
            each.close()

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        match error:
            case Timeout():
                return ErrorKind.ACQUIRE_TIMEOUT
            case Closed():
                return ErrorKind.CLOSED
            case _:
                return SynchronousAdapter.kind(error)


class Uninterruptible(Pool):
    """Claims less: nobody interrupts its callers."""

    interruptible = False


class InterruptibleAnywhere(Pool):
    """Claims more than it keeps: between two statements, an exception can strike anywhere."""

    interrupted_at = Strength.STATEMENT


class CatchesTooLittle(Pool):
    """An interruption goes past `except Exception`, and the connection is never given back."""

    def call(self, *command: str) -> object:
        connection = self.acquire()
        try:
            reply = connection.execute(*command)
        except Exception:
            self.release(connection, broken=True)
            raise
        self.release(connection)
        return reply


class LooksBeforeItLocks(Pool):
    """Another thread can come between the look at the idle connections and the taking."""

    def acquire(self) -> Connection:
        for connection in self.idle[:1]:
            others = self.idle[1:]
            self.idle = others
            return self.lend(connection)
        return super().acquire()


class TwoLocks(Pool):
    """Takes two locks in one order here, and in the other there."""

    def open(self) -> None:
        super().open()
        self.statistics = threading.Lock()
        self.served = 0

    def lend(self, connection: Connection) -> Connection:
        with self.statistics, self.changed:
            self.served += 1
        return super().lend(connection)

    def shrink(self) -> None:
        with self.changed, self.statistics:
            self.served -= 1
        super().shrink()


class AbandonsInACycle(Pool):
    """Has objects that give back what they hold when they are collected, and locks that mind."""

    def open(self) -> None:
        super().open()
        self.changed = threading.Condition(threading.Lock())

    def abandon(self) -> None:
        borrowed: Any = Borrowed(self)
        borrowed.itself = borrowed


class Borrowed:
    """Gives its connection back when it is collected."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.connection = pool, pool.acquire()

    def __del__(self) -> None:
        self.pool.release(self.connection)
