"""`_socket`, simulated: TCP sockets that block, time out and fail as real ones do.

Using the network (to connect, send, receive, look up a name) is a point, where others may come first; to
close is none. Every address is the witness's. What is written is taken at once, as by a kernel with room.

A limit can be set in two ways, and they differ. `settimeout` makes CPython wait for the socket first, then
raise TimeoutError. SO_RCVTIMEO and SO_SNDTIMEO make the system call itself give up: BlockingIOError.

Not simulated: servers, Unix sockets, datagrams.
"""

import _socket as real
import errno
import os
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ..network import ADDRESS
from .thread import present, running_scheduler

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from .endpoint import Endpoint

_TIMEVAL = struct.Struct("ll")
_LIMITS = real.SO_RCVTIMEO, real.SO_SNDTIMEO
_FOUND = (real.AF_INET, real.SOCK_STREAM, real.IPPROTO_TCP, "")

ResultT = TypeVar("ResultT")


class Socket:
    """`_socket.socket`. One that is forgotten is closed."""

    __slots__ = ("_descriptor", "_endpoint", "_family", "_options", "_protocol", "_timeout", "_type")

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        self._descriptor = -1
        self._family = real.AF_INET if family == -1 else int(family)
        self._type = real.SOCK_STREAM if type == -1 else int(type)
        self._protocol = max(0, int(proto))
        self._timeout: float | None = None
        self._options: dict[tuple[int, int], Any] = {}
        if self._family not in (real.AF_INET, real.AF_INET6) or not self._type & real.SOCK_STREAM:
            raise _error(errno.EAFNOSUPPORT)
        if present.kernel is None:
            raise _error(errno.ENETDOWN)
        if fileno is None:
            self._descriptor, self._endpoint = present.kernel.new_endpoint()
        elif fileno in present.kernel.descriptors:
            self._descriptor, self._endpoint = fileno, present.kernel.descriptors[fileno]
        else:
            raise _error(errno.EBADF)

    family = property(lambda self: self._family)
    type = property(lambda self: self._type)
    proto = property(lambda self: self._protocol)
    timeout = property(lambda self: self._timeout)

    def __del__(self) -> None:
        self.close()

    # descriptors

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            endpoint = self._endpoint
            endpoint.kernel.descriptors.pop(self._descriptor, None)
            self._descriptor = -1
            endpoint.close()

    def detach(self) -> int:
        descriptor, self._descriptor = self._descriptor, -1
        return descriptor

    def _open(self) -> "Endpoint":
        if self._descriptor < 0:
            raise _error(errno.EBADF)
        return self._endpoint

    # limits and options

    def settimeout(self, value: float | None, /) -> None:
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if value is None else float(value)

    def gettimeout(self) -> float | None:
        return self._timeout

    def setblocking(self, blocking: bool, /) -> None:
        self._timeout = None if blocking else 0.0

    def getblocking(self) -> bool:
        return self._timeout != 0.0

    def setsockopt(self, level: int, option: int, value: Any, length: int = 0, /) -> None:
        self._open()
        if level == real.SOL_SOCKET and option in _LIMITS and not _is_timeval(value):
            raise _error(errno.EINVAL)
        self._options[level, option] = value if value is not None else length

    def getsockopt(self, level: int, option: int, length: int = 0, /) -> int | bytes:
        endpoint = self._open()
        if level == real.SOL_SOCKET and option == real.SO_ERROR:
            return endpoint.take_error()
        value = self._options.get((level, option), 0)
        data: bytes = value.to_bytes(4, "little", signed=True) if isinstance(value, int) else bytes(value)
        return (
            data.ljust(length, b"\0")[:length] if length else int.from_bytes(data[:4], "little", signed=True)
        )

    def _system_limit(self, option: int) -> float | None:
        value = self._options.get((real.SOL_SOCKET, option))
        seconds, microseconds = _TIMEVAL.unpack(value) if value else (0, 0)
        return seconds + microseconds / 1e6 or None

    # connecting

    def connect(self, address: object, /) -> None:
        endpoint = self._open()
        if not isinstance(address, tuple):
            raise TypeError("AF_INET address must be tuple, not " + type(address).__name__)
        running_scheduler().point()
        endpoint.dial()
        if self._timeout == 0.0:
            raise _error(errno.EINPROGRESS)
        self._wait_for(endpoint.finish_dial, "a connection", real.SO_SNDTIMEO, errno.EINPROGRESS)

    def connect_ex(self, address: object, /) -> int:
        try:
            self.connect(address)
        except TimeoutError:
            return errno.EAGAIN
        except OSError as error:
            return error.errno or 0
        return 0

    def getpeername(self) -> tuple[str, int]:
        self._open().check_connected()
        return ADDRESS

    def getsockname(self) -> tuple[str, int]:
        number = self._open().number
        return ("127.0.0.1", 40_000 + number) if number else ("0.0.0.0", 0)

    # data

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if size < 0:
            raise ValueError("negative buffersize in recv")
        endpoint = self._open()
        peek = bool(flags & real.MSG_PEEK)
        running_scheduler().point()
        if flags & real.MSG_DONTWAIT and self._timeout is None:
            data = endpoint.read(size, peek)
            if data is None:
                raise _error(errno.EAGAIN)
            return data
        return self._wait_for(lambda: endpoint.read(size, peek), "data", real.SO_RCVTIMEO, errno.EAGAIN)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        if nbytes > len(view):
            raise ValueError("buffer too small for requested bytes")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, size: int, flags: int = 0, /) -> tuple[bytes, None]:
        return self.recv(size, flags), None

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        del flags
        endpoint, copied = self._open(), bytes(data)
        running_scheduler().point()
        return self._wait_for(lambda: endpoint.write(copied), "room", real.SO_SNDTIMEO, errno.EAGAIN)

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        rest = bytes(data)
        while rest := rest[self.send(rest, flags) :]:
            pass

    def sendmsg(self, buffers: Iterable["ReadableBuffer"], *_: object) -> int:
        return self.send(b"".join(bytes(each) for each in buffers))

    def shutdown(self, how: int, /) -> None:
        self._open().shut(reading=how != real.SHUT_WR, writing=how != real.SHUT_RD)

    def _wait_for(
        self, attempt: Callable[[], ResultT | None], what: str, option: int, not_yet: int
    ) -> ResultT:
        """What the attempt gives in the end. Raises what it raises, and what the limit says."""
        if (result := attempt()) is not None:
            return result
        if self._timeout == 0.0:
            raise _error(not_yet)
        scheduler, endpoint = running_scheduler(), self._endpoint
        limit = self._system_limit(option) if self._timeout is None else self._timeout
        until = None if limit is None else scheduler.now + limit
        while True:
            in_time = endpoint.wait(what, until)
            if self._descriptor < 0 and self._timeout is not None:
                raise _error(errno.EBADF)  # CPython, which has waited, makes its call only now
            if (result := attempt()) is not None:
                return result
            if not in_time:
                raise TimeoutError("timed out") if self._timeout is not None else _error(not_yet)

    # servers

    def bind(self, _: object, /) -> None:
        self._open()

    def listen(self, _: int = 0, /) -> None:
        raise _error(errno.EOPNOTSUPP)

    def _accept(self) -> None:
        raise _error(errno.EOPNOTSUPP)


def _is_timeval(value: object) -> bool:
    return isinstance(value, bytes | bytearray) and len(value) == _TIMEVAL.size


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def getaddrinfo(host: object, port: object, *_: object, **__: object) -> list[tuple[Any, ...]]:
    """Every name is the witness's; to look one up is a point."""
    del host
    if present.scheduler is not None:
        present.scheduler.point()
    return [(*_FOUND, (ADDRESS[0], int(str(port)) if port else 0))]


def gethostbyname(_: str, /) -> str:
    return ADDRESS[0]


def close(descriptor: int, /) -> None:
    """Close what was detached."""
    if present.kernel is None or descriptor not in present.kernel.descriptors:
        raise _error(errno.EBADF)
    present.kernel.descriptors.pop(descriptor).close()
