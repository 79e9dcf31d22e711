"""What a lease has left on its connection, judged from its commands, and held to what real servers say."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poolproof.reference.commands import route
from poolproof.reference.resp import Argument, Reply
from poolproof.reference.session import Session

from .test_commands import REMEMBERED, Wire


def after(*commands: str | tuple[Argument, ...], database: int = 0) -> Session:
    session = Session(database)
    for command in commands:
        session.sent(tuple(command.split()) if isinstance(command, str) else command)
    return session


@pytest.mark.parametrize(
    "commands",
    [
        (),
        ("GET k", "BLPOP k 0", "EVAL s 0", "FUNCTION LOAD f", "CLIENT INFO", "XREAD BLOCK 0 STREAMS k $"),
        ("SELECT 3", "SELECT 0"),
        ("SELECT 3", ("select", 0)),
        ("SELECT 3", (b"SELECT", b"0")),
        ("MULTI", "SET k v", "EXEC"),
        ("MULTI", "DISCARD"),
        ("WATCH k", "UNWATCH"),
        ("WATCH k", "MULTI", "EXEC"),
        ("WATCH k", "MULTI", "UNWATCH", "DISCARD"),
        ("MULTI", "SELECT 3", "DISCARD"),
        ("MULTI", "SELECT 3", "EXEC", "SELECT 0"),
        ("SUBSCRIBE a b", "UNSUBSCRIBE a", "UNSUBSCRIBE b"),
        ("SUBSCRIBE a b", "PSUBSCRIBE a*", "SSUBSCRIBE s", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE s"),
        ("SUBSCRIBE é", ("UNSUBSCRIBE", "é".encode())),
        ("EXEC",),
    ],
)
def test_conn_08_what_was_done_in_balance_leaves_the_connection_clean(commands: tuple[str, ...]) -> None:
    session = after(*commands)
    assert (session.clean, session.leftovers()) == (True, "")


@pytest.mark.parametrize(
    ("commands", "leftovers"),
    [
        (("SELECT 3", "GET k"), "database 3"),
        (("SELECT 3", "SELECT 00"), "database 00"),
        (("SELECT 3", "SELECT 0 0"), "database 3, SELECT"),
        (("SELECT 3", ("SELECT", b"\xff")), "database ÿ"),
        (("MULTI", "SELECT 3", "EXEC"), "database 3"),
        (("MULTI", "SELECT 3", "SELECT 0", "EXEC"), "database 3"),
        (("SELECT 3", "MULTI", "SELECT 0", "EXEC"), "database 3"),
        (("MULTI",), "an open MULTI"),
        (("MULTI", "EXEC now"), "an open MULTI, EXEC"),
        (("MULTI now", "EXEC"), "MULTI"),
        (("WATCH k",), "watched keys"),
        (("WATCH k", "EXEC"), "watched keys"),
        (("WATCH k", "MULTI", "UNWATCH"), "an open MULTI, watched keys"),
        (("SUBSCRIBE a b", "UNSUBSCRIBE a", "PUNSUBSCRIBE"), "1 subscriptions"),
        (("SUBSCRIBE é", ("UNSUBSCRIBE", b"\xe9")), "1 subscriptions"),
        (("MULTI", "SUBSCRIBE a", "EXEC", "UNSUBSCRIBE"), "SUBSCRIBE"),
        (("WATCH k", "SUBSCRIBE a", "UNWATCH", "UNSUBSCRIBE"), "watched keys, UNWATCH"),
        (("client tracking on", "CLIENT TRACKING off"), "CLIENT TRACKING"),
        (("AUTH u p", "RESET", "M.ANY k", "MONITOR"), "AUTH, RESET, M.ANY, MONITOR"),
        (("SELECT 3", "MULTI", "WATCH k"), "database 3, an open MULTI, watched keys"),
    ],
)
def test_conn_08_what_is_left_or_in_doubt_is_told(commands: tuple[str, ...], leftovers: str) -> None:
    session = after(*commands)
    assert (session.clean, session.leftovers()) == (False, leftovers)


def test_conn_08_the_configured_database_need_not_be_0() -> None:
    assert after("SELECT 0", database=3).leftovers() == "database 0"
    assert after("SELECT 0", "SELECT 3", database=3).clean


def test_conn_08_a_refused_command_did_not_undo_what_it_should_have() -> None:
    session = after("SELECT 3", "SELECT 0")
    session.refused(("SELECT", 0))
    assert (session.clean, session.leftovers()) == (False, "a refused SELECT")


def test_conn_08_an_ordinary_command_that_is_refused_leaves_nothing() -> None:
    session = after("LPUSH string 1")
    session.refused(("LPUSH", "string", 1))
    assert session.clean


# Against real servers.

COMMANDS = [
    *("SELECT 0", "SELECT 3", "select 0", "SELECT 99", "SELECT 00", "SELECT 0 0", "SELECT"),
    *("MULTI", "multi", "MULTI now", "EXEC", "exec", "EXEC now", "DISCARD", "DISCARD now"),
    *("WATCH k", "WATCH", "UNWATCH", "UNWATCH now", "SET k v", "LPUSH k v", "GET"),
    *("SUBSCRIBE a b", "SUBSCRIBE b", "SUBSCRIBE", "UNSUBSCRIBE a", "UNSUBSCRIBE b", "UNSUBSCRIBE"),
    *("PSUBSCRIBE a*", "PUNSUBSCRIBE a*", "PUNSUBSCRIBE", "SSUBSCRIBE s", "SUNSUBSCRIBE s", "SUNSUBSCRIBE"),
    *("CLIENT SETNAME me", "CLIENT SETINFO LIB-NAME me", "CLIENT TRACKING ON", "CLIENT TRACKING OFF"),
    *("CLIENT NO-EVICT ON", "CLIENT NO-TOUCH ON", "CLIENT INFO", "CLIENT CAPA redirect", "CLIENT"),
    *("AUTH default any", "RESET", "READONLY", "READWRITE", "ASKING", "M.ANY", "EVAL s 0"),
]
BALANCED = [one for one in COMMANDS if one.split()[0] not in ("CLIENT", "AUTH", "RESET", "M.ANY")]
programs = st.lists(st.sampled_from(BALANCED), max_size=8) | st.lists(st.sampled_from(COMMANDS), max_size=8)


def contains(reply: Reply, token: bytes) -> bool:
    return reply == token or (isinstance(reply, list) and token in reply)


def send_and_wait(wire: Wire, command: tuple[Argument, ...]) -> None:
    """Sends a command, and waits until the server has executed it, however many replies it gives.

    A PING behind it is answered by its token, or in a transaction by QUEUED, as second of two replies.
    """
    wire.send(command, ("PING", "token"))
    replies = [wire.reply()]
    while not contains(replies[-1], b"token") and (replies[-1] != b"QUEUED" or len(replies) < 2):
        replies.append(wire.reply())


def session_on_server(observer: Wire, connection: Reply) -> list[str]:
    assert isinstance(connection, int)
    listed = observer.ask("CLIENT", "LIST", "ID", connection)
    assert isinstance(listed, bytes)
    return [pair for pair in listed.decode().split() if pair.split("=")[0] in REMEMBERED]


@pytest.mark.parametrize("protocol", [2, 3])
@given(program=programs)
@example(program=["WATCH k", "SUBSCRIBE a b", "UNWATCH", "UNSUBSCRIBE"])
@example(program=["WATCH k", "MULTI now", "EXEC"])
@example(program=["WATCH k", "MULTI", "GET", "EXEC"])
@example(program=["SELECT 3", "MULTI", "SELECT 0", "GET", "EXEC"])
@example(program=["MULTI", "SUBSCRIBE a b", "EXEC", "UNSUBSCRIBE a"])
def test_conn_08_what_is_called_clean_is_as_new_on_a_real_server(
    server_port: int, protocol: int, program: list[str]
) -> None:
    with Wire(server_port) as wire, Wire(server_port) as observer:
        wire.ask("HELLO", protocol)
        identity, session = wire.ask("CLIENT", "ID"), Session()
        fresh = session_on_server(observer, identity)
        for command in (tuple(line.split()) for line in program):
            session.sent(command)
            send_and_wait(wire, command)
            observer.ask("SET", "k", "touched")
            if session.clean:
                assert session_on_server(observer, identity) == fresh


def test_the_programs_have_every_way_but_those_that_no_lease_may_go() -> None:
    assert {route(tuple(line.split())).name for line in COMMANDS} == {"SHARED", "SESSION", "SUBSCRIPTION"}
