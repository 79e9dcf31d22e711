"""The multiplexer: all callers share one connection, and only the order of the replies says whose they are.

A request goes round in a circle. Each station is a queue, first in, first out:

    caller ──Send──┬─▶ in_flight ───────────────┬──Receive──▶ caller
                   └─▶ server ──Serve──▶ wire ──┘

Send writes a request to the server and notes it as in flight. Serve executes it and puts its reply on the
wire. Receive takes the oldest reply and gives it to the oldest request in flight; a reply carries no name,
so nothing else could tell whose it is. In this model requests do have names, (caller, number), and a reply
is the name of its request, but no action looks at the name of a reply: only the invariants do.

A cancelled caller leaves, but its reply is still to come. Its request stays in flight as a tombstone, which
takes up that reply and gives it to nobody. A disconnection ends an epoch: all that was in flight goes with
it, and everybody who waits is told. Nothing that was said in one epoch may be heard in the next.

A state is (callers, in_flight, server, wire, up, epoch):

    callers    of each caller: (phase, sent, reply), that is `out` or `waiting`, the number of requests it has
               sent, and the reply to the last of them, () if it got none
    in_flight  of each request that is owed a reply: (request, live); a tombstone is not live
    server     the requests that the server has not executed yet
    wire       the replies that have not been received yet
    up         whether there is a connection
    epoch      which one it is, or was last, counted from 1

The numbers of requests and of connections are limited, so the model is finite.

Left out: a backlog, bounds, pushes, replies that come in pieces (see `full_multiplexer`), and handshakes.
"""

from collections.abc import Callable
from typing import TypeAlias

from .explore import Action, Model, put

Request: TypeAlias = tuple[int, int]
Requests: TypeAlias = tuple[Request, ...]
Callers: TypeAlias = tuple[tuple[str, int, Request | tuple[()]], ...]
State: TypeAlias = tuple[Callers, tuple[tuple[Request, bool], ...], Requests, Requests, bool, int]


class Multiplexer(Model[State]):
    """`callers` callers that send up to `requests` requests each, over `connections` connections in turn."""

    def __init__(self, callers: int, requests: int, connections: int) -> None:
        self.callers = callers
        self.requests = requests
        self.connections = connections

    def initial(self) -> State:
        return (("out", 0, ()),) * self.callers, (), (), (), True, 1

    def actions(self, state: State) -> list[tuple[Action, State]]:
        callers, in_flight, server, wire, up, epoch = state
        steps: list[tuple[Action, State]] = []
        for caller, (phase, sent, _) in enumerate(callers):
            if phase == "waiting":
                steps.append((("Cancel", caller), self.cancel(state, caller)))
            elif up and sent < self.requests:
                steps.append((("Send", caller), self.send(state, caller)))
        if up:
            if server:
                steps.append((("Serve",), self.serve(state)))
            if wire and in_flight:
                steps.append((("Receive",), self.receive(state)))
            steps.append((("Disconnect",), self.disconnect(state)))
        elif epoch < self.connections:
            steps.append((("Reconnect",), self.reconnect(state)))
        if self.done(state):
            steps.append((("Done",), state))
        return steps

    def done(self, state: State) -> bool:
        callers, _, _, _, up, epoch = state
        if any(phase == "waiting" for phase, _, _ in callers):
            return False
        return all(sent == self.requests for _, sent, _ in callers) or (not up and epoch == self.connections)

    def violated(self, state: State) -> str | None:
        return next((name for name, holds in INVARIANTS.items() if not holds(state)), None)

    def canonical(self, state: State) -> State:
        callers, in_flight, *_ = state
        place = {caller: position for position, ((caller, _), _) in enumerate(in_flight)}
        rank = [
            (phase, sent, bool(reply), place.get(caller, -1))
            for caller, (phase, sent, reply) in enumerate(callers)
        ]
        return renamed(state, sorted(range(len(callers)), key=rank.__getitem__))

    # What a caller does.

    def send(self, state: State, caller: int) -> State:
        callers, in_flight, server, wire, up, epoch = state
        request = (caller, callers[caller][1] + 1)
        callers = put(callers, caller, ("waiting", request[1], ()))
        return callers, (*in_flight, (request, True)), (*server, request), wire, up, epoch

    def cancel(self, state: State, caller: int) -> State:
        """The caller leaves; its request keeps its place, as a tombstone."""
        callers, in_flight, server, wire, up, epoch = state
        in_flight = tuple((request, live and request[0] != caller) for request, live in in_flight)
        return put(callers, caller, ("out", callers[caller][1], ())), in_flight, server, wire, up, epoch

    # What the connection does.

    def serve(self, state: State) -> State:
        callers, in_flight, server, wire, up, epoch = state
        return callers, in_flight, server[1:], (*wire, server[0]), up, epoch

    def receive(self, state: State) -> State:
        """The oldest reply goes to the oldest request in flight; if that is a tombstone, to nobody."""
        callers, in_flight, server, wire, up, epoch = state
        (caller, number), live = in_flight[0]
        if live:
            callers = put(callers, caller, ("out", number, wire[0]))
        return callers, in_flight[1:], server, wire[1:], up, epoch

    def disconnect(self, state: State) -> State:
        """Everybody who waits is told, and the queues are gone."""
        callers, _, _, _, _, epoch = state
        callers = tuple(("out", sent, reply) for _, sent, reply in callers)
        return callers, (), (), (), False, epoch

    def reconnect(self, state: State) -> State:
        callers, in_flight, server, wire, _, epoch = state
        return callers, in_flight, server, wire, True, epoch + 1


# What holds in every state.


def right_reply(state: State) -> bool:
    """CONN-01, MUX-01, MUX-06: a caller that has a reply has the one to its own last request."""
    return all(reply in ((), (caller, sent)) for caller, (_, sent, reply) in enumerate(state[0]))


def in_step(state: State) -> bool:
    """MUX-02: the k-th request in flight is the one that the k-th reply to come will answer."""
    _, in_flight, server, wire, up, _ = state
    return not up or tuple(request for request, _ in in_flight) == wire + server


def settled_once(state: State) -> bool:
    """CALL-02: a request that can still be answered has its caller waiting for it, and is in flight once."""
    callers, in_flight, *_ = state
    owed = [request for request, live in in_flight if live]
    return len(owed) == len(set(owed)) and all(
        callers[caller][:2] == ("waiting", sent) for caller, sent in owed
    )


def nobody_left_waiting(state: State) -> bool:
    """CALL-02, MUX-06: whoever waits has a request in flight, and will be answered or told."""
    callers, in_flight, *_ = state
    owed = {request for request, live in in_flight if live}
    return all(
        (caller, sent) in owed for caller, (phase, sent, _) in enumerate(callers) if phase == "waiting"
    )


INVARIANTS: dict[str, Callable[[State], bool]] = {
    "RightReply": right_reply,
    "InStep": in_step,
    "SettledOnce": settled_once,
    "NobodyLeftWaiting": nobody_left_waiting,
}


def renamed(state: State, order: list[int]) -> State:
    """The same state, but caller `order[i]` is called `i`."""
    callers, in_flight, server, wire, up, epoch = state

    def rename(request: Request) -> Request:
        return order.index(request[0]), request[1]

    return (
        tuple(
            (phase, sent, reply and rename(reply)) for phase, sent, reply in map(callers.__getitem__, order)
        ),
        tuple((rename(request), live) for request, live in in_flight),
        tuple(map(rename, server)),
        tuple(map(rename, wire)),
        up,
        epoch,
    )
