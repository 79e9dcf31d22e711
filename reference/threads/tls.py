"""A TLS connection that one thread reads while another one writes.

OpenSSL lets only one thread at a time into a connection, and what it says of an error is wrong if another
was in meanwhile: a connection that is well looks as if the server had closed it. So a thread that has to
wait does so outside, by `poll`, and goes in for what can be done at once. From without it looks like a plain
socket with SO_RCVTIMEO and SO_SNDTIMEO.
"""

from __future__ import annotations

import select
import ssl
from _thread import allocate_lock

WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class TlsSocket:
    """Its methods raise `BlockingIOError` if nothing could be done within a tick."""

    def __init__(self, socket: ssl.SSLSocket, tick_seconds: float) -> None:
        socket.setblocking(False)
        self._socket = socket
        self._turn = allocate_lock()
        self._tick = None if tick_seconds == float("inf") else tick_seconds * 1000
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(socket, select.POLLIN)
        self._writable.register(socket, select.POLLOUT)

    def send(self, data: memoryview) -> int:
        try:
            with self._turn:
                return self._socket.send(data)
        except WOULD_BLOCK:
            self._writable.poll(self._tick)
            raise BlockingIOError from None

    def recv_into(self, buffer: memoryview) -> int:
        if not self.pending():
            self._readable.poll(self._tick)
        try:
            with self._turn:
                return self._socket.recv_into(buffer)
        except WOULD_BLOCK:
            raise BlockingIOError from None

    def pending(self) -> int:
        """How much has been deciphered and not read: no poll tells of it."""
        with self._turn:
            return self._socket.pending()
