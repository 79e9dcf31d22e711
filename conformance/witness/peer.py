"""A connection as the witness sees it: its session, what has come in, and what is owed."""

from collections import deque
from dataclasses import dataclass, field

from .command_reader import CommandReader
from .faults import Fault, Harm
from .session import Session


@dataclass(eq=False, slots=True)
class Owed:
    """Bytes owed: a reply to a caller, a reply to a command of the client's own (caller empty), or a push.

    reply: None while the command is blocked; empty: there is to be none. last: then the connection is closed.
    fault: what happens to it on its way. due: it does not go out before that time.
    """

    caller: str
    command: str
    reply: bytes | None
    last: bool = False
    is_push: bool = False
    fault: Fault | None = None
    due: float = 0.0


@dataclass(eq=False, slots=True)
class Peer:
    """A connection. What the server has closed is no peer any more, unless it was closed by half."""

    number: int
    session: Session
    reader: CommandReader = field(default_factory=CommandReader)
    owed: deque[Owed] = field(default_factory=deque[Owed])
    blocked: Owed | None = (
        None  # the last one owed, if its command is blocked: nothing is read until it is not
    )
    commands: int = 0  # that have come in
    is_leaving: bool = False  # the last reply is owed, or the connection has gone: nothing more is read
    is_silent: bool = False  # nothing is sent until the faults stop
    is_mute: bool = False  # nothing will be sent any more, and the client has been told

    def owe(self, owed: Owed) -> None:
        """It goes out when it is its turn."""
        if self.is_leaving:
            return
        self.is_leaving = owed.last  # without a reply a server does not close, but listens no more
        if owed.reply is None:
            self.blocked = owed
        elif not owed.reply and owed.fault is None:
            return
        self.owed.append(owed)

    def push(self, data: bytes) -> None:
        """What is no reply goes behind what is owed, but does not wait for a blocked command."""
        owed = Owed("", "", data, is_push=True)
        if self.blocked is None:
            self.owe(owed)
        else:
            self.owed.insert(len(self.owed) - 1, owed)

    def serve(self, reply: bytes) -> None:
        """The blocked command has its reply; empty: there is to be none."""
        if (owed := self.blocked) is None:
            return
        self.blocked = None
        owed.reply = bent(self, owed.fault, reply) if owed.fault else reply
        if not reply:
            self.owed.remove(owed)


def bent(peer: Peer, fault: Fault, reply: bytes) -> bytes:
    """What the fault makes of the reply."""
    speaks = peer.session.protocol == 3  # push frames have no place elsewhere
    match fault.harm:
        case Harm.TEAR:
            return reply[: int(fault.amount)]
        case Harm.GARBLE:
            return fault.data
        case Harm.STRAY:
            return reply + fault.data
        case Harm.PUSH if speaks:
            return fault.data + reply
        case Harm.PUSH_AFTER if speaks:
            return reply + fault.data
        case _:
            return reply
