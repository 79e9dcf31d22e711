"""MULTI, EXEC, DISCARD, WATCH, UNWATCH: several commands as one, unless a watched key was touched."""

from ..calling import call
from ..command import ALL_KEYS, Command, Request
from ..replies import OK, Refusal, array, null_array
from ..session import Queued, Reply, Session
from ..waiting import Wait


def multi(request: Request) -> bytes:
    request.session.queue = []
    request.session.changed()
    return OK


def discard(request: Request) -> bytes:
    _end(request.session, "DISCARD")
    return OK


def exec_(request: Request) -> bytes:
    session = request.session
    is_spoilt = session.is_spoilt
    is_touched = any(keys.version(key) != version for (keys, key), version in session.watched.items())
    queue = _end(session, "EXEC")
    if is_spoilt:
        raise Refusal("EXECABORT Transaction discarded because of previous errors.")
    is_muted = session.reply is not Reply.ON
    if is_touched:
        return b"" if is_muted else null_array(request.protocol)
    replies: list[bytes] = []
    session.is_executing = True
    for command, queued in queue:
        reply = call(request.server, session, command, queued)
        if command.has_pushes_for_a_reply or not is_muted:
            replies.append(reply.in_transaction if isinstance(reply, Wait) else reply)
    session.is_executing = False
    return b"".join(replies) if is_muted else array(replies)


def _end(session: Session, name: str) -> list[Queued]:
    """The commands that were queued; nothing of the transaction remains."""
    if session.queue is None:
        raise Refusal(f"ERR {name} without MULTI")
    queue, session.queue = session.queue, None
    session.is_spoilt = False
    session.watched.clear()
    session.changed()
    return queue


def watch(request: Request) -> bytes:
    for key in request.words[1:]:
        request.session.watched.setdefault((request.keys, key), request.keys.version(key))
    request.session.changed()
    return OK


def unwatch(request: Request) -> bytes:
    request.session.watched.clear()
    request.session.changed()
    return OK


_AT_ONCE = "allow_busy fast loading noscript stale"
_ALONE = "allow_busy fast loading no_multi noscript stale"

COMMANDS = (
    Command("multi", multi, 1, _ALONE),
    Command("exec", exec_, 1, "loading noscript skip_commandlog stale"),
    Command("discard", discard, 1, _AT_ONCE),
    Command("watch", watch, -2, _ALONE, ALL_KEYS),
    Command("unwatch", unwatch, 1, _AT_ONCE),
)
