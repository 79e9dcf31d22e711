"""The exchange of commands and replies: what comes in is told, executed and owed, and goes out in its turn.

bytes ---> reader ---> fault? ---> executed ---> owed ---> gate? ---> bytes
                                      |            ^
                                      `--> news ---'  (messages, invalidations, replies to who was blocked)
"""

from collections import defaultdict, deque

from ..history import Kind, Record
from .behind import Behind, answered_together
from .command_reader import NotACommand
from .commands.channels import publish_to
from .effects import Close, Effect, HalfClose, Reset, Send
from .faults import Arsenal, Fault, Harm
from .gate import Gate
from .keyspace import Clock
from .peer import Owed, Peer, bent
from .processing import Processor
from .replies import error
from .session import Session
from .state import Dismissed, Served, Server, Told

LONGEST_TEXT = 500  # bytes of a command that the history tells
_WITH_SUBCOMMANDS = frozenset({b"CLIENT", b"COMMAND", b"SCRIPT"})
_ENDS_THE_CONNECTION = frozenset({Harm.CUT, Harm.RESET, Harm.HALF_CLOSE, Harm.SILENCE})


class Exchange:
    """All connections of one server. The methods add to the effects that they are given."""

    def __init__(
        self, record: Record, server: Server, gate: Gate, clock: Clock, behind: Behind | None
    ) -> None:
        self._record = record
        self._behind = behind
        self._server = server
        self._gate = gate
        self._clock = clock
        self._processor = Processor(server)
        self._stirred: dict[Peer, None] = {}  # others than the one being read that have something to send
        self.peers: dict[int, Peer] = {}
        self.arsenal = Arsenal()
        self._passed = 0.0  # until then, what was due has been done
        self.expected: defaultdict[tuple[bytes, ...], deque[str]] = defaultdict(deque[str])

    def know_all(self) -> None:
        """No command is unknown any more."""
        self._processor.know_but(frozenset())

    def receive(self, number: int, data: bytes) -> list[Effect]:
        """Bytes arrived."""
        peer = self.peers.get(number)
        if peer is None:
            return []
        effects: list[Effect] = []
        peer.reader.feed(data)
        self._read(peer, effects)
        self.pay(peer, effects)
        if self._stirred or self._server.tracking.is_used:
            self._settle(effects)
        return effects

    def publish(self, channel: str, message: str, effects: list[Effect]) -> int:
        """A message that none of the clients sends; how many it goes to."""
        count = publish_to(self._server, channel.encode(), message.encode())
        self._spread(effects)
        self._settle(effects)
        return count

    def pass_time(self, effects: list[Effect]) -> None:
        """Whoever has waited long enough is answered."""
        self._passed = self._clock()
        self._processor.pass_time()
        self._spread(effects)
        self._stirred |= dict.fromkeys(self.peers.values())
        self._settle(effects)

    def next_time(self) -> float:
        """When `pass_time` will have something to do; infinity: never."""
        delayed = (owed.due for peer in self.peers.values() for owed in peer.owed if owed.due > self._passed)
        return min(self._processor.next_time(), *delayed, float("inf"))

    # in

    def _read(self, peer: Peer, effects: list[Effect]) -> None:
        try:
            while not peer.is_leaving and peer.blocked is None and (words := peer.reader.next()) is not None:
                self._take(peer, words, effects)
        except NotACommand as complaint:
            self._record(Kind.GARBAGE, connection=peer.number, text=repr(peer.reader.unread[:40]))
            peer.owe(Owed("", "", error(f"ERR Protocol error: {complaint}"), last=True))

    def _take(self, peer: Peer, words: list[bytes], effects: list[Effect]) -> None:
        session = peer.session
        caller = self._caller_of(words)
        text = as_told(words)
        self._record(Kind.RECEIVED if caller else Kind.GREETED, caller, peer.number, text, session.told)
        peer.commands += 1
        if self.arsenal and (fault := self.arsenal.draw(caller, words, peer.commands, peer.number)):
            self._take_badly(peer, words, effects, Owed(caller, text, None, fault=fault), fault)
        else:
            reply = self._execute(session, words, caller)
            peer.owe(Owed(caller, text, reply, session.is_leaving))
        if self._server.news:
            self._spread(effects)

    def _take_badly(
        self, peer: Peer, words: list[bytes], effects: list[Effect], owed: Owed, fault: Fault
    ) -> None:
        if fault.harm is Harm.REFUSE:
            owed.reply = fault.data
            peer.session.is_spoilt = peer.session.queue is not None
        elif fault.harm is not Harm.CUT_BEFORE:
            reply = self._execute(peer.session, words, owed.caller)
            owed.reply = reply and bent(peer, fault, reply)
        if fault.harm is Harm.CUT_BEFORE or fault.harm in _ENDS_THE_CONNECTION:
            self.pay(peer, effects)
            self.end(peer, fault.harm, effects)
        if fault.harm is Harm.DELAY:
            owed.due = self._clock() + fault.amount
        owed.last = fault.harm is Harm.TEAR or peer.session.is_leaving
        peer.owe(owed)

    def _execute(self, session: Session, words: list[bytes], caller: str) -> bytes | None:
        if caller or self._behind is None:
            return self._processor.execute(session, words)
        return answered_together(self._behind, self._processor, session, words)

    def _caller_of(self, words: list[bytes]) -> str:
        if self.expected and (callers := self.expected.get(as_expected(words))):
            return callers.popleft() if len(callers) > 1 else callers[0]  # the last one may send it again
        is_get = len(words) == 2 and words[0].upper() == b"GET"
        return words[1].decode("utf-8", "replace") if is_get else ""

    def _spread(self, effects: list[Effect]) -> None:
        """What others are told by a command becomes owed to them."""
        news, self._server.news = self._server.news, []
        for each in news:
            peer = self.peers.get(each.session.number)
            if peer is None:
                continue
            self._stirred[peer] = None
            match each:
                case Told(_, data):
                    peer.push(data)
                case Served(_, reply):
                    peer.serve(reply)
                case Dismissed():
                    self.end(peer, Harm.CUT, effects)

    # out

    def pay(self, peer: Peer, effects: list[Effect]) -> None:
        """Send what may go out, in its turn."""
        queue = peer.owed
        if not queue:
            return
        sent: list[bytes] = []
        is_last = False
        while queue and self._gate.lets(peer, queue[0]):
            owed = queue.popleft()
            self._tell_of(peer, owed)
            sent.append(owed.reply or b"")
            is_last = owed.last
        if data := b"".join(sent):
            effects.append(Send(peer.number, data))
        if is_last:
            self.end(peer, Harm.CUT, effects)

    def pay_all(self, effects: list[Effect]) -> None:
        """Send what may go out on all connections."""
        for peer in list(self.peers.values()):
            self.pay(peer, effects)

    def _settle(self, effects: list[Effect]) -> None:
        """Others send what they owe by now, and read on if they were blocked."""
        while True:
            while self._stirred:
                peer = next(iter(self._stirred))
                del self._stirred[peer]
                self._read(peer, effects)
                self.pay(peer, effects)
            self._server.tracking.broadcast()
            self._spread(effects)
            if not self._stirred:
                return

    def _tell_of(self, peer: Peer, owed: Owed) -> None:
        reply = owed.reply or b""
        if owed.is_push or (owed.fault and owed.fault.harm in (Harm.TEAR, Harm.GARBLE)):
            return
        complaint = reply[1:-2].decode("latin-1") if reply.startswith(b"-") else ""
        if owed.caller:
            self._record(Kind.REPLIED, owed.caller, peer.number, owed.command, complaint)
        else:
            self._record(Kind.WELCOMED, "", peer.number, owed.command, complaint)

    def forget(self, peer: Peer) -> None:
        """The connection is over."""
        self._server.close(peer.session)
        if self._behind:
            self._behind.leave(peer.number)

    def end(self, peer: Peer, harm: Harm, effects: list[Effect]) -> None:
        """The server ends the connection, in that way."""
        if harm is Harm.SILENCE:
            peer.is_silent = True
            self._record(Kind.SILENCED, connection=peer.number)
            return
        number, is_news = peer.number, not peer.is_mute
        if harm is Harm.HALF_CLOSE:
            peer.is_mute = True
            effects.append(HalfClose(number))
        else:
            del self.peers[number]
            peer.is_leaving = True
            self.forget(peer)
            effects.append(Reset(number) if harm is Harm.RESET else Close(number))
        if is_news:
            how = str(harm) if harm in (Harm.RESET, Harm.HALF_CLOSE) else ""
            self._record(Kind.CLOSED, connection=number, text="server", detail=how)


def as_expected(words: list[bytes]) -> tuple[bytes, ...]:
    """A command's words, however its name is written."""
    return (words[0].upper(), *words[1:])


def as_told(words: list[bytes]) -> str:
    """A command as the history has it: the names of commands in capitals, however the client writes them."""
    names = 2 if words[0].upper() in _WITH_SUBCOMMANDS else 1
    told = [word.upper() for word in words[:names]] + words[names:]
    return b" ".join(told)[:LONGEST_TEXT].decode("utf-8", "replace")
