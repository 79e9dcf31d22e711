"""Bytes and values: what a command may be made of, and what comes out of a reader."""

import pytest

from poolproof.reference.errors import Fate, Misuse, ProtocolError, ServerError
from poolproof.reference.resp import NOT_ENOUGH, Argument, Push, Reader, Reply, encode


def read(data: bytes) -> Reply:
    """The one whole reply in these bytes."""
    reader = Reader()
    reader.feed(data)
    reply: Reply = reader.gets()
    assert reader.gets() is NOT_ENOUGH
    return reply


def test_a_command_is_an_array_of_bulk_strings() -> None:
    assert (
        encode(("SET", b"k\r\n", 1, -1.5)) == b"*4\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$1\r\n1\r\n$4\r\n-1.5\r\n"
    )


@pytest.mark.parametrize("argument", [None, True, object(), ["k"], "\ud800"])
def test_conn_03_what_cannot_be_encoded_is_misuse(argument: Argument) -> None:
    with pytest.raises(Misuse, match="nothing was sent") as refused:
        encode(("SET", "k", argument))
    assert refused.value.fate is Fate.NOT_SENT


def test_the_empty_command_is_misuse_for_no_reply_would_come() -> None:
    with pytest.raises(Misuse):
        encode(())


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"+OK\r\n", b"OK"),
        (b":1\r\n", 1),
        (b"$2\r\n\r\n\r\n", b"\r\n"),
        (b"*2\r\n+a\r\n*1\r\n:1\r\n", [b"a", [1]]),
        (b"%1\r\n+a\r\n:1\r\n", {b"a": 1}),
        (b",1.5\r\n", 1.5),
    ],
)
def test_a_reply_is_the_value_it_stands_for(data: bytes, reply: Reply) -> None:
    assert read(data) == reply


@pytest.mark.parametrize(
    ("data", "reply"), [(b"$-1\r\n", None), (b"*-1\r\n", None), (b"_\r\n", None), (b"#f\r\n", False)]
)
def test_null_and_false_are_replies_not_the_lack_of_one(data: bytes, reply: Reply) -> None:
    assert read(data) is reply


def test_a_reply_comes_whole_however_its_bytes_are_cut() -> None:
    reader = Reader()
    for byte in b"$5\r\nhello\r":
        reader.feed(bytes([byte]))
        assert reader.gets() is NOT_ENOUGH
    reader.feed(b"\n")
    assert reader.gets() == b"hello"


def test_an_error_reply_is_returned_for_its_caller_to_raise() -> None:
    reply = read(b"-WRONGTYPE not a list\r\n")
    assert isinstance(reply, ServerError)
    assert (str(reply), reply.fate) == ("WRONGTYPE not a list", Fate.EXECUTED)


def test_an_error_inside_an_array_leaves_the_other_replies_alone() -> None:
    reply = read(b"*3\r\n+a\r\n-ERR x\r\n+b\r\n")
    assert isinstance(reply, list)
    assert [reply[0], type(reply[1]), reply[2]] == [b"a", ServerError, b"b"]


def test_mux_08_a_push_can_be_told_from_an_array() -> None:
    assert (type(read(b">1\r\n+a\r\n")), type(read(b"*1\r\n+a\r\n"))) == (Push, list)


def test_conn_04_bytes_that_are_not_resp_raise() -> None:
    with pytest.raises(ProtocolError):
        read(b"HTTP/1.1 200 OK\r\n")
