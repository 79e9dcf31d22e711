"""The server ends a connection, whatever it is doing, and nothing else comes to harm."""

from __future__ import annotations

import pytest

from poolproof.reference import ConnectionLost, Fate

from .server import Eyes, Server
from .shells import Shell, assert_all_capacity_is_there, closing, failure, outcome


def test_pool_12_a_connection_killed_while_idle_is_replaced_unnoticed(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), max_size=1)) as pool:
        pool.execute("PING")
        assert eyes.kill() == 1
        shell.take_in()
        assert pool.execute("ECHO", "after") == b"after"


def test_conn_01_a_connection_killed_while_lent_says_that_nothing_was_sent(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), max_size=1)) as pool:
        with pool.acquire() as connection:
            connection.execute("PING")
            eyes.kill()
            shell.take_in()
            with pytest.raises(ConnectionLost) as lost:
                connection.execute("INCR", "k")
        assert lost.value.fate is Fate.NOT_SENT
        assert_all_capacity_is_there(pool, 1)


def test_pool_03_capacity_survives_connections_killed_with_a_command_in_flight(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), max_size=3)) as pool:
        calls = [shell.calling(pool.execute, "BLPOP", "nothing", 0) for _ in range(3)]
        eyes.until_sent(*["blpop"] * 3)
        waiting = shell.calling(pool.execute, "ECHO", "waited")
        eyes.kill()
        assert {failure(call).fate for call in calls} == {Fate.UNKNOWN}  # type: ignore[attr-defined]
        assert outcome(waiting) == b"waited"
        assert_all_capacity_is_there(pool, 3)


def test_mux_06_a_multiplexer_whose_idle_connection_was_killed_dials_again(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.multiplexer(server.url())) as multiplexer:
        multiplexer.execute("PING")
        eyes.kill()
        shell.take_in()
        assert multiplexer.execute("ECHO", "after") == b"after"


def test_mux_06_calls_in_flight_on_a_killed_connection_fail_and_later_ones_succeed(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.multiplexer(server.url())) as multiplexer:
        multiplexer.execute("PING")
        eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
        call = shell.calling(multiplexer.execute, "INCR", "k")
        eyes.until_sent("incr")
        eyes.kill()
        assert failure(call).fate is Fate.UNKNOWN  # type: ignore[attr-defined]
        eyes.ask("CLIENT", "UNPAUSE")
        assert multiplexer.execute("ECHO", "after") == b"after"
        assert eyes.ask("GET", "k") is None


def test_mux_09_a_subscription_whose_connection_is_killed_goes_on(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.multiplexer(server.url())) as multiplexer:
        subscription = multiplexer.subscribe("news")
        for number in range(3):
            heard = shell.calling(subscription.message)
            eyes.until_clients(1, sub="1")
            assert eyes.kill() == 1
            eyes.until_clients(1, sub="1")
            eyes.ask("PUBLISH", "news", number)
            assert outcome(heard).data == b"%d" % number
        assert subscription.interruptions == 3


def test_mux_09_a_lease_that_listens_is_told_that_its_connection_was_killed(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), max_size=1)) as pool:
        with pool.acquire() as connection:
            connection.subscribe("news")
            heard = shell.calling(connection.message)
            eyes.kill()
            assert isinstance(failure(heard), ConnectionLost)
        assert_all_capacity_is_there(pool, 1)
