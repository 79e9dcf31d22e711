"""Replies as bytes, in the protocol that their reader speaks.

RESP2 has five types and says everything with them: a map is an array of names and values in turn, a double a
bulk string, a truth a number, and nothing is a bulk string or an array of length -1. RESP3 has a type for
each. What differs takes `protocol`, 2 or 3; what is alike in both does not. The parts of an array, a map or a
push are replies themselves.
"""

from collections.abc import Sequence

OK = b"+OK\r\n"
QUEUED = b"+QUEUED\r\n"
EMPTY_ARRAY = b"*0\r\n"
ZERO, ONE = b":0\r\n", b":1\r\n"

_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


class Refusal(Exception):
    """A command is answered with an error; the message is the line, and its first word the error's code."""


SYNTAX = "ERR syntax error"
NO_INTEGER = "ERR value is not an integer or out of range"
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def error(line: str) -> bytes:
    """The code and the sentence, on one line whatever they quote."""
    return b"-%s\r\n" % line.encode("latin-1").translate(_LINE_ENDS)


def simple(text: str) -> bytes:
    return b"+%s\r\n" % text.encode()


def integer(number: int) -> bytes:
    return b":%d\r\n" % number


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)


def array(parts: Sequence[bytes]) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(parts)


def null(protocol: int) -> bytes:
    """Nothing, where a string could be."""
    return b"_\r\n" if protocol == 3 else b"$-1\r\n"


def null_array(protocol: int) -> bytes:
    """Nothing, where an array could be."""
    return b"_\r\n" if protocol == 3 else b"*-1\r\n"


def mapping(protocol: int, parts: Sequence[bytes]) -> bytes:
    """Names and values in turn."""
    return b"%%%d\r\n" % (len(parts) // 2) + b"".join(parts) if protocol == 3 else array(parts)


def unordered(protocol: int, parts: Sequence[bytes]) -> bytes:
    """A set."""
    return b"~%d\r\n" % len(parts) + b"".join(parts) if protocol == 3 else array(parts)


def push(protocol: int, parts: Sequence[bytes]) -> bytes:
    """What was not asked for; RESP2 has it only where a connection listens to channels."""
    return b">%d\r\n" % len(parts) + b"".join(parts) if protocol == 3 else array(parts)


def double(protocol: int, number: float) -> bytes:
    text = repr(number).removesuffix(".0").encode()
    return b",%s\r\n" % text if protocol == 3 else bulk(text)


def truth(protocol: int, value: bool) -> bytes:
    if protocol == 3:
        return b"#t\r\n" if value else b"#f\r\n"
    return ONE if value else ZERO


def big_number(protocol: int, digits: bytes) -> bytes:
    return b"(%s\r\n" % digits if protocol == 3 else bulk(digits)


def text_block(protocol: int, text: bytes) -> bytes:
    """A text for people ("verbatim")."""
    return b"=%d\r\ntxt:%s\r\n" % (len(text) + 4, text) if protocol == 3 else bulk(text)
