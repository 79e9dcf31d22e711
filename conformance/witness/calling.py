"""Carries out commands that may be carried out, and then whatever they make possible.

A command can complete others: whoever is blocked on a key that it filled. These are carried out before the
next command is looked at, and what they fill wakes more.
"""

from .command import Command, Request, Words
from .replies import Refusal, error
from .session import Reply, Session
from .state import Dismissed, Served, Server
from .waiting import Blocked, Wait


def call(server: Server, session: Session, command: Command, words: Words) -> bytes | Wait:
    """The reply of one command; an error is a reply as well."""
    server.current = session
    try:
        reply = command.run(Request(server, session, words))
    except Refusal as refusal:
        reply = error(str(refusal))
    if session.tracking is not None and command.reads:
        server.tracking.remember(session, session.tracking, command.keys_in(words))
    if server.monitors and command.is_shown_to_monitors:
        _show(server, session, words)
    return reply


def perform(server: Server, session: Session, command: Command, words: Words) -> bytes | None:
    """The reply of one command as it is to be sent; None: the session is blocked. Others may be served."""
    reply = call(server, session, command, words)
    if isinstance(reply, Wait):
        until = server.clock() + reply.seconds if reply.seconds else float("inf")
        server.waiting.enter(Blocked(session, command, reply.words, reply, until))
        return None
    _settle(server, session)
    if server.waiting:
        serve_blocked(server)
    return reply


def serve_blocked(server: Server) -> None:
    """Carry out again what waits for keys that are ready by now."""
    for blocked in server.waiting.whose_turn():
        assert blocked.command is not None
        reply = call(server, blocked.session, blocked.command, blocked.words)
        if not isinstance(reply, Wait):
            release(server, blocked, reply)


def release(server: Server, blocked: Blocked, reply: bytes) -> None:
    """A blocked session is answered."""
    session = blocked.session
    server.waiting.leave(session)
    server.news.append(Served(session, reply if session.reply is Reply.ON else b""))
    if session.reply is Reply.SKIP:
        session.reply = Reply.ON
        session.changed()
    _settle(server, session)


def dismiss(server: Server, session: Session) -> None:
    """The server ends that connection."""
    if session is server.current:
        session.is_leaving = True
    else:
        server.close(session)
        server.news.append(Dismissed(session))


def _settle(server: Server, session: Session) -> None:
    if server.tracking.is_used:
        server.tracking.served(session)


def _show(server: Server, session: Session, words: Words) -> None:
    """MONITOR's line for a command."""
    quoted = " ".join(f'"{_quoted(word)}"' for word in _without_secrets(words))
    line = f"+{server.clock():.6f} [{session.keys.number} {session.address}] {quoted}\r\n".encode("latin-1")
    for each in server.monitors:
        if each.reply is Reply.ON:
            server.tell(each, line)


def _without_secrets(words: Words) -> Words:
    secret = b"(redacted)"
    match words[0].upper(), [word.upper() for word in words[2:]]:
        case b"AUTH", _:
            return [words[0], *([secret] * (len(words) - 1))]
        case b"HELLO", [b"AUTH", _, _, *_]:
            return [*words[:3], secret, secret, *words[5:]]
        case _:
            return words


def _quoted(word: bytes) -> str:
    escapes = {0x5C: "\\\\", 0x22: '\\"', 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x07: "\\a", 0x08: "\\b"}
    return "".join(
        escapes.get(each) or (chr(each) if 32 <= each < 127 else f"\\x{each:02x}") for each in word
    )
