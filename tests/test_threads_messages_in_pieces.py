"""A message that comes in pieces while nothing is owed is a message; a reply that does so is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poolproof.reference import ConnectionLost, Settings
from poolproof.reference.errors import PoolproofError, ProtocolError
from poolproof.reference.threads import Multiplexer, Pool

from .scripted_server import Scripted

CONFIRMATION = b">3\r\n$9\r\nsubscribe\r\n$1\r\ns\r\n:1\r\n"
MESSAGE = b">3\r\n$7\r\nmessage\r\n$1\r\ns\r\n$5\r\nhello\r\n"
A_MOMENT_SECONDS = 0.05  # in which a piece is read; if it is not, the test shows less, and passes


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    server.answers |= {b"SUBSCRIBE": CONFIRMATION, b"UNSUBSCRIBE": None}
    yield server
    server.close()


@pytest.mark.parametrize("size", [1, 5, 20, len(MESSAGE) - 1])
def test_mux_09_a_message_may_come_in_pieces(server: Scripted, size: int) -> None:
    multiplexer = Multiplexer(Settings(host="127.0.0.1", port=server.port))
    messages = multiplexer.subscribe("s")
    server.say(MESSAGE[:size])
    assert messages.message(A_MOMENT_SECONDS) is None
    server.say(MESSAGE[size:])
    message = messages.message(5)
    assert message is not None
    assert (message.data, messages.interruptions, len(server.heard)) == (b"hello", 0, 1)
    multiplexer.close()


def test_mux_08_a_call_may_be_made_between_two_pieces(server: Scripted) -> None:
    multiplexer = Multiplexer(Settings(host="127.0.0.1", port=server.port))
    messages = multiplexer.subscribe("s")
    server.say(MESSAGE[:5])
    assert messages.message(A_MOMENT_SECONDS) is None
    server.answers[b"GET"] = MESSAGE[5:] + b"$1\r\nv\r\n"
    assert multiplexer.execute("GET", "k") == b"v"
    multiplexer.close()


def test_conn_04_part_of_a_reply_that_nobody_asked_for_is_nobodys_answer(server: Scripted) -> None:
    multiplexer = Multiplexer(Settings(host="127.0.0.1", port=server.port))
    messages = multiplexer.subscribe("s")
    server.say(b"$3\r\nst")
    assert messages.message(A_MOMENT_SECONDS) is None
    server.answers[b"GET"] = b"r\r\n$1\r\nv\r\n"
    with pytest.raises(PoolproofError) as failure:
        multiplexer.execute("GET", "k")
    assert isinstance(failure.value, ProtocolError | ConnectionLost)
    multiplexer.close()


@pytest.mark.parametrize("size", [1, 5, 20])
def test_a_lease_that_listens_hears_what_comes_in_pieces(server: Scripted, size: int) -> None:
    pool = Pool(Settings(host="127.0.0.1", port=server.port))
    with pool.acquire() as lease:
        lease.subscribe("s")
        server.say(MESSAGE[:size])
        assert lease.message(A_MOMENT_SECONDS) is None
        server.say(MESSAGE[size:])
        message = lease.message(5)
        assert message is not None
        assert message.data == b"hello"
    pool.close()
