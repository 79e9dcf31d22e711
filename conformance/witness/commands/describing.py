"""The line that CLIENT INFO and CLIENT LIST give for a connection."""

from collections.abc import Iterator

from ..session import DEFAULT_USER, Session
from ..state import Server


def described(server: Server, session: Session) -> str:
    """Names and values. What a session does not know (buffers, bytes, descriptors) is 0."""
    tracking = session.tracking
    redirect = -1 if tracking is None else tracking.redirect
    queued = -1 if session.queue is None else len(session.queue)
    fields = {
        "id": session.number,
        "addr": session.address,
        "laddr": "127.0.0.1:6379",
        "fd": 0,
        "name": session.name.decode("latin-1"),
        "age": 0,
        "idle": 0,
        "flags": "".join(_flags(server, session)) or "N",
        "db": session.keys.number,
        "sub": len(session.channels),
        "psub": len(session.patterns),
        "ssub": len(session.shards),
        "multi": queued,
        "watch": len(session.watched),
        "events": "r",
        "cmd": session.command,
        "user": session.user or DEFAULT_USER,
        "redir": redirect,
        "resp": session.protocol,
        "lib-name": session.library_name.decode("latin-1"),
        "lib-ver": session.library_version.decode("latin-1"),
    }
    return " ".join(f"{name}={value}" for name, value in fields.items())


def _flags(server: Server, session: Session) -> Iterator[str]:
    tracking = session.tracking
    conditions = {
        "O": session.monitors,
        "P": session.is_subscribed,
        "x": session.queue is not None,
        "b": session in server.waiting,
        "t": tracking is not None,
        "R": tracking is not None and tracking.is_broken,
        "B": tracking is not None and tracking.broadcasts,
        "d": any(keys.version(key) != version for (keys, key), version in session.watched.items()),
        "r": session.reads_replicas,
        "e": session.avoids_eviction,
        "T": session.leaves_untouched,
    }
    return (letter for letter, holds in conditions.items() if holds)
