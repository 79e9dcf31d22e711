"""Commands about streams: append, read, and read when there is something to read."""

import re

from ..command import NO_KEYS, ONE_KEY, Command, Request, Words
from ..keyspace import Stream, StreamId
from ..replies import SYNTAX, Refusal, array, bulk, integer, mapping, null, null_array
from ..session import Session
from ..waiting import Wait
from .arguments import integer_in, milliseconds_in

_BAD_ID = "ERR Invalid stream ID specified as stream command argument"
_ID = re.compile(rb"(0|[1-9][0-9]{0,19})(?:-(0|[1-9][0-9]{0,19}))?")
_MOST = 2**64 - 1

Entry = tuple[StreamId, list[bytes]]


def _id_in(word: bytes, sequence: int) -> StreamId:
    """The id, with that sequence number if it names none."""
    found = _ID.fullmatch(word)
    if not found:
        raise Refusal(_BAD_ID)
    result = StreamId(int(found[1]), sequence if found[2] is None else int(found[2]))
    if max(result) > _MOST:
        raise Refusal(_BAD_ID)
    return result


def _entries(entries: list[Entry]) -> bytes:
    return array(
        [array([bulk(bytes(name)), array([bulk(each) for each in fields])]) for name, fields in entries]
    )


def xadd(request: Request) -> bytes:
    key, rest = request.words[1], request.words[2:]
    makes_stream = rest[0].upper() != b"NOMKSTREAM"
    if not makes_stream:
        rest = rest[1:]
    wanted = rest[0]
    if wanted != b"*" and not wanted.endswith(b"-*"):
        _id_in(wanted, 0)
    if len(rest) < 3 or len(rest) % 2 == 0:
        raise Refusal("ERR wrong number of arguments for 'xadd' command")
    if wanted in (b"0", b"0-0"):
        raise Refusal("ERR The ID specified in XADD must be greater than 0-0")
    stream = request.keys.stream(key)
    if stream is None:
        if not makes_stream:
            return null(request.protocol)
        stream = Stream()
    name = _next_id(stream, wanted, int(request.server.clock() * 1000))
    if name <= stream.last:
        raise Refusal("ERR The ID specified in XADD is equal or smaller than the target stream top item")
    if request.keys.stream(key) is None:
        request.keys.create(key, stream)
    stream.entries.append((name, rest[1:]))
    stream.last = name
    request.keys.touch(key)
    request.keys.ready(key)
    return bulk(bytes(name))


def _next_id(stream: Stream, wanted: bytes, now: int) -> StreamId:
    last = stream.last
    if wanted == b"*":
        return StreamId(now, 0) if now > last.milliseconds else StreamId(last.milliseconds, last.sequence + 1)
    if wanted.endswith(b"-*"):
        milliseconds = _id_in(wanted[:-2], 0).milliseconds
        follows = milliseconds == last.milliseconds
        return StreamId(milliseconds, last.sequence + 1 if follows else 0)
    return _id_in(wanted, 0)


def xlen(request: Request) -> bytes:
    stream = request.keys.stream(request.words[1])
    return integer(len(stream.entries) if stream else 0)


def xrange(request: Request) -> bytes:
    words = request.words
    start, is_past_start = _bound(words[2], 0)
    stop, is_before_stop = _bound(words[3], _MOST)
    count = -1
    match [word.upper() for word in words[4:]]:
        case []:
            pass
        case [b"COUNT", number]:
            count = max(integer_in(number), 0)
        case _:
            raise Refusal(SYNTAX)
    stream = request.keys.stream(words[1])
    if count == 0 and stream:
        return null_array(request.protocol)
    found = [
        entry
        for entry in (stream.entries if stream else ())
        if start <= entry[0] <= stop
        and not (is_past_start and entry[0] == start)
        and not (is_before_stop and entry[0] == stop)
    ]
    return _entries(found if count < 0 else found[:count])


def _bound(word: bytes, sequence: int) -> tuple[StreamId, bool]:
    """One end of a range, and whether it lies outside."""
    if word == b"-":
        return StreamId(0, 0), False
    if word == b"+":
        return StreamId(_MOST, _MOST), False
    return _id_in(word.removeprefix(b"("), sequence), word.startswith(b"(")


def xread(request: Request) -> bytes | Wait:
    words = request.words
    count, seconds, place = _options(words)
    names = words[place:]
    if len(names) % 2:
        raise Refusal(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."
        )
    keys, starts = names[: len(names) // 2], names[len(names) // 2 :]
    afters = [_start(request.session, key, start) for key, start in zip(keys, starts, strict=True)]
    parts: list[bytes] = []
    for key, after in zip(keys, afters, strict=True):
        stream = request.keys.stream(key)
        found = stream.after(after) if stream else []
        if found:
            parts += [bulk(key), _entries(found[:count] if count else found)]
    if parts:
        if request.session.protocol == 3:
            return mapping(3, parts)
        return array([array(parts[at : at + 2]) for at in range(0, len(parts), 2)])
    nothing = null_array(request.protocol)
    if seconds is None:
        return nothing
    resolved = words[:place] + keys + [bytes(after) for after in afters]
    return Wait(resolved, tuple(keys), Stream, seconds, nothing, nothing)


def _options(words: Words) -> tuple[int, float | None, int]:
    """How many entries (0: all), how long to wait (None: not at all), and where the keys begin."""
    count, seconds, place = 0, None, 1
    while place < len(words):
        name, is_last = words[place].upper(), place + 1 == len(words)
        if name == b"BLOCK" and not is_last:
            seconds = milliseconds_in(words[place + 1])
        elif name == b"COUNT" and not is_last:
            count = max(integer_in(words[place + 1]), 0)
        elif name == b"STREAMS" and not is_last:
            return count, seconds, place + 1
        else:
            break
        place += 2
    raise Refusal(SYNTAX)


def _start(session: Session, key: bytes, word: bytes) -> StreamId:
    """The id behind which to read."""
    stream = session.keys.stream(key)
    if word not in (b"$", b"+"):
        return _id_in(word, 0)
    if stream is None:
        return StreamId(0, 0)
    last = stream.last
    if word == b"$" or not stream.entries:
        return last
    return StreamId(last.milliseconds, last.sequence - 1) if last.sequence else StreamId(last[0] - 1, _MOST)


def _keys_read(words: Words) -> Words:
    """The keys, whether or not the options are right."""
    place = next(
        (place for place in range(1, len(words), 2) if words[place].upper() == b"STREAMS"), len(words)
    )
    names = words[place + 1 :]
    return [] if len(names) % 2 else names[: len(names) // 2]


COMMANDS = (
    Command("xadd", xadd, -5, "denyoom fast write", ONE_KEY),
    Command("xlen", xlen, 2, "fast readonly", ONE_KEY),
    Command("xrange", xrange, -4, "readonly", ONE_KEY),
    Command("xread", xread, -4, "blocking movablekeys readonly", NO_KEYS, _keys_read),
)
