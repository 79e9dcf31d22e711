"""What random dialogues cannot bring about or compare: there, too, the witness answers as a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import hiredis
import pytest

from poolproof.conformance.witness import Condition
from poolproof.conformance.witness.command import Command
from poolproof.conformance.witness.commands import COMMANDS

from .test_witness_beside_a_server import FAMILIES
from .witness_side_by_side import RealServer, SideBySide, real_server

__all__ = ["real_server"]  # the fixture
ALL_COMMANDS = [words for family in FAMILIES for words in family]


def parsed(data: bytes) -> Any:
    reader = hiredis.Reader(encoding="latin-1")
    reader.feed(data)
    return reader.gets()


@contextmanager
def told(server: RealServer, *lines: str) -> Iterator[None]:
    """The server is told the first lines now, and the last one afterwards."""
    for line in lines[:-1]:
        assert server.ask(*line.split(" ")) == b"+OK\r\n"
    try:
        yield
    finally:
        assert server.ask(*lines[-1].split(" ")) == b"+OK\r\n"


# what is known of commands

WITH_SUBCOMMANDS = [each for one in COMMANDS.values() for each in (one, *one.subcommands.values())]


@pytest.mark.parametrize("command", WITH_SUBCOMMANDS, ids=lambda command: command.name)
def test_a_command_has_the_arity_the_flags_and_the_keys_of_a_real_servers(
    real_server: RealServer, command: Command
) -> None:
    _, arity, flags, *keys = parsed(real_server.ask("COMMAND", "INFO", command.name))[0][:6]
    assert (command.arity, set(command.flags), command.keys) == (arity, set(flags), tuple(keys))


# credentials

LOGINS = [
    *(["AUTH", "good"], ["AUTH", "bad"], ["AUTH", "app", "secret"], ["AUTH", "app", "bad"]),
    *(
        ["HELLO", "3", "AUTH", "app", "secret"],
        ["HELLO", "3", "AUTH", "app", "bad"],
        ["HELLO", "3"],
        ["HELLO"],
    ),
    *(["RESET"], ["QUIT"], ["CLIENT", "SETNAME", "x"], ["GET"], ["NOPE"], ["MULTI"], ["SELECT", "1"]),
]


@pytest.mark.parametrize("words", LOGINS, ids=" ".join)
def test_who_may_do_what_is_decided_as_by_a_real_server(real_server: RealServer, words: list[str]) -> None:
    setup = replace(real_server.setup, passwords={"default": "good", "app": "secret"})
    with (
        told(real_server, "ACL SETUSER app on >secret ~* &* +@all", "ACL SETUSER app reset"),
        told(real_server, "CONFIG SET requirepass good", "CONFIG SET requirepass "),
        SideBySide(real_server, setup) as both,
    ):
        number = both.dial()
        for each in words, ["GET", "a"], ["RESET"], ["GET", "a"], ["AUTH", "good"], words, ["GET", "a"]:
            both.say(number, *each)


# servers that are not well


@pytest.mark.parametrize(
    ("condition", "sickness"),
    [
        (Condition.READONLY, ["REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"]),
        (Condition.OOM, ["CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"]),
        (
            Condition.MASTERDOWN,
            ["CONFIG SET replica-serve-stale-data no", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
        ),
    ],
)
def test_a_server_that_is_not_well_says_so_as_a_real_one(
    real_server: RealServer, condition: Condition, sickness: list[str]
) -> None:
    with told(real_server, *sickness):
        for words in ALL_COMMANDS:
            with SideBySide(real_server) as both:
                both.witness.turn(condition, spares_new=False)
                number = both.dial()
                for each in words, ["RESET"], ["MULTI"], words, ["SET", "a", "1"], ["EXEC"]:
                    both.say(number, *each)


# connections about each other

KNOWN_TO_BOTH = [
    *("id", "name", "flags", "db", "sub", "psub", "ssub", "multi", "watch", "cmd", "user", "redir", "resp"),
    *("lib-name", "lib-ver"),
]
LIVES = [
    "HELLO 3, CLIENT SETNAME me, CLIENT SETINFO LIB-NAME lib, CLIENT SETINFO LIB-VER 1",
    "HELLO 3, SELECT 2, SUBSCRIBE news mail, PSUBSCRIBE n*, SSUBSCRIBE a",
    "WATCH a b, MULTI, GET a, GET b",
    "HELLO 3, CLIENT TRACKING ON BCAST, CLIENT NO-EVICT on, CLIENT NO-TOUCH on, READONLY",
    "CLIENT TRACKING ON, READONLY",
    "BLPOP a 0",
]


def fields(line: str) -> dict[str, str]:
    found = dict(each.split("=", 1) for each in line.split(" "))
    found["flags"] = found["flags"].replace("U", "") or "N"  # by a Unix socket
    return {name: found[name] for name in KNOWN_TO_BOTH}


@pytest.mark.parametrize("life", LIVES)
def test_a_connection_is_described_as_by_a_real_server(real_server: RealServer, life: str) -> None:
    with SideBySide(real_server) as both:
        number, other = both.dial(), both.dial()
        for line in life.split(", "):
            both.say(number, *line.split())
        listed, described = both.ask_apart(other, "CLIENT", "LIST", "ID", str(number))
        assert fields(parsed(described).strip()) == fields(parsed(listed).strip())


def test_a_connection_describes_itself_as_by_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        real, ours = both.ask_apart(both.dial(), "CLIENT", "INFO")
        assert fields(parsed(ours).strip()) == fields(parsed(real).strip())


def test_a_monitor_is_shown_what_a_real_server_shows(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        monitor, other = both.dial(), both.dial()
        both.say(monitor, "MONITOR")
        for words in (
            *(
                ["GET", "a"],
                ["SELECT", "1"],
                ["ECHO", 'a"\\\r\n\t\x07\x08\x01\xff'],
                ["CLIENT", "LIST", "ID", "0"],
            ),
            *(["AUTH", "default", "x"], ["HELLO", "3", "AUTH", "default", "x"], ["GET"], ["NOPE"], ["MULTI"]),
            *(["SET", "a", "1"], ["EXEC"], ["RESET"]),
        ):
            both.say(other, *words)
        both.say(monitor, "RESET")
        both.say(other, "PING")


def test_a_connection_is_killed_as_by_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        killer, *victims = (both.dial() for _ in range(4))
        both.say(victims[1], "SUBSCRIBE", "news")
        for words in ["ID", str(victims[0])], ["TYPE", "pubsub"], ["TYPE", "nope"], ["USER", "nope"], ["ID"]:
            both.say(killer, "CLIENT", "KILL", *words)
        both.say(killer, "CLIENT", "KILL", "ID", str(victims[2]), "USER", "default", "SKIPME", "no")
        both.say(killer, "CLIENT", "KILL", "ID", str(killer))
        both.say(killer, "CLIENT", "KILL", "ID", str(killer), "SKIPME", "no")


def test_a_blocked_connection_is_released_as_by_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        blocked, other = both.dial(), both.dial()
        for how in [], ["TIMEOUT"], ["ERROR"], ["NOPE"]:
            for words in ["BLPOP", "a", "0"], ["BLMOVE", "a", "b", "LEFT", "LEFT", "0"], ["WAIT", "1", "0"]:
                both.say(blocked, *words)
                both.say(other, "CLIENT", "UNBLOCK", str(blocked), *how)
                both.say(other, "CLIENT", "UNBLOCK", str(blocked))


@pytest.mark.parametrize("teller", ["2", "3"])
@pytest.mark.parametrize("listener", ["2", "3"])
def test_invalidations_are_redirected_as_by_a_real_server(
    real_server: RealServer, teller: str, listener: str
) -> None:
    with SideBySide(real_server) as both:
        reader, told_instead, writer = (both.dial() for _ in range(3))
        both.say(told_instead, "HELLO", listener)
        both.say(told_instead, "SUBSCRIBE", "__redis__:invalidate")
        both.say(reader, "HELLO", teller)
        both.say(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", str(told_instead))
        both.say(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", "1", "REDIRECT", "2")
        both.say(reader, "MGET", "a", "b", "c")
        for words in ["SET", "a", "1"], ["SET", "a", "2"], ["DEL", "b"], ["FLUSHALL"]:
            both.say(writer, *words)
        for words in ["GET", "a"], ["SET", "a", "3"], ["CLIENT", "GETREDIR"]:
            both.say(reader, *words)
        both.say(reader, "GET", "a")
        both.say(told_instead, "QUIT")
        both.say(writer, "SET", "a", "4")
        both.say(reader, "CLIENT", "TRACKINGINFO")


# channels


def test_all_subscriptions_are_given_up_as_with_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        number = both.dial()
        for words in ["SUBSCRIBE", "a", "b"], ["PSUBSCRIBE", "c", "d"]:
            both.say(number, *words)
        for kind in "UNSUBSCRIBE", "PUNSUBSCRIBE":
            real, ours = both.ask_apart(number, kind)
            assert sorted(ours) == sorted(real)  # in any order
        both.say(number, "GET", "a")
