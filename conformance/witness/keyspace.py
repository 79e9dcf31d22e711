"""Keys and values of one database: strings, lists and streams.

Every change of a key gives it a new version, by which EXEC sees whether a watched key was touched, and is
told to the server, which tells those who track the key. A key whose time has passed goes when somebody looks.
A key that becomes a list, or a stream that grows, wakes those who wait for it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .replies import WRONG_TYPE, Refusal

Clock = Callable[[], float]


class StreamId(NamedTuple):
    """Of an entry of a stream: milliseconds and a number among those of the same millisecond."""

    milliseconds: int
    sequence: int

    def __bytes__(self) -> bytes:
        return b"%d-%d" % self


BEGINNING = StreamId(0, 0)


@dataclass(eq=False, slots=True)
class Stream:
    """Entries in the order of their ids; each is names and values in turn."""

    entries: list[tuple[StreamId, list[bytes]]] = field(default_factory=list[tuple[StreamId, list[bytes]]])
    last: StreamId = BEGINNING

    def after(self, start: StreamId) -> list[tuple[StreamId, list[bytes]]]:
        """The entries past that id."""
        return [entry for entry in self.entries if entry[0] > start]


List = deque[bytes]
Value = bytes | List | Stream


class Database:
    """One numbered database. `touched` and `became_ready` are told the database and the key."""

    def __init__(
        self,
        number: int,
        clock: Clock,
        touched: "Callable[[Database, bytes], None]",
        became_ready: "Callable[[Database, bytes], None]",
    ) -> None:
        self.number = number
        self._clock = clock
        self._touched = touched
        self._became_ready = became_ready
        self._values: dict[bytes, Value] = {}
        self._deadlines: dict[bytes, float] = {}
        self._versions: dict[bytes, int] = {}

    # looking

    def get(self, key: bytes) -> Value | None:
        """The value; None if there is none, or none any more."""
        if key in self._deadlines and self._deadlines[key] <= self._clock():
            self.remove(key)
        return self._values.get(key)

    def string(self, key: bytes) -> bytes | None:
        """The string; raises Refusal if the value is none."""
        value = self.get(key)
        if value is not None and not isinstance(value, bytes):
            raise Refusal(WRONG_TYPE)
        return value

    def list(self, key: bytes) -> List | None:
        """The list, never an empty one; raises Refusal if the value is none."""
        value = self.get(key)
        if value is not None and not isinstance(value, deque):
            raise Refusal(WRONG_TYPE)
        return value

    def stream(self, key: bytes) -> Stream | None:
        """The stream; raises Refusal if the value is none."""
        value = self.get(key)
        if value is not None and not isinstance(value, Stream):
            raise Refusal(WRONG_TYPE)
        return value

    def names(self) -> Iterator[bytes]:
        """All keys."""
        return (key for key in list(self._values) if self.get(key) is not None)

    def version(self, key: bytes) -> int:
        """Another one after every change."""
        self.get(key)
        return self._versions.get(key, 0)

    def seconds_left(self, key: bytes) -> float | None:
        """How long the key has to live; None: for ever."""
        deadline = self._deadlines.get(key)
        return None if deadline is None else deadline - self._clock()

    # changing

    def put(self, key: bytes, value: Value, seconds: float | None = None, keeps_limit: bool = False) -> None:
        """The key has that value, and that long to live."""
        if not keeps_limit:
            self._deadlines.pop(key, None)
        if seconds is not None:
            self._deadlines[key] = self._clock() + seconds
        self._values[key] = value
        self.touch(key)

    def create(self, key: bytes, value: List | Stream) -> None:
        """A list or stream begins; it is touched when something comes in."""
        self._values[key] = value
        self.ready(key)

    def ready(self, key: bytes) -> None:
        """Those who wait for the key may look."""
        self._became_ready(self, key)

    def touch(self, key: bytes) -> None:
        """The key has changed."""
        self._versions[key] = self._versions.get(key, 0) + 1
        self._touched(self, key)

    def limit(self, key: bytes, seconds: float | None) -> None:
        """The key has that long to live from now on; None: for ever."""
        if seconds is None:
            self._deadlines.pop(key, None)
        else:
            self._deadlines[key] = self._clock() + seconds
        self.touch(key)

    def remove(self, key: bytes) -> bool:
        """Whether the key was there."""
        self._deadlines.pop(key, None)
        if self._values.pop(key, None) is None:
            return False
        self.touch(key)
        return True

    def clear(self) -> None:
        """All keys go. Who tracks keys is told otherwise."""
        for key in self._values:
            self._versions[key] = self._versions.get(key, 0) + 1
        self._values.clear()
        self._deadlines.clear()
