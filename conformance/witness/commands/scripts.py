"""EVAL and SCRIPT, with one script that the server can carry out: the echo of an argument."""

from hashlib import sha1

from ..command import NO_KEYS, Command, Request, Words
from ..replies import OK, Refusal, array, bulk, integer, null
from ..session import Session
from ..setup import Condition
from .arguments import integer_in

ECHO = b"return ARGV[1]"


def _keys(words: Words) -> Words:
    return words[3 : 3 + int(words[2])] if words[2].isdigit() else []


def _arguments(words: Words) -> Words:
    count = integer_in(words[2])
    if count > len(words) - 3:
        raise Refusal("ERR Number of keys can't be greater than number of args")
    if count < 0:
        raise Refusal("ERR Number of keys can't be negative")
    return words[3 + count :]


def _carry_out(session: Session, script: bytes, arguments: Words) -> bytes:
    if session.condition is Condition.MASTERDOWN:
        raise Refusal(Condition.MASTERDOWN.value)
    if script != ECHO:
        raise Refusal(f"ERR this server knows one script only: {ECHO.decode()}")
    return bulk(arguments[0]) if arguments else null(session.protocol)


def _digest(script: bytes) -> bytes:
    return sha1(script, usedforsecurity=False).hexdigest().encode()


def eval_(request: Request) -> bytes:
    words = request.words
    arguments = _arguments(words)
    request.server.scripts[_digest(words[1])] = words[1]
    return _carry_out(request.session, words[1], arguments)


def evalsha(request: Request) -> bytes:
    arguments = _arguments(request.words)
    script = request.server.scripts.get(request.words[1].lower())
    if script is None:
        raise Refusal("NOSCRIPT No matching script.")
    return _carry_out(request.session, script, arguments)


def load(request: Request) -> bytes:
    digest = _digest(request.words[2])
    request.server.scripts[digest] = request.words[2]
    return bulk(digest)


def exists(request: Request) -> bytes:
    return array([integer(digest.lower() in request.server.scripts) for digest in request.words[2:]])


def flush(request: Request) -> bytes:
    words = request.words
    if len(words) > 3 or (len(words) == 3 and words[2].upper() not in (b"SYNC", b"ASYNC")):
        raise Refusal("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    request.server.scripts.clear()
    return OK


_FLAGS = "movablekeys no_mandatory_keys noscript skip_monitor stale"

COMMANDS = (
    Command("eval", eval_, -3, _FLAGS, NO_KEYS, _keys),
    Command("evalsha", evalsha, -3, _FLAGS, NO_KEYS, _keys),
    Command.container(
        "script",
        Command("script|load", load, 3, "noscript stale"),
        Command("script|exists", exists, -3, "noscript stale"),
        Command("script|flush", flush, -2, "noscript stale"),
    ),
)
