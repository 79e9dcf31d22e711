"""The client's end of an in-memory connection, as an asyncio transport.

It behaves as asyncio's own over TCP. A connection that the server closed first reads what was sent before,
then end-of-file. A write that crosses the server's close is lost, and a reset comes instead of the end of
file; one more write fails, which ends the connection, and what was not read yet is lost. After `close`, and
after an error that the protocol raised, nothing is delivered any more; the protocol hears `connection_lost`
from the loop, never from inside the call.
"""

import asyncio
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..network import ADDRESS

if TYPE_CHECKING:
    from .network import Network


HIGH_WATER_BYTES = 64 * 1024  # of what was not taken yet: then the protocol is told, as in asyncio


class SimulatedTransport(asyncio.Transport):
    """See the module. `incoming` is what the server sent and the client has not been given yet."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BaseProtocol,
        network: "Network",
        number: int,
    ) -> None:
        super().__init__(
            {"socket": _Socket(), "peername": _Socket.peer, "sockname": _Socket.name}  # what clients look at
        )
        self.incoming = bytearray()
        self._loop = loop
        self._protocol: Any = protocol
        self._network = network
        self._number = number
        self._paused = False  # the client asked for no more data
        self._closed = False  # the client closed, or was told that the connection is lost
        self._server_gone = False
        self._end_due = False  # end-of-file is still to be delivered
        self._reset = False  # a write came too late, and the server's answer to it is a reset
        self._outgoing = bytearray()  # written by the client, and not taken yet by the network
        self._lingers = False  # the client closed, and what is outgoing has to go first
        self._holds_up = False  # the protocol was told to write no more for now
        self._high, self._low = HIGH_WATER_BYTES, HIGH_WATER_BYTES // 4

    # the network's side

    def receive(self, data: bytes) -> None:
        self.incoming += data

    def server_closed(self, listens: bool = False) -> None:
        self._server_gone = not listens
        self._end_due = True

    def server_reset(self) -> None:
        self.incoming.clear()
        self._server_gone = self._end_due = self._reset = True

    def has_room(self) -> None:
        """Hand over what the network takes; tell the protocol if that leaves much, or little again."""
        if self._server_gone:
            self._outgoing.clear()
        taken = bytes(self._outgoing[: self._network.room(self._number)])
        del self._outgoing[: len(taken)]
        if taken:
            self._network.write(self._number, taken)
        if self._lingers and not self._outgoing:
            self._hang_up(None)
        elif not self._holds_up and len(self._outgoing) > self._high:
            self._holds_up = True
            self._protocol.pause_writing()
        elif self._holds_up and len(self._outgoing) <= self._low:
            self._holds_up = False
            self._loop.call_soon(self._protocol.resume_writing)

    def has_news(self) -> bool:
        """Whether `deliver` has something to deliver."""
        return not self._closed and not self._paused and (bool(self.incoming) or self._end_due)

    def deliver(self) -> None:
        """Hand the protocol what has come: the next bytes, else the end of the stream or a reset."""
        if not self.has_news():  # it closed or paused since it was asked
            return
        try:
            buffer = self._lent_buffer()  # before it is known what there is to read, as in asyncio
            if self.incoming:
                self._feed(buffer)
            elif self._reset:
                self._lose(ConnectionResetError(104, "Connection reset by peer"))
            else:
                self._end_due = False
                if not self._protocol.eof_received():
                    self._lose(None)
        except Exception as error:
            message = "Fatal error: the protocol raised an error"
            self._loop.call_exception_handler({"message": message, "exception": error, "transport": self})
            self._lose(error)

    def _lent_buffer(self) -> "memoryview[Any] | None":
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            return None
        buffer = memoryview(self._protocol.get_buffer(-1))
        if not buffer:
            raise RuntimeError("get_buffer() returned an empty buffer")
        return buffer

    def _feed(self, buffer: "memoryview[Any] | None") -> None:
        size = min(self._network.chunk_bytes or len(self.incoming), len(self.incoming))
        if buffer is None:
            self._protocol.data_received(self._taken(size))
        else:
            size = min(size, len(buffer))
            buffer[:size] = self._taken(size)
            self._protocol.buffer_updated(size)

    def _taken(self, size: int) -> bytes:
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def _lose(self, error: Exception | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._hang_up(error)

    def _hang_up(self, error: Exception | None) -> None:
        self._lingers = False
        self._outgoing.clear()
        self._network.hang_up(self._number)
        if not self._loop.is_closed():  # a forgotten connection may be collected after its run
            self._loop.call_soon(self._protocol.connection_lost, error)

    # the client's side

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if self._closed or not data:
            return
        if not self._server_gone:
            self._outgoing += data
            self.has_room()
        elif not self._reset:
            self._reset = True
        elif self._end_due:
            self._lose(ConnectionResetError(104, "Connection reset by peer"))
        else:
            self._lose(BrokenPipeError(32, "Broken pipe"))

    def writelines(self, list_of_data: Iterable["bytes | bytearray | memoryview[Any]"]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if self._outgoing and not self._closed:
            self._closed = self._lingers = True
        self._lose(None)

    def abort(self) -> None:
        if self._lingers:
            self._hang_up(None)
        self._lose(None)

    def is_closing(self) -> bool:
        return self._closed

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False

    def is_reading(self) -> bool:
        return not self._paused and not self._closed

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return len(self._outgoing)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high if high is not None else HIGH_WATER_BYTES if low is None else 4 * low
        self._low = low if low is not None else self._high // 4

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol


class _Socket:
    """What `get_extra_info("socket")` gives: enough for clients that set options on it."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP
    peer = ADDRESS
    name = ("127.0.0.1", 50000)

    def setsockopt(self, *_: object) -> None:
        pass

    def getsockopt(self, *_: object) -> int:
        return 0

    def getpeername(self) -> tuple[str, int]:
        return self.peer

    def getsockname(self) -> tuple[str, int]:
        return self.name

    def fileno(self) -> int:
        return -1
