"""The history tells whose each command is, in which session it came in, and whether it was refused."""

from __future__ import annotations

import pytest

from poolproof.conformance.history import Kind
from poolproof.conformance.witness import Setup

from .test_witness import PING, REPLY, Stand, command

SECRETS = Setup(passwords={"default": "good", "app": "secret"})


def session_after(stand: Stand, *lines: str) -> str:
    """The session in which a caller's command arrives after these commands."""
    for line in lines:
        stand.send(command(*line.split()))
    stand.send(command("GET", "a"))
    return stand.events[-1].detail


# in which session

CHANGES = {
    "SELECT 3": "db=3",
    "HELLO 3": "resp=3",
    "CLIENT SETNAME pool": "name=pool",
    "HELLO 2 SETNAME pool": "name=pool",
    "MULTI": "multi",
    "WATCH k l": "watch=2",
    "SUBSCRIBE k l": "subscribed=2",
    "PSUBSCRIBE k*": "subscribed=1",
    "SSUBSCRIBE k": "subscribed=1",
    "MONITOR": "monitor",
    "CLIENT REPLY OFF": "reply=off",
    "CLIENT REPLY SKIP": "reply=skip",
    "CLIENT TRACKING ON": "tracking",
    "READONLY": "readonly",
    "ASKING": "asking",
    "CLIENT NO-EVICT ON": "no-evict",
    "CLIENT NO-TOUCH ON": "no-touch",
}


@pytest.mark.parametrize(("line", "told"), CHANGES.items())
def test_what_a_caller_changes_in_its_session_is_told_of_the_next_command(line: str, told: str) -> None:
    assert session_after(Stand(setup=Setup(is_cluster=True)), line) == told


@pytest.mark.parametrize("line", CHANGES)
def test_after_a_reset_nothing_is_told(line: str) -> None:
    assert session_after(Stand(setup=Setup(is_cluster=True)), line, "RESET") == ""


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        *(("SELECT 3", "SELECT 0"), ("HELLO 3", "HELLO 2"), ("MULTI", "DISCARD"), ("MULTI", "EXEC")),
        *(("WATCH k", "UNWATCH"), ("SUBSCRIBE k", "UNSUBSCRIBE"), ("CLIENT REPLY OFF", "CLIENT REPLY ON")),
        *(("CLIENT TRACKING ON", "CLIENT TRACKING OFF"), ("READONLY", "READWRITE"), ("ASKING", "PING")),
        ("CLIENT REPLY SKIP", "PING"),
    ],
)
def test_what_a_caller_undoes_is_not_told(change: str, undo: str) -> None:
    assert session_after(Stand(setup=Setup(is_cluster=True)), change, undo) == ""


@pytest.mark.parametrize(
    ("login", "told"),
    [
        *(("PING", "unauthenticated"), ("AUTH bad", "unauthenticated"), ("AUTH good", "")),
        *(("AUTH app secret", "user=app"), ("HELLO 3 AUTH app secret", "user=app resp=3")),
    ],
)
def test_who_a_connection_speaks_for_is_told(login: str, told: str) -> None:
    assert session_after(Stand(setup=SECRETS), login) == told


def test_a_command_of_the_clients_own_is_told_with_its_session_too() -> None:
    stand = Stand()
    stand.send(command("SELECT", "1") + PING)
    assert [(event.text, event.detail) for event in stand.events if event.kind is Kind.GREETED] == [
        ("SELECT 1", ""),
        ("PING", "db=1"),
    ]


# whether it was well answered


def test_an_error_in_reply_is_told() -> None:
    stand = Stand()
    stand.send(command("SELECT", "99"))
    assert (stand.events[-1].kind, stand.events[-1].detail) == (Kind.WELCOMED, "ERR DB index is out of range")


def test_a_callers_command_before_it_has_authenticated_is_told_as_refused() -> None:
    stand = Stand(setup=SECRETS)
    stand.witness.answer("a")
    stand.send(command("GET", "a"))
    assert (stand.events[-1].kind, stand.events[-1].detail) == (
        Kind.REPLIED,
        "NOAUTH Authentication required.",
    )


def test_a_lenient_server_executes_what_comes_before_authentication_and_tells_so() -> None:
    stand = Stand(setup=Setup(passwords={"default": "good"}, lenient=True))
    stand.witness.answer("a")
    assert (session_after(stand), stand.sent[1]) == ("", REPLY)
    assert stand.events[0].detail == "unauthenticated"


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("HELLO 3", b"-ERR unknown command 'HELLO', with args beginning with: '3' \r\n"),
        ("CLIENT SETINFO LIB-NAME x", b"-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.\r\n"),
        ("CLIENT ID", b":1\r\n"),
    ],
)
def test_an_old_server_does_not_know_what_it_is_too_old_for(line: str, refusal: bytes) -> None:
    stand = Stand(setup=Setup(unknown=frozenset({"HELLO", "CLIENT SETINFO"})))
    stand.send(command(*line.split()))
    assert stand.sent[1] == refusal


# whose it is


def test_a_command_that_the_plan_announces_is_its_callers() -> None:
    stand = Stand()
    stand.witness.expect("a", "SET", "k", "1")
    stand.send(command("set", "k", "1") + command("SET", "k", "2"))
    assert [(event.caller, event.text) for event in stand.events] == [
        *(("a", "SET k 1"), ("", "SET k 2")),
    ]


def test_its_reply_is_kept_back_as_that_of_any_caller() -> None:
    stand = Stand()
    stand.witness.expect("a", "ECHO", "hello")
    stand.send(command("ECHO", "hello"))
    assert stand.sent == {}
    stand.carry(stand.witness.answer("a"))
    assert stand.sent[1] == b"$5\r\nhello\r\n"


def test_of_callers_who_announce_the_same_the_first_is_served_first_and_the_last_may_send_it_again() -> None:
    stand = Stand()
    for caller in "abc":
        stand.witness.expect(caller, "MULTI")
    for _ in range(4):
        stand.send(command("MULTI"))
    assert [event.caller for event in stand.events] == ["a", "b", "c", "c"]


def test_a_command_that_is_not_answered_is_not_told_as_answered() -> None:
    stand = Stand()
    stand.witness.expect("a", "CLIENT", "REPLY", "OFF")
    stand.send(command("CLIENT", "REPLY", "OFF") + PING)
    assert stand.kinds() == [Kind.RECEIVED, Kind.GREETED]
