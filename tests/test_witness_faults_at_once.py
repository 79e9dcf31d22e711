"""Faults that strike at once, those of the whole server, and faults as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.conformance.history import Kind
from poolproof.conformance.witness import (
    BadFault,
    Close,
    Condition,
    Effect,
    Fault,
    HalfClose,
    Harm,
    Reset,
)
from poolproof.conformance.witness.faults import AT_ONCE

from .test_witness import PING, REPLY, Stand, command
from .test_witness_faults import GET_A, PONG, PUSH, stand_with

# at once


@pytest.mark.parametrize(
    ("fault", "sent", "ends"),
    [
        ("cut caller=a", b"", [Close(2)]),
        ("tear caller=a amount=3", REPLY[:3], [Close(2)]),
        ("reset caller=a", b"", [Reset(2)]),
        ("half-close caller=a", b"", [HalfClose(2)]),
        ("push caller=a", PUSH, []),
        ("stray connection=2", b"+stray\r\n", []),
        ("garble connection=2", b"?no reply at all\r\n", []),
    ],
)
def test_a_fault_strikes_a_connection_at_once(fault: str, sent: bytes, ends: list[Effect]) -> None:
    stand = stand_with("refuse caller=nobody", connections=3)
    stand.send(GET_A, 2)
    stand.carry(stand.witness.strike(Fault.parse(fault)))
    assert (stand.sent[2], stand.ends) == (sent, ends)


def test_a_fault_that_names_nobody_strikes_the_oldest_connection_that_owes_nothing() -> None:
    stand = stand_with("refuse caller=nobody", connections=3)
    stand.send(GET_A, 1)
    stand.carry(stand.witness.strike(Fault(Harm.RESET)))
    assert stand.ends == [Reset(2)]


def test_a_connection_silenced_at_once_says_nothing_more() -> None:
    stand = stand_with("refuse caller=nobody")
    stand.carry(stand.witness.strike(Fault(Harm.SILENCE)))
    stand.send(PING)
    assert (stand.sent, stand.closed) == ({}, [])


@pytest.mark.parametrize("address", ["caller=b", "connection=7"])
def test_a_fault_that_finds_nobody_is_missed(address: str) -> None:
    stand = stand_with("refuse caller=nobody")
    stand.carry(stand.witness.strike(Fault.parse(f"cut {address}")))
    assert (stand.kinds(), stand.closed) == ([Kind.MISSED], [])


@pytest.mark.parametrize("harm", sorted(set(Harm) - AT_ONCE))
def test_what_can_only_happen_to_a_command_does_not_strike_at_once(harm: Harm) -> None:
    with pytest.raises(ValueError, match="only commands to come"):
        Stand().witness.strike(Fault(harm))


# the whole server


def test_a_restart_closes_all_connections_and_forgets_all_keys() -> None:
    stand = stand_with("refuse caller=nobody", connections=2)
    stand.send(command("SET", "k", "1"))
    stand.carry(stand.witness.restart())
    stand.witness.opened(3)
    stand.send(command("EXISTS", "k"), 3)
    assert (stand.ends, stand.sent[3]) == ([Close(1), Close(2)], b":0\r\n")


def test_a_restart_of_a_server_that_saves_its_keys_forgets_none() -> None:
    stand = stand_with("refuse caller=nobody")
    stand.send(command("SET", "k", "1"))
    stand.carry(stand.witness.restart(forgets=False))
    stand.witness.opened(2)
    stand.send(command("EXISTS", "k"), 2)
    assert stand.sent[2] == b":1\r\n"


@pytest.mark.parametrize("spares_new", [True, False])
def test_a_condition_holds_for_the_connections_that_exist_and_if_wanted_for_new_ones(
    spares_new: bool,
) -> None:
    stand = Stand()
    stand.witness.turn(Condition.READONLY, spares_new)
    stand.witness.opened(2)
    for number in (1, 2):
        stand.send(command("SET", "k", "1"), number)
    assert (stand.sent[1][:9], stand.sent[2][:3]) == (b"-READONLY", b"+OK" if spares_new else b"-RE")


def test_a_server_is_well_when_all_faults_stop() -> None:
    stand = Stand()
    stand.witness.turn(Condition.LOADING, spares_new=False)
    stand.witness.heal()
    stand.send(PING)
    assert stand.sent[1] == PONG


def test_a_server_that_moved_its_keys_says_where_they_are() -> None:
    stand = Stand()
    stand.witness.turn(Condition.MOVED)
    stand.send(command("SET", "foo", "1") + PING)  # a documented example: foo is in slot 12182
    assert stand.sent[1] == b"-MOVED 12182 127.0.0.1:6381\r\n" + PONG


# as text

WORDS = st.text("abcXYZ", min_size=1, max_size=5)
FAULTS = st.builds(
    Fault,
    st.sampled_from(Harm),
    caller=st.just("") | WORDS,
    command=st.just("") | WORDS | st.tuples(WORDS, WORDS).map(" ".join),
    step=st.integers(0, 9),
    connection=st.integers(0, 9),
    times=st.integers(0, 9),
    amount=st.sampled_from([0.0, 1.0, 2.5, 10.0]),
    text=st.just("") | st.sampled_from(["ERR no", "a=b c=d", "x"]),
)


@given(FAULTS)
def test_a_fault_written_and_read_is_the_same_fault(fault: Fault) -> None:
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize("line", ["", "harm", "cut who=a", "cut step=x", "cut a", "tear amount=1=2"])
def test_what_is_no_fault_is_refused(line: str) -> None:
    with pytest.raises(BadFault):
        Fault.parse(line)
