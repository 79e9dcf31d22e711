"""Connections that redis-py's own pools have lent in the field, and must not have: under threads."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis._parsers import _RESP2Parser, _RESP3Parser  # pyright: ignore[reportPrivateUsage]
from redis.backoff import NoBackoff
from redis.retry import Retry

from poolproof.reference.redis_py import AcquireTimeout, Pool

from .scripted_server import Scripted

PATIENCE_SECONDS = 60.0  # nothing takes so long, but what never ends


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


def pool_of(server: Scripted, **options: Any) -> Pool:
    return Pool(
        host="127.0.0.1", port=server.port, **{"max_connections": 1, "timeout": PATIENCE_SECONDS} | options
    )


@pytest.fixture(params=[(2, True), (3, True), (2, False), (3, False)], ids=str)
def pool(request: pytest.FixtureRequest, server: Scripted) -> Iterator[Pool]:
    """Of one connection; its replies are read by hiredis, or by redis-py itself."""
    protocol, hiredis = request.param
    options = {} if hiredis else {"parser_class": _RESP2Parser if protocol == 2 else _RESP3Parser}
    made = pool_of(server, protocol=protocol, **options)
    yield made
    made.close()


def until_it_arrives(pool: Pool) -> None:
    """Returns when the idle connection has something to read."""
    (connection,) = pool._available_connections
    assert select.select([connection._sock], [], [], PATIENCE_SECONDS)[0]


def test_conn_04_a_reply_that_nobody_asked_for_is_served_to_nobody(pool: Pool, server: Scripted) -> None:
    client: Any = redis.Redis(connection_pool=pool)
    assert client.get("first") == b"first"
    server.say(b"+STRAY\r\n")
    until_it_arrives(pool)
    assert client.get("next") == b"next"


@pytest.mark.parametrize("stray", [b"+STRAY\r\n", b"+STR"])
def test_conn_04_nor_is_one_that_came_with_the_last_reply(pool: Pool, server: Scripted, stray: bytes) -> None:
    client: Any = redis.Redis(connection_pool=pool)
    server.answers[b"GET"] = b"$5\r\nfirst\r\n" + stray
    assert client.get("first") == b"first"
    del server.answers[b"GET"]
    assert client.get("next") == b"next"


def test_pool_12_a_connection_that_the_server_closed_is_not_lent(pool: Pool, server: Scripted) -> None:
    client: Any = redis.Redis(connection_pool=pool)
    client.get("first")
    server.hang_up()
    until_it_arrives(pool)
    assert client.get("next") == b"next"


class Struck(redis.Connection):
    """A connection on which an interrupt strikes before its n-th reply is read, as a signal handler's may."""

    strike_at = 0

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        type(self).strike_at -= 1
        if self.strike_at == 0:
            raise KeyboardInterrupt
        return super().read_response(*arguments, **options)


@pytest.mark.parametrize("reply", [1, 2, 3])
def test_conn_02_an_interrupt_between_command_and_reply_leaves_no_reply_for_others(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, reply: int
) -> None:
    pool = pool_of(server, connection_class=Struck)
    client: Any = redis.Redis(connection_pool=pool)
    client.get("first")
    monkeypatch.setattr(pool.connection_class, "strike_at", reply)
    server.patience = reply - 1  # the others are not there yet when the connection is given back
    with pytest.raises(KeyboardInterrupt):
        client.pipeline(transaction=False).get("a").get("b").get("c").execute()
    server.patience = 1_000  # and not 1: what is late of the batch may take its part
    assert client.get("next") == b"next"
    assert [b"GET", b"next"] not in server.heard[0]
    pool.close()


class Provider(redis.CredentialProvider):
    """Its n-th answer is an error."""

    def __init__(self, failing: int) -> None:
        self._left = failing

    def get_credentials(self) -> tuple[str, str]:
        self._left -= 1
        if self._left == 0:
            raise ValueError("the vault is closed")
        return "user", "password"


def test_conn_05_a_dial_without_credentials_fails_and_costs_no_capacity(server: Scripted) -> None:
    pool = pool_of(server, credential_provider=Provider(failing=1), protocol=2)
    client: Any = redis.Redis(connection_pool=pool)
    with pytest.raises(redis.ConnectionError, match="the vault is closed"):
        client.get("k")
    assert client.get("k") == b"k"
    pool.close()


def test_conn_05_a_connection_that_was_dialled_again_without_credentials_serves_nobody(
    server: Scripted,
) -> None:
    again = {"retry": Retry(NoBackoff(), 1), "retry_on_error": [redis.ConnectionError]}
    pool = pool_of(server, credential_provider=Provider(failing=2), protocol=2, **again)
    client: Any = redis.Redis(connection_pool=pool)
    server.answers[b"GET"] = None
    with pytest.raises(redis.ConnectionError):
        client.get("k")
    del server.answers[b"GET"]
    assert client.get("k") == b"k"
    assert {commands[0][0] for commands in server.heard if commands} == {b"AUTH"}
    pool.close()


def test_pool_07_the_limit_bounds_a_handshake_that_is_not_answered(server: Scripted) -> None:
    server.answers[b"HELLO"] = b""
    pool = pool_of(server, protocol=3, timeout=0.01)
    with pytest.raises(AcquireTimeout):
        redis.Redis(connection_pool=pool).get("k")
    assert pool.metrics()["db.client.connection.count"]["used"] == 0
    pool.close()


def test_a_connection_that_was_idle_for_long_is_asked_and_replaced_if_it_does_not_answer(
    server: Scripted,
) -> None:
    pool = pool_of(server, health_check_after_seconds=0.0)
    client: Any = redis.Redis(connection_pool=pool)
    client.get("first")
    server.answers[b"PING"] = None
    assert client.get("next") == b"next"
    assert [b"PING"] in server.heard[0]
    pool.close()


def test_a_command_that_redis_py_sends_again_goes_over_a_new_connection_in_the_same_place(
    server: Scripted,
) -> None:
    pool = pool_of(server, retry=Retry(NoBackoff(), 1), retry_on_error=[redis.ConnectionError])
    client: Any = redis.Redis(connection_pool=pool)
    server.answers[b"GET"] = None
    with pytest.raises(redis.ConnectionError):
        client.get("k")
    assert len(server.heard) == 2
    del server.answers[b"GET"]
    assert client.get("k") == b"k"
    pool.close()
