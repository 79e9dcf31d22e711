"""Oracles of dials, and of connections that end, fall silent or speak out of turn; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.conformance.promises import Promises

from .judging import Change, instead, is_caught, judge

SILENT = """
    0 called a
    0 opened #1
    0 received a #1
    0 silenced #1
    5 raised a =timeout.command
    6 called b
    6 received b #1
    11 raised b =timeout.command
    11 closed #1 =client
    20 healed
"""

COMMAND_LIMIT: dict[str, Any] = {"command_timeout_seconds": 5.0, "shared": True}

STRAY = """
    0 opened #1
    0 strayed #1
    0 closed #1 =client
    2 called b
    2 opened #2
    2 received b #2 =GET b
    2 healed
"""

SLOW_DIAL = """
    0 called a
    0 dialled #1
    0 opened #1
    0 received a #1
    0 called b
    0 dialled #2
    0 opened #2
    0 greeted #2 =HELLO 3
    3 replied a #1
    3 returned a =val:a
    3 called c
    3 received c #1
    3 replied c #1
    3 returned c =val:c
    6 welcomed #2 =HELLO 3
    6 received b #2
    6 replied b #2
    6 returned b =val:b
    6 healed
"""

C_IS_SERVED = "3 received c #1\n3 replied c #1\n3 returned c =val:c"

DIALS = """
    0 called a
    0 called b
    0 dialled #1
    0 opened #1
    0 dialled #2
    0 refused #2
    0 dialled #3
    0 given up #3
    0 dialled #4
    0 healed
"""

ONE_DIAL: dict[str, Any] = {"promises": Promises(most_dials=1)}

OUTAGE = """
    0 refused #1
    0.1 refused #2
    0.3 refused #3
    0.7 refused #4
    1.5 refused #5
    3.1 refused #6
    5.1 refused #7
    7.1 refused #8
    9.1 refused #9
    11.1 refused #10
    13.1 refused #11
    15.1 refused #12
    20 healed
"""

BACKS_OFF: dict[str, Any] = {"promises": Promises(backs_off=True)}

DEAD = """
    0 opened #1
    0 closed #1 =server
    2 called b
    2 opened #2
    2 received b #2
    2 replied b #2
    2 returned b =val:b
    2 healed
"""

CHANGES = [
    Change("CONN-04", STRAY, "0 closed #1 =client", "2 received b #1 =GET b"),
    Change("CONN-10", SILENT, "11 closed #1 =client", "", COMMAND_LIMIT),
    Change("CONN-10", SILENT, "11 closed #1 =client", "13 closed #1 =client", COMMAND_LIMIT),
    Change("POOL-09", SLOW_DIAL, C_IS_SERVED, "", {"capacity": 2}),
    Change("POOL-10", DIALS, "0 opened #1", "", ONE_DIAL),
    Change("POOL-10", DIALS, "0 refused #2", "", ONE_DIAL),
    Change("POOL-10", DIALS, "0 given up #3", "", ONE_DIAL),
    Change("POOL-12", DEAD, "2 received b #2\n2 replied b #2\n2 returned b =val:b", "2 raised b =conn_lost"),
    Change(
        "LIFE-06",
        OUTAGE,
        "9.1 refused #9\n11.1 refused #10\n13.1 refused #11\n15.1 refused #12",
        "7.2 refused #9\n7.3 refused #10\n7.4 refused #11\n7.5 refused #12",
        BACKS_OFF,
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_conn_10_one_limit_that_passes_is_not_enough() -> None:
    text = instead(
        SILENT, "6 called b\n6 received b #1\n11 raised b =timeout.command\n11 closed #1 =client\n", ""
    )
    assert judge("CONN-10", text, **COMMAND_LIMIT) is None


def test_conn_10_replies_that_came_before_the_silence_are_not_owed() -> None:
    text = instead(SILENT, "0 silenced #1", "0 replied a #1\n0 returned a =val:a\n0 silenced #1")
    text = text.replace("5 raised a =timeout.command\n", "").replace("11 closed #1 =client\n", "")
    assert judge("CONN-10", text, **COMMAND_LIMIT) is None


def test_conn_10_without_a_limit_there_is_no_bound() -> None:
    assert judge("CONN-10", instead(SILENT, "11 closed #1 =client\n", "")) is None


def test_conn_04_a_command_may_cross_the_stray_reply() -> None:
    assert judge("CONN-04", "0 opened #1\n0 strayed #1\n0.5 called b\n0.5 received b #1 =GET b") is None


def test_pool_12_a_connection_may_end_after_it_was_lent() -> None:
    text = "0 opened #1\n0 closed #1 =server\n2 called b\n2 closed #2 =server\n2 raised b =conn_lost"
    assert judge("POOL-12", text) is None


def test_pool_12_an_end_may_cross_the_call() -> None:
    text = "0 opened #1\n0 closed #1 =server\n0 called b\n0 raised b =conn_lost"
    assert judge("POOL-12", text) is None


def test_pool_12_a_call_that_was_sent_had_a_connection_that_lived() -> None:
    text = "0 closed #1 =server\n2 called b\n2 received b #2\n5 closed #2 =client\n5 raised b =conn_lost"
    assert judge("POOL-12", text) is None


def test_pool_09_the_caller_whose_dial_is_held_may_wait() -> None:
    text = instead(SLOW_DIAL, f"3 called c\n{C_IS_SERVED}\n", "")
    assert judge("POOL-09", text, capacity=2) is None


def test_pool_09_a_connection_that_has_just_come_free_is_not_taken_yet() -> None:
    text = instead(SLOW_DIAL, C_IS_SERVED + "\n", "").replace("6 ", "3.9 ")
    assert judge("POOL-09", text, capacity=2) is None


def test_pool_09_whoever_waits_for_another_may_wait_when_all_are_in_use() -> None:
    text = instead(SLOW_DIAL, "3 replied a #1\n3 returned a =val:a\n", "").replace(C_IS_SERVED + "\n", "")
    assert judge("POOL-09", text, capacity=2) is None


def test_pool_09_a_connection_whose_caller_failed_may_be_gone() -> None:
    text = instead(SLOW_DIAL, "3 returned a =val:a", "3 raised a =cancelled").replace(C_IS_SERVED + "\n", "")
    assert judge("POOL-09", text, capacity=2) is None


def test_pool_10_a_client_that_declares_nothing_is_not_judged() -> None:
    assert judge("POOL-10", instead(DIALS, "0 opened #1\n", "")) is None


def test_life_06_a_few_dials_are_no_outage() -> None:
    text = "".join(f"{number / 10} refused #{number}\n" for number in range(1, 8))
    assert judge("LIFE-06", text, **BACKS_OFF) is None


def test_life_06_a_client_that_declares_no_pauses_is_not_judged() -> None:
    text = "".join(f"{number / 10} refused #{number}\n" for number in range(1, 20))
    assert judge("LIFE-06", text, **BACKS_OFF) is not None
    assert judge("LIFE-06", text) is None
