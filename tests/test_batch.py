"""Commands that stay together are one call, which is settled when the last reply has come (CALL-08)."""

from __future__ import annotations

from itertools import product

import pytest

from poolproof.reference.batch import Batch, answered, leased, outcome, shared, together
from poolproof.reference.errors import ConnectionLost, Misuse, PoolproofError, ServerError
from poolproof.reference.resp import Argument, Reply
from poolproof.reference.session import Session


class Call:
    """A caller's call, and what has become of it."""

    def __init__(self) -> None:
        self.outcomes: list[Reply | PoolproofError] = []

    def done(self) -> bool:
        return bool(self.outcomes)

    def set_result(self, result: Reply, /) -> None:
        self.outcomes.append(result)

    def set_exception(self, exception: PoolproofError, /) -> None:
        self.outcomes.append(exception)


def settle(batch: Batch, *replies: Reply) -> None:
    """As a stream does: error replies as exceptions."""
    for reply in replies:
        if isinstance(reply, ServerError):
            batch.set_exception(reply)
        else:
            batch.set_result(reply)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_call_08_a_batch_is_settled_once_with_all_its_replies_errors_at_their_places(size: int) -> None:
    for replies in product((b"reply", None, ServerError("WRONGTYPE")), repeat=size):
        batch = Batch(call := Call(), size, transaction=False)
        settle(batch, *replies[:-1])
        assert not batch.done()
        settle(batch, replies[-1])
        assert call.outcomes == [list(replies)]


def test_call_02_a_batch_whose_connection_is_lost_fails_at_once() -> None:
    batch = Batch(call := Call(), 3, transaction=False)
    settle(batch, b"one")
    lost = ConnectionLost("gone")
    batch.set_exception(lost)
    assert call.outcomes == [lost]
    assert batch.done()


def test_call_03_a_batch_is_done_when_its_caller_has_gone() -> None:
    batch = Batch(call := Call(), 2, transaction=False)
    call.set_exception(PoolproofError("cancelled"))
    assert batch.done()


@pytest.mark.parametrize("executed", [[b"OK", 1], [ServerError("WRONGTYPE"), 1], [], None])
def test_call_08_the_caller_of_a_transaction_is_given_the_reply_to_exec(executed: Reply) -> None:
    batch = Batch(call := Call(), 4, transaction=True)
    settle(batch, b"OK", b"QUEUED", b"QUEUED", executed)
    assert call.outcomes == [executed]


def test_call_08_a_transaction_with_a_command_that_was_refused_fails_and_says_which_error_it_was() -> None:
    refused, aborted = ServerError("ERR wrong number of arguments"), ServerError("EXECABORT discarded")
    batch = Batch(call := Call(), 4, transaction=True)
    settle(batch, b"OK", refused, b"QUEUED", aborted)
    assert call.outcomes == [aborted]
    assert aborted.__cause__ is refused


def test_call_08_a_transaction_that_only_exec_refuses_fails_with_that() -> None:
    aborted = ServerError("EXECABORT discarded")
    with pytest.raises(ServerError) as raised:
        outcome([b"OK", b"QUEUED", aborted], transaction=True)
    assert raised.value is aborted
    assert aborted.__cause__ is None


def test_the_commands_of_a_batch_are_encoded_one_after_the_other() -> None:
    every, data = together([("GET", "k"), ["PING"]], transaction=False)
    assert every == [("GET", "k"), ("PING",)]
    assert data == b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"


def test_a_transaction_stands_between_multi_and_exec() -> None:
    every, data = together([("GET", "k")], transaction=True)
    assert every == [("MULTI",), ("GET", "k"), ("EXEC",)]
    assert data.startswith(b"*1\r\n$5\r\nMULTI\r\n")
    assert data.endswith(b"*1\r\n$4\r\nEXEC\r\n")


@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("commands", [[], [()], [("GET", "k"), ()], [("GET", None)]])
def test_conn_03_a_batch_that_cannot_be_encoded_is_misuse(
    commands: list[tuple[Argument, ...]], transaction: bool
) -> None:
    with pytest.raises(Misuse):
        together(commands, transaction)


@pytest.mark.parametrize(
    "command",
    [("SELECT", 1), ("BLPOP", "k", 0), ("SUBSCRIBE", "c"), ("MONITOR",), ("MULTI",), ("WATCH", "k")],
)
def test_mux_04_mux_10_one_command_that_needs_its_own_connection_makes_the_batch_misuse(
    command: tuple[Argument, ...],
) -> None:
    shared([("GET", "k"), ("SET", "k", 1)])
    with pytest.raises(Misuse, match=str(command[0])):
        shared([("GET", "k"), command])


@pytest.mark.parametrize(
    ("command", "seconds"),
    [(("GET", "k"), 0.0), (("SELECT", 1), 0.0), (("BLPOP", "k", 2), 2.0), (("BLPOP", "k", 0), float("inf"))],
)
def test_a_lease_takes_what_acts_on_its_connection_and_what_blocks(
    command: tuple[Argument, ...], seconds: float
) -> None:
    assert leased(command) == seconds


@pytest.mark.parametrize("command", [("MONITOR",), ("QUIT",), ("SUBSCRIBE", "c")])
def test_a_lease_refuses_what_takes_its_connection_over(command: tuple[Argument, ...]) -> None:
    with pytest.raises(Misuse):
        leased(command)


TRANSACTION: list[tuple[Argument, ...]] = [("WATCH", "k"), ("MULTI",), ("GET", "k"), ("EXEC",)]


def session_after(*replies: Reply) -> Session:
    session = Session()
    for command in TRANSACTION:
        session.sent(command)
    answered(session, TRANSACTION, replies)
    return session


def test_conn_08_a_transaction_in_balance_leaves_its_connection_clean() -> None:
    assert session_after(b"OK", b"OK", b"QUEUED", [None]).clean


def test_conn_08_an_exec_that_aborts_has_ended_its_transaction_all_the_same() -> None:
    assert session_after(b"OK", b"OK", ServerError("ERR no"), ServerError("EXECABORT discarded")).clean


def test_conn_08_what_was_refused_otherwise_may_have_been_left_behind() -> None:
    assert not session_after(b"OK", b"OK", b"QUEUED", ServerError("NOPERM")).clean
