"""A real server behind the witness: it says what a server says of itself.

What a client asks on its own account of the server or its connection (HELLO, CLIENT SETINFO, INFO, ...) is
answered by the real server, byte for byte; the witness carries it out as well, for it has to know the
session. All else is the witness's own: callers' commands, logins, transactions, subscriptions, servers that
are unwell or too old. So no key of the real server is ever written, nor anything else of it changed.
"""

from abc import abstractmethod
from typing import Protocol

from .processing import Processor
from .session import Reply, Session
from .setup import Condition

_ITS_OWN = frozenset((b"HELLO", b"SELECT", b"PING", b"ECHO", b"INFO", b"COMMAND", b"TIME"))
_ITS_OWN_WITH_A_SECOND_WORD = frozenset(
    (
        *((b"CLIENT", each) for each in (b"SETINFO", b"SETNAME", b"GETNAME", b"NO-EVICT", b"NO-TOUCH")),
        (b"CONFIG", b"GET"),
        (b"MODULE", b"LIST"),
    )
)


class Behind(Protocol):
    """The real server, with a connection for each of the witness's."""

    @abstractmethod
    def ask(self, number: int, words: list[bytes]) -> bytes:
        """Its reply on the connection that stands behind that one."""

    @abstractmethod
    def leave(self, number: int) -> None:
        """That connection is over, or begins anew; there need not be one."""


def answered_together(
    behind: Behind, processor: Processor, session: Session, words: list[bytes]
) -> bytes | None:
    """The reply to a command that no caller has issued; None: the session is blocked."""
    if words[0].upper() == b"RESET":
        behind.leave(session.number)
    if not _is_its_own(processor, session, words):
        return processor.execute(session, words)
    is_login = session.user is None or len(words) > len(_without_login(words))
    if is_login:
        welcome = processor.execute(session, words) or b""
        if welcome.startswith(b"-"):
            return welcome  # whom the witness does not let in, the real server is not told of
    is_known = processor.knows(words)
    theirs = behind.ask(session.number, _without_login(words))
    if is_login or not is_known or theirs.startswith(b"-"):
        return theirs  # if it refuses, the session does not change
    ours = processor.execute(session, words)
    return ours if not ours or ours.startswith(b"-") else theirs


def _is_its_own(processor: Processor, session: Session, words: list[bytes]) -> bool:
    first, *rest = (word.upper() for word in words[:2])
    if processor.hides(words) or not (session.user is not None or first == b"HELLO"):
        return False
    is_usual = session.queue is None and not session.is_subscribed and session.reply is Reply.ON
    if not is_usual or session.condition is not Condition.WELL:
        return False
    if first == b"CLIENT" and not processor.knows(words):
        return True
    return first in _ITS_OWN or (first, *rest) in _ITS_OWN_WITH_A_SECOND_WORD


def _without_login(words: list[bytes]) -> list[bytes]:
    """HELLO 3 AUTH user password ...: whom the witness knows, the real server does not."""
    names = [word.upper() for word in words]
    if names[0] != b"HELLO" or b"AUTH" not in names:
        return words
    place = names.index(b"AUTH")
    return words[:place] + words[place + 3 :]
