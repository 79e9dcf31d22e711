"""The oracle of LIFE-07; see `test_oracles.py`."""

from __future__ import annotations

import pytest

from .judging import Change, instead, is_caught, judge

FORKED = """
    0 opened #1
    0 called a
    0 greeted #1 =HELLO 3
    0 received a #1 =GET a
    0 returned a =val:a
    1 forked b
    1 called b
    1 opened #2
    1 greeted #2 =HELLO 3
    1 received b #2 =GET b
    1 closed #2 =client
    1 returned b =val:b
    2 called c
    2 greeted #1 =PING
    2 received c #1 =GET c
    2 returned c =val:c
    3 closed #1 =client
"""
CHANGES = [
    Change("LIFE-07", FORKED, "1 received b #2 =GET b", "1 received b #1 =GET b"),
    Change("LIFE-07", FORKED, "1 closed #2 =client", "1 closed #1 =client"),
    Change("LIFE-07", FORKED, "1 closed #2 =client", "1 greeted #1 =QUIT"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("1 received b #2 =GET b", "1 received b #2 =GET b\n1 raised b =other"),  # a child may be refused
        ("1 closed #2 =client", "1 closed #1 =server"),
        ("1 closed #2 =client", "1 greeted #1 =PING"),  # the parent keeps it alive
        ("1 received b #2 =GET b", "1 healed\n1 closed #1 =client"),  # the parent's own ending
        ("1 forked b", "1 closed #1 =client\n1 forked b"),
    ],
)
def test_what_is_not_the_childs_doing_is_not_told(line: str, other: str) -> None:
    assert judge("LIFE-07", FORKED) is None
    assert judge("LIFE-07", instead(FORKED, line, other)) is None
