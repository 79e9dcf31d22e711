"""The witness: the suite's own Redis server, which sees every connection and every command.

This is its core: bytes in; bytes to send, connections to close, and history events out. It does no I/O, so
the simulated network and real sockets can stand before it alike.

A caller's command is `GET <name>`: the reply is `val:<name>`, a function of the command, so a reply that
reached the wrong caller is found by comparing. It is kept back until the plan says `answer <name>`; the
replies of one connection leave in the order of its commands, as a server's do, so a reply kept back keeps
back those behind it. All other commands are the client's own (handshake, health checks); they are answered at
once unless the plan says `stall`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import hiredis

from .history import Kind, Record


class Send(NamedTuple):
    """These bytes go to that connection."""

    connection: int
    data: bytes


class Close(NamedTuple):
    """That connection is closed by the server, after what was sent before."""

    connection: int


Effect = Send | Close


@dataclass(slots=True)
class Owed:
    """A reply owed: to a caller, or (caller empty) to a command of the client's own."""

    caller: str
    command: str
    reply: bytes


@dataclass(eq=False, slots=True)
class Peer:
    """A connection as the server sees it."""

    number: int
    reader: hiredis.Reader
    owed: deque[Owed] = field(default_factory=deque[Owed])
    protocol: int = 2


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
        self._peers[number] = Peer(number, hiredis.Reader())
        self._record(Kind.OPENED, connection=number)

    def received(self, number: int, data: bytes) -> list[Effect]:
        """Bytes arrived. Garbage is answered as Redis does: an error, and the connection is closed."""
        peer = self._peers.get(number)
        if peer is None:
            return []
        peer.reader.feed(data)
        try:
            while (message := peer.reader.gets()) is not False:
                self._owe(peer, _words(message))
        except (hiredis.ProtocolError, ValueError):
            self._record(Kind.GARBAGE, connection=number, text=repr(data[:40]))
            return [Send(number, b"-ERR Protocol error\r\n"), self._close(peer)]
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

    def _owe(self, peer: Peer, words: list[str]) -> None:
        name = words[0].upper()
        if name == "GET" and len(words) == 2:
            self._record(Kind.RECEIVED, caller=words[1], connection=peer.number)
            peer.owed.append(Owed(words[1], " ".join(words), _bulk(f"val:{words[1]}")))
        else:
            self._record(Kind.GREETED, connection=peer.number, text=" ".join(words))
            peer.owed.append(Owed("", " ".join(words), _own_reply(peer, name, words)))

    def _pay_all(self) -> list[Effect]:
        return [effect for peer in list(self._peers.values()) for effect in self._pay(peer)]

    def _pay(self, peer: Peer) -> list[Effect]:
        data = b"".join(owed.reply for owed in self._payable(peer))
        return [Send(peer.number, data)] if data else []

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


def _own_reply(peer: Peer, name: str, words: list[str]) -> bytes:
    """The reply to a command that is no caller's, as Valkey 8 and Redis 7 give it."""
    match name, [word.upper() for word in words[1:]]:
        case "HELLO", arguments:
            return _hello(peer, arguments)
        case "PING", []:
            return b"+PONG\r\n"
        case (("PING" | "ECHO"), [_]):
            return _bulk(words[1])
        case "CLIENT", ["ID"]:
            return b":%d\r\n" % peer.number
        case "CLIENT", ["SETNAME" | "SETINFO", *_]:
            return b"+OK\r\n"
        case (("SELECT" | "QUIT" | "RESET"), _):
            return b"+RESET\r\n" if name == "RESET" else b"+OK\r\n"
        case _:
            return b"-ERR unknown command '%s'\r\n" % words[0].encode()


def _hello(peer: Peer, arguments: list[str]) -> bytes:
    if arguments and arguments[0] not in ("2", "3"):
        return b"-NOPROTO unsupported protocol version\r\n"
    if arguments:
        peer.protocol = int(arguments[0])
    fields = [
        *(_bulk("server"), _bulk("redis")),
        *(_bulk("version"), _bulk("7.4.0")),
        *(_bulk("proto"), b":%d\r\n" % peer.protocol),
        *(_bulk("id"), b":%d\r\n" % peer.number),
        *(_bulk("mode"), _bulk("standalone")),
        *(_bulk("role"), _bulk("master")),
        *(_bulk("modules"), b"*0\r\n"),
    ]
    header = b"%%%d\r\n" % (len(fields) // 2) if peer.protocol == 3 else b"*%d\r\n" % len(fields)
    return header + b"".join(fields)


def _bulk(text: str) -> bytes:
    data = text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def _words(message: Any) -> list[str]:
    """The words of a command. Raises ValueError for anything that is no command."""
    match message:
        case [bytes(), *_] if all(isinstance(word, bytes) for word in message):
            return [word.decode("utf-8", "replace") for word in message]
        case _:
            raise ValueError("not a command")
