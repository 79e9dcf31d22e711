"""The oracle of slow callers, MUX-03; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, instead, is_caught, judge

SLOW: dict[str, Any] = {"steps": "listen s slowly, listen l, publish s 3, call a, answer a, publish l"}
HELD = """
    0 subscribing s
    0 subscribing l
    0 published s =news:1 -- 1
    0 heard s =news:1
    0 published s =news:2 -- 1
    0 published s =news:3 -- 1
    0 called a
    0 received a #1 =GET a
    9 replied a #1 =GET a
    9 returned a =val:a
    9 published l =news:4 -- 1
    9 heard l =news:4
    9 healed
    129 rested
    130 counted
    131 heard s =news:2
"""
RECEIVED, RETURNED = "0 received a #1 =GET a", "9 returned a =val:a"

CHANGES = [
    Change("MUX-03", HELD, RETURNED, "", SLOW),
    Change("MUX-03", HELD, f"{RECEIVED}\n9 replied a #1 =GET a\n{RETURNED}", "", SLOW),
    Change("MUX-03", HELD, "9 heard l =news:4", "", SLOW),
    Change("MUX-03", HELD, "9 heard l =news:4\n9 healed", "9 healed\n99 heard l =news:4", SLOW),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_mux_03_who_is_slow_may_be_given_nothing() -> None:
    assert judge("MUX-03", instead(HELD, "131 heard s =news:2\n", ""), **SLOW) is None


def test_mux_03_a_reply_that_was_not_sent_is_not_waited_for() -> None:
    assert judge("MUX-03", instead(HELD, f"9 replied a #1 =GET a\n{RETURNED}\n", ""), **SLOW) is None


def test_mux_03_a_call_may_fail_and_its_caller_may_go() -> None:
    assert judge("MUX-03", instead(HELD, RETURNED, "9 raised a =conn_lost"), **SLOW) is None
    assert judge("MUX-03", instead(HELD, RETURNED, "9 cancelled a"), **SLOW) is None


def test_mux_03_a_subscription_may_end() -> None:
    assert judge("MUX-03", instead(HELD, "9 heard l =news:4", "9 told l =other"), **SLOW) is None


def test_mux_03_what_reached_no_subscriber_is_not_waited_for() -> None:
    unheard = instead(HELD, "9 published l =news:4 -- 1\n9 heard l", "9 published l =news:4 -- 0\n99 heard l")
    assert judge("MUX-03", unheard, **SLOW) is None


def test_mux_03_says_nothing_where_somebody_else_may_be_to_blame() -> None:
    text = instead(HELD, RETURNED, "99 returned a =val:a")
    assert judge("MUX-03", text, "listen s slowly, cut a") is None
    assert judge("MUX-03", text, "call a, settle, answer a") is None
    assert judge("MUX-03", text, max_calls=1, **SLOW) is None
