"""Blocked commands keep their place, are kept back like others, and end by the clock; messages pass them."""

from __future__ import annotations

from poolproof.conformance.history import Kind

from .test_witness import PING, REPLY, Stand, command


def blocked_stand() -> Stand:
    """Caller a waits for an element on connection 1, with a PING behind; connection 2 is idle."""
    stand = Stand(connections=2)
    stand.witness.expect("a", "BLPOP", "l", "2.5")
    stand.send(command("BLPOP", "l", "2.5") + PING)
    return stand


ELEMENT = b"*2\r\n$1\r\nl\r\n$1\r\nx\r\n"


def test_what_is_behind_a_blocked_command_is_not_read_before_it_is_served() -> None:
    stand = blocked_stand()
    assert stand.kinds() == [Kind.RECEIVED]
    stand.carry(stand.witness.answer("a"))
    stand.send(command("RPUSH", "l", "x"), 2)
    assert stand.sent == {1: ELEMENT + b"+PONG\r\n", 2: b":1\r\n"}


def test_the_reply_to_a_blocked_command_is_kept_back_as_well() -> None:
    stand = blocked_stand()
    stand.send(command("RPUSH", "l", "x"), 2)
    assert stand.sent == {2: b":1\r\n"}
    stand.carry(stand.witness.heal())
    assert stand.sent[1] == ELEMENT + b"+PONG\r\n"


def test_a_wait_ends_by_the_clock() -> None:
    stand = blocked_stand()
    stand.carry(stand.witness.answer("a"))
    assert stand.witness.next_time() == 2.5
    stand.pass_time(2.4)
    assert stand.sent == {}
    stand.pass_time(0.1)
    assert stand.sent[1] == b"*-1\r\n+PONG\r\n"


def test_whoever_hangs_up_waits_no_more() -> None:
    stand = blocked_stand()
    stand.witness.closed_by_client(1)
    stand.send(command("RPUSH", "l", "x") + command("LLEN", "l"), 2)
    assert stand.sent[2] == b":1\r\n:1\r\n"


def test_without_a_clock_no_wait_ends() -> None:
    stand = Stand()
    stand.send(command("BLPOP", "l", "0"))
    assert stand.witness.next_time() == float("inf")


# messages

MESSAGE = b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"


def subscribed_stand() -> Stand:
    """Connection 1 listens in RESP3."""
    stand = Stand(connections=2)
    stand.send(command("HELLO", "3") + command("SUBSCRIBE", "news"))
    stand.sent.clear()
    return stand


def test_a_message_goes_behind_replies_that_are_kept_back() -> None:
    stand = subscribed_stand()
    stand.send(command("GET", "a"))
    stand.send(command("PUBLISH", "news", "hi"), 2)
    assert stand.sent == {2: b":1\r\n"}
    stand.carry(stand.witness.answer("a"))
    assert stand.sent[1] == REPLY + MESSAGE


def test_a_message_is_no_reply_and_does_not_wait_for_a_stall_to_end() -> None:
    stand = subscribed_stand()
    stand.witness.stall(True)
    stand.send(command("PUBLISH", "news", "hi"), 2)
    assert stand.sent == {1: MESSAGE}


def test_a_message_overtakes_a_blocked_command() -> None:
    stand = subscribed_stand()
    stand.send(command("BLPOP", "l", "0"))
    stand.send(command("PUBLISH", "news", "hi"), 2)
    assert stand.sent[1] == MESSAGE


def test_a_connection_that_another_kills_is_closed_by_the_server() -> None:
    stand = Stand(connections=2)
    stand.send(command("CLIENT", "KILL", "ID", "1"), 2)
    assert (stand.closed, stand.sent) == ([1], {2: b":1\r\n"})
