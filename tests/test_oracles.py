"""Oracles judge histories: a correct one passes, and one with a single event changed is caught.

Histories of batches, of closing, limits, losses and sessions stand in the files `test_oracles_of_*.py`; how
one is written, in `judging.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.conformance.checks import RULES

from .judging import Change, is_caught, judge
from .test_oracles_of_batches import CHANGES as CHANGES_OF_BATCHES
from .test_oracles_of_bounds import CHANGES as CHANGES_OF_BOUNDS
from .test_oracles_of_closing import CHANGES as CHANGES_OF_CLOSING
from .test_oracles_of_draining import CHANGES as CHANGES_OF_DRAINING
from .test_oracles_of_encoding import CHANGES as CHANGES_OF_ENCODING
from .test_oracles_of_forking import CHANGES as CHANGES_OF_FORKING
from .test_oracles_of_limits import CHANGES as CHANGES_OF_LIMITS
from .test_oracles_of_losses import CHANGES as CHANGES_OF_LOSSES
from .test_oracles_of_ordering import CHANGES as CHANGES_OF_ORDERING
from .test_oracles_of_reconnecting import CHANGES as CHANGES_OF_RECONNECTING
from .test_oracles_of_releases import CHANGES as CHANGES_OF_RELEASES
from .test_oracles_of_sessions import CHANGES as CHANGES_OF_SESSIONS
from .test_oracles_of_slowness import CHANGES as CHANGES_OF_SLOWNESS

SERVED = """
    0 called a
    0 dialled #1
    0 opened #1
    0 received a #1
    0 called b
    0 replied a #1
    0 returned a =val:a
    0 received b #1
    0 replied b #1
    0 returned b =val:b
    0 healed
    120 rested
    120 probed probe1
    120 received probe1 #1
    240 counted
    240 ended
"""

SHARED = """
    0 called a
    0 opened #1
    0 received a #1
    0 called b
    0 received b #1
    0 called c
    0 received c #1
    0 cancelled b
    0 raised b =cancelled
    0 replied a #1
    0 returned a =val:a
    0 replied b #1
    0 replied c #1
    0 returned c =val:c
    0 healed
    120 rested
    120 ended
"""

TIMED_OUT = """
    0 called a
    0 opened #1
    0 received a #1
    0 called b
    5 raised b =timeout.acquire
    6 replied a #1
    6 returned a =val:a
    6 healed
    126 rested
    366 ended
"""

CANCELLED = """
    0 called a
    0 opened #1
    0 received a #1
    0 called b
    0 cancelled b
    0 raised b =cancelled
    0 called c
    0 replied a #1
    0 returned a =val:a
    0 received c #1
    0 replied c #1
    0 returned c =val:c
    0 healed
    120 rested
    120 ended
"""

LIMIT: dict[str, Any] = {"limit": 5.0}
CHANGES = [
    Change("POOL-01", SERVED, "0 called b", "0 opened #2"),
    Change("POOL-02", SERVED, "0 replied a #1", "0 received b #1"),
    Change("POOL-03", SERVED, "120 received probe1 #1", "120 raised probe1 =conn_lost"),
    Change("POOL-04", SERVED, "0 received b #1\n0 replied b #1\n0 returned b =val:b", ""),
    Change("POOL-07", TIMED_OUT, "5 raised b =timeout.acquire", "7 raised b =timeout.acquire", LIMIT),
    Change("POOL-07", TIMED_OUT, "5 raised b =timeout.acquire", "2 raised b =timeout.acquire", LIMIT),
    Change("POOL-07", TIMED_OUT, "5 raised b =timeout.acquire", "5 raised b =other", LIMIT),
    Change("POOL-07", TIMED_OUT, "5 raised b =timeout.acquire", "", LIMIT),
    Change("POOL-07", TIMED_OUT, "6 returned a =val:a", "6 returned a =val:a\n6 received b #1", LIMIT),
    Change("CONN-01", SERVED, "0 returned b =val:b", "0 returned b =val:a"),
    Change("CONN-01", SERVED, "0 returned b =val:b", "0 returned b =OK"),
    Change("CONN-02", SERVED, "0 replied a #1", "0 cancelled a"),
    Change("CALL-02", SERVED, "0 returned b =val:b", ""),
    Change("CALL-03", SHARED, "0 returned c =val:c", "0 raised c =conn_lost", {"shared": True}),
    Change("CALL-04", CANCELLED, "0 received c #1", "0 received b #1"),
    Change("CALL-04", CANCELLED, "0 received c #1\n0 replied c #1\n0 returned c =val:c", ""),
    Change("MUX-01", SHARED, "0 cancelled b\n0 raised b =cancelled", "0 returned b =val:a"),
    Change("MUX-02", SHARED, "0 returned c =val:c", "0 returned c =val:b"),
    Change("MUX-02", SHARED, "0 returned c =val:c", "0 raised c =conn_lost"),
]


@pytest.mark.parametrize("requirement", RULES)
def test_a_correct_history_passes(requirement: str) -> None:
    shared = requirement.startswith("MUX")
    for text in [SHARED] if shared else [SERVED, TIMED_OUT, CANCELLED]:
        limit = 5.0 if text is TIMED_OUT else None
        assert judge(requirement, text, limit=limit) is None


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


def test_every_requirement_has_an_event_that_is_changed() -> None:
    changes = [
        *CHANGES,
        *CHANGES_OF_BOUNDS,
        *CHANGES_OF_BATCHES,
        *CHANGES_OF_CLOSING,
        *CHANGES_OF_DRAINING,
        *CHANGES_OF_ENCODING,
        *CHANGES_OF_FORKING,
        *CHANGES_OF_LIMITS,
        *CHANGES_OF_LOSSES,
        *CHANGES_OF_ORDERING,
        *CHANGES_OF_RECONNECTING,
        *CHANGES_OF_RELEASES,
        *CHANGES_OF_SESSIONS,
        *CHANGES_OF_SLOWNESS,
    ]
    assert {change.requirement for change in changes} == set(RULES)


# what is legal, however odd it looks


def test_pool_01_a_connection_that_was_closed_makes_room() -> None:
    assert judge("POOL-01", "0 opened #1\n0 closed #1 =client\n0 opened #2") is None


def test_pool_02_a_connection_may_go_on_before_its_borrower_has_returned() -> None:
    text = "0 called a\n0 opened #1\n0 received a #1\n0 replied a #1\n0 called b\n0 received b #1"
    assert judge("POOL-02", text) is None


def test_pool_02_a_command_may_be_sent_again_elsewhere() -> None:
    text = "0 called a\n0 opened #1\n0 received a #1\n0 closed #1 =server\n0 opened #2\n0 received a #2"
    assert judge("POOL-02", text) is None


def test_pool_04_whoever_waits_may_be_waiting_for_a_dial() -> None:
    assert judge("POOL-04", "0 called a\n0 dialled #1\n90 opened #1\n90 received a #1", capacity=2) is None


def test_pool_04_whoever_waits_may_be_waiting_for_a_handshake() -> None:
    text = "0 called a\n0 opened #1\n0 greeted #1 =HELLO 3\n90 welcomed #1 =HELLO 3\n90 received a #1"
    assert judge("POOL-04", text, capacity=2) is None


def test_pool_04_a_pause_between_retries_is_no_lost_wake_up() -> None:
    text = "0 called a\n0 dialled #1\n0 refused #1\n30 dialled #2\n30 opened #2\n30 received a #2"
    assert judge("POOL-04", text) is None


def test_conn_02_a_reply_that_was_sent_may_have_been_drained() -> None:
    text = "0 called a\n0 received a #1\n0 cancelled a\n0 replied a #1\n0 called b\n0 received b #1"
    assert judge("CONN-02", text) is None


def test_call_04_a_command_on_its_way_may_cross_the_cancellation() -> None:
    text = "0 called a\n0 opened #1\n0 cancelled a\n0 raised a =cancelled\n0 received a #1"
    assert judge("CALL-04", text) is None


def test_call_03_who_finds_the_pool_full_may_be_refused() -> None:
    text = """
        0 called a
        0 received a #1
        0 called b
        0 raised b =exhausted
        0 cancelled a
        0 raised a =cancelled
    """
    assert judge("CALL-03", text) is None


def test_call_03_a_limit_of_the_clients_own_is_a_reason_to_fail() -> None:
    text = "0 called a\n0 received a #1\n0 cancelled a\n0 called b\n0 received b #2\n5 raised b =other"
    assert judge("CALL-03", text) is None
    assert judge("CALL-03", text.replace("5 raised", "0 raised")) is not None


def test_call_03_a_cut_connection_is_a_reason_to_fail() -> None:
    text = (
        "0 called a\n0 received a #1\n0 cancelled a\n0 raised a =cancelled\n0 called b\n0 raised b =conn_lost"
    )
    assert judge("CALL-03", text) is not None
    assert judge("CALL-03", text, steps="call a, cut a") is None
