"""The oracles of batches and subscriptions judge histories: one event changed in a good one is caught."""

from __future__ import annotations

import pytest

from poolproof.conformance.checks import Finding
from poolproof.conformance.promises import Promises

from .judging import Change, is_caught, judge

# CALL-08


TOGETHER = """
    0 called a =transaction 2
    0 called b
    0 received b #1 =GET b
    0 greeted #1 =WATCH a_1
    0 greeted #1 =MULTI
    0 received a #1 =GET a_1
    0 received a #1 =GET a_2
    0 greeted #1 =EXEC
    0 received c #1 =GET c
    0 replied a #1 =GET a_1
    0 replied a #1 =GET a_2
    0 returned a =val:a_1, val:a_2
"""


def test_call_08_a_batch_that_stayed_together_is_right() -> None:
    for verb in ("batch", "transaction", "watch"):
        assert judge("CALL-08", TOGETHER, f"call b, {verb} a 2, call c") is None


OTHERS = {"steps": "call b, watch a 2, call c, call d", "shared": True}

CHANGES_OF_CALL_08 = [
    Change("CALL-08", TOGETHER, before, after, OTHERS)
    for before, after in (
        ("0 received a #1 =GET a_2", "0 received d #1 =GET d\n0 received a #1 =GET a_2"),
        ("0 received a #1 =GET a_2", "0 greeted #1 =PING\n0 received a #1 =GET a_2"),
        ("0 received a #1 =GET a_2", "0 received a #2 =GET a_2"),
        ("0 received a #1 =GET a_1", "0 received a #1 =GET a_2"),
        ("0 greeted #1 =EXEC", "0 received d #1 =GET d\n0 greeted #1 =EXEC"),
        ("0 greeted #1 =EXEC", "0 greeted #2 =EXEC"),
        ("0 greeted #1 =MULTI", "0 greeted #1 =PING"),
        ("0 greeted #1 =WATCH a_1", "0 greeted #2 =WATCH a_1"),
        ("0 returned a =val:a_1, val:a_2", "0 returned a =val:a_1"),
        ("0 returned a =val:a_1, val:a_2", "0 returned a =val:a_2, val:a_1"),
        ("0 returned a =val:a_1, val:a_2", "0 returned a =val:a_1, QUEUED"),
    )
]


@pytest.mark.parametrize("change", CHANGES_OF_CALL_08)
def test_call_08_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


def test_call_08_an_error_is_an_answer_where_the_command_was_refused() -> None:
    text = TOGETHER.replace("val:a_1, val:a_2", "val:a_1, error")
    assert judge("CALL-08", text, "batch a 2")
    assert judge("CALL-08", text.replace("    0 replied a #1 =GET a_2\n", ""), "batch a 2") is None
    assert judge("CALL-08", text, "transaction a 2") is None


def test_call_08_a_batch_may_be_sent_again_as_a_whole() -> None:
    first = "0 called a =batch 2\n0 received a #1 =GET a_1\n0 closed #1 =server"
    again = "\n0 received a #2 =GET a_1\n0 received a #2 =GET a_2"
    assert judge("CALL-08", first + again, "batch a 2, cut a") is None
    assert judge("CALL-08", f"{first}\n0 received a #2 =GET a_2", "batch a 2, cut a")


def test_call_08_a_refusal_is_no_reason_to_give_up_the_batch() -> None:
    text = "0 called a =batch 2\n0 received a #1 =GET a_1\n0 received a #1 =GET a_2\n0 raised a =conn_lost"
    assert judge("CALL-08", text, "fault refuse caller=a_1, batch a 2")
    assert judge("CALL-08", text, "fault cut caller=a_2, batch a 2") is None
    assert judge("CALL-08", text.replace("conn_lost", "server"), "fault refuse caller=a_1, batch a 2") is None


POOLED = """
    0 called a =batch 2
    0 received a #1 =GET a_1
    0 received a #1 =GET a_2
    0 replied a #1 =GET a_1
    0 replied a #1 =GET a_2
    0 returned a =val:a_1, val:a_2
    0 called b
    0 received b #1 =GET b
    0 replied b #1 =GET b
    0 returned b =val:b
"""


@pytest.mark.parametrize("requirement", ["CONN-01", "CONN-02", "POOL-02", "MUX-01", "CALL-03", "CALL-08"])
def test_a_batch_is_one_call_to_every_oracle(requirement: str) -> None:
    assert judge(requirement, POOLED, "batch a 2, call b") is None


def test_conn_01_a_batch_is_not_given_the_reply_to_another() -> None:
    text = TOGETHER.replace("val:a_1, val:a_2", "val:a_1, val:b")
    assert judge("CONN-01", text, "call b, batch a 2") == Finding("a got the reply to b", 11, ("b", "a"))


# MUX-09

LISTENING = """
    0 subscribing a
    0 greeted #1 =SUBSCRIBE a
    0 closed #1 =server
    0 greeted #2 =SUBSCRIBE a
    0 healed
    120 counted
    120 published a =news:1
    120 heard a =news:1
    120 closing
"""

CHANGES = [
    *CHANGES_OF_CALL_08,
    Change("MUX-09", LISTENING, "120 heard a =news:1", "", {"steps": "listen a, drop"}),
]


def test_mux_09_a_subscriber_who_hears_or_was_told_is_served_well() -> None:
    assert judge("MUX-09", LISTENING, "listen a, drop") is None
    told = LISTENING.replace("    120 heard a =news:1\n", "").replace(
        "0 healed", "0 told a =conn_lost\n0 healed"
    )
    assert judge("MUX-09", told, "listen a, drop") is None


def test_mux_09_a_subscriber_who_hears_nothing_and_was_not_told_is_lost() -> None:
    silent = LISTENING.replace("    120 heard a =news:1\n", "")
    found = judge("MUX-09", silent, "listen a, drop")
    assert found is not None
    assert found.still == "a has heard nothing, and was told nothing"
    assert judge("MUX-09", silent.replace("120 closing", "120 told a\n120 closing"), "listen a, drop") is None


def flood(kept: int, told: bool, first: int = 2) -> str:
    published = "".join(f"0 published a =news:{number}\n" for number in range(1, 12))
    heard = "".join(f"120 heard a =news:{number}\n" for number in range(first, first + kept))
    start = f"0 subscribing a\n{published}0 heard a =news:1\n0 healed\n120 counted\n{heard}"
    end = "120 told a =exhausted\n" if told else ""
    return f"{start}{end}120 published a =news:12\n120 heard a =news:12\n120 closing"


@pytest.mark.parametrize(
    ("text", "forgets_oldest", "is_right"),
    [
        (flood(4, told=True), False, True),
        (flood(4, told=False), False, False),
        (flood(5, told=True), False, False),
        (flood(4, told=False, first=8), True, True),
        (flood(4, told=False, first=2), True, False),
        (flood(0, told=False), True, False),
        (flood(5, told=False, first=7), True, False),
    ],
)
def test_mux_09_what_is_kept_is_as_declared(text: str, forgets_oldest: bool, is_right: bool) -> None:
    promises = Promises(keeps_messages=4, forgets_oldest=forgets_oldest)
    found = judge("MUX-09", text, "listen a slowly, publish a 11", promises=promises)
    assert (found is None) is is_right
