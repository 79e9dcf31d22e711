"""redis-py's connection, as the reference's pool for threads wants it."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any

import redis
from redis.connection import AbstractConnection

from ..commands import learn
from ..errors import ConnectionLost, PoolproofError
from ..ownership import disown
from ..resp import Argument, encode
from .account import Account, commands_in, unread
from .errors import connect_failed

CHECK_SECONDS = 5.0  # for an idle connection to answer a PING


class Connection(Account, AbstractConnection):
    """Stands before the class of the user's choice: `type("", (Connection, redis.SSLConnection), {})`."""

    _deadline = inf  # of the dial that goes on
    _heard = -inf  # when the last reply was read

    @property
    def _redis(self) -> Any:
        """The same connection, as redis-py has it."""
        return super()

    def connect(self, limit_seconds: float = inf) -> None:
        """Dials if it has to. Fails with an error of redis-py's and ours, and leaves no socket (CONN-06)."""
        if self._sock is not None:
            return
        self.unless_closed()
        self._deadline = monotonic() + limit_seconds
        self.open_account()
        try:
            self._redis.connect()
            self.unless_closed()  # closes a race: the pool was closed meanwhile
        except BaseException as error:
            self.close()  # redis-py does so after its own errors only (CONN-05)
            if isinstance(error, Exception):
                raise connect_failed(error) from error
            raise
        finally:
            self._deadline = inf
        if self._sock is not None:
            self._sock.settimeout(self.socket_timeout)
        self.greeted()
        self._heard = monotonic()

    def _connect(self) -> Any:
        ordinary, left = self.socket_connect_timeout, max(self._deadline - monotonic(), 0.001)
        try:
            self.socket_connect_timeout = ordinary if left == inf else min(left, ordinary or inf)
            opened: socket.socket = self._redis._connect()
        finally:
            self.socket_connect_timeout = ordinary
        if left < inf:
            opened.settimeout(min(left, self.socket_timeout or inf))  # for the handshake
        return opened

    def send_packed_command(self, command: str | bytes | Iterable[bytes], check_health: bool = True) -> None:
        self.connect()  # here and not within: else its handshake would be taken for the caller's
        chunks, commands = commands_in(command)
        for name in self.unheard_of(commands):
            self.send_packed_command([encode(("COMMAND", "INFO", name))], check_health)
            with suppress(redis.ResponseError):
                learn(name, self.read_response())
        self.sent(commands)
        self._redis.send_packed_command(chunks, check_health)

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            reply = self._redis.read_response(*arguments, **options)
        except redis.ResponseError as error:
            self.answered(error)
            raise
        self.answered()
        self._heard = monotonic()
        return reply

    # What the pool asks of its connections.

    @property
    def end(self) -> tuple[type[PoolproofError], str] | None:
        """Why it cannot be used; None if it can."""
        return self.ended or ((ConnectionLost, "it was disconnected") if self._sock is None else None)

    def alive(self) -> bool:
        """Whether it can be lent: it has not ended, and nothing came that would be taken for an answer."""
        if self._sock is None or self.ended is not None:
            return False
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        buffered = isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()
        return not (buffered or poll.poll(0) or unread(getattr(self, "_parser", None)))

    def fit(self) -> bool:
        """Whether it can be lent unasked: it is alive, and was heard of not long ago."""
        return monotonic() - self._heard < self.check_after_seconds and self.alive()

    def execute(self, command: tuple[Argument, ...]) -> None:
        """The pool's PING, before it lends one that is not fit."""
        if not self.alive():
            raise ConnectionLost("it was found dead")
        try:
            assert self._sock is not None
            self._sock.settimeout(CHECK_SECONDS)
            self.send_packed_command([encode(command)], check_health=False)
            self.read_response()
            self._sock.settimeout(self.socket_timeout)
        except (redis.RedisError, OSError) as error:
            raise ConnectionLost(f"no answer to a PING: {error}") from error

    def abort(self, kind: type[PoolproofError], reason: str) -> None:
        """Ends it for whoever uses it, who will close it."""
        self.give_up(kind, reason)
        if (opened := self._sock) is not None:
            with suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # below TLS, which its user may be using

    def close(self) -> None:
        self._redis.disconnect()

    def disown(self) -> None:
        """In a child of a fork: leaves the socket to the parent (LIFE-07)."""
        if self._sock is not None:
            disown(self._sock.fileno())
