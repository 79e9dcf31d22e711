"""Batches and subscriptions: how a plan writes them, and how they are run."""

from __future__ import annotations

import pytest

from poolproof.conformance.checks.check import obstacle
from poolproof.conformance.clients.redis_py import ConnectionPool
from poolproof.conformance.clients.reference import AsyncioMultiplexer, AsyncioPool
from poolproof.conformance.history import Kind
from poolproof.conformance.plan import BadPlan, Plan, plan
from poolproof.conformance.simulation.run import run

# plans


@pytest.mark.parametrize(
    "step", ["batch a 3", "transaction a 1", "watch a 2", "listen a", "listen a slowly", "publish a 12"]
)
def test_a_step_reads_back_from_its_text(step: str) -> None:
    assert str(plan(step).steps[0]) == step


@pytest.mark.parametrize(
    "step", ["batch a", "batch a 0", "batch 3", "watch a x", "listen a softly", "publish a 0", "publish"]
)
def test_a_malformed_step_is_refused(step: str) -> None:
    with pytest.raises(BadPlan, match="needs the name of a caller"):
        plan(step)


def test_a_batch_is_a_caller_with_several_commands() -> None:
    made = plan("call a, batch b 2, listen c")
    assert made.callers == ("a", "b")
    assert made.batches == {"b": ("b_1", "b_2")}
    assert not made.has_faults


def test_a_client_without_batches_or_subscriptions_is_told_so() -> None:
    assert obstacle(plan("batch a 2"), AsyncioPool) == ""
    assert obstacle(plan("listen a"), AsyncioMultiplexer) == ""
    assert obstacle(plan("watch a 2"), AsyncioMultiplexer) == "its adapter offers no transactions with WATCH"
    assert obstacle(plan("listen a"), ConnectionPool) == "its adapter offers no subscriptions"


# runs


def events(made: Plan, kind: Kind, client: type = AsyncioPool) -> list[tuple[str, str]]:
    return [(event.caller, event.text) for event in run(made, client).history if event.kind is kind]


def test_a_batch_gets_its_replies_in_turn_and_an_error_among_them() -> None:
    made = plan("fault refuse caller=a_2, batch a 3, settle, answer a, settle")
    assert events(made, Kind.RETURNED)[0] == ("a", "val:a_1, error, val:a_3")


def test_a_transaction_with_a_refused_command_fails() -> None:
    made = plan("fault refuse caller=a_2, transaction a 3, settle, answer a, settle")
    assert events(made, Kind.RAISED) == [("a", "server")]


def test_a_batch_that_is_not_answered_waits() -> None:
    result = run(plan("batch a 2, settle, wait 5, answer a, settle"), AsyncioPool)
    (call,) = [call for call in result.calls.values() if call.caller == "a"]
    assert call.settled is not None
    assert result.history.events[call.settled].at == 5
    assert len(call.received) == 1


def test_a_subscriber_hears_what_is_published_and_once_more_in_the_end() -> None:
    made = plan("listen a, listen b pattern, settle, publish a 2, settle, drop, wait 30, publish b, settle")
    heard = events(made, Kind.HEARD, AsyncioMultiplexer)
    assert heard == [("a", "news:1"), ("a", "news:2"), ("b", "news:3"), ("a", "news:4"), ("b", "news:5")]


def test_a_slow_subscriber_takes_one_message_until_the_end() -> None:
    result = run(plan("listen a slowly, settle, publish a 3, settle, wait 9"), AsyncioMultiplexer)
    healed = result.history.first(Kind.HEALED)
    heard = [place for place, event in enumerate(result.history) if event.kind is Kind.HEARD]
    assert healed is not None
    assert [place < healed for place in heard] == [True, False, False, False]
