"""The witness: the suite's own Redis server, which sees every connection and every command.

This is its core: bytes in; bytes to send, connections to close, and history events out. It does no I/O, so
the simulated network and real sockets can stand before it alike.

A caller's command is `GET <name>`: the reply is `val:<name>`, a function of the command, so a reply that
reached the wrong caller is found by comparing. It is kept back until the plan says `answer <name>`; the
replies of one connection leave in the order of its commands, as a server's do, so a reply kept back keeps
back those behind it. All other commands are the client's own (handshake, health checks); they are answered at
once unless the plan says `stall`.

Every reply is byte for byte that of a real server, refusals included; only what HELLO tells of the server
(its name, version, modules) is its own. Two replies end the connection: to QUIT, and to what is no command.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .command_reader import CommandReader, NotACommand
from .history import Kind, Record


class Send(NamedTuple):
    """These bytes go to that connection."""

    connection: int
    data: bytes


class Close(NamedTuple):
    """That connection is closed by the server, after what was sent before."""

    connection: int


Effect = Send | Close

_QUOTED_BYTES = 128  # how much of a command a server quotes in an error, and how much of its arguments


@dataclass(slots=True)
class Owed:
    """A reply owed: to a caller, or (caller empty) to a command of the client's own. `last`: then close."""

    caller: str
    command: str
    reply: bytes
    last: bool = False


@dataclass(eq=False, slots=True)
class Peer:
    """A connection as the server sees it."""

    number: int
    reader: CommandReader = field(default_factory=CommandReader)
    owed: deque[Owed] = field(default_factory=deque[Owed])
    protocol: int = 2

    @property
    def is_leaving(self) -> bool:
        """The last reply is owed: nothing more is read."""
        return bool(self.owed) and self.owed[-1].last


class Witness:
    """See the module. Every method that may have something to send returns the effects."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._peers: dict[int, Peer] = {}
        self._answered: set[str] = set()  # callers whose reply may go out
        self._stalled = False
        self._healed = False

    # the network's side

    def opened(self, number: int) -> None:
        """A client connected."""
        self._peers[number] = Peer(number)
        self._record(Kind.OPENED, connection=number)

    def received(self, number: int, data: bytes) -> list[Effect]:
        """Bytes arrived. Garbage is answered as Redis does: an error in its turn, then an end."""
        peer = self._peers.get(number)
        if peer is None:
            return []
        peer.reader.feed(data)
        try:
            while not peer.is_leaving and (words := peer.reader.next()) is not None:
                self._owe(peer, words)
        except NotACommand as complaint:
            self._record(Kind.GARBAGE, connection=number, text=repr(data[:40]))
            reply = _error(f"Protocol error: {complaint}".encode("latin-1"))
            peer.owed.append(Owed("", "", reply, last=True))
        return self._pay(peer)

    def closed_by_client(self, number: int) -> None:
        """The client closed the connection (or noticed that we did)."""
        if self._peers.pop(number, None):
            self._record(Kind.CLOSED, connection=number, text="client")

    # the plan's side

    def answer(self, caller: str) -> list[Effect]:
        """The reply owed to that caller may go out, now or as soon as its command is here."""
        self._answered.add(caller)
        return self._pay_all()

    def cut(self, caller: str, after_half: bool = False) -> list[Effect]:
        """Close the connection that owes that caller a reply, if wanted after half of the next reply."""
        for peer in self._peers.values():
            if any(owed.caller == caller for owed in peer.owed):
                half = peer.owed[0].reply[: len(peer.owed[0].reply) // 2] if after_half else b""
                return [*([Send(peer.number, half)] if half else []), self._close(peer)]
        self._record(Kind.MISSED, text=f"no connection owes {caller} a reply")
        return []

    def drop(self) -> list[Effect]:
        """Close the oldest connection that owes nothing."""
        for peer in self._peers.values():
            if not peer.owed:
                return [self._close(peer)]
        self._record(Kind.MISSED, text="no connection is idle")
        return []

    def stall(self, stalled: bool) -> list[Effect]:
        """Keep back the replies to the client's own commands, or send them again."""
        self._stalled = stalled
        return self._pay_all()

    def heal(self) -> list[Effect]:
        """Send all that is owed, and keep nothing back from now on, probes aside."""
        self._healed = True
        return self.stall(False)

    def hold(self) -> None:
        """Keep callers' replies back again (for the capacity probe)."""
        self._healed = False

    # inside

    def _close(self, peer: Peer) -> Close:
        del self._peers[peer.number]
        self._record(Kind.CLOSED, connection=peer.number, text="server")
        return Close(peer.number)

    def _owe(self, peer: Peer, words: list[bytes]) -> None:
        name, text = words[0].upper(), b" ".join(words).decode("utf-8", "replace")
        if name == b"GET" and len(words) == 2:
            caller = words[1].decode("utf-8", "replace")
            self._record(Kind.RECEIVED, caller=caller, connection=peer.number)
            peer.owed.append(Owed(caller, text, _bulk(b"val:" + words[1])))
        else:
            self._record(Kind.GREETED, connection=peer.number, text=text)
            peer.owed.append(Owed("", text, _own_reply(peer, name, words), last=name == b"QUIT"))

    def _pay_all(self) -> list[Effect]:
        return [effect for peer in list(self._peers.values()) for effect in self._pay(peer)]

    def _pay(self, peer: Peer) -> list[Effect]:
        paid = list(self._payable(peer))
        effects: list[Effect] = [Send(peer.number, b"".join(owed.reply for owed in paid))] if paid else []
        if paid and paid[-1].last:
            effects.append(self._close(peer))
        return effects

    def _payable(self, peer: Peer) -> Iterator[Owed]:
        while peer.owed:
            owed = peer.owed[0]
            if owed.caller:
                if not (self._healed or owed.caller in self._answered):
                    return
                self._record(Kind.REPLIED, caller=owed.caller, connection=peer.number)
            else:
                if self._stalled:
                    return
                self._record(Kind.WELCOMED, connection=peer.number, text=owed.command)
            yield peer.owed.popleft()


def _own_reply(peer: Peer, name: bytes, words: list[bytes]) -> bytes:
    """The reply to a command that is no caller's, as Valkey and Redis 7 give it."""
    match name, [word.upper() for word in words[1:]]:
        case b"HELLO", arguments:
            return _hello(peer, arguments)
        case b"PING", []:
            return b"+PONG\r\n"
        case ((b"PING" | b"ECHO"), [_]):
            return _bulk(words[1])
        case b"CLIENT", [b"ID"]:
            return b":%d\r\n" % peer.number
        case b"CLIENT", [b"SETNAME", _] | [b"SETINFO", b"LIB-NAME" | b"LIB-VER", _]:
            return b"+OK\r\n"
        case b"CLIENT", [_, *_]:
            return _error(b"unknown subcommand '%s'. Try CLIENT HELP." % words[1][:_QUOTED_BYTES])
        case b"QUIT", _:
            return b"+OK\r\n"
        case b"SELECT", [index]:
            if not index.isdigit():
                return _error(b"value is not an integer or out of range")
            return b"+OK\r\n" if int(index) < 16 else _error(b"DB index is out of range")
        case b"RESET", []:
            peer.protocol = 2
            return b"+RESET\r\n"
        case ((b"GET" | b"PING" | b"ECHO" | b"CLIENT" | b"RESET" | b"SELECT"), _):
            return _error(b"wrong number of arguments for '%s' command" % name.lower())
        case _:
            return _unknown(words)


def _hello(peer: Peer, arguments: list[bytes]) -> bytes:
    if arguments:
        if not arguments[0].isdigit():
            return _error(b"Protocol version is not an integer or out of range")
        if arguments[0] not in (b"2", b"3"):
            return b"-NOPROTO unsupported protocol version\r\n"
        peer.protocol = int(arguments[0])
    fields = [
        *(_bulk(b"server"), _bulk(b"redis")),
        *(_bulk(b"version"), _bulk(b"7.4.0")),
        *(_bulk(b"proto"), b":%d\r\n" % peer.protocol),
        *(_bulk(b"id"), b":%d\r\n" % peer.number),
        *(_bulk(b"mode"), _bulk(b"standalone")),
        *(_bulk(b"role"), _bulk(b"master")),
        *(_bulk(b"modules"), b"*0\r\n"),
    ]
    header = b"%%%d\r\n" % (len(fields) // 2) if peer.protocol == 3 else b"*%d\r\n" % len(fields)
    return header + b"".join(fields)


def _unknown(words: list[bytes]) -> bytes:
    arguments = b""
    for word in words[1:]:
        if len(arguments) < _QUOTED_BYTES:
            arguments += b"'%s' " % word[: _QUOTED_BYTES - len(arguments)]
    return _error(
        b"unknown command '%s', with args beginning with: %s" % (words[0][:_QUOTED_BYTES], arguments)
    )


def _error(text: bytes) -> bytes:
    return b"-ERR %s\r\n" % text.translate(bytes.maketrans(b"\r\n", b"  "))


def _bulk(data: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(data), data)
