"""Commands about strings, which is what most callers send."""

from ..command import ALL_KEYS, ONE_KEY, Command, Request, Words
from ..keyspace import Database
from ..replies import NO_INTEGER, OK, SYNTAX, Refusal, array, bulk, integer, null
from .arguments import integer_in


def get(request: Request) -> bytes:
    value = request.keys.string(request.words[1])
    if value is not None:
        return bulk(value)
    return bulk(b"val:" + request.words[1]) if request.server.setup.answers_tokens else null(request.protocol)


def set_(request: Request) -> bytes:
    words = request.words
    key, value = words[1], words[2]
    keys = request.keys
    if len(words) == 3:
        keys.put(key, value)
        return OK
    options = _set_options(words[3:])
    seconds = None
    for unit, divisor in (b"EX", 1), (b"PX", 1000):
        if unit in options:
            seconds = _lifetime(options[unit], "set") / divisor
    if b"GET" in options:
        before = keys.string(key)
        reply = null(request.protocol) if before is None else bulk(before)
    else:
        reply = OK
    is_there = keys.get(key) is not None
    if (b"NX" in options and is_there) or (b"XX" in options and not is_there):
        return reply if b"GET" in options else null(request.protocol)
    keys.put(key, value, seconds, keeps_limit=b"KEEPTTL" in options)
    return reply


def _set_options(words: Words) -> dict[bytes, bytes]:
    options: dict[bytes, bytes] = {}
    place = 0
    while place < len(words):
        name = words[place].upper()
        place += 1
        if name in (b"EX", b"PX") and place < len(words) and not {b"EX", b"PX", b"KEEPTTL"} & {*options}:
            options[name] = words[place]
            place += 1
        elif (
            name == b"GET"
            or (name == b"NX" and b"XX" not in options)
            or (name == b"XX" and b"NX" not in options)
            or (name == b"KEEPTTL" and not {b"EX", b"PX"} & {*options})
        ):
            options[name] = b""
        else:
            raise Refusal(SYNTAX)
    return options


def _lifetime(word: bytes, command: str) -> int:
    amount = integer_in(word)
    if amount <= 0:
        raise Refusal(f"ERR invalid expire time in '{command}' command")
    return amount


def setnx(request: Request) -> bytes:
    words = request.words
    if request.keys.get(words[1]) is not None:
        return integer(0)
    request.keys.put(words[1], words[2])
    return integer(1)


def setex(request: Request) -> bytes:
    words = request.words
    request.keys.put(words[1], words[3], _lifetime(words[2], "setex"))
    return OK


def psetex(request: Request) -> bytes:
    words = request.words
    request.keys.put(words[1], words[3], _lifetime(words[2], "psetex") / 1000)
    return OK


def getset(request: Request) -> bytes:
    words = request.words
    before = request.keys.string(words[1])
    request.keys.put(words[1], words[2])
    return null(request.protocol) if before is None else bulk(before)


def getdel(request: Request) -> bytes:
    before = request.keys.string(request.words[1])
    if before is None:
        return null(request.protocol)
    request.keys.remove(request.words[1])
    return bulk(before)


def mget(request: Request) -> bytes:
    found = [request.keys.get(key) for key in request.words[1:]]
    nothing = null(request.protocol)
    return array([bulk(value) if isinstance(value, bytes) else nothing for value in found])


def mset(request: Request) -> bytes:
    words = request.words
    if len(words) % 2 == 0:
        raise Refusal("ERR wrong number of arguments for 'mset' command")
    for key, value in zip(words[1::2], words[2::2], strict=True):
        request.keys.put(key, value)
    return OK


def append(request: Request) -> bytes:
    words = request.words
    value = (request.keys.string(words[1]) or b"") + words[2]
    request.keys.put(words[1], value, keeps_limit=True)
    return integer(len(value))


def strlen(request: Request) -> bytes:
    return integer(len(request.keys.string(request.words[1]) or b""))


def incr(request: Request) -> bytes:
    return _add(request.keys, request.words[1], 1)


def decr(request: Request) -> bytes:
    return _add(request.keys, request.words[1], -1)


def incrby(request: Request) -> bytes:
    return _add(request.keys, request.words[1], integer_in(request.words[2]))


def decrby(request: Request) -> bytes:
    amount = integer_in(request.words[2])
    if amount == -(2**63):
        raise Refusal("ERR decrement would overflow")
    return _add(request.keys, request.words[1], -amount)


def _add(keys: Database, key: bytes, amount: int) -> bytes:
    before = keys.string(key)
    value = integer_in(b"0" if before is None else before, NO_INTEGER) + amount
    if not -(2**63) <= value < 2**63:
        raise Refusal("ERR increment or decrement would overflow")
    keys.put(key, b"%d" % value, keeps_limit=True)
    return integer(value)


COMMANDS = (
    Command("get", get, 2, "fast readonly", ONE_KEY),
    Command("set", set_, -3, "denyoom write", ONE_KEY),
    Command("setnx", setnx, 3, "denyoom fast write", ONE_KEY),
    Command("setex", setex, 4, "denyoom write", ONE_KEY),
    Command("psetex", psetex, 4, "denyoom write", ONE_KEY),
    Command("getset", getset, 3, "denyoom fast write", ONE_KEY),
    Command("getdel", getdel, 2, "fast write", ONE_KEY),
    Command("mget", mget, -2, "fast readonly", ALL_KEYS),
    Command("mset", mset, -3, "denyoom write", (1, -1, 2)),
    Command("append", append, 3, "denyoom fast write", ONE_KEY),
    Command("strlen", strlen, 2, "fast readonly", ONE_KEY),
    Command("incr", incr, 2, "denyoom fast write", ONE_KEY),
    Command("decr", decr, 2, "denyoom fast write", ONE_KEY),
    Command("incrby", incrby, 3, "denyoom fast write", ONE_KEY),
    Command("decrby", decrby, 3, "denyoom fast write", ONE_KEY),
)
