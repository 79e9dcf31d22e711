"""Commands about lists, those that wait for an element included."""

from collections import deque
from collections.abc import Callable

from ..command import ONE_KEY, TWO_KEYS, Command, Request, Run, Words
from ..keyspace import Database, List
from ..replies import EMPTY_ARRAY, SYNTAX, ZERO, Refusal, array, bulk, integer, null, null_array
from ..waiting import Wait
from .arguments import integer_in, seconds_in

LEFT, RIGHT = b"LEFT", b"RIGHT"


def _push(keys: Database, key: bytes, elements: Words, side: bytes) -> List:
    elements_before = keys.list(key)
    found = deque[bytes]() if elements_before is None else elements_before
    if side == LEFT:
        found.extendleft(elements)
    else:
        found.extend(elements)
    if elements_before is None:
        keys.create(key, found)
    keys.touch(key)
    return found


def _pop(keys: Database, key: bytes, found: List, side: bytes) -> bytes:
    element = found.popleft() if side == LEFT else found.pop()
    _shortened(keys, key, found)
    return element


def _shortened(keys: Database, key: bytes, found: List) -> None:
    if found:
        keys.touch(key)
    else:
        keys.remove(key)


def pushing(side: bytes, only_if_there: bool) -> Run:
    """LPUSH and its kind."""

    def push(request: Request) -> bytes:
        words = request.words
        if only_if_there and request.keys.list(words[1]) is None:
            return ZERO
        return integer(len(_push(request.keys, words[1], words[2:], side)))

    return push


def popping(side: bytes) -> Run:
    """LPOP and its kind."""

    def pop(request: Request) -> bytes:
        words = request.words
        if len(words) > 3:
            raise Refusal(f"ERR wrong number of arguments for '{words[0].decode('latin-1').lower()}' command")
        count = 1
        if len(words) == 3:
            count = integer_in(words[2], "ERR value is out of range, must be positive")
            if count < 0:
                raise Refusal("ERR value is out of range, must be positive")
        found = request.keys.list(words[1])
        if found is None:
            return (null_array if len(words) == 3 else null)(request.protocol)
        if len(words) == 2:
            return bulk(_pop(request.keys, words[1], found, side))
        taken = [found.popleft() if side == LEFT else found.pop() for _ in range(min(count, len(found)))]
        if taken:
            _shortened(request.keys, words[1], found)
        return array([bulk(each) for each in taken])

    return pop


def popping_when_there(side: bytes) -> Run:
    """BLPOP and its kind."""

    def pop(request: Request) -> bytes | Wait:
        words = request.words
        seconds = seconds_in(words[-1])
        for key in words[1:-1]:
            found = request.keys.list(key)
            if found is not None:
                return array([bulk(key), bulk(_pop(request.keys, key, found, side))])
        nothing = null_array(request.protocol)
        return Wait(words, tuple(words[1:-1]), deque, seconds, nothing, nothing)

    return pop


def _move(keys: Database, source: bytes, target: bytes, sides: tuple[bytes, bytes]) -> bytes | None:
    found = keys.list(source)
    if found is None:
        return None
    keys.list(target)
    element = found.popleft() if sides[0] == LEFT else found.pop()
    _push(keys, target, [element], sides[1])
    _shortened(keys, source, found)
    return bulk(element)


def _sides(words: Words) -> tuple[bytes, bytes]:
    first, second = (word.upper() for word in words)
    if first not in (LEFT, RIGHT) or second not in (LEFT, RIGHT):
        raise Refusal(SYNTAX)
    return first, second


def moving(sides: Callable[[Words], tuple[bytes, bytes]]) -> Run:
    """LMOVE and its kind."""

    def move(request: Request) -> bytes:
        words = request.words
        return _move(request.keys, words[1], words[2], sides(words)) or null(request.protocol)

    return move


def moving_when_there(sides: Callable[[Words], tuple[bytes, bytes]]) -> Run:
    """BLMOVE and its kind."""

    def move(request: Request) -> bytes | Wait:
        words = request.words
        chosen, seconds = sides(words), seconds_in(words[-1])
        moved = _move(request.keys, words[1], words[2], chosen)
        if moved is not None:
            return moved
        protocol = request.protocol
        return Wait(words, (words[1],), deque, seconds, null_array(protocol), null(protocol))

    return move


def llen(request: Request) -> bytes:
    return integer(len(request.keys.list(request.words[1]) or ()))


def lrange(request: Request) -> bytes:
    words = request.words
    start, stop = integer_in(words[2]), integer_in(words[3])
    found = request.keys.list(words[1])
    if found is None:
        return EMPTY_ARRAY
    start = max(start + len(found) if start < 0 else start, 0)
    stop = stop + len(found) if stop < 0 else stop
    return array([bulk(each) for each in list(found)[start : stop + 1]])


def lindex(request: Request) -> bytes:
    found = request.keys.list(request.words[1]) or deque[bytes]()
    place = integer_in(request.words[2])
    return bulk(found[place]) if -len(found) <= place < len(found) else null(request.protocol)


def _named(words: Words) -> tuple[bytes, bytes]:
    return _sides(words[3:5])


def _from_right_to_left(_: Words) -> tuple[bytes, bytes]:
    return RIGHT, LEFT


COMMANDS = (
    Command("lpush", pushing(LEFT, False), -3, "denyoom fast write", ONE_KEY),
    Command("rpush", pushing(RIGHT, False), -3, "denyoom fast write", ONE_KEY),
    Command("lpushx", pushing(LEFT, True), -3, "denyoom fast write", ONE_KEY),
    Command("rpushx", pushing(RIGHT, True), -3, "denyoom fast write", ONE_KEY),
    Command("lpop", popping(LEFT), -2, "fast write", ONE_KEY),
    Command("rpop", popping(RIGHT), -2, "fast write", ONE_KEY),
    Command("llen", llen, 2, "fast readonly", ONE_KEY),
    Command("lrange", lrange, 4, "readonly", ONE_KEY),
    Command("lindex", lindex, 3, "readonly", ONE_KEY),
    Command("lmove", moving(_named), 5, "denyoom write", TWO_KEYS),
    Command("rpoplpush", moving(_from_right_to_left), 3, "denyoom write", TWO_KEYS),
    Command("blpop", popping_when_there(LEFT), -3, "blocking write", (1, -2, 1)),
    Command("brpop", popping_when_there(RIGHT), -3, "blocking write", (1, -2, 1)),
    Command("blmove", moving_when_there(_named), 6, "blocking denyoom write", TWO_KEYS),
    Command("brpoplpush", moving_when_there(_from_right_to_left), 4, "blocking denyoom write", TWO_KEYS),
)
