"""Oracles of shared connections, and of opening and closing; see `test_oracles.py`."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.conformance.promises import Promises

from .judging import Change, instead, is_caught, judge

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

BLOCKED = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    0 replied a #1
    0 returned a =val:a
    0 called b
    0 opened #2
    0 received b #2 =BLPOP k 30
    0 called c
    0 received c #1 =GET c
    3 replied c #1
    3 returned c =val:c
    3 healed
"""

PUSHED = """
    0 called a
    0 called b
    0 opened #1
    0 received a #1
    0 received b #1
    0 replied a #1
    0 returned a =val:a
    0 replied b #1
    0 returned b =val:b
    0 healed
"""

PUSHING: dict[str, Any] = {"steps": "fault push caller=b, call a, call b, settle, answer a, answer b"}

COUNTED = """
    0 called a
    0 opened #1
    0 received a #1
    0 opened #2
    0 closed #2 =server
    0 replied a #1
    0 returned a =val:a
    0 healed
    120 rested
    120 numbered =idle=1 lent=0 waiting=0
"""

NUMBERS = "120 numbered =idle=1 lent=0 waiting=0"

UNREACHABLE = """
    0 called a
    0 dialled #1
    0 refused #1
    8 dialled #2
    8 refused #2
    8 raised a =refused
    70 healed
    190 rested
"""

CLOSED = """
    0 called a
    0 dialled #1
    0 opened #1
    0 received a #1
    0 dialled #2
    0 closing
    0 raised a =closed
    0 closed #1 =client
    0 given up #2
    5 called b
    5 raised b =closed
    120 healed
    240 ended
"""

RESUMED = """
    0 called a
    0 dialled #1
    0 refused #1
    0 raised a =refused
    0 healed
    120 rested
    120 called warm1
    120 returned warm1 =val:warm1
    240 probed probe1
    240 received probe1 #2
"""

CHANGES = [
    Change("MUX-04", BLOCKED, "0 received c #1 =GET c", ""),
    Change("MUX-06", LOST, "0 raised b =conn_lost", ""),
    Change("MUX-06", LOST, "0 raised b =conn_lost", "2 raised b =conn_lost"),
    Change("MUX-08", PUSHED, "0 returned b =val:b", "0 returned b =novelty", PUSHING),
    Change("MUX-08", PUSHED, "0 returned b =val:b", "0 returned b =val:a", PUSHING),
    *(
        Change("MUX-08", PUSHED, "0 returned b =val:b", f"0 raised b ={kind}", PUSHING)
        for kind in ("conn_lost", "protocol", "other")
    ),
    *(
        Change("OBS-01", COUNTED, NUMBERS, f"120 numbered =idle={idle} lent={lent} waiting={waiting}")
        for idle, lent, waiting in ((0, 0, 0), (3, 0, 0), (1, 1, 0), (1, 0, 1))
    ),
    Change("LIFE-01", UNREACHABLE, "8 raised a =refused", ""),
    Change("LIFE-02", CLOSED, "0 raised a =closed", ""),
    Change("LIFE-02", CLOSED, "0 closed #1 =client", ""),
    Change("LIFE-02", CLOSED, "0 given up #2", "0 opened #2"),
    Change("LIFE-04", CLOSED, "5 raised b =closed", "5 received b #1\n5 raised b =closed"),
    Change("LIFE-04", CLOSED, "5 raised b =closed", "5 raised b =timeout.acquire"),
    Change("LIFE-04", CLOSED, "5 raised b =closed", "5 dialled #3\n5 refused #3\n5 raised b =closed"),
    Change("LIFE-05", RESUMED, "120 returned warm1 =val:warm1", "120 raised warm1 =refused"),
    Change("LIFE-05", RESUMED, "120 returned warm1 =val:warm1", "120 raised warm1 =closed"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_mux_04_a_command_that_blocks_may_be_refused() -> None:
    refused = instead(BLOCKED, "0 opened #2\n0 received b #2 =BLPOP k 30", "0 raised b =other")
    assert judge("MUX-04", refused) is None


def test_mux_04_a_connection_of_its_own_may_end_and_its_number_is_not_shared() -> None:
    text = instead(BLOCKED, "0 called c", "0 closed #2 =client\n0 called c")
    assert judge("MUX-04", text) is None


def test_mux_04_a_reply_may_be_withheld_where_nothing_blocks() -> None:
    text = instead(BLOCKED, "0 received b #2 =BLPOP k 30", "0 received b #1 =GET b")
    assert judge("MUX-04", text) is None


def test_mux_06_a_call_may_be_sent_again() -> None:
    text = instead(LOST, "0 raised b =conn_lost\n0 opened #2", "0 opened #2\n0 received b #2 =GET b")
    assert judge("MUX-06", text) is None


def test_mux_06_a_reply_that_was_sent_may_still_be_on_its_way() -> None:
    text = instead(LOST, "0 closed #1", "0 replied b #1\n0 closed #1").replace("0 raised b", "3 raised b")
    assert judge("MUX-06", text) is None


def test_mux_06_a_call_in_the_backlog_was_in_flight_nowhere() -> None:
    text = "0 called a\n0 opened #1\n0 closed #1 =server\n9 opened #2\n9 received a #2 =GET a\n20 healed"
    assert judge("MUX-06", text) is None


@pytest.mark.parametrize("kind", ["cancelled", "server", "closed"])
def test_mux_08_a_call_may_fail_for_reasons_of_its_own(kind: str) -> None:
    text = instead(PUSHED, "0 returned b =val:b", f"0 raised b ={kind}")
    assert judge("MUX-08", text, **PUSHING) is None


def test_mux_08_says_nothing_of_runs_without_push_frames() -> None:
    text = instead(PUSHED, "0 returned b =val:b", "0 raised b =conn_lost")
    assert judge("MUX-08", text, "call a, call b, settle, cut b") is None


def test_obs_01_a_connection_may_count_as_idle_until_its_end_is_noticed() -> None:
    assert judge("OBS-01", instead(COUNTED, "idle=1", "idle=2")) is None


def test_obs_01_a_connection_outside_the_pool_is_not_counted() -> None:
    assert (
        judge("OBS-01", instead(COUNTED, "idle=1", "idle=0").replace("0 closed #2 =server\n", "")) is not None
    )
    assert judge("OBS-01", instead(COUNTED, "0 closed #2 =server\n", ""), extra=1) is None


def test_life_01_retries_take_their_time() -> None:
    text = instead(UNREACHABLE, "8 raised a =refused", "30 refused #3\n59 raised a =refused")
    assert judge("LIFE-01", text) is None


def test_life_01_a_server_that_accepts_can_be_reached() -> None:
    text = instead(UNREACHABLE, "8 refused #2\n8 raised a =refused", "8 opened #2")
    assert judge("LIFE-01", text) is None


def test_life_01_who_is_cancelled_limited_or_held_up_by_the_plan_is_another_matter() -> None:
    text = instead(UNREACHABLE, "8 raised a =refused\n", "")
    assert judge("LIFE-01", text, "call a, cancel a") is None
    assert judge("LIFE-01", text, limit=100.0) is None
    assert judge("LIFE-01", text, hold_dials=True) is None


def test_life_02_what_is_open_may_take_its_time_to_close() -> None:
    text = instead(CLOSED, "0 closed #1 =client\n", "").replace(
        "240 ended", "100 closed #1 =client\n240 ended"
    )
    assert judge("LIFE-02", text) is None


def test_life_02_a_call_that_only_its_late_reply_ends_is_caught_but_of_clients_that_open_again() -> None:
    untold = instead(CLOSED, "0 raised a =closed\n", "")
    late = untold.replace("120 healed", "120 healed\n120 returned a =val:a")
    assert judge("LIFE-02", late) is not None
    assert judge("LIFE-02", late, promises=Promises(reopens=True)) is None
    soon = untold.replace("5 called b", "5 raised a =closed\n5 called b")
    assert judge("LIFE-02", soon) is None


def test_life_02_a_call_that_came_later_may_open_a_client_again() -> None:
    assert judge("LIFE-02", instead(CLOSED, "5 raised b =closed", "5 dialled #3\n5 opened #3")) is None


def test_life_02_says_nothing_of_a_client_that_was_not_closed() -> None:
    assert judge("LIFE-02", "0 called a\n0 dialled #1\n0 opened #1\n0 received a #1\n120 ended") is None


def test_life_04_a_call_that_crosses_the_close_may_be_sent() -> None:
    text = "0 opened #1\n0 closing\n0 called b\n0 received b #1\n0 raised b =closed\n120 ended"
    assert judge("LIFE-04", text) is None
    assert judge("LIFE-04", text.replace("0 called b\n0 received b", "1 called b\n1 received b")) is not None


def test_life_04_a_call_accepted_before_the_close_may_finish() -> None:
    text = (
        "0 called a\n0 opened #1\n0 closing\n5 received a #1\n5 replied a #1\n5 returned a =val:a\n120 ended"
    )
    assert judge("LIFE-04", text) is None


def test_life_05_one_more_connection_may_turn_out_to_be_dead() -> None:
    text = instead(RESUMED, "120 returned warm1 =val:warm1", "120 raised warm1 =conn_lost")
    assert judge("LIFE-05", text) is None


def test_life_05_a_client_that_was_closed_need_not_serve() -> None:
    text = instead(RESUMED, "120 returned warm1 =val:warm1", "120 raised warm1 =closed")
    assert judge("LIFE-05", "0 closing\n" + text) is None
