"""The witness answers byte for byte as real servers do, when nothing is kept back."""

from __future__ import annotations

import socket

import hiredis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_witness import PING, Stand, answers_of_witness, command


def answers_of_server(port: int, data: bytes) -> bytes:
    """All that the server sends until the connection ends; we say first that nothing more will come."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


COMMANDS = [  # their words, separated by |
    *("PING", "ping", "PING|hello", "PING|\xff\x00\r\n", "PING|", "PING|a|b"),
    *("ECHO|hello", "ECHO|\xc3\x28", "ECHO", "ECHO|a|b"),
    *("SELECT|0", "SELECT|1", "SELECT|16", "SELECT|x", "SELECT"),
    *("CLIENT|SETNAME|pool", "CLIENT|NOPE", "CLIENT|N\r\nO|x", "CLIENT"),
    *("RESET", "RESET|x", "QUIT", "QUIT|x", "GET|k", "get|k", "GET", "GET|k|l"),
    *("HELLO|1", "HELLO|4", "HELLO|three"),
    *("NOPE", "nope|a|b c", "N'O\r\nPE|\r\n", "NOPE|", "N" * 200 + "|x", "NOPE|\xff"),
    *("NOPE|" + "x" * 200 + "|y", "NOPE" + 5 * ("|" + "y" * 60), "NOPE|" + "x" * 125 + "|y"),
]
NO_COMMANDS = [
    *(b"*1\r\n+PING\r\n", b"*1\r\n:1\r\n", b"*1\r\n*1\r\n$4\r\nPING\r\n", b"*2\r\n$4\r\nPING\r\n:1\r\n"),
    *(b"*1\r\n\r\n", b"*x\r\n", b"*\r\n", b"*01\r\n", b"*1 \r\n", b"*99999999999\r\n", b"*1\r\n$x\r\n"),
    *(b"*1\r\n$-1\r\n", b"*1\r\n$600000000\r\n", b"*1\r\n$+4\r\nPING\r\n"),
]


def typed(words: str) -> bytes:
    return command(*(word.encode("latin-1") for word in words.split("|")))


@pytest.fixture(scope="module")
def server_with_a_key(server_port: int) -> int:
    """Its port; the witness has no databases, so the key is in both that the commands select."""
    for database in "01":
        answers_of_server(server_port, command("SELECT", database) + command("SET", "k", "val:k"))
    return server_port


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: repr(words)[:40])
def test_a_command_is_answered_as_by_a_real_server(server_with_a_key: int, words: str) -> None:
    data = typed(words) + PING
    assert answers_of_witness(data) == answers_of_server(server_with_a_key, data)


@pytest.mark.parametrize("what", [["LIB-VER", "1.0"], ["lib-name", "poolproof"]], ids=" ".join)
def test_client_setinfo_is_answered_as_by_a_real_server(server_with_a_key: int, what: list[str]) -> None:
    data = command("CLIENT", "SETINFO", *what)
    answers = answers_of_server(server_with_a_key, data)
    if b"unknown subcommand" in answers:
        pytest.skip("this server is older than CLIENT SETINFO (7.2)")
    assert answers_of_witness(data) == answers


@pytest.mark.parametrize("garbage", NO_COMMANDS)
def test_what_is_no_command_is_refused_as_by_a_real_server(server_with_a_key: int, garbage: bytes) -> None:
    data = PING + garbage + PING
    assert answers_of_witness(data) == answers_of_server(server_with_a_key, data)


@pytest.mark.parametrize("nothing", [b"*0\r\n", b"*-1\r\n"])
def test_an_empty_command_is_skipped_as_by_a_real_server(server_with_a_key: int, nothing: bytes) -> None:
    data = PING + nothing + PING
    assert answers_of_witness(data) == answers_of_server(server_with_a_key, data) == b"+PONG\r\n" * 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([typed(each) for each in COMMANDS] + NO_COMMANDS), max_size=8))
def test_a_pipeline_is_answered_as_by_a_real_server(server_with_a_key: int, pipeline: list[bytes]) -> None:
    data = b"".join(pipeline)
    assert answers_of_witness(data) == answers_of_server(server_with_a_key, data)


@pytest.mark.parametrize("end", [command("QUIT"), b"*x\r\n"])
def test_a_real_server_closes_where_the_witness_does(server_with_a_key: int, end: bytes) -> None:
    stand = Stand()
    stand.send(PING + end)
    with socket.create_connection(("127.0.0.1", server_with_a_key), timeout=10) as connection:
        connection.sendall(PING + end)  # and we do not hang up
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert (stand.sent[1], stand.closed) == (answers, [1])


@pytest.mark.parametrize(
    "words", [["HELLO"], ["HELLO", "2"], ["HELLO", "3"], ["HELLO", "3", "SETNAME", "pool"]], ids=" ".join
)
@pytest.mark.parametrize("before", [b"", command("HELLO", "3"), command("HELLO", "3") + command("RESET")])
def test_hello_has_the_shape_of_a_real_servers(
    server_with_a_key: int, before: bytes, words: list[str]
) -> None:
    data = before + command(*words)
    assert shape(answers_of_witness(data)) == shape(answers_of_server(server_with_a_key, data))


def shape(data: bytes) -> list[object]:
    """Of each reply to HELLO, its fields in order: names and types, and those values that tell no version."""
    reader = hiredis.Reader(encoding="utf-8")
    reader.feed(data)
    shapes: list[object] = []
    while (reply := reader.gets()) is not False:
        match reply:
            case dict():
                shapes.append(("map", [field_shape(name, value) for name, value in reply.items()]))
            case list():
                shapes.append([field_shape(*field) for field in zip(reply[::2], reply[1::2], strict=True)])
            case _:
                shapes.append(reply)
    return shapes


def field_shape(name: str, value: object) -> tuple[str, object]:
    return name, value if name in ("proto", "mode", "role") else type(value)
