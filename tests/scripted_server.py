"""A server of few words for clients that block: it answers at once, and never what was not written for it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import hiredis

RESP3 = b"%1\r\n$5\r\nproto\r\n:3\r\n"


class Scripted:
    """A server that answers a command by its last word, unless told otherwise; None: by hanging up.

    Of what it would answer by the last word, it answers no more than `patience`.
    """

    patience = 1_000_000

    def __init__(self) -> None:
        self.answers: dict[bytes, bytes | None] = dict.fromkeys([b"CLIENT", b"AUTH", b"SELECT"], b"+OK\r\n")
        self.answers[b"HELLO"] = RESP3
        self.heard: list[list[list[bytes]]] = []  # the commands of each connection
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._peers: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def say(self, data: bytes) -> None:
        """On all connections."""
        for peer in self._peers:
            with suppress(OSError):
                peer.sendall(data)

    def hang_up(self) -> None:
        for peer in self._peers:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                self._peers.append(peer)
                self.heard.append([])
                self._threads.append(threading.Thread(target=self._serve, args=(peer, self.heard[-1])))
                self._threads[-1].start()

    def _serve(self, peer: socket.socket, heard: list[list[bytes]]) -> None:
        reader = hiredis.Reader()
        with suppress(OSError), peer:
            while data := peer.recv(65536):
                reader.feed(data)
                while (words := reader.gets()) is not False:
                    heard.append(words)
                    last = b"$%d\r\n%s\r\n" % (len(words[-1]), words[-1])
                    answer = self.answers.get(words[0], last)
                    if answer is None:
                        return
                    self.patience -= answer is last
                    if self.patience >= 0:
                        peer.sendall(answer)
