"""The oracle of CALL-07; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, instead, is_caught, judge

IN_ORDER = """
    0 called a_1
    0 called a_2
    0 called b_1
    0 called a_3
    0 opened #1
    0 received a_1 #1 =GET a_1
    0 received b_1 #1 =GET b_1
    0 received a_2 #1 =GET a_2
    0 closed #1 =server
    0 raised a_1 =conn_lost
    0 opened #2
    0 called a_4
    0 received a_3 #2 =GET a_3
    0 received a_4 #2 =GET a_4
    9 healed
"""

OPTIONS: dict[str, Any] = {"steps": "series a 3, series b 1, series a 4-6", "shared": True}
CHANGES = [
    Change("CALL-07", IN_ORDER, "0 received a_1 #1 =GET a_1", "0 received a_3 #1 =GET a_3", OPTIONS),
    Change(
        "CALL-07", IN_ORDER, "0 received a_4 #2 =GET a_4", "0 received a_5 #2\n0 received a_4 #2", OPTIONS
    ),
    Change("CALL-07", IN_ORDER, "0 opened #2", "0 opened #2\n0 received a_4 #2", OPTIONS),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


@pytest.mark.parametrize("lost", ["a_1 #1 =GET a_1", "a_2 #1 =GET a_2", "a_3 #2 =GET a_3"])
def test_call_07_a_command_may_be_lost(lost: str) -> None:
    assert judge("CALL-07", instead(IN_ORDER, f"0 received {lost}\n", ""), **OPTIONS) is None


def test_call_07_what_is_sent_again_may_come_behind_what_is_new() -> None:
    text = instead(IN_ORDER, "0 received a_4 #2 =GET a_4", "0 received a_4 #2\n0 received a_1 #2 =GET a_1")
    assert judge("CALL-07", text, **OPTIONS) is None


def test_call_07_callers_may_overtake_each_other() -> None:
    text = instead(IN_ORDER, "0 received b_1 #1 =GET b_1\n", "").replace(
        "9 healed", "1 received b_1 #2\n9 healed"
    )
    assert judge("CALL-07", text, **OPTIONS) is None


def test_call_07_says_nothing_of_callers_that_issue_one_command() -> None:
    text = "0 called a\n0 called b\n0 opened #1\n0 received b #1\n0 received a #1"
    assert judge("CALL-07", text, "call a, call b", shared=True) is None
