"""What a caller did wrong, or must be told; every error carries its fate.

The one question a caller has after an error is: may I send this command again? The *fate* answers it
(CALL-06):

    not_sent    no byte of the command was written      sending it again is safe
    unknown     written, and no reply came back         it may have been executed, or be yet; ask the data
    executed    the server took it up and answered      sending it again executes it again

A fate is never guessed towards safety: `not_sent` is said only where nothing can have been written. Most
kinds of error have one fate by their nature; for those that can strike before and after the write (`Closed`,
`ConnectionLost`, `ProtocolError`) whoever raises them says which.

A message says what happened, with numbers, and what to do about it.
"""

from __future__ import annotations

from enum import Enum


class Fate(Enum):
    """What became of the command."""

    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    EXECUTED = "executed"


class PoolproofError(Exception):
    """Base of all errors raised here; `fate` is the class's own unless the constructor is told another."""

    fate: Fate = Fate.NOT_SENT

    def __init__(self, message: str, fate: Fate | None = None) -> None:
        super().__init__(message)
        if fate is not None:
            self.fate = fate


class Misuse(PoolproofError):
    """The caller broke the contract (a second release, an argument that is no argument); nothing changed."""


class AcquireTimeout(PoolproofError):
    """The acquire limit passed before a connection was there; the caller has left the queue (POOL-07)."""


class Overflow(PoolproofError):
    """The multiplexer holds as many unanswered commands as it may; this one was turned away (MUX-05)."""


class ConnectFailed(PoolproofError):
    """No connection could be opened; the cause is chained."""


class HandshakeFailed(ConnectFailed):
    """The server answered, and refused a step that comes before any command of a caller (CONN-06)."""


class AuthenticationFailed(HandshakeFailed):
    """The server refused the user or the password, or asks for one that was not given (CONN-06)."""


class Closed(PoolproofError):
    """The pool or multiplexer was closed, before the call or during it (LIFE-02, LIFE-04)."""


class CommandTimeout(PoolproofError):
    """The command limit passed before the reply came (CALL-01); its fate says whether it had been written."""

    fate = Fate.UNKNOWN


class ConnectionLost(PoolproofError):
    """The connection ended before the reply came."""

    fate = Fate.UNKNOWN


class ProtocolError(PoolproofError):
    """The server sent what is not RESP, or a reply that nobody asked for (CONN-04)."""

    fate = Fate.UNKNOWN


class ServerError(PoolproofError):
    """The server answered with an error reply; the message is the server's, its first word the error code."""

    fate = Fate.EXECUTED


def call_ended(kind: type[PoolproofError], reason: str, fate: Fate) -> PoolproofError:
    """The error of a call that ended for a reason not its own, with what its caller can do."""
    if fate is Fate.NOT_SENT:
        return kind(f"{reason}; this command was not sent: it is safe to send it again", fate)
    return kind(f"{reason}; this command may have been executed: look before sending it again", fate)
