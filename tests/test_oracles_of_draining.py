"""The oracle of LIFE-03; see `test_oracles.py`."""

from __future__ import annotations

import pytest

from poolproof.conformance.promises import Promises

from .judging import Change, instead, is_caught, judge

DRAINED = """
    0 called a
    0 called b
    0 opened #1
    0 received a #1 =GET a
    1 draining =10
    2 called c
    2 raised c =closed
    3 replied a #1
    3 returned a =val:a
    3 received b #1 =GET b
    5 replied b #1
    5 returned b =val:b
    5 closed #1 =client
    5 drained
    30 healed
    270 ended
"""

SILENT = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    1 draining =10
    11 closed #1 =client
    11 raised a =closed
    11 drained
    30 healed
    270 ended
"""

CUT = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    1 draining =10
    2 closed #1 =server
    2 raised a =conn_lost
    2 drained
    30 healed
    270 ended
"""

CHANGES = [
    Change("LIFE-03", DRAINED, "2 raised c =closed", "2 received c #1\n2 raised c =closed"),
    Change("LIFE-03", DRAINED, "2 raised c =closed", "9 raised c =closed"),
    Change("LIFE-03", DRAINED, "2 raised c =closed", "2 raised c =timeout.acquire"),
    Change("LIFE-03", DRAINED, "2 raised c =closed", ""),
    Change("LIFE-03", DRAINED, "5 returned b =val:b", "5 raised b =closed"),
    Change("LIFE-03", DRAINED, "5 returned b =val:b", "5 raised b =conn_lost"),
    Change("LIFE-03", DRAINED, "5 returned b =val:b", ""),
    Change("LIFE-03", DRAINED, "3 returned a =val:a", "3 returned a =val:a\n3 drained"),
    Change("LIFE-03", DRAINED, "5 drained", "9 drained"),
    Change("LIFE-03", DRAINED, "5 drained", ""),
    Change("LIFE-03", DRAINED, "5 closed #1 =client", ""),
    Change("LIFE-03", DRAINED, "5 drained", "5 drained\n5 opened #2"),
    Change("LIFE-03", SILENT, "11 drained", "14 drained"),
    Change("LIFE-03", SILENT, "11 drained", ""),
    Change("LIFE-03", SILENT, "11 raised a =closed", ""),
    Change("LIFE-03", SILENT, "1 draining =10", "1 draining =20"),
    Change("LIFE-03", CUT, "2 drained", "11 drained"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_life_03_who_set_out_in_the_moment_before_the_drain_may_come_after_it() -> None:
    text = "0 called a\n0.01 draining =10\n0.02 raised a =closed\n0.03 drained\n30 healed\n270 ended"
    assert judge("LIFE-03", text, "call a, drain 10, wait 30") is None
    assert judge("LIFE-03", text, "call a, settle, drain 10, wait 30") is not None


def test_life_03_what_sets_out_as_the_drain_begins_may_be_let_in_or_not() -> None:
    text = instead(DRAINED, "2 called c", "1 called c")
    assert judge("LIFE-03", text) is None
    assert (
        judge("LIFE-03", instead(text, "2 raised c =closed", "4 received c #1\n4 returned c =val:c")) is None
    )


def test_life_03_a_caller_that_had_not_been_heard_of_may_be_refused() -> None:
    text = "1 called a\n1 draining =10\n1 raised a =closed\n1 drained\n30 healed\n270 ended"
    assert judge("LIFE-03", text) is None
    assert judge("LIFE-03", text.replace("1 called a", "0 called a")) is not None


def test_life_03_what_the_client_does_not_name_may_mean_that_it_is_closed() -> None:
    assert judge("LIFE-03", instead(DRAINED, "2 raised c =closed", "2 raised c =other")) is None


def test_life_03_a_call_may_fail_for_reasons_of_its_own() -> None:
    for kind in ("server", "cancelled"):
        text = instead(DRAINED, "5 returned b =val:b", f"5 raised b ={kind}")
        assert judge("LIFE-03", text, "call b, cancel b, drain 10") is None


def test_life_03_a_connection_may_be_closed_as_the_reply_comes() -> None:
    text = instead(DRAINED, "3 returned a =val:a", "3 closed #1 =client\n3 returned a =val:a\n3 opened #2")
    assert judge("LIFE-03", text.replace("b #1", "b #2").replace("5 closed #1", "5 closed #2")) is None


def test_life_03_the_reply_to_who_was_cancelled_may_be_waited_for() -> None:
    text = instead(DRAINED, "5 replied b #1\n5 returned b =val:b", "5 cancelled b\n5 raised b =cancelled")
    late = text.replace("5 closed #1 =client\n5 drained", "11 closed #1 =client\n11 drained")
    assert judge("LIFE-03", late, "cancel b, drain 10") is None
    assert judge("LIFE-03", late.replace("11 drained", "14 drained"), "cancel b, drain 10") is not None


def test_life_03_a_client_that_reopens_may_do_so_for_a_new_call() -> None:
    text = instead(DRAINED, "2 raised c =closed", "2 opened #2\n2 received c #2\n2 returned c =val:c")
    assert judge("LIFE-03", text, promises=Promises(reopens=True)) is None


def test_life_03_says_nothing_of_a_close() -> None:
    assert judge("LIFE-03", instead(DRAINED, "1 draining =10", "1 closing")) is None


def test_life_03_says_nothing_where_the_process_stands_still() -> None:
    assert judge("LIFE-03", instead(SILENT, "11 drained", "14 drained"), "drain 10, freeze 3") is None
