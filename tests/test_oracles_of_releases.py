"""The oracle of POOL-08, and those that have to leave borrowed connections alone; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, instead, is_caught, judge

LENDS = "borrow a, borrow b, use b"

LENT_AGAIN = """
    0 opened #1
    0 borrowed a
    0 called a
    0 received a #1 =GET a
    0 returned a =val:a
    0 releasing a
    0 released a
    0 borrowed b
    0 called b
    0 received b #1 =GET b
    0 releasing a
    0 released a =other -- Misuse: not on loan
    0 opened #2
    0 called c
    0 received c #2 =GET c
    0 returned c =val:c
    0 returned b =val:b
    0 releasing b
    0 released b
    0 called d
    0 received d #1 =GET d
    0 returned d =val:d
    9 healed
    129 rested
    129 probed probe1
    129 probed probe2
    129 received probe1 #1 =GET probe1
    129 received probe2 #2 =GET probe2
    250 counted
"""

OPTIONS: dict[str, Any] = {"steps": LENDS, "capacity": 2}
CHANGES = [
    Change("POOL-08", LENT_AGAIN, "0 received c #2 =GET c", "0 received c #1 =GET c", OPTIONS),
    Change("POOL-08", LENT_AGAIN, "0 returned b =val:b", "0 returned b =val:b\n0 received e #1", OPTIONS),
    Change("POOL-08", LENT_AGAIN, "0 returned b =val:b", "0 raised b =other -- Misuse", OPTIONS),
    Change("POOL-08", LENT_AGAIN, "0 returned c =val:c", "0 raised c =conn_lost", OPTIONS),
    Change("POOL-08", LENT_AGAIN, "0 opened #2", "0 opened #2\n0 opened #3", OPTIONS),
    Change("POOL-08", LENT_AGAIN, "129 received probe2 #2 =GET probe2", "", OPTIONS),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_pool_08_says_nothing_where_nobody_releases_twice() -> None:
    once = instead(LENT_AGAIN, "0 releasing a\n0 released a =other -- Misuse: not on loan\n", "")
    assert judge("POOL-08", instead(once, "received c #2", "received c #1"), LENDS, capacity=2) is None


def test_pool_08_says_nothing_of_what_came_before() -> None:
    text = instead(
        LENT_AGAIN, "0 releasing a\n0 released a\n", "0 received e #1\n0 releasing a\n0 released a\n"
    )
    assert judge("POOL-08", text, LENDS, capacity=2) is None


def test_pool_08_a_second_release_need_not_be_told() -> None:
    text = instead(LENT_AGAIN, "0 released a =other -- Misuse: not on loan", "0 released a")
    assert judge("POOL-08", text, LENDS, capacity=2) is None


def test_pool_08_who_borrows_twice_may_release_twice() -> None:
    text = instead(
        LENT_AGAIN, "0 releasing a\n0 released a =other", "0 borrowed a\n0 releasing a\n0 released a"
    )
    assert judge("POOL-08", instead(text, "received c #2", "received c #1"), LENDS, capacity=2) is None


def test_pool_08_who_could_not_borrow_has_nothing_to_keep() -> None:
    text = instead(LENT_AGAIN, "0 opened #2", "0 borrowed e =timeout.acquire -- full\n0 opened #2")
    assert judge("POOL-08", text, LENDS, capacity=2) is None


def test_pool_08_a_newcomer_may_be_refused_by_a_full_pool() -> None:
    text = instead(LENT_AGAIN, "0 received c #2 =GET c\n0 returned c =val:c", "0 raised c =exhausted")
    assert judge("POOL-08", text, LENDS, capacity=2) is None


def test_pool_08_a_call_may_fail_for_reasons_of_its_own() -> None:
    text = instead(LENT_AGAIN, "0 returned c =val:c", "0 raised c =conn_lost")
    assert judge("POOL-08", text, f"{LENDS}, call c, cut c", capacity=2) is None


BORROWED = """
    0 opened #1
    0 borrowed b
    0 called a
    80 called b
    80 received b #1 =GET b
    80 returned b =val:b
    80 releasing b
    80 received a #1 =GET a
    80 returned a =val:a
    90 healed
"""


@pytest.mark.parametrize("requirement", ["POOL-04", "POOL-05", "CALL-04"])
def test_a_borrowed_connection_is_in_use_though_nothing_happens_there(requirement: str) -> None:
    assert judge(requirement, BORROWED, "borrow b, settle, call a, settle, use b") is None


def test_a_connection_that_is_neither_borrowed_nor_used_is_free() -> None:
    assert judge("POOL-04", BORROWED, "call b, settle, call a, settle") is not None


def test_pool_11_a_borrowed_connection_is_not_idle() -> None:
    text = "0 opened #1\n0 borrowed b\n0 called b\n0 received b #1\n0 replied b #1\n60 received b #1"
    assert judge("POOL-11", text, "borrow b, use b", idle_timeout_seconds=10.0) is None
    assert judge("POOL-11", text, "call b", idle_timeout_seconds=10.0) is not None


def test_pool_12_a_connection_may_end_after_it_was_borrowed() -> None:
    text = "0 opened #1\n0 borrowed b\n0 closed #1 =server\n9 called b\n9 raised b =conn_lost"
    assert judge("POOL-12", text, "borrow b, settle, drop, use b") is None
    assert judge("POOL-12", text, "call b, drop") is not None
