"""Oracles of command limits, retries and queues; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.conformance.promises import Promises

from .judging import Change, instead, is_caught, judge

COMMAND_LIMIT: dict[str, Any] = {"command_timeout_seconds": 5.0}

LATE = """
    0 called a
    0 opened #1
    0 received a #1
    5 raised a =timeout.command
    5 closed #1 =client
    5 called b
    5 opened #2
    5 received b #2
    7 replied b #2
    7 returned b =val:b
    20 healed
    140 rested
    140 probed probe1
    140 received probe1 #2
    145 raised probe1 =timeout.command
    260 ended
"""

RETRIED = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    0 closed #1 =server
    0 opened #2
    0 received a #2 =GET a
    0 closed #2 =server
    0 raised a =conn_lost
    0 healed
"""

RETRIES_ONCE: dict[str, Any] = {"promises": Promises(retries=1)}

LOST = """
    0 called a
    0 called b
    0 opened #1
    0 received a #1 =GET a
    0 received b #1 =GET b
    0 closed #1 =server
    0 raised a =conn_lost
    0 raised b =conn_lost
    0 opened #2
    5 healed
"""

QUEUE = """
    0 called a
    0 opened #1
    0 received a #1
    0 called b
    0 called c
    0 replied a #1
    0 returned a =val:a
    0 received b #1
    0 replied b #1
    0 returned b =val:b
    0 received c #1
    0 replied c #1
    0 returned c =val:c
    0 healed
"""

ONE_AFTER_ANOTHER = "call a, settle, call b, settle, call c, settle, answer a, answer b, answer c"

QUEUEING: dict[str, Any] = {"steps": ONE_AFTER_ANOTHER}


def served(caller: str) -> str:
    return f"0 received {caller} #1\n0 replied {caller} #1\n0 returned {caller} =val:{caller}\n"


NEWCOMERS = [f"c{number}" for number in range(53)]

CROWD = "0 called waiter\n" + "".join(
    f"0 called {name}\n{served(name)}{served('waiter') if name == 'c49' else ''}" for name in NEWCOMERS
)

CROWDING: dict[str, Any] = {"steps": ", ".join(f"call {name}, settle" for name in ("waiter", *NEWCOMERS))}

C_BEFORE_B = instead(QUEUE, "0 received b #1\n0 replied b #1\n0 returned b =val:b\n", "")

CHANGES = [
    Change("CALL-01", LATE, "5 raised a =timeout.command", "7 raised a =timeout.command", COMMAND_LIMIT),
    Change("CALL-01", LATE, "5 raised a =timeout.command", "4 raised a =timeout.command", COMMAND_LIMIT),
    Change("CALL-01", LATE, "5 raised a =timeout.command", "5 raised a =other", COMMAND_LIMIT),
    Change(
        "CALL-01",
        LATE,
        "5 raised a =timeout.command",
        "5 closed #1 =client\n5 raised a =other",
        COMMAND_LIMIT,
    ),
    Change("CALL-01", LATE, "5 raised a =timeout.command", "", COMMAND_LIMIT),
    Change("CALL-05", LOST, "0 opened #2", "0 opened #2\n0 received b #2 =GET b"),
    Change("CALL-09", RETRIED, "0 raised a =conn_lost", "0 opened #3\n0 received a #3 =GET a", RETRIES_ONCE),
    Change("POOL-05", QUEUE, "0 received b #1", "0 received c #1", QUEUEING),
    Change("POOL-06", CROWD, served("waiter").strip(), "", CROWDING),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_call_01_a_reply_may_come_in_the_instant_in_which_the_limit_passes() -> None:
    text = instead(LATE, "5 raised a =timeout.command", "5 replied a #1\n5 returned a =val:a")
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


def test_call_01_a_timeout_may_cross_the_reply() -> None:
    text = instead(LATE, "5 raised a =timeout.command", "4.995 replied a #1\n5 raised a =timeout.command")
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


def test_call_01_a_connection_may_be_lost_as_the_limit_passes() -> None:
    text = instead(LATE, "5 raised a =timeout.command", "5 closed #1 =server\n5 raised a =other")
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


def test_call_01_the_limit_counts_anew_when_a_command_is_sent_again() -> None:
    text = """
        0 called a
        0 received a #1
        3 closed #1 =server
        3 received a #2
        8 raised a =timeout.command
        20 healed
    """
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


def test_call_01_waiting_for_a_connection_is_no_waiting_for_a_reply() -> None:
    text = "0 called a\n0 received a #1\n0 called b\n5 raised a =timeout.command\n30 healed\n30 received b #2"
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


def test_call_01_whoever_was_cancelled_may_come_back_as_it_likes() -> None:
    text = "0 called a\n0 received a #1\n5 cancelled a\n5 raised a =other\n20 healed"
    assert judge("CALL-01", text, **COMMAND_LIMIT) is None


@pytest.mark.parametrize("requirement", ["CALL-05", "CALL-09"])
def test_the_commands_of_a_batch_are_no_repetitions(requirement: str) -> None:
    text = "0 called a =batch 2\n0 received a #1 =GET a_1\n0 received a #1 =GET a_2"
    assert judge(requirement, text, "batch a 2", promises=Promises(retries=0)) is None


def test_call_09_a_client_that_declares_nothing_is_not_judged() -> None:
    assert judge("CALL-09", RETRIED + "0 received a #3 =GET a") is None


def test_call_09_each_caller_has_retries_of_its_own() -> None:
    text = instead(RETRIED, "0 healed\n", "") + instead(RETRIED, " a", " b").replace("GET a", "GET b")
    assert judge("CALL-09", text, **RETRIES_ONCE) is None


@pytest.mark.parametrize("how", ["0 cancelled b\n0 raised b =cancelled", "0 raised b =other"])
def test_pool_05_who_has_left_is_left_out(how: str) -> None:
    assert judge("POOL-05", instead(C_BEFORE_B, "0 replied a", f"{how}\n0 replied a"), **QUEUEING) is None


@pytest.mark.parametrize("how", ["0 closed #1 =server", "0 refused #2"])
def test_pool_05_who_had_been_served_may_be_waiting_again_after_a_loss(how: str) -> None:
    assert judge("POOL-05", instead(C_BEFORE_B, "0 replied a", f"{how}\n0 replied a"), **QUEUEING) is None


def test_pool_05_nobody_knows_the_order_of_those_who_set_out_in_haste() -> None:
    assert judge("POOL-05", C_BEFORE_B, ONE_AFTER_ANOTHER.replace("call b, settle", "call b, run 2")) is None
    assert judge("POOL-05", C_BEFORE_B, **QUEUEING) is not None


def test_pool_05_what_is_no_queue_has_no_order() -> None:
    assert judge("POOL-05", C_BEFORE_B, **QUEUEING, waits=False) is None
    assert judge("POOL-05", C_BEFORE_B, **QUEUEING, shared=True) is None
    assert judge("POOL-05", C_BEFORE_B, **QUEUEING, hold_dials=True) is None


def test_pool_06_a_caller_may_be_passed_by_some() -> None:
    assert judge("POOL-06", C_BEFORE_B, **QUEUEING) is None


def test_pool_06_who_has_left_is_passed_by_nobody() -> None:
    text = instead(CROWD, served("waiter"), "").replace(
        "0 called c1\n", "0 cancelled waiter\n0 raised waiter =cancelled\n0 called c1\n"
    )
    assert judge("POOL-06", text, **CROWDING) is None
