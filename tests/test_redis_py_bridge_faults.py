"""The tests of the bridge notice what they are for: each fault planted in it fails one."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from poolproof.reference.redis_py import (
    account,
    aio_connection,
    aio_pool,
    loan,
    threads_connection,
    threads_pool,
)

from . import test_redis_py_bridge_aio_bugs as of_asyncio
from . import test_redis_py_bridge_bugs as of_threads
from . import test_redis_py_bridge_loans as of_loans
from .held_server import SimulatedServer
from .scripted_server import Scripted

Fault = tuple[object, str, object]
Test = Callable[..., Any]


def nothing(*_: object, **__: object) -> None: ...


def says(value: object) -> Callable[..., object]:
    return lambda *_: value


def delegate(self: Any, name: str) -> Any:
    return getattr(self._connection, name)


def connect_carelessly(self: Any, *_: float) -> None:
    if self._sock is None:
        self._redis.connect()
        self.greeted()


def count_one(self: Any, commands: list[tuple[bytes, ...]]) -> None:
    self._unanswered.append(commands[0])


def any_lease(loan: Any, _: object) -> Any:
    return loan._lease


def give_back_to_its_own(_: object, lease: Any) -> None:
    lease._pool.release(lease)


FAULTS: list[tuple[str, list[Fault], Test, dict[str, object]]] = [
    (
        "nobody counts what is owed",
        [(account.Account, "sent", nothing)],
        of_threads.test_conn_02_an_interrupt_between_command_and_reply_leaves_no_reply_for_others,
        {"reply": 1},
    ),
    (
        "only the first of several is counted",
        [(account.Account, "sent", count_one)],
        of_threads.test_conn_02_an_interrupt_between_command_and_reply_leaves_no_reply_for_others,
        {"reply": 2},
    ),
    (
        "any idle connection is taken for alive",
        [(threads_connection.Connection, "alive", says(True))],
        of_threads.test_conn_04_a_reply_that_nobody_asked_for_is_served_to_nobody,
        {},
    ),
    (
        "what a parser has read too much is overlooked",
        [(threads_connection, "unread", says(False))],
        of_threads.test_conn_04_nor_is_one_that_came_with_the_last_reply,
        {"stray": b"+STRAY\r\n"},
    ),
    (
        "a dial that failed leaves its connection open",
        [(threads_connection.Connection, "connect", connect_carelessly)],
        of_threads.test_conn_05_a_connection_that_was_dialled_again_without_credentials_serves_nobody,
        {},
    ),
    (
        "a loan passes everything on for ever",
        [(loan.Loan, "__getattr__", delegate)],
        of_loans.test_pool_02_a_command_after_the_release_is_refused_and_not_sent,
        {},
    ),
    (
        "a pool takes what another has lent",
        [
            (threads_pool, "lease_of", any_lease),
            (threads_pool.BridgedPool, "give_back", give_back_to_its_own),
        ],
        of_loans.test_pool_08_a_release_into_a_foreign_pool_changes_neither,
        {},
    ),
    (
        "a connection serves on with old credentials",
        [(account.Account, "spoiled", says(False))],
        of_loans.test_other_credentials_end_the_connections_that_have_logged_in_with_the_old_ones,
        {},
    ),
    (
        "a connection dials again after the close",
        [(account.Account, "unless_closed", nothing)],
        of_loans.test_life_04_nobody_dials_again_after_the_close,
        {},
    ),
    (
        "any idle connection is taken for alive, under asyncio",
        [(aio_connection.Connection, "alive", says(True))],
        of_asyncio.test_conn_04_nor_is_one_that_came_with_the_last_reply,
        {"stray": b"+STR", "protocol": 3},
    ),
    (
        "a connection dials again after the close, under asyncio",
        [(account.Account, "unless_closed", nothing)],
        of_asyncio.test_life_04_nobody_dials_again_after_the_close,
        {},
    ),
    (
        "a pool takes what another has lent, under asyncio",
        [(aio_pool, "lease_of", any_lease), (aio_pool.BridgedPool, "give_back", give_back_to_its_own)],
        of_asyncio.test_pool_08_a_release_into_a_foreign_pool_changes_neither,
        {},
    ),
]


@pytest.mark.parametrize(
    ("faults", "test", "options"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_fault_is_noticed(
    monkeypatch: pytest.MonkeyPatch, faults: list[Fault], test: Test, options: dict[str, Any]
) -> None:
    for target, name, value in faults:
        monkeypatch.setattr(target, name, value)
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        play(test, options, monkeypatch)
    del caught
    gc.collect()  # what the failure has left behind complains now, and not during another test


def play(test: Test, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test as pytest does."""
    wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
    if test.__module__ == of_asyncio.__name__:
        simulated = SimulatedServer()
        simulated.play(partial(test, simulated, **options))
        return
    with closing(Scripted()) as server, closing(of_threads.pool_of(server, protocol=3)) as pool:
        offered = {"server": server, "pool": pool, "monkeypatch": monkeypatch, **options}
        test(**{name: offered[name] for name in wanted})
