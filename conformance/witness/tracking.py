"""Client-side caching: who is told that which key is no longer as it was read.

A connection that tracks is told about a key once after it has read it; one that broadcasts, about every key
with its prefixes, and in one message for all that came in together. Nobody is told in the middle of a reply:
what concerns the connection that wrote comes behind its reply.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter

from .replies import array, bulk, integer, null, push
from .session import Session, Tracking

CHANNEL = b"__redis__:invalidate"  # on which a RESP2 connection is told


class TrackingTable:
    """Which connection has read which key. `tell` sends bytes to a session."""

    def __init__(self, sessions: Mapping[int, Session], tell: Callable[[Session, bytes], None]) -> None:
        self._sessions = sessions
        self._send = tell
        self.is_used = False  # somebody has tracked
        self._readers: dict[bytes, dict[Session, None]] = {}
        self._written: dict[
            bytes, dict[bytes, Session | None]
        ] = {}  # to be broadcast: prefix, key, last writer
        self._own: list[bytes | None] = []  # for who is being served; None: all keys

    def remember(self, session: Session, tracking: Tracking, keys: Iterable[bytes]) -> None:
        """The session has read these keys."""
        wanted = not tracking.opts or tracking.is_decided == (tracking.opts == "in")
        if wanted and not tracking.broadcasts:
            for key in keys:
                self._readers.setdefault(key, {})[session] = None

    def touched(self, key: bytes, writer: Session | None) -> None:
        """The key has changed."""
        if not self.is_used:
            return
        for session in self._broadcasting():
            for prefix in session.tracking.prefixes if session.tracking else ():
                if key.startswith(prefix):
                    self._written.setdefault(prefix, {})[key] = writer
        for reader in self._readers.pop(key, ()):
            tracking = reader.tracking
            if tracking is None or tracking.broadcasts or (tracking.ignores_own and reader is writer):
                continue
            if reader is writer:
                self._own.append(key)
            else:
                self._tell(reader, tracking, array([bulk(key)]))

    def flushed(self, writer: Session | None) -> None:
        """All keys have gone."""
        self._readers.clear()
        for session in self._sessions.values():
            if session.tracking is None:
                continue
            if session is writer:
                self._own.append(None)
            else:
                self._tell(session, session.tracking, null(session.protocol))

    def served(self, session: Session) -> None:
        """The reply is complete; what was kept for this session can follow."""
        own, self._own = self._own, []
        if session.tracking is not None:
            for key in own:
                what = null(session.protocol) if key is None else array([bulk(key)])
                self._tell(session, session.tracking, what)

    def broadcast(self) -> None:
        """All that came in together has been served."""
        written, self._written = self._written, {}
        for prefix, keys in sorted(written.items(), key=itemgetter(0)):
            for session in self._broadcasting():
                tracking = session.tracking
                if tracking is None or prefix not in tracking.prefixes:
                    continue
                told = [
                    bulk(key)
                    for key, writer in sorted(keys.items(), key=itemgetter(0))
                    if not (tracking.ignores_own and writer is session)
                ]
                if told:
                    self._tell(session, tracking, array(told))

    def forget(self, session: Session) -> None:
        """The session has gone. (One that only ceases to track has read what it has read.)"""
        for readers in self._readers.values():
            readers.pop(session, None)

    def _broadcasting(self) -> list[Session]:
        return [each for each in self._sessions.values() if each.tracking and each.tracking.broadcasts]

    def _tell(self, session: Session, tracking: Tracking, what: bytes) -> None:
        target = session
        if tracking.redirect:
            if (found := self._sessions.get(tracking.redirect)) is None:
                tracking.is_broken = True
                if session.protocol == 3:
                    broken = [bulk(b"tracking-redir-broken"), integer(tracking.redirect)]
                    self._send(session, push(3, broken))
                return
            target = found
        if target.protocol == 3:
            self._send(target, push(3, [bulk(b"invalidate"), what]))
        elif tracking.redirect and target.is_subscribed:
            self._send(target, array([bulk(b"message"), bulk(CHANNEL), what]))
