"""What a pool tells about itself adds up, in every state of the pool (OBS-01)."""

from __future__ import annotations

from poolproof.reference.idle import Limits
from poolproof.reference.metrics import Durations, Metrics, Sum, describe, snapshot
from poolproof.reference.pool import DIAL, WAIT, PoolCore

Core = PoolCore[str, int]


def core() -> Core:
    """Of 3 connections a and b hold one each, since 1.0; one was granted to c, who has not run; d waits."""
    made = Core(Limits(max_size=3, max_dialling=3, min_idle=1))
    for number, caller in enumerate("abx"):
        assert made.acquire(caller, 0.0) is DIAL
        made.opened(caller, number, 1.0, 0.0)
    made.acquire("c", 1.0)
    made.release("x", 2.0)
    made.acquire("d", 2.0)
    return made


def test_obs_01_connections_are_used_or_idle_and_a_grant_counts_as_used() -> None:
    made = core()
    assert snapshot(made, Metrics())["db.client.connection.count"] == {"used": 3, "idle": 0}
    made.abandon("c", 2.0)
    made.abandon("d", 2.0)
    assert snapshot(made, Metrics())["db.client.connection.count"] == {"used": 2, "idle": 1}


def test_obs_01_who_waits_and_who_dials_is_pending() -> None:
    made = Core(Limits(max_size=2, max_dialling=1))
    assert [made.acquire(caller, 0.0) for caller in "abc"] == [DIAL, WAIT, WAIT]
    assert snapshot(made, Metrics())["db.client.connection.pending_requests"] == 3


def test_obs_01_the_limits_are_told() -> None:
    told = snapshot(core(), Metrics())
    assert (told["db.client.connection.max"], told["db.client.connection.idle.min"]) == (3, 1)


def test_obs_01_use_time_is_from_lending_to_release() -> None:
    made = core()
    assert snapshot(made, Metrics())["db.client.connection.use_time"] == {"count": 1, "seconds": 1.0}
    made.release("b", 4.5)
    assert snapshot(made, Metrics())["db.client.connection.use_time"] == {"count": 2, "seconds": 4.5}


def test_obs_01_use_time_of_a_granted_connection_begins_when_its_caller_runs() -> None:
    made = core()
    made.resume("c", 5.0)
    made.release("c", 6.0)
    assert snapshot(made, Metrics())["db.client.connection.use_time"] == {"count": 2, "seconds": 2.0}


def test_obs_01_every_acquire_that_was_served_counts_as_a_wait_though_most_took_no_time() -> None:
    made, metrics = core(), Metrics()
    metrics.wait_time.record(0.25)
    assert snapshot(made, metrics)["db.client.connection.wait_time"] == {"count": 3, "seconds": 0.25}


def test_obs_01_timeouts_and_dials_are_those_that_were_recorded() -> None:
    metrics = Metrics()
    metrics.timeouts += 2
    metrics.create_time.record(0.5)
    told = snapshot(core(), metrics)
    assert told["db.client.connection.timeouts"] == 2
    assert told["db.client.connection.create_time"] == {"count": 1, "seconds": 0.5}


def test_a_listener_is_told_of_every_duration() -> None:
    heard: list[float] = []
    durations = Durations()
    durations.listener = heard.append
    durations.record(0.5)
    durations.record(1.5)
    assert (heard, durations.snapshot()) == ([0.5, 1.5], Sum(count=2, seconds=2.0))


def test_a_listener_is_told_of_every_use() -> None:
    heard: list[float] = []
    made = core()
    made.use_time.listener = heard.append
    made.release("b", 4.5)
    assert heard == [3.5]


def test_an_error_can_tell_how_full_the_pool_is_and_who_has_held_a_connection_for_longest() -> None:
    assert describe(core(), 5.0) == "capacity 3: all lent, 1 waiting; oldest lent 4.0 s by a"


def test_one_that_came_back_and_went_again_is_not_the_oldest() -> None:
    made = core()
    made.abandon("d", 2.0)
    made.release("a", 2.0)
    assert made.acquire("a", 2.0) == 0
    assert describe(made, 5.0).endswith("oldest lent 4.0 s by b")


def test_a_pool_that_only_dials_says_so() -> None:
    made = Core(Limits(max_size=2, max_dialling=1))
    made.acquire("a", 0.0)
    made.acquire("b", 0.0)
    assert describe(made, 1.0) == "capacity 2: 0 lent, 1 dialling, 1 waiting"
