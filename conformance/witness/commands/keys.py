"""Commands about keys, whatever their values are."""

from collections import deque

from ..command import ALL_KEYS, ONE_KEY, Command, Request, Words
from ..glob import matches
from ..replies import OK, ONE, SYNTAX, ZERO, Refusal, array, bulk, integer, simple
from ..session import Session
from .arguments import integer_in, text_of


def delete(request: Request) -> bytes:
    return integer(
        sum(request.keys.get(key) is not None and request.keys.remove(key) for key in request.words[1:])
    )


def exists(request: Request) -> bytes:
    return integer(sum(request.keys.get(key) is not None for key in request.words[1:]))


def type_(request: Request) -> bytes:
    match request.keys.get(request.words[1]):
        case None:
            return simple("none")
        case bytes():
            return simple("string")
        case deque():
            return simple("list")
        case _:
            return simple("stream")


def expire(request: Request) -> bytes:
    return _expire(request.session, request.words, 1)


def pexpire(request: Request) -> bytes:
    return _expire(request.session, request.words, 1000)


def _expire(session: Session, words: Words, divisor: int) -> bytes:
    amount = integer_in(words[2])
    if len(words) > 3:
        raise Refusal(f"ERR Unsupported option {text_of(words[3])}")
    if session.keys.get(words[1]) is None:
        return ZERO
    if amount <= 0:
        session.keys.remove(words[1])
    else:
        session.keys.limit(words[1], amount / divisor)
    return ONE


def ttl(request: Request) -> bytes:
    return _ttl(request.session, request.words[1], 1)


def pttl(request: Request) -> bytes:
    return _ttl(request.session, request.words[1], 1000)


def _ttl(session: Session, key: bytes, factor: int) -> bytes:
    if session.keys.get(key) is None:
        return integer(-2)
    seconds = session.keys.seconds_left(key)
    return integer(-1 if seconds is None else int(seconds * factor + 0.5))


def persist(request: Request) -> bytes:
    words = request.words
    if request.keys.get(words[1]) is None or request.keys.seconds_left(words[1]) is None:
        return ZERO
    request.keys.limit(words[1], None)
    return ONE


def keys(request: Request) -> bytes:
    return array([bulk(key) for key in request.keys.names() if matches(request.words[1], key)])


def dbsize(request: Request) -> bytes:
    return integer(sum(1 for _ in request.keys.names()))


def flushdb(request: Request) -> bytes:
    _check_flush(request.words)
    request.keys.clear()
    request.server.flushed()
    return OK


def flushall(request: Request) -> bytes:
    _check_flush(request.words)
    request.server.clear()
    request.server.flushed()
    return OK


def _check_flush(words: Words) -> None:
    if len(words) > 2 or (len(words) == 2 and words[1].upper() not in (b"SYNC", b"ASYNC")):
        raise Refusal(SYNTAX)


COMMANDS = (
    Command("del", delete, -2, "write", ALL_KEYS),
    Command("unlink", delete, -2, "fast write", ALL_KEYS),
    Command("exists", exists, -2, "fast readonly", ALL_KEYS),
    Command("touch", exists, -2, "fast readonly", ALL_KEYS),
    Command("type", type_, 2, "fast readonly", ONE_KEY),
    Command("expire", expire, -3, "fast write", ONE_KEY),
    Command("pexpire", pexpire, -3, "fast write", ONE_KEY),
    Command("ttl", ttl, 2, "fast readonly", ONE_KEY),
    Command("pttl", pttl, 2, "fast readonly", ONE_KEY),
    Command("persist", persist, 2, "fast write", ONE_KEY),
    Command("keys", keys, 2, "readonly"),
    Command("dbsize", dbsize, 1, "fast readonly"),
    Command("flushall", flushall, -1, "write"),
    Command("flushdb", flushdb, -1, "write"),
)
