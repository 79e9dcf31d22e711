"""Borrowed connections, drains and series of commands: how they are run, and who is asked for them."""

from __future__ import annotations

import pytest

from poolproof.conformance.checks import RULES
from poolproof.conformance.checks.check import obstacle
from poolproof.conformance.clients.redis_py import ConnectionPool
from poolproof.conformance.clients.reference import AsyncioMultiplexer, AsyncioPool
from poolproof.conformance.docket import Docket
from poolproof.conformance.history import Event, Kind, Run
from poolproof.conformance.plan import Plan, plan
from poolproof.conformance.simulation.run import run

from .judging import history


def events(made: Plan, *kinds: Kind, client: type = AsyncioPool) -> list[Event]:
    return [event for event in run(made, client).history if event.kind in kinds]


def happenings(made: Plan, *kinds: Kind, client: type = AsyncioPool) -> list[str]:
    found = events(made, *kinds, client=client)
    return [" ".join(filter(None, (event.kind, event.caller, event.text))) for event in found]


LENDING = Kind.BORROWED, Kind.RELEASING, Kind.RELEASED


def test_who_borrows_keeps_its_connection_until_it_gives_it_back() -> None:
    made = plan(
        "borrow a, settle, call b, settle, use a, settle, answer a, settle, return a, settle, answer b"
    )
    assert happenings(made, *LENDING, Kind.RECEIVED)[:5] == [
        "borrowed a",
        "received a GET a",
        "releasing a",
        "released a",
        "received b GET b",
    ]


def test_an_error_of_a_second_release_is_written_down() -> None:
    made = plan("borrow a, settle, return a, settle, return a, settle")
    assert happenings(made, *LENDING) == [
        *("borrowed a", "releasing a", "released a"),
        *("releasing a", "released a other"),
    ]


def test_what_is_lent_in_the_end_is_given_back_by_whoever_has_it() -> None:
    result = run(plan("borrow a, borrow b, settle"), AsyncioPool)
    assert [event.caller for event in result.history if event.kind is Kind.RELEASED] == ["a", "b"]
    assert RULES["POOL-03"].oracle(result) is None


def test_who_could_not_borrow_has_nothing_to_use() -> None:
    made = plan("borrow a, settle, borrow b, wait 9, use b, return b, return c", acquire_timeout_seconds=5)
    assert happenings(made, Kind.BORROWED) == ["borrowed a", "borrowed b timeout.acquire"]
    assert [event.text for event in events(made, Kind.MISSED)] == [
        *("b has borrowed nothing", "b has borrowed nothing", "c has borrowed nothing")
    ]


def test_a_drain_has_a_limit_and_an_end_and_is_the_only_close() -> None:
    made = plan("call a, wait 1, drain 5, wait 1, close, wait 1, answer a, wait 9")
    kinds = Kind.DRAINING, Kind.DRAINED, Kind.CLOSING, Kind.RETURNED, Kind.PROBED
    assert happenings(made, *kinds) == ["draining 5", "returned a val:a", "drained"]


def test_a_series_is_issued_before_any_reply() -> None:
    made = plan("series a 2, settle, series a 3-3, settle, answer a_3, answer a_2, answer a_1, settle")
    assert happenings(made, Kind.RECEIVED, Kind.RETURNED, client=AsyncioMultiplexer)[:4] == [
        *("received a_1 GET a_1", "received a_2 GET a_2", "received a_3 GET a_3"),
        "returned a_1 val:a_1",
    ]


@pytest.mark.parametrize(
    ("steps", "client", "reason"),
    [
        ("borrow a", AsyncioPool, ""),
        ("borrow a", AsyncioMultiplexer, "its adapter offers no connections to borrow"),
        ("drain 5", AsyncioMultiplexer, ""),
        ("drain 5", ConnectionPool, "its adapter offers no drain"),
        ("series a 3", AsyncioMultiplexer, ""),
        ("series a 3", AsyncioPool, "its callers wait for the reply before they issue the next command"),
    ],
)
def test_who_cannot_do_it_is_told_so(steps: str, client: type, reason: str) -> None:
    assert obstacle(plan(steps), client) == reason


def test_what_comes_of_a_second_release_is_held_against_pool_08_alone() -> None:
    text = "0 opened #1\n0 called a\n0 called b\n0 received a #1 =GET a\n0 received b #1 =GET b"
    for steps, is_blamed in (("call a, call b", True), ("borrow a, return a, return a, call b", False)):
        docket = Docket(RULES["POOL-02"])
        docket.look_at("POOL-08/idle", Run(plan(steps), False, True, history(text)), own=False)
        assert (docket.broken_by is not None) == is_blamed
