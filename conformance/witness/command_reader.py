"""What a client writes, read as a Redis server reads it: bytes in, commands out, in any pieces.

A command is an array of bulk strings, `*2 $3 GET $1 a` with a line end after each word. Reply parsers are too
generous here: they take `*1 +PING` for a command, and a server does not. What is no command raises
`NotACommand` with the server's own sentence, as soon as the server can know; nothing can be read after it.

Nearly all commands come whole and hold no line end, and are taken apart by the line ends in one go; the
others, and what is no command, are read number by number.

One thing is left out on purpose. A server takes a line that begins with anything but `*` for a command typed
by a person; from a client library it means that its bytes are out of step.
"""

import re
from collections import deque

LONGEST_WORD_BYTES = 512 * 1024 * 1024
MOST_WORDS = 2**31 - 1

_USUAL_WORDS = {b"*%d" % count: count for count in range(1, 16)}
_USUAL_SIZES = [b"$%d" % size for size in range(2_000)]
_NUMBER = re.compile(rb"0|-?[1-9][0-9]{0,17}")


class NotACommand(Exception):
    """The message is what a server says to that."""


class CommandReader:
    """Feed it bytes, then ask for commands."""

    def __init__(self) -> None:
        self._whole: deque[list[bytes]] = deque()  # commands that have come
        self._unread = bytearray()  # behind them

    @property
    def unread(self) -> bytes:
        """What has come and is no usual command, or not a complete one."""
        return bytes(self._unread)

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        if not self._unread:
            lines = data.split(b"\r\n")
            data = b"\r\n".join(lines[self._take_whole(lines) :])
        self._unread += data

    def _take_whole(self, lines: list[bytes]) -> int:
        """How many lines are usual commands, complete."""
        place, last = 0, len(lines) - 1  # the last line has no end yet
        while place < last:
            end = place + 1 + 2 * _USUAL_WORDS.get(lines[place], last)
            if end > last:
                return place
            words = lines[place + 2 : end : 2]
            for size, word in zip(lines[place + 1 : end : 2], words, strict=True):
                if len(word) >= len(_USUAL_SIZES) or size != _USUAL_SIZES[len(word)]:
                    return place
            self._whole.append(words)
            place = end
        return place

    def next(self) -> list[bytes] | None:
        """The words of the next command; None: it is not complete. Raises NotACommand.

        An empty array is no command, and is skipped.
        """
        if self._whole:
            return self._whole.popleft()
        while self._unread and (read := self._read()) is not None:
            words, end = read
            del self._unread[:end]
            if words:
                return words
        return None

    def _read(self) -> tuple[list[bytes], int] | None:
        header = self._number(0, b"*", "invalid multibulk length", MOST_WORDS)
        if header is None:
            return None
        count, place = header
        words: list[bytes] = []
        while len(words) < count:
            header = self._number(place, b"$", "invalid bulk length", LONGEST_WORD_BYTES)
            if header is None:
                return None
            size, start = header
            if size < 0:
                raise NotACommand("invalid bulk length")
            place = start + size + 2
            if len(self._unread) < place:
                return None
            if not self._unread.endswith(b"\r\n", place - 2, place):
                raise NotACommand("invalid CRLF in request")
            words.append(bytes(self._unread[start : start + size]))
        return words, place

    def _number(self, place: int, mark: bytes, complaint: str, limit: int) -> tuple[int, int] | None:
        """The number on the line that begins here with that mark, and where the next line begins."""
        end = self._unread.find(b"\r", place)
        if end < 0 or len(self._unread) < end + 2:
            return None
        line = bytes(self._unread[place:end])
        if line[:1] != mark:
            raise NotACommand(f"expected '{mark.decode()}', got '{chr(self._unread[place])}'")
        if not _NUMBER.fullmatch(line, 1) or int(line[1:]) > limit:
            raise NotACommand(complaint)
        return int(line[1:]), end + 2
