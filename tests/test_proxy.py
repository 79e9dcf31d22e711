"""A real server behind the witness: what it answers, what stays the witness's own, and who can't be one."""

from __future__ import annotations

import socket
import threading

import hiredis
import pytest

from poolproof.conformance.history import Kind
from poolproof.conformance.plan import plan
from poolproof.conformance.real.proxied import NoServer, RealServer, reachable
from poolproof.conformance.real.session import How, Session
from poolproof.conformance.target import resolve
from poolproof.conformance.witness import Condition, Setup

from .command_line import poolproof
from .real.server import Eyes
from .test_witness import Stand, command

THEIRS = b"+so says the real server\r\n"


class Recorded:
    """A server behind the witness that says the same to everything."""

    def __init__(self, reply: bytes = THEIRS) -> None:
        self.reply = reply
        self.asked: list[tuple[int, bytes]] = []
        self.left: list[int] = []

    def ask(self, number: int, words: list[bytes]) -> bytes:
        self.asked.append((number, b" ".join(words)))
        return self.reply

    def leave(self, number: int) -> None:
        self.left.append(number)


def told(*commands: bytes, setup: Setup | None = None, behind: Recorded, heal: bool = True) -> Stand:
    stand = Stand(setup=setup, behind=behind)
    if heal:
        stand.carry(stand.witness.heal())
    for each in commands:
        stand.send(each)
    return stand


@pytest.mark.parametrize(
    "words",
    ["HELLO 3", "CLIENT SETINFO LIB-NAME x", "PING", "INFO", "select 2", "CONFIG GET x", "CLIENT NEW y"],
)
def test_what_a_client_asks_for_itself_is_answered_by_the_real_server(words: str) -> None:
    behind = Recorded()
    stand = told(command(*words.split()), behind=behind)
    assert (stand.sent[1], behind.asked) == (THEIRS, [(1, words.encode())])


@pytest.mark.parametrize(
    "words",
    [
        *("GET a", "MULTI", "WATCH a", "SUBSCRIBE c", "CLIENT REPLY ON", "CLIENT TRACKING ON", "AUTH x"),
        *("QUIT", "SHUTDOWN", "CONFIG SET x y", "PFADD a b", "CLUSTER NODES", "RESET"),
    ],
)
def test_what_the_plan_has_a_script_for_is_the_witnesss_own(words: str) -> None:
    behind = Recorded()
    stand = told(command(*words.split()), behind=behind)
    assert stand.sent[1] and behind.asked == []


def test_what_stands_between_multi_and_exec_is_the_witnesss_own() -> None:
    behind = Recorded()
    told(command("MULTI"), command("PING"), command("EXEC"), behind=behind)
    assert behind.asked == []


def test_a_server_that_is_too_old_or_unwell_stays_so() -> None:
    behind = Recorded()
    setup = Setup(unknown=frozenset({"HELLO", "CLIENT SETINFO"}))
    stand = told(
        command("HELLO", "3"),
        command("CLIENT", "SETINFO", "LIB-NAME", "x"),
        setup=setup,
        behind=behind,
        heal=False,
    )
    stand.witness.turn(Condition.LOADING)
    stand.send(command("INFO"))
    assert behind.asked == [] and stand.sent[1].count(b"-ERR unknown") == 2


def test_what_the_real_server_refuses_has_not_been_done() -> None:
    refusal = b"-NOPROTO unsupported protocol version\r\n"
    behind = Recorded(refusal)
    stand = told(command("HELLO", "3"), command("SELECT", "2"), command("GET", "a"), behind=behind)
    assert stand.sent[1] == refusal + refusal + b"$5\r\nval:a\r\n"
    (received,) = (event for event in stand.events if event.kind is Kind.RECEIVED)
    assert received.detail == ""


def test_the_plans_password_is_kept_from_the_real_server() -> None:
    behind = Recorded()
    hello = command("HELLO", "3", "AUTH", "default", "sesame", "SETNAME", "x")
    stand = told(hello, setup=Setup(passwords={"default": "sesame"}, lenient=True), behind=behind)
    assert (stand.sent[1], behind.asked) == (THEIRS, [(1, b"HELLO 3 SETNAME x")])
    wrong = told(
        command("HELLO", "3", "AUTH", "default", "guess"),
        setup=Setup(passwords={"default": "sesame"}, lenient=True),
        behind=Recorded(),
    )
    assert wrong.sent[1].startswith(b"-WRONGPASS")


def test_who_has_not_logged_in_is_told_nothing_by_the_real_server() -> None:
    behind = Recorded()
    setup = Setup(passwords={"default": "sesame"}, lenient=True)
    stand = told(command("HELLO", "3"), command("INFO"), setup=setup, behind=behind)
    assert b"redis_version" in stand.sent[1] and behind.asked == [(1, b"HELLO 3")]


def test_replies_that_are_switched_off_stay_so() -> None:
    behind = Recorded()
    stand = told(command("CLIENT", "REPLY", "OFF"), command("PING"), behind=behind)
    assert stand.sent[1] == b"" and behind.asked == []


def test_a_connection_that_is_over_or_begins_anew_is_left() -> None:
    behind = Recorded()
    stand = told(command("PING"), command("RESET"), behind=behind)
    assert behind.left == [1]
    stand.witness.closed_by_client(1)
    stand.witness.opened(2)
    stand.carry(stand.witness.drop())
    assert behind.left == [1, 1, 2]


def test_a_plan_runs_in_front_of_a_real_server(server_port: int) -> None:
    url = f"redis://127.0.0.1:{server_port}"
    with Eyes(server_port) as eyes:
        eyes.ask("CONFIG", "RESETSTAT")
        with Session("asyncio pool", How(resolve("driver:reference").driver, proxy=url)) as session:
            session.meet()
            run = session.run(plan("call a, call b, settle, answer b, answer a, settle", capacity=2))
        assert {call.caller for call in run.calls.values() if call.settled is not None} >= {"a", "b"}
        stats = eyes.ask("INFO", "commandstats").decode()
        assert "cmdstat_hello:calls=2," in stats and "cmdstat_get:" not in stats
        assert eyes.ask("DBSIZE") == 0


def test_the_reply_is_the_servers_byte_for_byte(server_port: int) -> None:
    with RealServer(f"redis://127.0.0.1:{server_port}") as server:
        reply = server.ask(1, [b"HELLO", b"3"])
        reader = hiredis.Reader()
        reader.feed(reply)
        assert reader.gets()[b"proto"] == 3
        assert server.ask(1, [b"ECHO", b"x" * 100_000]) == b"$100000\r\n" + b"x" * 100_000 + b"\r\n"
        assert server.ask(2, [b"NOSUCH"]).startswith(b"-ERR unknown command")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("127.0.0.1:6379", "is no address"),
        ("http://127.0.0.1:1", "is no address"),
        ("redis://127.0.0.1:99999", "is no address"),
        ("redis://127.0.0.1/3", "is no address"),
        ("redis://user@127.0.0.1", "is no address"),
        ("redis://a..b", "can't be reached"),
        ("redis://127.0.0.1:{port}", "can't be reached"),
    ],
)
def test_what_is_no_server_is_told_in_one_line(url: str, what: str, unused_port: int) -> None:
    done = poolproof("check", "driver:reference", "POOL-01", "--proxy", url.format(port=unused_port))
    assert (done.returncode, done.stdout) == (3, "")
    assert what in done.stderr and done.stderr.count("\n") == 1


def test_who_refuses_the_login_is_told(server_port: int) -> None:
    with pytest.raises(NoServer, match=r"refuses the login: (WRONGPASS|ERR)"):
        reachable(f"redis://:wrong@127.0.0.1:{server_port}")


def test_the_simulated_world_has_no_server_behind_it() -> None:
    done = poolproof("check", "reference", "POOL-01", "--proxy", "redis://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (3, "")
    assert "real world" in done.stderr


def test_serve_tells_as_well_that_nobody_is_there(unused_port: int) -> None:
    done = poolproof("serve", "--proxy", f"redis://127.0.0.1:{unused_port}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "can't be reached" in done.stderr and done.stderr.count("\n") == 1


def test_who_speaks_another_protocol_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoServer, match=f"^the server at 127.0.0.1:{port} is no Redis server"):
            reachable(f"redis://:secret@127.0.0.1:{port}")
        thread.join()
