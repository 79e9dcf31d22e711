"""The oracle of reconnections, MUX-07; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, instead, is_caught, judge

RESTORED = """
    0 opened #1
    0 greeted #1 =HELLO 3 AUTH default secret
    0 welcomed #1 =HELLO 3 AUTH default secret
    0 greeted #1 =CLIENT SETINFO LIB-NAME x
    0 greeted #1 =CLIENT SETINFO LIB-VER 1
    0 subscribing l
    0 greeted #1 =SUBSCRIBE l
    0 welcomed #1 =SUBSCRIBE l
    0 called a
    0 received a #1 =GET a
    0 closed #1 =server
    0 raised a =conn_lost
    1 dialled #2
    1 opened #2
    1 called b
    2 called c
    2 greeted #2 =HELLO 3 AUTH default secret
    2 greeted #2 =SELECT 3
    2 welcomed #2 =HELLO 3 AUTH default secret
    2 welcomed #2 =SELECT 3
    2 greeted #2 =SUBSCRIBE l
    2 received b #2 =GET b
    2 received c #2 =GET c
    9 healed
"""
FIRST = "0 dialled #1\n0 opened #1"
STEPS: dict[str, Any] = {"steps": "call a, settle, cut a, settle, call b, settle, call c, settle"}
HASTE: dict[str, Any] = {"steps": "call a, settle, cut a, settle, call b, call c, settle"}
SELECT, SUBSCRIBE, GET = "2 greeted #2 =SELECT 3", "2 greeted #2 =SUBSCRIBE l", "2 received b #2 =GET b"
NEXT = "2 received c #2 =GET c"

TEXT = instead(RESTORED, "0 opened #1", FIRST)

CHANGES = [
    Change("MUX-07", TEXT, NEXT, f"{NEXT}\n2 greeted #2 =AUTH secret"),
    Change("MUX-07", TEXT, SUBSCRIBE, f"{SUBSCRIBE}\n2 greeted #2 =AUTH secret"),
    Change("MUX-07", TEXT, SELECT, f"{SELECT}\n{SELECT}"),
    Change("MUX-07", TEXT, SUBSCRIBE, f"{SUBSCRIBE}\n{SUBSCRIBE}"),
    Change("MUX-07", TEXT, f"{SUBSCRIBE}\n{GET}", f"{GET}\n{SUBSCRIBE}"),
    Change("MUX-07", TEXT, f"{GET}\n{NEXT}", f"{NEXT}\n{GET}", STEPS),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_mux_07_callers_in_haste_have_no_order() -> None:
    assert judge("MUX-07", instead(TEXT, f"{GET}\n{NEXT}", f"{NEXT}\n{GET}"), **HASTE) is None


def test_mux_07_who_set_out_before_the_dial_may_have_been_lost_with_the_old_connection() -> None:
    early = instead(TEXT, "1 called b\n", "").replace("1 dialled #2", "1 called b\n1 dialled #2")
    assert judge("MUX-07", instead(early, f"{GET}\n{NEXT}", f"{NEXT}\n{GET}"), **STEPS) is None


def test_mux_07_who_was_refused_a_dial_may_try_again_later() -> None:
    text = instead(TEXT, f"{GET}\n{NEXT}", f"{NEXT}\n{GET}")
    assert judge("MUX-07", instead(text, "2 called c", "1 refused #3\n2 called c"), **STEPS) is None


def test_mux_07_a_step_that_was_refused_may_be_taken_again() -> None:
    text = instead(TEXT, "2 welcomed #2 =SELECT 3", "2 welcomed #2 =SELECT 3 -- ERR no")
    assert judge("MUX-07", instead(text, SUBSCRIBE, f"{SELECT}\n{SUBSCRIBE}")) is None


def test_mux_07_after_a_refused_hello_everything_may_be_said_again() -> None:
    hello = "2 welcomed #2 =HELLO 3 AUTH default secret"
    text = instead(TEXT, hello, f"{hello} -- ERR unknown command")
    again = f"2 welcomed #2 =SELECT 3\n2 greeted #2 =AUTH secret\n{SELECT}"
    assert judge("MUX-07", instead(text, "2 welcomed #2 =SELECT 3", again)) is None


def test_mux_07_what_a_connection_can_do_without_may_come_later() -> None:
    later = f"{NEXT}\n2 greeted #2 =CLIENT SETINFO LIB-NAME x\n2 greeted #2 =PING\n2 greeted #2 =PING"
    assert judge("MUX-07", instead(TEXT, NEXT, later)) is None


def test_mux_07_a_connection_may_log_in_again() -> None:
    later = f"{NEXT}\n2 greeted #2 =HELLO 3 AUTH default another"
    assert judge("MUX-07", instead(TEXT, NEXT, later)) is None


def test_mux_07_subscriptions_may_have_a_connection_of_their_own() -> None:
    own = f"2 opened #3\n{GET}\n{NEXT}\n2 greeted #3 =SUBSCRIBE l"
    assert judge("MUX-07", instead(TEXT, f"{SUBSCRIBE}\n{GET}\n{NEXT}", own), **STEPS) is None


def test_mux_07_a_subscription_may_move_to_a_connection_that_was_there() -> None:
    there = instead(TEXT, "0 closed #1", "0 opened #2\n0 closed #1").replace("1 opened #2\n", "")
    assert judge("MUX-07", instead(there, f"{SUBSCRIBE}\n{GET}", f"{GET}\n{SUBSCRIBE}")) is None


def test_mux_07_a_subscriber_that_was_told_may_subscribe_when_it_likes() -> None:
    told = instead(TEXT, "1 called b", "1 told l =conn_lost\n1 called b")
    assert judge("MUX-07", instead(told, f"{SUBSCRIBE}\n{GET}", f"{GET}\n{SUBSCRIBE}")) is None


def test_mux_07_a_new_subscription_follows_commands() -> None:
    assert judge("MUX-07", instead(TEXT, NEXT, f"{NEXT}\n3 greeted #2 =SUBSCRIBE k m")) is None


def test_mux_07_says_nothing_where_callers_change_their_session() -> None:
    text = instead(TEXT, NEXT, f"{NEXT}\n2 greeted #2 =SELECT 3\n2 greeted #2 =SELECT 3")
    assert judge("MUX-07", text, "call a, call b SELECT 3") is None
