"""The other end of the conversation: a driver's process, or one that somebody else started and attached."""

import os
import re
import shlex
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import Protocol

from .messages import DriverFault

ATTACH = "attach:"  # and a port: how a command says that the driver will come by itself
HOST = "127.0.0.1"
READ_AT_ONCE = 65536
LONGEST_COMPLAINT = 200
_TELLING = re.compile(r"Error|Exception|panic")  # of all that a dying program says


class End(Protocol):
    """Bytes to a driver, and bytes from it."""

    def fileno(self) -> int:
        """To be asked whether there is something to read."""
        ...

    def write(self, data: bytes) -> None:
        """Raises OSError if nobody reads it any more."""
        ...

    def read(self) -> bytes | None:
        """What is there; None: nothing yet; empty: nothing will come any more."""
        ...

    def close_input(self) -> None:
        """The driver is to see the end of its input."""
        ...

    def signal(self, number: int) -> None:
        """Where there is a process."""
        ...

    def has_ended(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        ...

    def why(self) -> str:
        """How it ended, if it did, and the last thing that it complained of."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


def end_of(command: str) -> End:
    """Raises DriverFault if the command can't be started."""
    if command.startswith(ATTACH):
        return Attached(int(command.removeprefix(ATTACH)))
    return Process(command)


class Process:
    """A process of ours."""

    def __init__(self, command: str) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        try:
            self._process = subprocess.Popen(
                shlex.split(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
            )
        except (OSError, ValueError) as problem:
            self._complaints.close()
            raise DriverFault(f"can't be started: {problem}") from None
        assert self._process.stdin and self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._out.fileno(), False)

    def fileno(self) -> int:
        return self._out.fileno()

    def write(self, data: bytes) -> None:
        self._in.write(data)

    def read(self) -> bytes | None:
        try:
            return os.read(self._out.fileno(), READ_AT_ONCE)
        except BlockingIOError:
            return None

    def close_input(self) -> None:
        with suppress(OSError):
            self._in.close()

    def signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def has_ended(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def why(self) -> str:
        self.has_ended(0.2)
        code = self._process.poll()
        how = "" if code is None else f" by signal {-code}" if code < 0 else f" with exit code {code}"
        self._complaints.seek(0)
        complaints = self._complaints.read().decode(errors="replace")
        said = [line.strip() for line in complaints.splitlines() if line.strip()]
        telling = [line for line in said if _TELLING.search(line)] or said
        return how + (f"; its standard error says: {telling[-1][:LONGEST_COMPLAINT]}" if telling else "")

    def kill(self) -> None:
        """What it has started ends with the process group, which is the suite's."""
        self._process.kill()
        self._process.wait()
        for stream in (self._in, self._out, self._complaints):
            with suppress(OSError):
                stream.close()


class Attached:
    """A driver that somebody else has started, in a debugger say: its standard input and output are a socket.

    It is waited for without a limit, and is not ours to end.
    """

    def __init__(self, port: int) -> None:
        try:
            with socket.create_server((HOST, port)) as listener:
                self._socket, _ = listener.accept()
        except OSError as problem:
            raise DriverFault(f"can't be waited for at port {port}: {problem.strerror}") from None
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def write(self, data: bytes) -> None:
        self._socket.setblocking(True)
        self._socket.sendall(data)
        self._socket.setblocking(False)

    def read(self) -> bytes | None:
        try:
            return self._socket.recv(READ_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def close_input(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def signal(self, number: int) -> None:
        """It stands still when its debugger wants."""

    def has_ended(self, seconds: float) -> bool:  # noqa: ARG002
        return True

    def why(self) -> str:
        return ""

    def kill(self) -> None:
        self._socket.close()
