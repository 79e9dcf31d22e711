"""The witness keeps back what the plan keeps back, ends connections when told to, and tells what it saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from poolproof.conformance.history import Event, Kind
from poolproof.conformance.witness import Behind, Effect, Send, Setup, Witness

PING = b"*1\r\n$4\r\nPING\r\n"
REPLY = b"$5\r\nval:a\r\n"


class Stand:
    """A witness, what it sent and closed, the history it wrote, and its clock."""

    def __init__(
        self, connections: int = 1, setup: Setup | None = None, behind: Behind | None = None
    ) -> None:
        self.now = 0.0
        self.witness = Witness(self._record, setup or Setup(), lambda: self.now, behind)
        self.sent: dict[int, bytes] = defaultdict(bytes)
        self.closed: list[int] = []
        self.ends: list[Effect] = []  # by which connections were closed
        self.events: list[Event] = []
        for number in range(1, connections + 1):
            self.witness.opened(number)
        self.events.clear()

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        self.events.append(Event(0.0, kind, caller, connection, text, detail))

    def send(self, data: bytes, connection: int = 1) -> None:
        self.carry(self.witness.received(connection, data))

    def carry(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            assert effect.connection not in self.closed, "a closed connection is closed"
            if isinstance(effect, Send):
                self.sent[effect.connection] += effect.data
            else:
                self.closed.append(effect.connection)
                self.ends.append(effect)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.carry(self.witness.pass_time())

    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.events]


def command(*words: str | bytes) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def answers_of_witness(data: bytes) -> bytes:
    stand = Stand()
    stand.witness.heal()  # nothing is kept back
    stand.send(data)
    return stand.sent[1]


# in pieces

PIPELINE = command("HELLO", "3") + command("PING", b"\r\n*1\r\n") + command("GET", "a") + command("NOPE", "x")


@given(
    st.lists(st.integers(0, 120), max_size=12),
    st.sampled_from([b"", b"*1\r\n+PING\r\n", b"*x\r\n", b"*1\r\n$-1\r\n"]),
)
def test_bytes_are_answered_the_same_in_whatever_pieces_they_come(cuts: list[int], garbage: bytes) -> None:
    data = PIPELINE + garbage
    stand = Stand()
    stand.witness.heal()
    places = [0, *sorted(cuts), len(data)]
    for begin, end in pairwise(places):
        stand.send(data[begin:end])
    assert stand.sent[1] == answers_of_witness(data)


def test_a_word_longer_than_it_says_is_no_command() -> None:
    assert answers_of_witness(b"*1\r\n$4\r\nPINGS\r\n") == b"-ERR Protocol error: invalid CRLF in request\r\n"


def test_a_line_as_a_person_types_it_is_no_command() -> None:
    assert answers_of_witness(b"PING\r\n") == b"-ERR Protocol error: expected '*', got 'P'\r\n"


def test_garbage_is_told() -> None:
    stand = Stand()
    stand.send(b"*x\r\n")
    assert stand.events[0] == Event(0.0, Kind.GARBAGE, connection=1, text=repr(b"*x\r\n"))


def test_garbage_is_refused_in_its_turn() -> None:
    stand = Stand()
    stand.send(command("GET", "a") + b"*x\r\n" + PING)
    assert stand.closed == []
    stand.carry(stand.witness.answer("a"))
    assert (stand.sent[1], stand.closed) == (
        REPLY + b"-ERR Protocol error: invalid multibulk length\r\n",
        [1],
    )


# what the plan keeps back


def test_a_reply_is_kept_back_until_the_plan_lets_it_go() -> None:
    stand = Stand()
    stand.send(command("GET", "a"))
    assert stand.sent[1] == b""
    stand.carry(stand.witness.answer("a"))
    assert (stand.sent[1], stand.kinds()) == (REPLY, [Kind.RECEIVED, Kind.REPLIED])


def test_an_answer_given_early_goes_out_as_soon_as_the_command_is_here() -> None:
    stand = Stand()
    stand.carry(stand.witness.answer("a"))
    stand.send(command("GET", "a"))
    assert stand.sent[1] == REPLY


def test_replies_of_one_connection_leave_in_the_order_of_its_commands() -> None:
    stand = Stand()
    stand.send(command("GET", "a") + command("GET", "b") + PING)
    stand.carry(stand.witness.answer("b"))
    assert stand.sent[1] == b""
    stand.carry(stand.witness.answer("a"))
    assert stand.sent[1] == REPLY + REPLY.replace(b"a\r", b"b\r") + b"+PONG\r\n"


def test_a_reply_kept_back_does_not_keep_back_another_connection() -> None:
    stand = Stand(connections=2)
    stand.send(command("GET", "a"), 1)
    stand.send(command("GET", "b"), 2)
    stand.carry(stand.witness.answer("b"))
    assert stand.sent == {2: REPLY.replace(b"a\r", b"b\r")}


def test_a_stall_keeps_back_handshakes_and_lets_callers_replies_go() -> None:
    stand = Stand(connections=2)
    stand.carry(stand.witness.stall(True))
    stand.carry(stand.witness.answer("a"))
    stand.send(PING, 1)
    stand.send(command("GET", "a"), 2)
    assert stand.sent == {2: REPLY}
    stand.carry(stand.witness.stall(False))
    assert stand.sent == {1: b"+PONG\r\n", 2: REPLY}


def test_healing_sends_all_that_is_owed() -> None:
    stand = Stand()
    stand.carry(stand.witness.stall(True))
    stand.send(PING + command("GET", "a"))
    stand.carry(stand.witness.heal())
    assert stand.sent[1] == b"+PONG\r\n" + REPLY


def test_holding_after_healing_keeps_callers_back_again() -> None:
    stand = Stand()
    stand.witness.heal()
    stand.witness.hold()
    stand.send(PING + command("GET", "a"))
    assert stand.sent[1] == b"+PONG\r\n"


# how connections end


def test_a_cut_closes_the_connection_that_owes_the_reply_and_sends_nothing() -> None:
    stand = Stand(connections=2)
    stand.send(command("GET", "b"), 1)
    stand.send(command("GET", "a"), 2)
    stand.carry(stand.witness.cut("a"))
    assert (stand.sent, stand.closed) == ({}, [2])


def test_a_tear_sends_half_of_the_next_reply_and_closes() -> None:
    stand = Stand()
    stand.send(command("GET", "a"))
    stand.carry(stand.witness.cut("a", after_half=True))
    assert (stand.sent[1], stand.closed) == (REPLY[: len(REPLY) // 2], [1])


def test_a_drop_closes_the_oldest_connection_that_owes_nothing() -> None:
    stand = Stand(connections=3)
    stand.send(command("GET", "a"), 1)
    stand.carry(stand.witness.drop())
    assert stand.closed == [2]


def test_a_cut_that_finds_no_reply_owed_is_missed() -> None:
    stand = Stand()
    stand.carry(stand.witness.cut("a"))
    assert (stand.kinds(), stand.closed) == ([Kind.MISSED], [])


def test_a_drop_that_finds_no_idle_connection_is_missed() -> None:
    stand = Stand()
    stand.send(command("GET", "a"))
    stand.carry(stand.witness.drop())
    assert (stand.kinds(), stand.closed) == ([Kind.RECEIVED, Kind.MISSED], [])


def test_a_connection_that_the_witness_closed_hears_and_says_nothing_more() -> None:
    stand = Stand()
    stand.carry(stand.witness.drop())
    stand.send(PING)
    stand.witness.closed_by_client(1)
    assert (stand.sent, stand.kinds()) == ({}, [Kind.CLOSED])


def test_who_closed_first_is_told() -> None:
    stand = Stand(connections=2)
    stand.witness.closed_by_client(1)
    stand.carry(stand.witness.drop())
    assert [(event.connection, event.text) for event in stand.events] == [(1, "client"), (2, "server")]


def test_a_command_of_the_clients_own_is_told_when_it_comes_and_when_it_is_answered() -> None:
    stand = Stand()
    stand.send(command("PING", "you there"))
    told = [(event.kind, event.text) for event in stand.events]
    assert told == [(Kind.GREETED, "PING you there"), (Kind.WELCOMED, "PING you there")]
