"""redis-py's own commands, over the reference's pools, against a real server: under threads."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from poolproof.reference import commands, errors
from poolproof.reference.redis_py import AcquireTimeout, Closed, ConnectFailed, Pool

from .real.server import Eyes, Server, valkey

Client = Any  # redis-py's, whose types differ from release to release


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    program = valkey()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder, Server(program, Path(folder)) as running:
        yield running


@pytest.fixture
def eyes(server: Server) -> Iterator[Eyes]:
    """They see that no connection is left in the end."""
    with server.eyes() as opened:
        yield opened
        opened.ask("FLUSHALL")
        opened.until_clients(0)


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def client(request: pytest.FixtureRequest, server: Server, eyes: Eyes) -> Iterator[Client]:
    """redis-py over a pool of two connections."""
    pool = Pool.from_url(server.url(), max_connections=2, timeout=60, protocol=request.param)
    yield redis.Redis(connection_pool=pool)
    pool.close()
    eyes.until_clients(0)


def test_plain_commands_are_answered(client: Client) -> None:
    assert client.set("k", "v") and client.get("k") == b"v"
    assert client.hset("h", mapping={"a": 1}) == 1 and client.hgetall("h") == {b"a": b"1"}


def test_an_error_reply_is_its_callers_and_costs_no_connection(client: Client, eyes: Eyes) -> None:
    client.set("k", "text")
    (before,) = eyes.clients()
    with pytest.raises(redis.ResponseError):
        client.incr("k")
    assert [one["id"] for one in eyes.clients()] == [before["id"]]


def test_a_pipeline_is_answered_in_order(client: Client) -> None:
    pipeline = client.pipeline(transaction=False)
    for number in range(200):
        pipeline.set(f"k{number}", number)
    for number in range(200):
        pipeline.get(f"k{number}")
    assert pipeline.execute()[200:] == [b"%d" % number for number in range(200)]


def test_a_transaction_fails_if_a_key_that_it_watches_has_changed(client: Client) -> None:
    with client.pipeline() as transaction:
        transaction.watch("k")
        client.set("k", "changed")
        transaction.multi()
        transaction.set("k", "mine")
        with pytest.raises(redis.WatchError):
            transaction.execute()
    assert client.get("k") == b"changed"


def test_a_transaction_that_was_watched_or_aborted_costs_no_connection(client: Client, eyes: Eyes) -> None:
    assert client.transaction(lambda transaction: transaction.multi() or transaction.incr("n"), "n") == [1]
    with client.pipeline() as given_up:
        given_up.watch("n")
    (before,) = eyes.clients()
    with client.pipeline() as aborted, pytest.raises(redis.ResponseError):
        aborted.execute_command("SET", "a word too few").execute()
    assert client.get("n") == b"1"
    assert [one["id"] for one in eyes.clients()] == [before["id"]]


def test_a_subscription_gets_what_is_published_and_its_connection_is_not_lent_again(
    client: Client, eyes: Eyes
) -> None:
    subscription = client.pubsub()
    subscription.subscribe("news")
    assert subscription.get_message(timeout=60)["type"] == "subscribe"
    (listening,) = eyes.clients()
    client.publish("news", "today")
    assert subscription.get_message(timeout=60)["data"] == b"today"
    subscription.close()
    client.get("k")
    assert listening["id"] not in [one["id"] for one in eyes.clients()]


def test_a_blocking_command_waits_while_others_are_served(client: Client, eyes: Eyes) -> None:
    popped: list[object] = []
    waiting = threading.Thread(target=lambda: popped.append(client.blpop("jobs", 60)))
    waiting.start()
    eyes.until_sent("blpop")
    client.rpush("jobs", "job")
    waiting.join()
    assert popped in ([(b"jobs", b"job")], [[b"jobs", b"job"]])


def test_a_scan_yields_every_key(client: Client) -> None:
    client.mset({f"k{number}": number for number in range(100)})
    assert len(set(client.scan_iter("k*", count=7))) == 100


def test_a_lock_keeps_others_out(client: Client) -> None:
    with client.lock("lock", timeout=60):
        assert not client.lock("lock", timeout=60).acquire(blocking=False)
    assert client.lock("lock", timeout=60).acquire(blocking=False)


def test_conn_08_what_a_command_does_to_its_connection_is_not_for_the_next_caller(client: Client) -> None:
    client.set("k", "of database 0")
    client.execute_command("SELECT", 3)
    client.client_setname("changed")
    assert client.get("k") == b"of database 0"
    assert not client.client_getname()


def test_a_command_that_nobody_knows_is_asked_about_once(
    client: Client, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = {name: way for name, way in commands._routes.items() if name != "get"}
    monkeypatch.setattr(commands, "_routes", routes)
    monkeypatch.setattr(commands, "_by_spelling", {})
    for _ in range(3):
        client.get("k")
    assert len(eyes.clients(cmd="get")) == 1
    assert "cmdstat_command|info:calls=1," in str(eyes.ask("INFO", "commandstats"))
    eyes.ask("CONFIG", "RESETSTAT")


def test_pool_01_many_threads_share_few_connections_and_each_gets_its_own_replies(
    client: Client, eyes: Eyes
) -> None:
    wrong: list[object] = []

    def ask(caller: int) -> None:
        for number in range(100):
            token = b"%d:%d" % (caller, number)
            if (reply := client.echo(token)) != token:
                wrong.append(reply)

    threads = [threading.Thread(target=ask, args=(caller,)) for caller in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(eyes.clients()) <= 2
    assert client.connection_pool.metrics()["db.client.connection.count"]["used"] == 0


@pytest.mark.usefixtures("eyes")
def test_pool_07_a_full_pool_tells_who_has_its_connections(server: Server) -> None:
    pool = Pool.from_url(server.url(), max_connections=1)
    client = redis.Redis(connection_pool=pool, single_connection_client=True)
    pool.beneath._acquire_limit = 0.001  # and not before: the first call has to dial
    with pytest.raises(AcquireTimeout, match=r"capacity 1: all lent.* by test_pool_07") as caught:
        redis.Redis(connection_pool=pool).get("k")
    assert isinstance(caught.value, redis.ConnectionError)
    client.close()
    pool.close()


def test_pool_03_a_refused_dial_costs_no_capacity(unused_port: int) -> None:
    pool = Pool(host="127.0.0.1", port=unused_port, max_connections=1)
    for _ in range(3):
        with pytest.raises(redis.ConnectionError) as caught:
            redis.Redis(connection_pool=pool).get("k")
        assert isinstance(caught.value, ConnectFailed)
    pool.close()


@pytest.mark.usefixtures("eyes")
def test_conn_06_a_wrong_password_is_told_as_redis_py_does_and_as_we_do(server: Server) -> None:
    pool = Pool.from_url(server.url(), username="nobody", password="wrong")
    with pytest.raises(redis.AuthenticationError) as caught:
        redis.Redis(connection_pool=pool).get("k")
    assert isinstance(caught.value, errors.AuthenticationFailed)
    pool.close()


def test_life_04_a_closed_pool_opens_no_connection(client: Client, eyes: Eyes) -> None:
    client.connection_pool.close()
    with pytest.raises(Closed) as caught:
        client.get("k")
    assert isinstance(caught.value, redis.ConnectionError)
    assert eyes.clients() == []


def test_disconnecting_leaves_the_pool_open(client: Client, eyes: Eyes) -> None:
    client.get("k")
    client.connection_pool.disconnect()
    assert eyes.clients() == []
    assert client.set("k", "v")


def test_conn_08_a_transaction_does_not_outlive_the_connection_on_which_its_keys_were_watched(
    client: Client,
) -> None:
    with client.pipeline() as transaction:
        transaction.watch("k")
        client.set("k", "changed")
        client.connection_pool.disconnect()
        transaction.multi()
        transaction.set("k", "mine")
        with pytest.raises(redis.WatchError):
            transaction.execute()
    assert client.get("k") == b"changed"


def test_life_07_a_child_of_a_fork_has_connections_of_its_own_and_leaves_the_parent_its(
    client: Client, eyes: Eyes
) -> None:
    pool = client.connection_pool
    client.get("k")
    held = pool.get_connection()
    (before,) = eyes.clients()
    child = os.fork()
    if child == 0:
        os._exit(0 if client.echo("child") == b"child" else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.send_command("ECHO", "parent")
    assert held.read_response() == b"parent"
    pool.release(held)
    assert client.client_id() == int(before["id"])


@pytest.mark.parametrize("option", ["cache_config", "cache"])
def test_a_client_side_cache_is_refused(option: str) -> None:
    options: dict[str, Any] = {option: object()}
    with pytest.raises(redis.RedisError, match="leave it out"):
        Pool(**options)
