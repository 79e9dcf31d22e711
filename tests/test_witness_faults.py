"""Each fault does what it says to whom it names, and nothing to anybody else."""

from __future__ import annotations

import pytest

from poolproof.conformance.history import Kind
from poolproof.conformance.witness import (
    Close,
    Effect,
    Fault,
    HalfClose,
    Harm,
    Reset,
)

from .test_witness import PING, REPLY, Stand, command

PONG = b"+PONG\r\n"
PUSH = b">2\r\n$7\r\nnovelty\r\n+news\r\n"
GET_A, GET_B = command("GET", "a"), command("GET", "b")
REPLY_B = REPLY.replace(b"a\r", b"b\r")


def stand_with(fault: str, connections: int = 1, protocol: str = "3") -> Stand:
    """Callers' replies are kept back; the connections have greeted; then the fault is armed."""
    stand = Stand(connections)
    for number in range(1, connections + 1):
        stand.send(command("HELLO", protocol), number)
    stand.sent.clear()
    stand.events.clear()
    stand.witness.arm(Fault.parse(fault))
    return stand


# what happens to a command


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        ("refuse caller=a text=ERR not now", b"-ERR not now\r\n"),
        ("garble caller=a", b"?no reply at all\r\n"),
        ("garble caller=a text=$-7", b"$-7\r\n"),
        ("stray caller=a", REPLY + b"+stray\r\n"),
        ("push caller=a", PUSH + REPLY),
        ("push-after caller=a", REPLY + PUSH),
    ],
)
def test_a_reply_is_changed_on_its_way_and_still_kept_back(fault: str, sent: bytes) -> None:
    stand = stand_with(fault)
    stand.send(GET_A + GET_B)
    assert stand.sent == {}
    stand.carry(stand.witness.answer("a"))
    stand.carry(stand.witness.answer("b"))
    assert (stand.sent[1], stand.closed) == (sent + REPLY_B, [])


@pytest.mark.parametrize("fault", ["push caller=a", "push-after caller=a"])
def test_a_push_frame_is_sent_only_in_resp3(fault: str) -> None:
    stand = stand_with(fault, protocol="2")
    stand.carry(stand.witness.answer("a"))
    stand.send(GET_A)
    assert stand.sent[1] == REPLY


@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_a_torn_reply_ends_with_the_connection_after_so_many_bytes(count: int) -> None:
    stand = stand_with(f"tear caller=a amount={count}")
    stand.send(GET_A + GET_B)
    assert stand.closed == []
    stand.carry(stand.witness.answer("a"))
    assert (stand.sent[1], stand.closed) == (REPLY[:count], [1])


def test_behind_the_last_reply_on_a_connection_nothing_is_heard() -> None:
    stand = stand_with("tear caller=a")
    assert not stand.witness.hears_no_more
    stand.send(GET_A + GET_B)
    assert stand.witness.hears_no_more
    assert Kind.RECEIVED in stand.kinds() and "b" not in {event.caller for event in stand.events}
    stand.carry(stand.witness.answer("a"))
    assert not stand.witness.hears_no_more


@pytest.mark.parametrize("fault", ["garble caller=a", "tear caller=a amount=3"])
def test_what_is_no_whole_reply_is_not_told_as_one(fault: str) -> None:
    stand = stand_with(fault)
    stand.carry(stand.witness.answer("a"))
    stand.send(GET_A)
    assert Kind.REPLIED not in stand.kinds()


@pytest.mark.parametrize(
    ("harm", "end"),
    [("cut", Close(1)), ("cut-before", Close(1)), ("reset", Reset(1)), ("half-close", HalfClose(1))],
)
def test_a_connection_ends_at_once_and_the_reply_is_never_sent(harm: str, end: Effect) -> None:
    stand = stand_with(f"{harm} caller=b")
    stand.carry(stand.witness.answer("a"))
    stand.send(GET_A + GET_B + PING)
    stand.carry(stand.witness.heal())
    assert (stand.sent[1], stand.ends) == (REPLY, [end])


@pytest.mark.parametrize(("harm", "count"), [("cut", b"1"), ("cut-before", b"0"), ("refuse", b"0")])
def test_a_command_is_executed_but_where_the_fault_comes_before(harm: str, count: bytes) -> None:
    stand = stand_with(f"{harm} command=INCR", connections=2)
    stand.send(command("INCR", "n"), 1)
    stand.send(command("INCRBY", "n", "0"), 2)
    assert stand.sent[2] == b":%s\r\n" % count


def test_a_reply_withheld_keeps_back_what_is_behind_it_until_the_faults_stop() -> None:
    stand = stand_with("withhold caller=a")
    stand.carry(stand.witness.answer("a"))
    stand.send(GET_A + PING)
    assert stand.sent == {}
    stand.carry(stand.witness.heal())
    assert stand.sent[1] == REPLY + PONG


def test_a_delayed_reply_comes_when_its_time_has_come() -> None:
    stand = stand_with("delay caller=a amount=1.5")
    stand.carry(stand.witness.answer("a"))
    stand.send(GET_A + PING)
    assert stand.witness.next_time() == 1.5
    stand.pass_time(1.4)
    assert stand.sent == {}
    stand.pass_time(0.1)
    assert stand.sent[1] == REPLY + PONG


def test_a_silent_connection_says_nothing_not_even_that_it_ends_until_the_faults_stop() -> None:
    stand = stand_with("silence command=PING", connections=2)
    stand.carry(stand.witness.answer("a"))
    stand.send(PING + GET_A, 1)
    stand.send(PING, 2)
    assert (stand.sent, stand.closed) == ({2: PONG}, [])
    stand.carry(stand.witness.heal())
    assert stand.sent[1] == PONG + REPLY


def test_a_connection_closed_by_half_is_still_heard() -> None:
    stand = stand_with("half-close command=PING")
    stand.send(PING)
    stand.send(GET_A)
    stand.witness.closed_by_client(1)
    assert stand.kinds() == [Kind.GREETED, Kind.CLOSED, Kind.RECEIVED]


def test_how_a_connection_was_closed_is_told() -> None:
    stand = stand_with("reset caller=a")
    stand.send(GET_A)
    assert (stand.events[-1].text, stand.events[-1].detail) == ("server", "reset")


# whom it meets


def test_a_fault_meets_only_the_command_it_names() -> None:
    stand = stand_with("refuse command=CLIENT times=0")
    stand.send(command("CLIENTS") + command("client", "id") + PING)
    assert stand.sent[1].splitlines()[1:] == [b"-ERR refused", b"+PONG"]


def test_a_fault_meets_only_the_subcommand_it_names() -> None:
    stand = stand_with("refuse command=CLIENT SETINFO times=0")
    stand.send(command("CLIENT", "ID") + command("CLIENT", "SETINFO", "LIB-NAME", "x"))
    assert stand.sent[1] == b":1\r\n-ERR refused\r\n"


def test_a_fault_meets_only_the_step_it_names() -> None:
    stand = stand_with("refuse step=3")
    stand.send(PING + PING + PING)
    assert stand.sent[1] == PONG + b"-ERR refused\r\n" + PONG


def test_a_fault_meets_only_the_connection_it_names() -> None:
    stand = stand_with("refuse connection=2", connections=2)
    stand.send(PING, 1)
    stand.send(PING, 2)
    assert stand.sent == {1: PONG, 2: b"-ERR refused\r\n"}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_fault_strikes_as_often_as_it_says(times: int) -> None:
    stand = stand_with(f"refuse command=PING times={times}")
    stand.send(PING * 4)
    assert stand.sent[1].count(b"-") == times


def test_a_fault_that_strikes_always_stops_when_all_do() -> None:
    stand = stand_with("refuse command=PING times=0")
    stand.send(PING * 3)
    stand.witness.heal()
    stand.send(PING)
    assert stand.sent[1] == b"-ERR refused\r\n" * 3 + PONG


def test_of_several_faults_the_one_armed_first_strikes_first() -> None:
    stand = stand_with("refuse command=PING text=ERR first")
    stand.witness.arm(Fault(Harm.REFUSE, text="ERR second"))
    stand.send(PING + PING)
    assert stand.sent[1] == b"-ERR first\r\n-ERR second\r\n"
