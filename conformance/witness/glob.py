"""Patterns as PSUBSCRIBE and KEYS take them: `*`, `?`, `[abc]`, `[^a-c]`, `\\` before a mere letter."""

import re
from functools import lru_cache

_PARTS = re.compile(rb"\*+|\?|\[\^?(?:\\.|[^\]\\])*\]?|\\.|.", re.DOTALL)


def matches(pattern: bytes, text: bytes) -> bool:
    """Whether the whole text is of that pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(256)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(map(_translated, _PARTS.findall(pattern))), re.DOTALL)


def _translated(part: bytes) -> bytes:
    if part.startswith(b"*"):
        return b".*"
    if part == b"?":
        return b"."
    if part.startswith(b"[") and len(part) > 1:
        inside = part[1:].removesuffix(b"]")
        negated = inside.startswith(b"^")
        members = re.sub(rb"[\[\\^]", rb"\\\g<0>", inside.removeprefix(b"^").replace(b"\\", b""))
        return b"[" + b"^" * negated + members + b"]" if members else b"(?!)"
    return re.escape(part[1:] if len(part) == 2 else part)
