"""A real server behind the witness: it says what a server says of itself.

What a client asks on its own account (HELLO, CLIENT SETINFO, INFO, whatever the witness does not know) is
answered by the real server, byte for byte; the witness carries it out as well, for it has to know the
session. What the plan has a script for stays the witness's own: callers' commands, logins, transactions,
subscriptions, servers that are unwell or too old. So no key of the real server is ever written.
"""

from abc import abstractmethod
from typing import Protocol

from .processing import Processor
from .session import Session
from .setup import Condition

_ITS_OWN = frozenset(
    b"HELLO SELECT PING ECHO INFO COMMAND CONFIG ROLE READONLY READWRITE RESET TIME MODULE CLUSTER".split()
)
_ITS_OWN_OF_CLIENT = frozenset((b"SETINFO", b"SETNAME", b"GETNAME", b"NO-EVICT", b"NO-TOUCH"))


class Behind(Protocol):
    """The real server, with a connection for each of the witness's."""

    @abstractmethod
    def ask(self, number: int, words: list[bytes]) -> bytes:
        """Its reply on the connection that stands behind that one."""


def answered_together(
    behind: Behind, processor: Processor, session: Session, words: list[bytes]
) -> bytes | None:
    """The reply to a command that no caller has issued; None: the session is blocked."""
    if not _is_its_own(processor, session, words):
        return processor.execute(session, words)
    is_known = processor.knows(words)
    theirs = behind.ask(session.number, _without_login(words))
    if theirs.startswith(b"-") and is_known:
        return theirs  # and so the session does not change
    ours = processor.execute(session, words)
    return ours if is_known and (not ours or ours.startswith(b"-")) else theirs


def _is_its_own(processor: Processor, session: Session, words: list[bytes]) -> bool:
    is_usual = session.queue is None and not session.is_subscribed and session.condition is Condition.WELL
    if not is_usual or processor.hides(words):
        return False
    names = [word.upper() for word in words[:2]]
    if names[0] == b"CLIENT" and names[1:]:
        return names[1] in _ITS_OWN_OF_CLIENT or not processor.knows(words)
    return names[0] in _ITS_OWN or not processor.knows(words)


def _without_login(words: list[bytes]) -> list[bytes]:
    """HELLO 3 AUTH user password ...: whom the witness knows, the real server does not."""
    names = [word.upper() for word in words]
    if names[0] != b"HELLO" or b"AUTH" not in names:
        return words
    place = names.index(b"AUTH")
    return words[:place] + words[place + 3 :]
