"""The multiplexer in full: a backlog with bounds, pushes, replies that come in pieces, and an end.

It is the plain multiplexer with more stations, and somebody else's messages among the replies:

    caller ──Send──▶ backlog ──Flush──┬─▶ in_flight ─────────────────────────────┬──Receive──▶ caller
                                      └─▶ server ──Serve──▶ wire ──Read──▶ part ─┘
                                                 ──Push───▶

A request is accepted first (Send) and written later (Flush), connected or not, and one Flush writes one: a
flush in code is as many of these as there is room for, and anything may come between. What was given up in
the backlog is dropped when its turn comes, and never sent. A reply is read in two pieces (Read, Receive), so
that a connection can be lost in the middle of it. A push is a message that nobody asked for; it goes the way
of the replies and settles nobody.

A full state is (plain, backlog, written, part, closed):

    plain      a state of the plain multiplexer, whose `sent` counts what a caller has had accepted; the wire
               may hold a PUSH, one at a time
    backlog    of each request that has not been written: (request, live)
    written    of each caller: the number of the last of its requests that was written
    part       what has been read half: (item,), or ()
    closed     whether the multiplexer has been closed

When a connection is lost, or could not be made, everybody who waits is told, in the backlog as well: nothing
is kept for a server that may be gone for long. The same happens at the close, and nothing after it.

Left out: handshakes, and which commands may share a connection.
"""

from collections.abc import Callable
from typing import NamedTuple

from . import multiplexer
from .explore import Action, Model, put
from .multiplexer import Multiplexer, Request

PUSH = (-1, 0)


class State(NamedTuple):
    """A full state, as it is described above."""

    plain: multiplexer.State
    backlog: tuple[tuple[Request, bool], ...]
    written: tuple[int, ...]
    part: tuple[()] | tuple[Request] = ()
    closed: bool = False


class FullMultiplexer(Model[State]):
    """A multiplexer that accepts up to `max_in_flight + max_backlog` requests at a time."""

    def __init__(
        self, callers: int, requests: int, connections: int, max_in_flight: int, max_backlog: int
    ) -> None:
        self.plain = Multiplexer(callers, requests, connections)
        self.max_in_flight = max_in_flight
        self.max_backlog = max_backlog
        self.invariants = {**INVARIANTS, "BoundKept": self.bound_kept}

    def initial(self) -> State:
        return State(self.plain.initial(), (), (0,) * self.plain.callers)

    def actions(self, state: State) -> list[tuple[Action, State]]:
        if state.closed:
            return [(("Done",), state)]
        (callers, _, _, _, up, epoch), backlog, *_ = state
        steps: list[tuple[Action, State]] = []
        for caller, (phase, sent, _) in enumerate(callers):
            if phase == "waiting":
                steps.append((("Cancel", caller), self.cancel(state, caller)))
            elif sent < self.plain.requests and self.may_accept(state):
                steps.append((("Send", caller), self.send(state, caller)))
        if up:
            steps += self.connected(state)
        elif epoch < self.plain.connections:
            steps.append((("Reconnect",), state._replace(plain=self.plain.reconnect(state.plain))))
        if backlog and not up:
            steps.append((("DialFail",), self.disconnect(state)))
        steps.append((("Close",), self.close(state)))
        return steps

    def connected(self, state: State) -> list[tuple[Action, State]]:
        """What can happen while there is a connection."""
        plain, backlog, _, part, _ = state
        _, in_flight, server, wire, _, _ = plain
        steps: list[tuple[Action, State]] = [(("Disconnect",), self.disconnect(state))]
        if backlog and self.may_flush(state):
            steps.append((("Flush",), self.flush(state)))
        if server:
            steps.append((("Serve",), state._replace(plain=self.plain.serve(plain))))
        if PUSH not in (*part, *wire):
            steps.append((("Push",), self.push(state)))
        if wire and not part:
            steps.append((("Read",), self.read(state)))
        if part and (in_flight or part == (PUSH,)):
            steps.append((("Receive",), self.receive(state)))
        return steps

    def may_accept(self, state: State) -> bool:
        """At the bound a request is turned away at once, connected or not."""
        return len(state.plain[1]) + len(state.backlog) < self.max_in_flight + self.max_backlog

    def may_flush(self, state: State) -> bool:
        """Whether there is room in flight for the oldest request in the backlog; to drop it needs none."""
        _, live = state.backlog[0]
        return len(state.plain[1]) < self.max_in_flight or not live

    def violated(self, state: State) -> str | None:
        return next((name for name, holds in self.invariants.items() if not holds(state)), None)

    def bound_kept(self, state: State) -> bool:
        """MUX-05: neither what is in flight nor what is accepted exceeds its bound."""
        in_flight = len(state.plain[1])
        return (
            in_flight <= self.max_in_flight
            and in_flight + len(state.backlog) <= self.max_in_flight + self.max_backlog
        )

    # What a caller does.

    def send(self, state: State, caller: int) -> State:
        callers, *_ = state.plain
        request = (caller, callers[caller][1] + 1)
        callers = put(callers, caller, ("waiting", request[1], ()))
        return state._replace(plain=(callers, *state.plain[1:]), backlog=(*state.backlog, (request, True)))

    def cancel(self, state: State, caller: int) -> State:
        """The caller leaves; its request keeps its place, in the backlog as well."""
        backlog = tuple((request, live and request[0] != caller) for request, live in state.backlog)
        return state._replace(plain=self.plain.cancel(state.plain, caller), backlog=backlog)

    # What the connection does.

    def flush(self, state: State) -> State:
        """The oldest request in the backlog is written, or dropped if its caller is gone."""
        (request, live), *_ = state.backlog
        if live:
            state = self.write(state, request)
        return state._replace(backlog=state.backlog[1:])

    def write(self, state: State, request: Request) -> State:
        callers, in_flight, server, wire, up, epoch = state.plain
        plain = callers, (*in_flight, (request, True)), (*server, request), wire, up, epoch
        return state._replace(plain=plain, written=put(state.written, *request))

    def push(self, state: State) -> State:
        callers, in_flight, server, wire, up, epoch = state.plain
        return state._replace(plain=(callers, in_flight, server, (*wire, PUSH), up, epoch))

    def read(self, state: State) -> State:
        callers, in_flight, server, wire, up, epoch = state.plain
        return state._replace(plain=(callers, in_flight, server, wire[1:], up, epoch), part=(wire[0],))

    def receive(self, state: State) -> State:
        """The rest of the message has come: a reply is for the oldest in flight, a push for nobody."""
        plain = state.plain
        if state.part != (PUSH,):
            callers, in_flight, server, wire, up, epoch = plain
            plain = self.plain.receive((callers, in_flight, server, (*state.part, *wire), up, epoch))
        return state._replace(plain=plain, part=())

    def disconnect(self, state: State) -> State:
        """Everybody who waits is told, and all that was said is gone."""
        return State(self.plain.disconnect(state.plain), (), state.written)

    def close(self, state: State) -> State:
        return State(self.plain.disconnect(state.plain), (), state.written, closed=True)


# What holds in every state.


def accepted(state: State) -> multiplexer.State:
    """The plain state, but what is in the backlog counts as in flight."""
    callers, in_flight, server, wire, up, epoch = state.plain
    return callers, in_flight + state.backlog, server, wire, up, epoch


def right_reply(state: State) -> bool:
    """CONN-01, MUX-01, MUX-06: a caller that has a reply has the one to its own last request."""
    return multiplexer.right_reply(state.plain)


def in_step(state: State) -> bool:
    """MUX-02, MUX-08: the k-th request in flight is the one that the k-th reply to come will answer."""
    _, in_flight, server, wire, up, _ = state.plain
    replies = tuple(item for item in (*state.part, *wire) if item != PUSH)
    return not up or tuple(request for request, _ in in_flight) == replies + server


def settled_once(state: State) -> bool:
    """CALL-02: a request that can still be answered has its caller waiting for it, and has one place."""
    return multiplexer.settled_once(accepted(state))


def nobody_left_waiting(state: State) -> bool:
    """CALL-02, MUX-06: whoever waits has a request in the backlog or in flight."""
    return multiplexer.nobody_left_waiting(accepted(state))


def nothing_resent(state: State) -> bool:
    """CALL-05: no request that has been written is to be written again."""
    return all(number > state.written[caller] for (caller, number), _ in state.backlog)


def order_per_caller(state: State) -> bool:
    """CALL-07: the requests of a caller stand in the queues in the order in which it sent them."""
    last = [0] * len(state.written)
    for (caller, number), _ in accepted(state)[1]:
        if number <= last[caller]:
            return False
        last[caller] = number
    return True


def closed_means_closed(state: State) -> bool:
    """LIFE-02, LIFE-04: a closed multiplexer has no connection and owes nobody anything."""
    callers, in_flight, server, wire, up, _ = state.plain
    owed = in_flight or server or wire or state.backlog or state.part
    return not state.closed or not (up or owed or any(phase == "waiting" for phase, _, _ in callers))


INVARIANTS: dict[str, Callable[[State], bool]] = {
    "RightReply": right_reply,
    "InStep": in_step,
    "SettledOnce": settled_once,
    "NobodyLeftWaiting": nobody_left_waiting,
    "OrderPerCaller": order_per_caller,
    "NothingResent": nothing_resent,
    "ClosedMeansClosed": closed_means_closed,
}


# What holds of every step.


def written_in_turn(before: State, after: State) -> bool:
    """CALL-04, MUX-07: what is written was the first in the backlog, and its caller still waits."""
    known = [request for request, _ in before.plain[1]]
    return all(
        before.backlog[:1] == ((request, True),) for request, _ in after.plain[1] if request not in known
    )


STEP_INVARIANTS: dict[str, Callable[[State, State], bool]] = {"WrittenInTurn": written_in_turn}
