"""The witness itself: what the network tells it, and what the plan has it do.

A caller's command is `GET <name>`, or one that the plan has announced (`expect`). The reply to the former is
`val:<name>`, a function of the command, so a reply that reached the wrong caller is found by comparing.
Callers' replies are kept back until the plan says `answer`; the replies of one connection leave in the order
of its commands, as a server's do, so one that is kept back keeps back those behind it. All other commands are
the client's own (handshake, health checks); they are answered at once unless the plan says `stall`. Commands
are executed when they come in, whenever their replies leave.

The history tells of each command (`received`, `greeted`) its text, and as detail the session in which it came
in (`Session.told`), and of each reply (`replied`, `welcomed`) as detail the error, if it was one.
"""

from ..history import Kind, Record
from .behind import Behind
from .effects import Effect, Send
from .exchange import Exchange, as_expected
from .faults import AT_ONCE, Fault, Harm
from .gate import Gate
from .keyspace import Clock
from .peer import Peer, bent
from .setup import Condition, Setup
from .state import Server

_USUAL_SETUP = Setup()


class Witness:
    """See the module. Every method that may have something to send returns the effects.

    clock: seconds, from anywhere. Without one no time passes: nothing expires, and no wait has an end.
    behind: a real server, which then answers what clients ask on their own account.
    """

    def __init__(
        self,
        record: Record,
        setup: Setup = _USUAL_SETUP,
        clock: Clock = float,
        behind: Behind | None = None,
    ) -> None:
        self._record = record
        self._server = Server(setup, clock)
        self._gate = Gate(clock)
        self._exchange = Exchange(record, self._server, self._gate, clock, behind)

    # the network's side

    def opened(self, number: int, address: str = "") -> None:
        """A client connected."""
        session = self._server.open(number, address or f"127.0.0.1:{50_000 + number}")
        self._exchange.peers[number] = Peer(number, session)
        self._record(Kind.OPENED, connection=number)

    def received(self, number: int, data: bytes) -> list[Effect]:
        """Bytes arrived. Garbage is answered as Redis does: an error in its turn, then an end."""
        return self._exchange.receive(number, data)

    def closed_by_client(self, number: int) -> None:
        """The client closed the connection (or noticed that we did)."""
        if peer := self._exchange.peers.pop(number, None):
            peer.is_leaving = True
            self._exchange.forget(peer)
            if not peer.is_mute:
                self._record(Kind.CLOSED, connection=number, text="client")

    def next_time(self) -> float:
        """When `pass_time` will have something to do, by the clock; infinity: never."""
        return self._exchange.next_time()

    def pass_time(self) -> list[Effect]:
        """That time has come: waits are over, delayed replies due."""
        effects: list[Effect] = []
        self._exchange.pass_time(effects)
        return effects

    @property
    def hears_no_more(self) -> bool:
        """On some connection the last reply is owed: what else the client sends on it is not read."""
        return any(peer.is_leaving and not peer.is_mute for peer in self._exchange.peers.values())

    def subscriptions(self) -> set[str]:
        """The channels and patterns that somebody is subscribed to."""
        sessions = self._server.sessions.values()
        return {name.decode() for each in sessions for name in (*each.channels, *each.patterns)}

    # the plan's side

    def expect(self, caller: str, *words: str) -> None:
        """A command of these words is that caller's; if several announce the same, they come in turn."""
        self._exchange.expected[as_expected([word.encode() for word in words])].append(caller)

    def answer(self, caller: str) -> list[Effect]:
        """The reply owed to that caller may go out, now or as soon as its command is here."""
        self._gate.answered.add(caller)
        return self._pay_all()

    def publish(self, channel: str, message: str) -> list[Effect]:
        """Somebody else publishes that message."""
        effects: list[Effect] = []
        receivers = self._exchange.publish(channel, message, effects)
        self._record(Kind.PUBLISHED, channel, text=message, detail=str(receivers))
        return effects

    def stall(self, stalled: bool) -> list[Effect]:
        """Keep back the replies to the client's own commands, or send them again."""
        self._gate.is_stalled = stalled
        return self._pay_all()

    def cut(self, caller: str, after_half: bool = False) -> list[Effect]:
        """Close the connection that owes that caller a reply, if wanted after half of the next reply."""
        peer = self._owing(caller)
        next_reply = peer.owed[0].reply or b"" if peer and after_half else b""
        return self._end(peer, Harm.CUT, next_reply[: len(next_reply) // 2], f"owes {caller} a reply")

    def drop(self) -> list[Effect]:
        """Close the oldest connection that owes nothing."""
        return self._end(self._idle(), Harm.CUT, b"", "is idle")

    def arm(self, fault: Fault) -> None:
        """The fault strikes the commands to come that it fits."""
        self._exchange.arsenal.arm(fault)

    def strike(self, fault: Fault) -> list[Effect]:
        """The fault strikes a connection at once. Raises ValueError if it can only strike commands."""
        if fault.harm not in AT_ONCE:
            raise ValueError(f"{fault.harm} strikes only commands to come")
        if fault.caller:
            peer, which = self._owing(fault.caller), f"owes {fault.caller} a reply"
        elif fault.connection:
            peer, which = self._exchange.peers.get(fault.connection), f"has number {fault.connection}"
        else:
            peer, which = self._idle(), "is idle"
        next_reply = peer.owed[0].reply or b"" if peer and peer.owed and fault.harm is Harm.TEAR else b""
        return self._end(peer, fault.harm, bent(peer, fault, next_reply) if peer else b"", which)

    def turn(self, condition: Condition, spares_new: bool = True) -> None:
        """The server is in that condition, for the connections that exist, and if wanted for new ones."""
        if not spares_new:
            self._server.condition = condition
        for session in self._server.sessions.values():
            if session.condition is not condition:
                session.condition = condition
                session.changed()

    def restart(self, forgets: bool = True) -> list[Effect]:
        """The server goes and is back: all connections are closed, and if it forgets, all keys are gone."""
        effects: list[Effect] = []
        for peer in list(self._exchange.peers.values()):
            self._exchange.end(peer, Harm.CUT, effects)
        self._server.restart(forgets)
        return effects

    def heal(self) -> list[Effect]:
        """All faults stop: send all that is owed, and keep nothing back from now on, probes aside."""
        self._gate.is_healed = True
        self._exchange.arsenal.clear()
        self.turn(Condition.WELL, spares_new=False)
        self._exchange.know_all()
        for peer in self._exchange.peers.values():
            peer.is_silent = False
        return self.stall(False)

    def hold(self) -> None:
        """Keep callers' replies back again (for the capacity probe)."""
        self._gate.is_healed = False

    # inside

    def _pay_all(self) -> list[Effect]:
        effects: list[Effect] = []
        self._exchange.pay_all(effects)
        return effects

    def _owing(self, caller: str) -> Peer | None:
        for peer in self._exchange.peers.values():
            for owed in peer.owed:
                if owed.caller == caller:
                    return peer
        return None

    def _idle(self) -> Peer | None:
        for peer in self._exchange.peers.values():
            if not peer.owed and not peer.is_mute:
                return peer
        return None

    def _end(self, peer: Peer | None, harm: Harm, data: bytes, which: str) -> list[Effect]:
        """Send these bytes out of turn, and end the connection if that is the harm."""
        if peer is None:
            self._record(Kind.MISSED, text=f"no connection {which}")
            return []
        effects: list[Effect] = [Send(peer.number, data)] if data else []
        if harm in (Harm.GARBLE, Harm.STRAY):
            self._record(Kind.STRAYED, connection=peer.number)
        if harm not in (Harm.GARBLE, Harm.STRAY, Harm.PUSH):
            self._exchange.end(peer, harm, effects)
        return effects
