"""The table of commands, held to what real servers say of their commands, and to what these do."""

from __future__ import annotations

import re
import socket
from math import inf

import pytest

from poolproof.reference import commands
from poolproof.reference.commands import (
    BLOCKING,
    REFUSED,
    SESSION,
    SHARED,
    SUBSCRIPTION,
    Route,
    blocks_for_seconds,
    known,
    learn,
    route,
    why_not_shared,
)
from poolproof.reference.errors import ServerError
from poolproof.reference.resp import NOT_ENOUGH, Argument, Push, Reader, Reply, encode


class Wire:
    """A bare connection to a server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._reader = Reader()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *commands: tuple[Argument, ...]) -> None:
        self._socket.sendall(b"".join(map(encode, commands)))

    def reply(self) -> Reply:
        """The next reply; pushes are passed over."""
        while (reply := self._reader.gets()) is NOT_ENOUGH or isinstance(reply, Push):
            if reply is NOT_ENOUGH:
                data = self._socket.recv(1 << 16)
                assert data, "the server closed the connection"
                self._reader.feed(data)
        answer: Reply = reply
        return answer

    def ask(self, *command: Argument) -> Reply:
        self.send(command)
        return self.reply()


@pytest.mark.parametrize(
    ("command", "way"),
    [
        ("GET k", SHARED),
        ("eval script 0", SHARED),
        ("PUBLISH c m", SHARED),
        ("CLIENT INFO", SHARED),
        ("CLIENT KILL ID 1", SHARED),
        ("SCRIPT LOAD s", SHARED),
        ("BLPOP k 0", BLOCKING),
        ("WAIT 1 0", BLOCKING),
        ("XREAD STREAMS k 0", SHARED),
        ("XREAD COUNT 1 BLOCK 0 STREAMS k $", BLOCKING),
        ("xread block 0 streams k $", BLOCKING),
        ("XREAD STREAMS block 0", SHARED),
        ("XREADGROUP GROUP g c STREAMS k >", SHARED),
        ("XREADGROUP GROUP block block STREAMS k >", SHARED),
        ("XREADGROUP GROUP streams c NOACK BLOCK 5 STREAMS k >", BLOCKING),
        ("XREADGROUP GROUP g c CLAIM streams BLOCK 5 STREAMS k >", BLOCKING),
        ("SELECT 1", SESSION),
        ("MULTI", SESSION),
        ("CLIENT SETNAME n", SESSION),
        ("CLIENT SOMETHING-NEW", SESSION),
        ("CLIENT", SESSION),
        ("JSON.GET k", SESSION),
        ("SSUBSCRIBE c", SUBSCRIPTION),
        ("UNSUBSCRIBE", SUBSCRIPTION),
        ("MONITOR", REFUSED),
        ("QUIT", REFUSED),
        ("CLIENT REPLY OFF", REFUSED),
        ("SCRIPT DEBUG YES", REFUSED),
        ("CLUSTER SYNCSLOTS ACK", REFUSED),
        ("CLUSTER INFO", SHARED),
    ],
)
def test_mux_04_a_command_has_its_way(command: str, way: Route) -> None:
    assert route(tuple(command.split())) is way


@pytest.mark.parametrize("spelling", ["BLPOP", "blpop", b"BLPOP", "bLpOp", b"blPOP", bytearray(b"BLPOP")])
def test_a_command_has_its_way_however_it_is_spelled(spelling: str) -> None:
    assert route((spelling, "k", 0)) is route((spelling, "k", 0)) is BLOCKING


def test_the_memory_of_spellings_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    memory: dict[Argument, Route] = {}
    monkeypatch.setattr(commands, "_by_spelling", memory)
    monkeypatch.setattr(commands, "_SPELLINGS", 2)
    assert [route((name,)) for name in ("get", "Get", "GET", "gET")] == [SHARED] * 4
    assert len(memory) == 2


def test_a_name_that_is_not_known_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    memory: dict[Argument, Route] = {}
    monkeypatch.setattr(commands, "_by_spelling", memory)
    route(("JSON.GET", "k"))
    assert memory == {}


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (("GET", "k"), 0),
        (("XREAD", "STREAMS", "k", 0), 0),
        (("BLPOP", "a", "b", 1.5), 1.5),
        (("brpop", "a", b"0.25"), 0.25),
        (("BLMOVE", "a", "b", "LEFT", "LEFT", "2"), 2),
        (("BRPOPLPUSH", "a", "b", 2), 2),
        (("BZPOPMIN", "a", 2), 2),
        (("BLMPOP", 2, 1, "k", "LEFT"), 2),
        (("BZMPOP", 2, 1, "k", "MIN"), 2),
        (("WAIT", 1, 500), 0.5),
        (("WAITAOF", 1, 1, 500), 0.5),
        (("XREAD", "BLOCK", 500, "STREAMS", "k", "$"), 0.5),
        (("XREADGROUP", "GROUP", "g", "c", "BLOCK", 500, "STREAMS", "k", ">"), 0.5),
        (("BLPOP", "k", 0), inf),
        (("WAIT", 1, 0), inf),
        (("XREAD", "BLOCK", 0, "STREAMS", "k", "$"), inf),
        (("BLPOP", "k", "nan"), inf),
        (("BLPOP", "k", "soon"), inf),
        (("XREAD", "BLOCK"), inf),
    ],
)
def test_call_01_a_command_tells_for_how_long_it_blocks(
    command: tuple[Argument, ...], seconds: float
) -> None:
    assert blocks_for_seconds(command) == seconds


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("SELECT 3", "SELECT cannot share a connection: name the database in the URL, as in redis://host/3"),
        ("client tracking on", "CLIENT TRACKING cannot share .*: it acts on its connection; acquire one"),
        ("BLPOP k 0", "BLPOP cannot share a connection: it would keep the others waiting; use a pool"),
        ("SUBSCRIBE c", "SUBSCRIBE cannot .*; call subscribe"),
        ("MONITOR", "MONITOR cannot .*; use redis-cli"),
        ("JSON.GET k", "JSON.GET, which is not a known command, cannot share a connection: "),
    ],
)
def test_mux_10_why_a_command_cannot_share_names_what_to_use_instead(command: str, sentence: str) -> None:
    assert re.match(sentence, why_not_shared(tuple(command.split())))


@pytest.fixture
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_routes", dict(commands._routes))  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(commands, "_by_spelling", dict[Argument, Route]())


@pytest.mark.usefixtures("nothing_learned")
@pytest.mark.parametrize(
    ("info", "way"),
    [
        ([[b"m.get", 2, [b"readonly", b"module"], 1, 1, 1, []]], SHARED),
        ([[b"m.pop", 2, [b"write", b"blocking"], 1, 1, 1, []]], BLOCKING),
        ([[b"m.pop", 2, {b"write"}, 1, 1, 1, {b"@blocking"}]], BLOCKING),
        ({b"m.pop": {b"flags": {b"blocking"}}}, BLOCKING),
        ([["m.login", 2, ["fast"], 0, 0, 0, ["@connection"]]], SESSION),
        ([[b"m.follow", 2, [b"pubsub"], 0, 0, 0, [b"@slow"]]], REFUSED),
        ([[b"m", -2, [b"fast"], 0, 0, 0, [], [], [], [[b"m|pop", 2, [b"blocking"]]]]], BLOCKING),
    ],
)
def test_mux_04_an_unknown_command_goes_the_way_that_the_server_tells(info: object, way: Route) -> None:
    assert not known("M.ANY")
    learn("m.any", info)
    assert known(b"M.Any") and route(("M.ANY", "k")) is way


@pytest.mark.usefixtures("nothing_learned")
def test_call_01_for_how_long_a_learned_command_blocks_nobody_can_tell() -> None:
    learn("m.pop", [[b"m.pop", 2, [b"blocking"]]])
    assert blocks_for_seconds(("M.POP", "k", 5)) == inf


@pytest.mark.usefixtures("nothing_learned")
@pytest.mark.parametrize("info", [[None], [], None, ServerError("NOPERM no 'command' for you")])
def test_mux_04_a_server_that_knows_no_more_teaches_nothing(info: object) -> None:
    learn("m.any", info)
    assert not known("m.any") and route(("m.any",)) is SESSION


@pytest.mark.usefixtures("nothing_learned")
def test_mux_04_what_is_known_cannot_be_unlearned() -> None:
    learn("BLPOP", [[b"blpop", 2, [b"fast"], 1, 1, 1, [b"@fast"], [], [], []]])
    assert route(("BLPOP", "k", 0)) is BLOCKING


# Against what real servers say.

DISTURBING = {"bgrewriteaof", "bgsave", "debug", "failover", "migrate", "module", "replicaof", "slaveof"}
# Fields of CLIENT INFO. Not "multi", which in Valkey is 0 or -1 if there is none; one shows in the flags.
SESSION_FIELDS = "name flags capa db sub psub ssub watch user redir resp lib-name lib-ver"
REMEMBERED = set(SESSION_FIELDS.split())


class Described:
    """A command as the server describes it; `words` are its name, or names."""

    def __init__(self, entry: Reply) -> None:
        assert isinstance(entry, list)
        name, arity, flags, categories, parts = (entry[place] for place in (0, 1, 2, 6, 9))
        assert isinstance(name, bytes) and isinstance(arity, int)
        assert isinstance(flags, list) and isinstance(categories, list) and isinstance(parts, list)
        self.words: tuple[Argument, ...] = tuple(name.decode().split("|"))
        self.tags = {tag for tag in (*flags, *categories) if isinstance(tag, bytes)}
        self.arity = abs(arity)
        self.parts = [Described(part) for part in parts]

    @property
    def command(self) -> tuple[Argument, ...]:
        """A call of it with as few arguments as it takes."""
        return (*self.words, *[1] * (self.arity - len(self.words)))


def described(port: int) -> list[Described]:
    """All that the server knows; of a command with sub-commands, these."""
    with Wire(port) as wire:
        entries = wire.ask("COMMAND")
    assert isinstance(entries, list)
    return [part for entry in map(Described, entries) for part in entry.parts or [entry]]


def test_mux_04_every_command_of_a_real_server_is_known(server_port: int) -> None:
    assert [one.words for one in described(server_port) if not known(one.words[0])] == []


def test_mux_04_what_a_real_server_calls_blocking_does_not_share(server_port: int) -> None:
    blocking = [one for one in described(server_port) if b"blocking" in one.tags]
    xread = {"xread": ("BLOCK", 1, "STREAMS", "k", "$"), "xreadgroup": ("BLOCK", 1, "STREAMS", "k", ">")}
    assert len(blocking) >= 10
    for one in blocking:
        options = xread.get(str(one.words[0]))
        assert route((*one.words, *options) if options else one.command) is BLOCKING, one.words


def test_mux_10_what_a_real_server_says_of_connections_is_classed_on_purpose(server_port: int) -> None:
    harmless = {"echo", "ping", "command", "publish", "spublish", "pubsub"}
    readers = {"getname", "getredir", "help", "id", "info", "kill", "list", "pause", "trackinginfo"}
    tags = {b"@connection", b"@transaction", b"pubsub"}
    shared = {
        one.words[-1] if one.words[0] == "client" else one.words[0]
        for one in described(server_port)
        if tags & one.tags and route(one.command) is SHARED
    }
    assert shared == harmless | readers | {"unblock", "unpause"}


def session_of(wire: Wire) -> list[Reply]:
    """What the server remembers of this connection."""
    info = wire.ask("CLIENT", "INFO")
    assert isinstance(info, bytes)
    fields = [pair.split("=", 1) for pair in info.decode().split()]
    kept = [f"{name}={value}" for name, value in fields if name in REMEMBERED]
    return [*kept, wire.ask("CLIENT", "TRACKINGINFO")]


def test_mux_10_what_shares_leaves_the_session_of_a_real_server_as_it_was(server_port: int) -> None:
    sharing = [one for one in described(server_port) if route(one.command) is SHARED]
    harmless = [
        one for one in sharing if one.words[0] not in DISTURBING and one.words[-1] not in ("kill", "pause")
    ]
    assert len(harmless) > 200
    with Wire(server_port) as wire:
        before = session_of(wire)
        for one in harmless:
            wire.ask(*one.command)
            assert session_of(wire) == before, one.words
        wire.ask("FLUSHALL")


def test_mux_10_scripts_leave_the_session_of_a_real_server_as_it_was(server_port: int) -> None:
    with Wire(server_port) as wire:
        before = session_of(wire)
        for call in (
            "'SELECT', 3",
            "'MULTI'",
            "'CLIENT', 'SETNAME', 'n'",
            "'SUBSCRIBE', 'c'",
            "'BLPOP', 'k', 0",
        ):
            wire.ask("EVAL", f"return redis.pcall({call})", 0)
            assert session_of(wire) == before, call


@pytest.mark.usefixtures("nothing_learned")
@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(
    ("teacher", "way"),
    [("GET", SHARED), ("XREAD", BLOCKING), ("SELECT", SESSION), ("SUBSCRIBE", REFUSED), ("CLIENT", SESSION)],
)
def test_mux_04_real_servers_teach_the_way_of_a_command(
    server_port: int, protocol: int, teacher: str, way: Route
) -> None:
    with Wire(server_port) as wire:
        wire.ask("HELLO", protocol)
        learn("M.ANY", wire.ask("COMMAND", "INFO", teacher))
        learn("M.NONE", wire.ask("COMMAND", "INFO", "M.NONE"))
    assert route(("m.any",)) is way
    assert not known("m.none")
