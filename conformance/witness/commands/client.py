"""CLIENT: what a connection says of itself, and what it can do to others."""

from ..calling import dismiss, release
from ..command import Command, Request
from ..replies import OK, ONE, SYNTAX, ZERO, Refusal, bulk, error, integer, null, text_block
from ..session import DEFAULT_USER, Reply, Session
from ..state import Server
from .arguments import integer_in, name_in, text_of, truth_in
from .describing import described
from .tracking import SUBCOMMANDS as TRACKING


def client_id(request: Request) -> bytes:
    return integer(request.session.number)


def info(request: Request) -> bytes:
    line = described(request.server, request.session)
    return text_block(request.protocol, f"{line}\n".encode("latin-1"))


def list_(request: Request) -> bytes:
    server = request.server
    chosen = list(server.sessions.values())
    match [word.upper() for word in request.words[2:]]:
        case []:
            pass
        case [b"ID", *numbers] if numbers:
            wanted = [_number_in(number) for number in numbers]
            chosen = [server.sessions[number] for number in wanted if number in server.sessions]
        case [b"TYPE", kind]:
            chosen = [each for each in chosen if _kind(each) == _kind_in(kind)]
        case _:
            raise Refusal(SYNTAX)
    lines = "".join(f"{described(server, each)}\n" for each in chosen)
    return text_block(request.protocol, lines.encode("latin-1"))


def _number_in(word: bytes) -> int:
    number = integer_in(word, SYNTAX)
    if number <= 0:
        raise Refusal("ERR client-id should be greater than 0")
    return number


def _kind(session: Session) -> str:
    if session.monitors:
        return "replica"
    return "pubsub" if session.is_subscribed else "normal"


def _kind_in(word: bytes) -> str:
    kind = text_of(word).lower()
    if kind not in ("normal", "pubsub", "replica", "slave", "master", "primary"):
        raise Refusal(f"ERR Unknown client type '{text_of(word)}'")
    return "replica" if kind == "slave" else kind


def setname(request: Request) -> bytes:
    request.session.name = name_in(request.words[2], "Client names")
    request.session.changed()
    return OK


def getname(request: Request) -> bytes:
    return bulk(request.session.name) if request.session.name else null(request.protocol)


def setinfo(request: Request) -> bytes:
    words = request.words
    match words[2].upper():
        case b"LIB-NAME":
            request.session.library_name = name_in(words[3], "lib-name")
        case b"LIB-VER":
            request.session.library_version = name_in(words[3], "lib-ver")
        case _:
            raise Refusal(f"ERR Unrecognized option '{text_of(words[2])}'")
    return OK


def reply(request: Request) -> bytes:
    session = request.session
    match request.words[2].upper():
        case b"ON":
            session.reply = Reply.ON
        case b"OFF":
            session.reply = Reply.OFF
        case b"SKIP":
            if session.reply is not Reply.OFF:
                session.reply = Reply.SKIP
        case _:
            raise Refusal(SYNTAX)
    session.changed()
    return OK if request.words[2].upper() == b"ON" else b""


def no_evict(request: Request) -> bytes:
    request.session.avoids_eviction = truth_in(request.words[2])
    request.session.changed()
    return OK


def no_touch(request: Request) -> bytes:
    request.session.leaves_untouched = truth_in(request.words[2])
    request.session.changed()
    return OK


def pause(request: Request) -> bytes:
    words, server = request.words, request.server
    pauses_all = True
    if len(words) > 3:
        if words[3].upper() not in (b"WRITE", b"ALL"):
            raise Refusal("ERR CLIENT PAUSE mode must be WRITE or ALL")
        pauses_all = words[3].upper() == b"ALL"
    milliseconds = integer_in(words[2], "ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise Refusal("ERR timeout is negative")
    server.paused_until = max(server.paused_until, server.clock() + milliseconds / 1000)
    server.pauses_all = pauses_all
    return OK


def unpause(request: Request) -> bytes:
    request.server.paused_until = 0.0
    return OK


def unblock(request: Request) -> bytes:
    words = request.words
    how = words[3].upper() if len(words) > 3 else b"TIMEOUT"
    if how not in (b"TIMEOUT", b"ERROR") or len(words) > 4:
        raise Refusal("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    blocked = request.server.waiting.find(integer_in(words[2]))
    if blocked is None or blocked.wait is None:
        return ZERO
    at_limit = blocked.wait.at_limit
    refusal = error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
    release(request.server, blocked, at_limit if how == b"TIMEOUT" else refusal)
    return ONE


def kill(request: Request) -> bytes:
    words, server = request.words, request.server
    if len(words) == 3:
        found = [each for each in server.sessions.values() if each.address == text_of(words[2])]
        if not found:
            raise Refusal("ERR No such client")
        dismiss(server, found[0])
        return OK
    if len(words) % 2:
        raise Refusal(SYNTAX)
    chosen = list(server.sessions.values())
    spares_own = True
    for option, value in zip(words[2::2], words[3::2], strict=True):
        if option.upper() == b"SKIPME":
            spares_own = truth_in(value, b"YES", b"NO")
        else:
            chosen = [each for each in chosen if _fits(server, each, option.upper(), value)]
    doomed = [each for each in chosen if not (spares_own and each is request.session)]
    for each in doomed:
        dismiss(server, each)
    return integer(len(doomed))


def _fits(server: Server, session: Session, option: bytes, value: bytes) -> bool:
    match option:
        case b"ID":
            return session.number == _number_in(value)
        case b"ADDR":
            return session.address == text_of(value)
        case b"TYPE":
            return _kind(session) == _kind_in(value)
        case b"USER":
            user = text_of(value)
            if user != DEFAULT_USER and user not in server.setup.passwords:
                raise Refusal(f"ERR No such user '{user}'")
            return session.user == user
        case _:
            raise Refusal(SYNTAX)


_ANY = "loading noscript stale"
_BUSY = "allow_busy loading noscript stale"
_ADMIN = "admin loading noscript stale"

COMMANDS = (
    Command.container(
        "client",
        Command("client|id", client_id, 2, _BUSY),
        Command("client|info", info, 2, _ANY),
        Command("client|list", list_, -2, _ADMIN),
        Command("client|setname", setname, 3, _BUSY),
        Command("client|getname", getname, 2, _BUSY),
        Command("client|setinfo", setinfo, 4, _BUSY),
        Command("client|reply", reply, 3, "allow_busy loading no_multi noscript stale"),
        Command("client|no-evict", no_evict, 3, "admin allow_busy loading noscript stale"),
        Command("client|no-touch", no_touch, 3, _BUSY),
        Command("client|pause", pause, -3, _ADMIN),
        Command("client|unpause", unpause, 2, _ADMIN),
        Command("client|unblock", unblock, -3, _ADMIN),
        Command("client|kill", kill, -3, _ADMIN),
        *TRACKING,
    ),
)
