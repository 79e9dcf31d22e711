"""The handshake with servers that refuse: every script of up to two errors, and random ones beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.reference.errors import (
    AuthenticationFailed,
    Fate,
    HandshakeFailed,
    ProtocolError,
    ServerError,
)
from poolproof.reference.handshake import VERSION, Command, Handshake
from poolproof.reference.resp import Reply
from poolproof.reference.url import Settings

from .test_commands import Wire

PASSWORD = "s3cret"
ERRORS = {
    "unknown": "ERR unknown command '{0}', with args beginning with: {1}",
    "refused": "ERR no",
    "NOPERM": "NOPERM User u has no permissions to run the '{0}' command",
    "NOAUTH": "NOAUTH Authentication required.",
    "WRONGPASS": "WRONGPASS invalid username-password pair or user is disabled.",
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "no room": "ERR max number of clients reached",
}
FOR_GOOD = "unknown", "refused", "NOPERM"  # of an optional step it is no matter
SETTINGS = [
    Settings(
        client_name="me",
        database=database,
        username=user,
        password=password,
        protocol=protocol,
        resp3_demanded=demanded,
    )
    for database in (0, 3)
    for user, password in ((None, None), (None, PASSWORD), ("u", PASSWORD))
    for protocol, demanded in ((2, False), (3, False), (3, True))
]


@dataclass
class Run:
    """One handshake, and how the server answered it."""

    settings: Settings
    handshake: Handshake
    owed: list[Command]
    answers: list[tuple[Command, str]] = field(default_factory=list[tuple[Command, str]])
    failure: HandshakeFailed | None = None

    def answer(self, kind: str) -> None:
        command = self.owed.pop(0)
        self.answers.append((command, kind))
        try:
            self.owed += self.handshake.received(reply(command, kind))
        except HandshakeFailed as failure:
            self.failure = failure

    @property
    def ended(self) -> bool:
        return self.failure is not None or not self.owed

    def good(self, is_meant: Callable[[Command], bool]) -> int:
        """The place of the last good answer to a command that is meant; -1 if there is none."""
        places = [n for n, (command, kind) in enumerate(self.answers) if kind == "good" and is_meant(command)]
        return max(places, default=-1)

    @property
    def hello_refused_at(self) -> int:
        command, kind = self.answers[0]
        return 0 if command[0] == "HELLO" and kind != "good" else -1


def reply(command: Command, kind: str) -> Reply:
    if kind == "good":
        return {b"proto": 3} if command[0] == "HELLO" else b"OK"
    name, *arguments = map(str, command)
    return ServerError(ERRORS[kind].format(name, arguments))


def begun(settings: Settings) -> Run:
    handshake = Handshake(settings)
    return Run(settings, handshake, handshake.begin())


def runs(run: Run, errors: int) -> Iterator[Run]:
    """All runs that go on from here with at most so many errors."""
    if run.ended:
        yield run
        return
    for kind in ["good", *(ERRORS if errors else ())]:
        longer = deepcopy(run)
        longer.answer(kind)
        yield from runs(longer, errors - (kind != "good"))


def check(run: Run) -> None:
    """The rules, of a run that has ended."""
    if run.failure is None:
        check_done(run)
    else:
        check_failed(run, run.failure)


def check_done(run: Run) -> None:
    """CONN-05: who is done has a good answer to all that was required, in this order."""
    assert run.handshake.done
    hello, select = run.good(lambda command: command[0] == "HELLO"), run.good(lambda c: c[0] == "SELECT")
    signed_in = run.good(lambda command: PASSWORD in command)
    assert run.handshake.protocol == (3 if hello >= 0 else 2)
    assert hello >= 0 or not run.settings.resp3_demanded
    assert signed_in >= 0 or run.settings.password is None
    assert select > signed_in or not run.settings.database
    assert ("HELLO", "LOADING") not in [(command[0], kind) for command, kind in run.answers]


def check_failed(run: Run, failure: HandshakeFailed) -> None:
    """CONN-06: the failure says where and of what kind, and no password. CONN-07: it was not for nothing."""
    command, kind = run.answers[-1]
    step = command[0]
    assert str(failure).startswith("127.0.0.1:6379 ") and PASSWORD not in str(failure)
    assert failure.fate is Fate.NOT_SENT
    assert kind != "good"
    if kind in FOR_GOOD:
        assert step in ("AUTH", "SELECT") or (step == "HELLO" and run.settings.resp3_demanded)
    authentication = kind in ("NOAUTH", "WRONGPASS") or (step == "AUTH" and kind in FOR_GOOD)
    if authentication or kind in ("LOADING", "no room", "refused", "unknown"):
        assert isinstance(failure, AuthenticationFailed) == authentication


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_conn_05_conn_06_conn_07_the_handshake_keeps_the_rules_whatever_two_steps_are_refused(
    settings: Settings,
) -> None:
    for run in runs(begun(settings), errors=2):
        check(run)


@given(st.sampled_from(SETTINGS), st.lists(st.sampled_from(["good", *ERRORS]), min_size=12, max_size=12))
def test_conn_06_the_handshake_ends_after_two_rounds_at_most(settings: Settings, script: list[str]) -> None:
    run = begun(settings)
    for kind in script:
        if run.ended:
            break
        run.answer(kind)
    assert run.ended
    check(run)


def test_conn_05_what_the_first_round_refuses_after_hello_is_done_in_the_second() -> None:
    run = begun(Settings(database=3, username="u", password=PASSWORD))
    for kind in ["unknown", *["NOAUTH"] * 3, *["good"] * 4]:
        run.answer(kind)
    assert [command for command, _ in run.answers[4:6]] == [("AUTH", "u", PASSWORD), ("SELECT", 3)]
    assert run.failure is None and run.handshake.done


def test_conn_07_a_proxy_that_wants_auth_before_hello_gets_it_in_the_second_round() -> None:
    run = begun(Settings(password=PASSWORD))
    for kind in [*["NOAUTH"] * 3, *["good"] * 3]:
        run.answer(kind)
    assert run.failure is None and run.handshake.done


def test_conn_05_all_that_precedes_commands_is_one_round_if_the_server_knows_hello() -> None:
    run = begun(Settings(database=3, password=PASSWORD, client_name="me"))
    assert run.owed == [
        ("HELLO", 3, "AUTH", "default", PASSWORD),
        ("SELECT", 3),
        ("CLIENT", "SETNAME", "me"),
        ("CLIENT", "SETINFO", "LIB-NAME", "poolproof"),
        ("CLIENT", "SETINFO", "LIB-VER", VERSION),
    ]


def test_conn_05_credentials_of_a_provider_are_those_that_are_sent() -> None:
    handshake = Handshake(Settings(credentials=lambda: ("u", PASSWORD)), ("u", PASSWORD))
    assert handshake.begin()[0] == ("HELLO", 3, "AUTH", "u", PASSWORD)


def test_conn_07_a_server_that_grants_less_than_asked_is_spoken_to_in_resp2() -> None:
    handshake = Handshake(Settings())
    handshake.begin()
    handshake.received([b"proto", 2])
    assert handshake.protocol == 2


def test_conn_06_a_demanded_protocol_that_is_not_granted_fails() -> None:
    handshake = Handshake(Settings(resp3_demanded=True))
    handshake.begin()
    with pytest.raises(HandshakeFailed, match="leave resp3_demanded out"):
        handshake.received({b"proto": 2})


@pytest.mark.parametrize(
    ("settings", "kinds", "advice"),
    [
        (Settings(), ["NOAUTH"], "write redis://user:password@host"),
        (Settings(protocol=2), ["NOAUTH"], "write redis://user:password@host"),
        (Settings(password=PASSWORD), ["WRONGPASS"], r"\(WRONGPASS\): check both"),
        (Settings(database=3), ["good", "NOPERM"], "forbids this user SELECT"),
        (Settings(database=3), ["good", "refused"], r"SELECT 3 \(ERR no\): name a database"),
        (Settings(), ["no room"], "lower max_size"),
        (Settings(), ["LOADING"], "try again in a moment"),
        (Settings(resp3_demanded=True), ["unknown"], "leave resp3_demanded out"),
    ],
)
def test_conn_06_a_failure_says_what_to_do(settings: Settings, kinds: list[str], advice: str) -> None:
    run = begun(settings)
    for kind in kinds:
        run.answer(kind)
    assert run.failure is not None
    with pytest.raises(HandshakeFailed, match=advice):
        raise run.failure


def test_conn_04_a_reply_after_the_last_is_one_nobody_asked_for() -> None:
    with pytest.raises(ProtocolError):
        Handshake(Settings()).received(b"OK")


def test_the_version_told_to_servers_is_that_of_the_distribution() -> None:
    assert version("poolproof") == VERSION


# Against a real server.


def shake(port: int, settings: Settings) -> Handshake:
    """A handshake that has succeeded."""
    handshake = Handshake(settings)
    with Wire(port) as wire:
        owed = handshake.begin()
        while owed:
            wire.send(*owed)
            owed = [command for _ in owed for command in handshake.received(wire.reply())]
        assert handshake.done
        info = wire.ask("CLIENT", "INFO")
        assert isinstance(info, bytes) and b" db=%d " % settings.database in info
        assert b" user=%s " % (settings.username or "default").encode() in info
    return handshake


@pytest.fixture
def user(server_port: int) -> Iterator[str]:
    with Wire(server_port) as admin:
        assert admin.ask("ACL", "SETUSER", "u", "on", f">{PASSWORD}", "+@all", "~*") == b"OK"
        yield "u"
        admin.ask("ACL", "DELUSER", "u")


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("name", ["me", "a name that is refused"])
def test_conn_07_real_servers_take_the_handshake_whatever_options_they_refuse(
    server_port: int, user: str, protocol: int, name: str
) -> None:
    settings = Settings(username=user, password=PASSWORD, database=3, protocol=protocol, client_name=name)
    assert shake(server_port, settings).protocol == protocol


@pytest.mark.parametrize("protocol", [2, 3])
def test_conn_06_real_servers_refuse_a_wrong_password_as_such(
    server_port: int, user: str, protocol: int
) -> None:
    with pytest.raises(AuthenticationFailed):
        shake(server_port, Settings(username=user, password="wrong", protocol=protocol))


@pytest.mark.parametrize("protocol", [2, 3])
def test_conn_06_real_servers_refuse_a_database_they_do_not_have(server_port: int, protocol: int) -> None:
    with pytest.raises(HandshakeFailed, match="SELECT 99"):
        shake(server_port, Settings(database=99, protocol=protocol))
