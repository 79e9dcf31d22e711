"""What a loan of a connection is good for, and for how long: under threads."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import redis

from poolproof.reference import errors
from poolproof.reference.redis_py import Misuse, Pool
from poolproof.reference.redis_py.threads_pool import Lock

from .scripted_server import Scripted

PATIENCE_SECONDS = 60.0  # nothing takes so long, but what never ends


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture
def pool(server: Scripted) -> Iterator[Pool]:
    """Of one connection."""
    made = pool_of(server)
    yield made
    made.close()


def pool_of(server: Scripted, max_connections: int = 1) -> Pool:
    return Pool(host="127.0.0.1", port=server.port, max_connections=max_connections, timeout=PATIENCE_SECONDS)


def used(pool: Pool) -> int:
    return pool.metrics()["db.client.connection.count"]["used"]


def test_pool_08_a_second_release_is_told_and_changes_nothing(
    server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    pool = pool_of(server, max_connections=2)
    stale = pool.get_connection()
    pool.release(stale)
    holder = pool.get_connection()
    with caplog.at_level(logging.WARNING):
        pool.release(stale)
    other = pool.get_connection()
    assert holder._connection is stale._connection is not other._connection
    assert "released twice" in caplog.text
    pool.release(holder)
    pool.release(other)
    pool.close()


def test_pool_02_a_command_after_the_release_is_refused_and_not_sent(pool: Pool, server: Scripted) -> None:
    stale = pool.get_connection()
    pool.release(stale)
    before = [list(commands) for commands in server.heard]
    with pytest.raises(Misuse):
        stale.send_command("GET", "late")
    with pytest.raises(Misuse):
        stale.disconnect()
    assert redis.Redis(connection_pool=pool).get("k") == b"k"
    assert [one for one in server.heard[0] if one not in before[0]] == [[b"GET", b"k"]]


def test_pool_08_a_release_into_a_foreign_pool_changes_neither(pool: Pool, server: Scripted) -> None:
    other = pool_of(server)
    connection = pool.get_connection()
    with pytest.raises(redis.RedisError) as caught:
        other.release(connection)
    assert isinstance(caught.value, errors.Misuse)
    assert (used(pool), used(other)) == (1, 0)
    pool.release(connection)
    other.close()


def test_garbage_collection_gives_back_even_while_the_pool_is_locked(pool: Pool) -> None:
    client: Any = redis.Redis(connection_pool=pool)
    subscription = client.pubsub()
    subscription.execute_command("PING")
    subscription.itself = subscription
    del client, subscription

    def collect() -> None:
        with pool.beneath.lock:
            gc.collect()

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert used(pool) == 0


def test_what_is_left_to_do_while_the_pool_is_locked_is_done_afterwards_and_in_order() -> None:
    lock, done = Lock(), list[int]()

    def do(number: int) -> None:
        with lock:
            done.append(number)

    with lock:
        for number in range(5_000):
            lock.when_free(partial(do, number))
        assert done == []
    assert done == list(range(5_000))


def test_other_credentials_end_the_connections_that_have_logged_in_with_the_old_ones(
    server: Scripted,
) -> None:
    pool = pool_of(server, max_connections=2)
    client = redis.Redis(connection_pool=pool)
    lent, idle = pool.get_connection(), pool.get_connection()
    pool.release(idle)
    pool.re_auth_callback(object())
    lent.send_command("GET", "still good")
    assert lent.read_response() == b"still good"
    pool.release(lent)
    assert client.get("next") == b"next"
    assert len(server.heard) == 3
    pool.close()


def test_life_04_nobody_dials_again_after_the_close(server: Scripted) -> None:
    pool = pool_of(server)
    connection = pool.get_connection()
    pool.close()
    connection.disconnect()
    with pytest.raises(redis.ConnectionError) as caught:
        connection.send_command("GET", "k")
    assert isinstance(caught.value, errors.Closed)
    assert len(server.heard) == 1
    pool.release(connection)
