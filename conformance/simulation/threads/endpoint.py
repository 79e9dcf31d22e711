"""What an operating system knows of one TCP socket of the client; nothing here blocks.

    fresh -- dial --> dialling -- admitted --> connected -- reset, or ended both ways --> gone
      ^                  |
      `---- refused -----'   (a refusal nobody has been told of is an error that waits)

As Linux has it: what was received can be read to its end whatever happens, then comes the server's end, then
an error that waits, once. The first write after the server's close succeeds and brings a reset back; the next
one fails.

What the server sends is on its way until a delivery takes its turn in the scheduler's queue.
"""

import errno
import os
import select
from enum import Enum
from typing import TYPE_CHECKING

from ..network import Dial
from .thread import SimulatedThread, present

if TYPE_CHECKING:
    from .kernel import Kernel


class State(Enum):
    """Of a socket; see the module."""

    FRESH = "fresh"
    DIALLING = "dialling"
    CONNECTED = "connected"
    GONE = "gone"


class Endpoint:
    """One TCP socket. `waiting` are the threads that are parked until something changes."""

    def __init__(self, kernel: "Kernel") -> None:
        self.kernel = kernel
        self.state = State.FRESH
        self.waiting: list[SimulatedThread] = []
        self._dial: Dial | None = None
        self._incoming = bytearray()
        self._on_its_way = bytearray()
        self._server_has_closed = False  # its end is on its way, or here
        self._server_listens = True
        self._is_reset = False  # a reset is on its way
        self._is_announced = False  # a delivery is in the queue
        self._has_ended = False
        self._shut_reading = False
        self._shut_writing = False
        self._error: OSError | None = None
        self._callers = 0  # inside a call that waits
        self._is_closed = False

    @property
    def number(self) -> int:
        """Of the connection, as the history has it; 0: never dialled."""
        return self._dial.connection if self._dial else 0

    # the network's side: the outcome of a dial, and the end of a connection

    def done(self) -> bool:
        return self.state is not State.DIALLING

    def set_result(self, _: None, /) -> None:
        assert self._dial
        self.state = State.CONNECTED
        self.kernel.connect(self._dial, self)
        self._wake()

    def set_exception(self, error: Exception, /) -> None:
        assert self._dial
        self.state = State.GONE
        self._error = _error(errno.ECONNREFUSED)
        self.kernel.failed(self._dial, error)
        self._wake()

    def receive(self, data: bytes) -> None:
        self._on_its_way += data
        self._announce()

    def server_closed(self, listens: bool = False) -> None:
        self._server_has_closed = True
        self._server_listens = listens
        self._announce()

    def server_reset(self) -> None:
        self._server_has_closed = self._is_reset = True
        self._server_listens = False
        self._announce()

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            self.kernel.scheduler.soon(self._deliver)

    def _deliver(self) -> None:
        self._is_announced = False
        if self._is_reset:
            self._be_reset()
            return
        size = self.kernel.chunk_bytes or len(self._on_its_way)
        self._incoming += self._on_its_way[:size]
        del self._on_its_way[:size]
        if self._on_its_way:
            self._announce()
        elif self._server_has_closed:
            self._has_ended = True
            if self._shut_writing:
                self.state = State.GONE
        self._wake()

    def _be_reset(self) -> None:
        """What had not arrived yet is lost."""
        self._on_its_way.clear()
        self.state = State.GONE
        self._error = _error(errno.EPIPE if self._has_ended else errno.ECONNRESET)
        self._wake()

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for thread in waiting:
            self.kernel.scheduler.wake(thread)

    # the client's side

    def dial(self) -> None:
        """Begin to connect. Raises what connect(2) does."""
        match self.state:
            case State.FRESH:
                self.state = State.DIALLING
                self._dial = self.kernel.dial(self)
            case State.DIALLING:
                raise _error(errno.EALREADY)
            case State.CONNECTED:
                raise _error(errno.EISCONN)
            case State.GONE:
                self.finish_dial()
                raise _error(errno.EISCONN)

    def finish_dial(self) -> bool | None:
        """True: connected; None: not yet. Raises ConnectionRefusedError, once: then it is fresh again."""
        if self.state is State.DIALLING:
            return None
        if self.state is State.GONE and self._error:
            self.state = State.FRESH
            raise self._take_error()
        return True

    def read(self, size: int, peek: bool = False) -> bytes | None:
        """Bytes; b"": the end; None: nothing yet. Raises OSError."""
        if self._incoming:
            data = bytes(self._incoming[:size])
            if not peek:
                del self._incoming[:size]
            return data
        if self._has_ended:
            return b""
        if self._error:
            raise self._take_error()
        if self._shut_reading or self.state is State.GONE:
            return b""
        if self.state is State.FRESH:
            raise _error(errno.ENOTCONN)
        return None

    def write(self, data: bytes) -> int | None:
        """The number of bytes written; None: there is no room, or it is not connected yet. Raises OSError."""
        if self._error:
            raise self._take_error()
        if self.state is State.DIALLING:
            return None
        if self.state is not State.CONNECTED or self._shut_writing:
            raise _error(errno.EPIPE)
        if not data:
            return 0
        if self._has_ended and not self._server_listens:
            self.state = State.GONE  # the server, which has closed, answers with a reset
            self._error = _error(errno.EPIPE)
            self._wake()
        elif self._server_listens:
            data = data[: self.kernel.room(self.number)]
            if not data:
                return None
            self.kernel.write(self.number, data)
        return len(data)

    def has_room(self) -> None:
        self._wake()

    def shut(self, reading: bool, writing: bool) -> None:
        """Shut one direction or both down. A server whose client sends no more closes. Raises OSError."""
        self._shut_reading |= reading
        self.check_connected()
        if writing and not self._shut_writing:
            self._shut_writing = True
            self._hang_up()
            self.server_closed()
            if self._has_ended:
                self.state = State.GONE
        self._wake()

    def close(self) -> None:
        """The client lets go of it; but who is inside a call stays inside, and keeps the connection."""
        self._is_closed = True
        if not self._callers:
            self._let_go()

    def _let_go(self) -> None:
        if self.state is State.DIALLING:
            assert self._dial
            self.kernel.failed(self._dial, _error(errno.ECANCELED))
        self.state = State.GONE
        self._hang_up()

    def _hang_up(self) -> None:
        if self.number in self.kernel.ends:
            self.kernel.hang_up(self.number)

    def check_connected(self) -> None:
        """Raises OSError unless there is a peer."""
        if self.state is not State.CONNECTED:
            raise _error(errno.ENOTCONN)

    def take_error(self) -> int:
        """The number of the error that waits, which then waits no more; 0: none."""
        return (self._take_error().errno or 0) if self._error else 0

    def _take_error(self) -> OSError:
        error, self._error = self._error, None
        assert error
        return error

    def events(self) -> int:
        """What poll(2) would say."""
        if self.state is State.DIALLING:
            return 0
        ended = self._has_ended or self._shut_reading or self.state is State.GONE
        gone = self.state is not State.CONNECTED or (ended and self._shut_writing)
        is_full = self._server_listens and not self.kernel.room(self.number)
        return (
            (0 if is_full else select.POLLOUT)
            | (select.POLLIN if self._incoming or ended or self._error else 0)
            | (select.POLLRDHUP if ended else 0)
            | (select.POLLERR if self._error else 0)
            | (select.POLLHUP if gone else 0)
        )

    def wait(self, what: str, until: float | None) -> bool:
        """Park the running thread until something changes; False: the time has come."""
        assert present.thread
        self.waiting.append(present.thread)
        self._callers += 1
        try:
            return self.kernel.scheduler.park(what, until)
        finally:
            self._callers -= 1
            if present.thread in self.waiting:
                self.waiting.remove(present.thread)
            if self._is_closed and not self._callers:
                self._let_go()


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))  # becomes BrokenPipeError and so on by itself
