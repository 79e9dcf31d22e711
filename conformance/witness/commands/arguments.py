"""What words mean: numbers, limits and names, read as strictly as a server reads them."""

import math
import re

from ..replies import NO_INTEGER, SYNTAX, Refusal

_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_PRINTABLE = re.compile(rb"[!-~]*")
_LARGEST = 2**63 - 1


def text_of(word: bytes) -> str:
    """The word as text, a character a byte."""
    return word.decode("latin-1")


def integer_in(word: bytes, complaint: str = NO_INTEGER) -> int:
    """A whole number of 64 bits; raises Refusal."""
    if not _INTEGER.fullmatch(word) or not -_LARGEST - 1 <= int(word) <= _LARGEST:
        raise Refusal(complaint)
    return int(word)


def seconds_in(word: bytes) -> float:
    """How long to wait, in seconds; 0: for ever."""
    try:
        seconds = float(word) if word.strip() == word and b"_" not in word else math.nan
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise Refusal("ERR timeout is not a float or out of range")
    if seconds < 0:
        raise Refusal("ERR timeout is negative")
    return seconds


def milliseconds_in(word: bytes) -> float:
    """How long to wait, given in milliseconds, returned in seconds; 0: for ever."""
    milliseconds = integer_in(word, "ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise Refusal("ERR timeout is negative")
    return milliseconds / 1000


def name_in(word: bytes, what: str) -> bytes:
    """A name without spaces; raises Refusal, which begins with what it is the name of."""
    if not _PRINTABLE.fullmatch(word):
        raise Refusal(f"ERR {what} cannot contain spaces, newlines or special characters.")
    return word


def truth_in(word: bytes, yes: bytes = b"ON", no: bytes = b"OFF") -> bool:
    """One of two words; raises Refusal."""
    if word.upper() not in (yes, no):
        raise Refusal(SYNTAX)
    return word.upper() == yes
