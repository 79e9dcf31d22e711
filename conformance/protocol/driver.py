"""A driver's process: requests go in, replies and events come out; every breach of the protocol is told."""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from select import select
from time import monotonic
from typing import Any, Self

from .messages import (
    LONGEST_LINE,
    PROTOCOL,
    DriverEnded,
    DriverFault,
    Hello,
    Message,
    check_reply,
    read_hello,
    read_line,
)

START_SECONDS = 20.0  # the time of a runtime that has to warm up
BYE_SECONDS = 1.0

OnReply = Callable[[Message], None]


class Driver:
    """A running driver. Not for several threads. Raises DriverFault wherever it breaks the protocol.

    Use it as a context: however that ends, no process is left.
    """

    def __init__(self, command: str) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._command = command
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
        self._buffer = b""
        self._last_id = 0
        self._waiting: dict[int, tuple[str, OnReply]] = {}
        self._answered: set[int] = set()
        self._listeners: dict[int, OnReply] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def fileno(self) -> int:
        return self._out.fileno()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def waiting(self) -> int:
        """How many requests have no reply yet."""
        return len(self._waiting)

    def request(self, verb: str, on_reply: OnReply, on_event: OnReply | None = None, **fields: Any) -> int:
        """Send a request; its `id`. The reply is given to `on_reply` by `read`."""
        self._last_id += 1
        number = self._last_id
        self._waiting[number] = verb, on_reply
        if on_event:
            self._listeners[number] = on_event
        self.send(json.dumps({"id": number, "do": verb} | fields))
        return number

    def send(self, line: str) -> None:
        """Write one line as it is."""
        try:
            self._in.write(line.encode() + b"\n")
        except OSError:
            raise DriverEnded(f"does not read its input any more{self._why()}") from None

    def read(self) -> None:
        """Take in what the driver has written by now, and hand it on."""
        for line in self._lines():
            message = read_line(line)
            if "event" in message:
                if listener := self._listeners.get(message["of"]):
                    listener(message)
                continue
            number = message["id"]
            if number not in self._waiting:
                again = "a second time " if number in self._answered else ""
                raise DriverFault(f"answered request {number} {again or 'that was never made '}".rstrip())
            verb, on_reply = self._waiting.pop(number)
            self._answered.add(number)
            check_reply(verb, message)
            on_reply(message)

    def ask(self, verb: str, seconds: float, **fields: Any) -> Message:
        """Send a request and wait for its reply."""
        replies: list[Message] = []
        self.request(verb, replies.append, **fields)
        deadline = monotonic() + seconds
        while not replies:
            left = deadline - monotonic()
            if left <= 0 or not select([self._out], [], [], left)[0]:
                raise DriverFault(f"did not answer {verb} within {seconds:g} s{self._why()}")
            self.read()
        return replies[0]

    def hello(self, time_scale: float = 1.0) -> Hello:
        """What the driver declares."""
        reply = self.ask("hello", START_SECONDS * time_scale, protocol=PROTOCOL)
        if not reply["ok"]:
            raise DriverFault(f"refused hello: {reply.get('text', reply['kind'])}")
        return read_hello(reply)

    def leaves(self, seconds: float, says_bye: bool = True) -> bool:
        """Tell it to end, by `bye` or by the end of its input; whether it does so in time."""
        with suppress(DriverFault):
            if says_bye:
                self.request("bye", lambda _: None)
        with suppress(OSError):
            if not says_bye:
                self._in.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it at once. What it has started ends with the process group, which is the suite's."""
        self._process.kill()
        self._process.wait()
        for stream in (self._in, self._out, self._complaints):
            with suppress(OSError):
                stream.close()

    def _lines(self) -> Iterator[bytes]:
        while True:
            try:
                data = os.read(self._out.fileno(), 65536)
            except BlockingIOError:
                return
            if not data:
                raise DriverEnded(f"ended its process{self._why()}")
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            yield from (line for line in lines if line.strip())
            if len(self._buffer) > LONGEST_LINE:
                raise DriverFault(f"wrote a line longer than {LONGEST_LINE} bytes")

    def _why(self) -> str:
        """How the process ended, if it did, and the last thing it said on standard error."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        code = self._process.poll()
        how = "" if code is None else f" by signal {-code}" if code < 0 else f" with exit code {code}"
        self._complaints.seek(0)
        said = [
            line for line in self._complaints.read().decode(errors="replace").splitlines() if line.strip()
        ]
        if self._buffer:
            how += f", after {self._buffer[:80]!r} without an end of line"
        return how + (f"; its standard error ends: {said[-1].strip()[:200]}" if said else "")
