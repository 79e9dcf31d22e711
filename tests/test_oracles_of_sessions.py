"""Oracles of handshakes and sessions; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.conformance.promises import Promises

from .judging import Change, instead, is_caught, judge

LOGIN = """
    0 called a
    0 dialled #1
    0 opened #1
    0 greeted #1 =HELLO 3 AUTH default secret -- unauthenticated
    0 welcomed #1 =HELLO 3 AUTH default secret
    0 greeted #1 =CLIENT SETINFO LIB-NAME x -- resp=3
    0 greeted #1 =SELECT 3 -- resp=3
    0 welcomed #1 =SELECT 3
    0 received a #1 =GET a -- db=3 resp=3
    0 replied a #1
    0 returned a =val:a
    0 healed
"""

LOGGING_IN: dict[str, Any] = {"password": "secret", "database": 3}

COMMAND = "0 received a #1 =GET a -- db=3 resp=3"

SILENT_HANDSHAKE = """
    0 called a
    0 dialled #1
    0 opened #1
    0 greeted #1 =HELLO 3
    5 closed #1 =client
    5 raised a =refused
    5 called b
    5 dialled #2
    10 given up #2
    10 raised b =refused
    20 healed
    140 rested
"""

CONNECT_LIMIT: dict[str, Any] = {"connect_timeout_seconds": 5.0}

WRONG_PASSWORD = """
    0 called a
    0 opened #1
    0 greeted #1 =AUTH wrong -- unauthenticated
    0 welcomed #1 =AUTH wrong -- WRONGPASS invalid
    0 closed #1 =client
    0 raised a =server
    0 opened #2
    0 greeted #2 =SELECT 99
    0 welcomed #2 =SELECT 99 -- ERR out of range
    0 closed #2 =client
    120 rested
"""

OLDER_SERVER = """
    0 called a
    0 opened #1
    0 greeted #1 =HELLO 3
    0 welcomed #1 =HELLO 3 -- ERR unknown command
    0 received a #1
    0 replied a #1
    0 returned a =val:a
    0 healed
"""

OLDER: dict[str, Any] = {"unknown": ("HELLO",)}

CHANGED = """
    0 called a
    0 opened #1
    0 received a #1 =GET a -- resp=3
    0 replied a #1
    0 returned a =val:a
    0 called b
    0 received b #1 =SELECT 3 -- resp=3
    0 replied b #1
    0 returned b =OK
    0 greeted #1 =SELECT 0 -- db=3 resp=3
    0 welcomed #1 =SELECT 0
    0 called c
    0 received c #1 =GET c -- resp=3
    0 replied c #1
    0 returned c =val:c
    0 healed
"""

CHANGING: dict[str, Any] = {"steps": "call a, settle, call b SELECT 3, settle, call c, settle"}

UNDONE, LEFT_BEHIND = "0 received c #1 =GET c -- resp=3", "0 received c #1 =GET c -- db=3 resp=3"

DEMOTED = """
    0 opened #1
    0 opened #2
    0 called a
    0 received a #1
    0 replied a #1 -- READONLY You can't write
    0 raised a =server
    0 called b
    0 received b #2
    0 replied b #2 -- READONLY You can't write
    0 raised b =server
    0 healed
"""

LEAVES_AT_ONCE: dict[str, Any] = {"promises": Promises(leaves_wrong_role_after=1)}

CHANGES = [
    Change("CONN-05", LOGIN, COMMAND, "0 received a #1 =GET a -- db=3 unauthenticated resp=3", LOGGING_IN),
    Change("CONN-05", LOGIN, COMMAND, "0 received a #1 =GET a -- resp=3", LOGGING_IN),
    Change("CONN-05", LOGIN, COMMAND, "0 received a #1 =GET a -- db=4 resp=3", LOGGING_IN),
    Change("CONN-05", LOGIN, "0 welcomed #1 =SELECT 3", "", LOGGING_IN),
    Change("CONN-05", LOGIN, "0 welcomed #1 =HELLO 3 AUTH default secret", "", LOGGING_IN),
    Change("CONN-06", SILENT_HANDSHAKE, "5 closed #1 =client", "", CONNECT_LIMIT),
    Change("CONN-06", SILENT_HANDSHAKE, "5 closed #1 =client", "7 closed #1 =client", CONNECT_LIMIT),
    Change("CONN-06", SILENT_HANDSHAKE, "10 given up #2", "", CONNECT_LIMIT),
    Change("CONN-06", WRONG_PASSWORD, "0 closed #1 =client", ""),
    Change("CONN-06", WRONG_PASSWORD, "0 closed #2 =client", ""),
    Change("CONN-07", OLDER_SERVER, "0 returned a =val:a", "0 raised a =server -- ERR unknown", OLDER),
    Change("CONN-08", CHANGED, UNDONE, LEFT_BEHIND, CHANGING),
    Change("MUX-10", CHANGED, UNDONE, LEFT_BEHIND, CHANGING),
    *(
        Change(
            "CONN-09",
            DEMOTED,
            "0 replied b #2 -- READONLY You can't write",
            f"0 replied b #1 -- {role} and more",
            LEAVES_AT_ONCE,
        )
        for role in ("READONLY", "LOADING", "MASTERDOWN")
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_conn_05_what_is_optional_may_be_unanswered() -> None:
    assert "welcomed #1 =CLIENT" not in LOGIN
    assert judge("CONN-05", LOGIN, **LOGGING_IN) is None


def test_conn_05_without_password_and_database_nothing_is_required() -> None:
    text = instead(LOGIN, "0 welcomed #1 =SELECT 3\n", "").replace("-- db=3 resp=3", "-- unauthenticated")
    assert judge("CONN-05", text) is None


def test_conn_05_a_command_may_arrive_while_another_connection_logs_in() -> None:
    text = instead(LOGIN, COMMAND, "0 opened #2\n0 greeted #2 =AUTH secret -- unauthenticated\n" + COMMAND)
    assert judge("CONN-05", text, **LOGGING_IN) is None


def test_conn_05_callers_may_select_what_they_like() -> None:
    text = instead(LOGIN, COMMAND, "0 received a #1 =GET a -- db=5 resp=3")
    assert judge("CONN-05", text, "call b SELECT 5", **LOGGING_IN) is None


def test_conn_06_each_step_may_take_nearly_as_long_as_the_limit() -> None:
    text = """
        0 called a
        0 dialled #1
        4 opened #1
        4 greeted #1 =HELLO 3
        8 welcomed #1 =HELLO 3
        8 greeted #1 =CLIENT SETNAME x
        12 welcomed #1 =CLIENT SETNAME x
        12 received a #1
        30 healed
    """
    assert judge("CONN-06", text, **CONNECT_LIMIT) is None


def test_conn_06_a_login_that_was_refused_may_be_tried_again_in_another_way() -> None:
    text = """
        0 opened #1
        0 greeted #1 =AUTH default secret -- unauthenticated
        0 welcomed #1 =AUTH default secret -- ERR wrong number of arguments
        0 greeted #1 =AUTH secret -- unauthenticated
        0 welcomed #1 =AUTH secret
        120 rested
    """
    assert judge("CONN-06", text) is None


def test_conn_06_without_a_connect_limit_a_dial_may_take_as_long_as_it_likes() -> None:
    assert judge("CONN-06", instead(SILENT_HANDSHAKE, "5 closed #1 =client\n", "")) is None


def test_conn_07_a_call_may_fail_for_another_reason() -> None:
    cancelled = instead(OLDER_SERVER, "0 returned a =val:a", "0 raised a =cancelled")
    assert judge("CONN-07", cancelled, **OLDER) is None
    failed = instead(OLDER_SERVER, "0 returned a =val:a", "0 raised a =conn_lost")
    assert judge("CONN-07", failed, "call a, cut a", **OLDER) is None
    assert judge("CONN-07", failed, limit=5.0, **OLDER) is None
    assert judge("CONN-07", failed) is None


@pytest.mark.parametrize("requirement", ["CONN-08", "MUX-10"])
def test_another_connection_may_be_in_another_session(requirement: str) -> None:
    text = instead(CHANGED, UNDONE, "0 opened #2\n0 received c #2 =GET c -- name=other")
    assert judge(requirement, text, **CHANGING) is None


@pytest.mark.parametrize("requirement", ["CONN-08", "MUX-10"])
def test_who_changes_a_session_may_find_it_changed(requirement: str) -> None:
    steps = "call a, settle, call b SELECT 3, call c SELECT 4"
    text = instead(CHANGED, UNDONE, "0 received c #1 =SELECT 4 -- db=3 resp=3")
    assert judge(requirement, text, steps) is None


def test_conn_08_a_session_may_change_where_nobody_changed_anything() -> None:
    text = instead(CHANGED, "received b #1 =SELECT 3", "received b #2 =SELECT 3").replace(UNDONE, LEFT_BEHIND)
    assert judge("CONN-08", text, **CHANGING) is None


def test_conn_09_an_error_of_another_kind_says_nothing_of_the_role() -> None:
    text = instead(DEMOTED, "0 replied b #2 -- READONLY", "0 replied b #1 -- OOM")
    assert judge("CONN-09", text, **LEAVES_AT_ONCE) is None


def test_conn_09_as_many_as_declared_may_be_refused() -> None:
    text = instead(DEMOTED, "b #2 --", "b #1 --")
    assert judge("CONN-09", text, promises=Promises(leaves_wrong_role_after=2)) is None
    assert judge("CONN-09", text) is None
