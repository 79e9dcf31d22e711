"""The multiplexer: a state of the model written down as one of the proof, and read back.

A request of the model, (caller, number), is here one number. Counters begin anywhere, since only their
differences mean anything, and symbols that mean nothing in a state are given arbitrary values.
"""

from random import Random

from ..full_multiplexer import PUSH, FullMultiplexer, State
from ..multiplexer import Callers
from ..multiplexer import Request as Name
from .finite import Finite, Tables, Value
from .multiplexer_state import State as MachineState


class Lifting:
    """Writes down a state of the machine; what means nothing is made up."""

    def __init__(
        self, model: FullMultiplexer, finite: Finite[MachineState], first: int, random: Random
    ) -> None:
        self.model = model
        self.first = first  # where the counters begin
        self.tables: dict[str, list[Value]] = {
            name: [random.choice(values) for _ in finite.points[name]]
            for name, values in finite.values.items()
        }
        self.length = finite.sizes["Int"]

    def lifted(self, state: State) -> Tables:
        callers, in_flight, server, wire, up, epoch = state.plain
        first = self.first if up else 0
        self.requests(callers, state)
        self.queue("backlog", "accepted_as", state.backlog, len(in_flight) + self.first)
        self.queue("flight", "place", in_flight, first)
        for number, (name, _) in enumerate(in_flight):
            self.tables["accepted_as"][self.request(name)] = number + self.first
            self.tables["sent"][(epoch - 1) * self.length + number + first] = self.request(name)
        half_reply = any(item != PUSH for item in state.part)
        self.items(wire, first, first + half_reply, epoch - 1)
        self.one(up=up, closed=state.closed, epoch=epoch - 1, half=bool(state.part))
        self.one(served=first + len(in_flight) - len(server), sent_tail=first + len(in_flight))
        self.one(max_in_flight=self.model.max_in_flight, max_backlog=self.model.max_backlog)
        if state.part:
            self.one(half_is_push=state.part == (PUSH,), half_epoch=epoch - 1)
        for item in state.part:
            if item != PUSH:
                self.one(half_reply=self.request(item))
        return tuple(tuple(table) for table in self.tables.values())

    def requests(self, callers: Callers, state: State) -> None:
        """What has become of each request; `queue` says more of those in the queues."""
        for caller, (_, sent, reply) in enumerate(callers):
            for number in range(1, self.model.plain.requests + 1):
                request = self.request((caller, number))
                answered = number == sent and reply == (caller, number)
                status = "new" if number > sent else "answered" if answered else "failed"
                self.tables["status"][request] = status
                self.tables["answer"][request] = request
                self.tables["written"][request] = number <= state.written[caller]

    def queue(self, name: str, inverse: str, entries: tuple[tuple[Name, bool], ...], head: int) -> None:
        for number, (request, live) in enumerate(entries):
            self.tables[name][head + number] = self.request(request)
            self.tables[inverse][self.request(request)] = head + number
            self.tables["live"][self.request(request)] = live
            self.tables["status"][self.request(request)] = "waiting" if live else "gone"
        self.one(**{f"{name}_head": head, f"{name}_tail": head + len(entries)})

    def items(self, wire: tuple[Name, ...], head: int, replies: int, epoch: int) -> None:
        for number, item in enumerate(wire):
            self.tables["replies_before"][head + number] = replies
            self.tables["item_epoch"][head + number] = epoch
            self.tables["is_push"][head + number] = item == PUSH
            if item != PUSH:
                self.tables["wire"][head + number] = self.request(item)
                replies += 1
        self.tables["replies_before"][head + len(wire)] = replies
        self.one(wire_head=head, wire_tail=head + len(wire))

    def one(self, **values: Value) -> None:
        for name, value in values.items():
            self.tables[name] = [value]

    def request(self, name: Name) -> int:
        caller, number = name
        return caller * self.model.plain.requests + number - 1


class Lowering:
    """Reads a state of the machine as one of the model."""

    def __init__(self, model: FullMultiplexer, finite: Finite[MachineState], tables: Tables) -> None:
        self.plain = model.plain
        self.tables = dict(zip(finite.names, tables, strict=True))
        self.length = finite.sizes["Int"]

    def lowered(self) -> State:
        epoch, up = self.number("epoch"), bool(self.number("up"))
        sent = self.tables["sent"][epoch * self.length : (epoch + 1) * self.length]
        server = tuple(
            self.name(sent[n]) for n in range(self.number("served"), self.number("sent_tail")) if up
        )
        on_wire = range(self.number("wire_head"), self.number("wire_tail"))
        wire = tuple(self.item(self.tables["is_push"][n], self.tables["wire"][n]) for n in on_wire)
        half = self.item(self.number("half_is_push"), self.number("half_reply"))
        callers = tuple(self.caller(caller) for caller in range(self.plain.callers))
        return State(
            (callers, self.queue("flight"), server, wire, up, epoch + 1),
            self.queue("backlog"),
            tuple(self.last(caller, "written") for caller in range(self.plain.callers)),
            (half,) if self.number("half") else (),
            bool(self.number("closed")),
        )

    def caller(self, caller: int) -> tuple[str, int, Name | tuple[()]]:
        sent = self.last(caller, "status")
        last = caller * self.plain.requests + sent - 1
        status = self.tables["status"][last] if sent else "new"
        reply = self.name(self.tables["answer"][last]) if status == "answered" else ()
        return "waiting" if status == "waiting" else "out", sent, reply

    def last(self, caller: int, table: str) -> int:
        """The number of the last of the caller's requests that is not new, or has been written."""
        begin = caller * self.plain.requests
        own = self.tables[table][begin : begin + self.plain.requests]
        return max((number for number, value in enumerate(own, 1) if value not in ("new", False)), default=0)

    def queue(self, name: str) -> tuple[tuple[Name, bool], ...]:
        numbers = range(self.number(f"{name}_head"), self.number(f"{name}_tail"))
        requests = [int(self.tables[name][number]) for number in numbers]
        return tuple((self.name(request), bool(self.tables["live"][request])) for request in requests)

    def item(self, is_push: Value, request: Value) -> Name:
        return PUSH if is_push else self.name(request)

    def name(self, request: Value) -> Name:
        caller, number = divmod(int(request), self.plain.requests)
        return caller, number + 1

    def number(self, name: str) -> int:
        return int(self.tables[name][0])
