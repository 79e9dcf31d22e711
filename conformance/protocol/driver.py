"""A running driver: requests go in, replies and events come out; every breach of the protocol is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from select import select
from time import monotonic
from typing import Any, Self

from .ends import end_of
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

    command: starts it, or says where it will come (`ends.py`). Use it as a context: however that ends, no
    process is left.
    """

    def __init__(self, command: str) -> None:
        self._end = end_of(command)
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
        return self._end.fileno()

    def signal(self, number: int) -> None:
        """Send a signal to its process."""
        self._end.signal(number)

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
            self._end.write(line.encode() + b"\n")
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
            if left <= 0 or not select([self], [], [], left)[0]:
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
        if not says_bye:
            self._end.close_input()
        return self._end.has_ended(seconds)

    def kill(self) -> None:
        """End it at once."""
        self._end.kill()

    def _lines(self) -> Iterator[bytes]:
        while (data := self._end.read()) is not None:
            if not data:
                raise DriverEnded(f"ended its process{self._why()}")
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            yield from (line for line in lines if line.strip())
            if len(self._buffer) > LONGEST_LINE:
                raise DriverFault(f"wrote a line longer than {LONGEST_LINE} bytes")

    def _why(self) -> str:
        unfinished = f", after {self._buffer[:80]!r} without an end of line" if self._buffer else ""
        return self._end.why() + unfinished
