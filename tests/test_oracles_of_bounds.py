"""Oracles of what is told of a failed call, and of limits of age and number."""

from __future__ import annotations

from typing import Any

import pytest

from .judging import Change, is_caught, judge

TOLD = """
    0 called a
    0 called b
    0 opened #1
    0 received a #1 =GET a
    0 closed #1 =server
    0 raised a =conn_lost
    0 fated a =unknown
    0 raised b =conn_lost
    0 fated b =not_sent
"""

AGED = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    0 replied a #1
    0 returned a =val:a
    30 called b
    30 closed #1 =client
    30 opened #2
    30 received b #2 =GET b
    30 replied b #2
    30 returned b =val:b
    30 healed
"""

IN_USE = """
    0 called a
    0 opened #1
    0 received a #1 =GET a
    30 replied a #1
    30 closed #1 =client
    30 returned a =val:a
"""

BOUNDED = """
    0 called a
    0 called b
    0 called c
    0 raised c =exhausted
    5 received a #1 =GET a
    5 healed
"""

IDLE: dict[str, Any] = {"idle_timeout_seconds": 10.0}
LIFETIME: dict[str, Any] = {"max_lifetime_seconds": 20.0}

CHANGES = [
    Change("CALL-06", TOLD, "0 fated a =unknown", "0 fated a =not_sent"),
    Change("CALL-06", TOLD, "0 fated b =not_sent", "0 fated b =executed"),
    Change("POOL-11", AGED, "30 received b #2 =GET b", "30 received b #1 =GET b", IDLE),
    Change("POOL-11", AGED, "30 received b #2 =GET b", "30 received b #1 =GET b", LIFETIME),
    Change("POOL-11", IN_USE, "30 replied a #1\n30 closed #1 =client", "30 closed #1 =client", LIFETIME),
    Change("MUX-05", BOUNDED, "0 raised c =exhausted", "", {"max_calls": 2}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_one_event_changed_is_caught(change: Change) -> None:
    is_caught(change)


# what is legal, however odd it looks


def test_call_06_unknown_may_be_said_of_any_call() -> None:
    assert judge("CALL-06", TOLD.replace("=not_sent", "=unknown")) is None


def test_pool_11_without_limits_any_age_will_do() -> None:
    assert judge("POOL-11", AGED.replace("30 received b #2", "30 received b #1")) is None


def test_pool_11_what_is_in_use_may_become_older_than_its_lifetime() -> None:
    assert judge("POOL-11", IN_USE, **LIFETIME) is None


def test_mux_05_a_call_beyond_the_bound_may_be_refused_a_moment_later() -> None:
    text = BOUNDED.replace("0 raised c =exhausted", "0.5 raised c =exhausted")
    assert judge("MUX-05", text, max_calls=2) is None


def test_mux_05_without_a_bound_nobody_is_refused() -> None:
    assert judge("MUX-05", BOUNDED.replace("0 raised c =exhausted\n", "")) is None
