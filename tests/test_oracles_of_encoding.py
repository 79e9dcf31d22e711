"""The oracle of what cannot be encoded, CONN-03; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, instead, is_caught, judge

MISUSE: dict[str, Any] = {"steps": "call a SET k !, settle, call b, call c, settle, answer b, answer c"}
REFUSED = """
    0 opened #1
    0 called a
    0 raised a =other
    0 called b
    0 called c
    0 received b #1 =GET b
    0 received c #1 =GET c
    0 replied b #1 =GET b
    0 replied c #1 =GET c
    0 returned b =val:b
    0 returned c =val:c
    0 healed
    120 rested
"""
B, C = "0 returned b =val:b", "0 returned c =val:c"

CHANGES = [
    Change("CONN-03", REFUSED, "0 raised a =other", "0 garbage #1 =b'*3'\n0 raised a =other", MISUSE),
    Change("CONN-03", REFUSED, B, "0 returned b =val:c", MISUSE),
    Change("CONN-03", REFUSED, "0 raised a =other", "0 returned a =val:b", MISUSE),
    Change("CONN-03", REFUSED, C, "", MISUSE),
    Change("CONN-03", REFUSED, "0 raised a =other", "", MISUSE),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_conn_03_the_connection_may_be_closed_and_others_fail() -> None:
    closed = instead(REFUSED, B, "0 closed #1 =client\n0 raised b =conn_lost")
    assert judge("CONN-03", instead(closed, C, "0 raised c =conn_lost"), **MISUSE) is None


def test_conn_03_a_client_may_encode_what_others_cannot() -> None:
    sent = instead(REFUSED, "0 raised a =other", "0 greeted #1 =SET k ?\n0 returned a =OK")
    assert judge("CONN-03", sent, **MISUSE) is None


def test_conn_03_a_batch_may_be_sent_without_the_command_that_failed() -> None:
    text = instead(REFUSED, "0 raised a =other", "0 returned a =val:a_1, error, val:a_3")
    assert judge("CONN-03", text, "batch a 3 !, settle, call b, call c") is None


def test_conn_03_says_nothing_of_what_can_be_encoded() -> None:
    garbage = instead(REFUSED, "0 raised a =other", "0 garbage #1 =b'*3'\n0 raised a =other")
    assert judge("CONN-03", garbage, "call a SET k v, call b, call c") is None
