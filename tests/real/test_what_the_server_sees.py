"""What arrives at the server: the connections that are counted, what was said to be sent, nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from poolproof.reference import AcquireTimeout, ConnectFailed, ConnectionLost, Fate

from .server import Eyes, Server
from .shells import Shell, closing, outcome

both = pytest.mark.parametrize("kind", ["pool", "multiplexer"])


def test_obs_01_a_quiet_pool_counts_the_connections_that_the_server_sees(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), max_size=5)) as pool:
        held = [pool.acquire() for _ in range(3)]
        pool.release(held.pop())
        count = pool.metrics()["db.client.connection.count"]
        assert (count, len(eyes.clients())) == ({"used": 2, "idle": 1}, 3)
        for lease in held:
            pool.release(lease)
        count = pool.metrics()["db.client.connection.count"]
        assert (count, len(eyes.clients())) == ({"used": 0, "idle": 3}, 3)


def test_pool_01_the_server_never_sees_more_connections_than_the_capacity(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    def asks(caller: int) -> bool:
        for number in range(20):
            with suppress(ConnectionLost, ConnectFailed):
                assert pool.execute("ECHO", f"{caller}:{number}") == f"{caller}:{number}".encode()
        return True

    with closing(shell.pool(server.url(), max_size=4)) as pool:
        calls = [shell.calling(asks, caller) for caller in range(16)]
        seen = [len(eyes.clients())]
        while not all(call.done() for call in calls):
            eyes.kill(id=eyes.clients()[0]["id"]) if seen[-1] else None
            seen.append(len(eyes.clients()))
        assert all(outcome(call) for call in calls)
    assert max(seen) <= 4


def test_pool_07_one_who_waited_too_long_is_told_the_numbers_and_sends_nothing(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with (
        closing(shell.pool(server.url(), max_size=2, acquire_timeout_seconds=0.1)) as pool,
        server.eyes() as monitor,
    ):
        monitor.ask("MONITOR")
        held = [pool.acquire() for _ in range(2)]
        numbers = (
            r"no connection within 0\.1 s \(capacity 2: all lent, 1 waiting; oldest lent \d+\.\d s by .*"
        )
        with pytest.raises(AcquireTimeout, match=numbers + r"\.py:\d+\)\): release connections sooner, or"):
            pool.execute("ECHO", "late")
        for lease in held:
            pool.release(lease)
        assert pool.metrics()["db.client.connection.timeouts"] == 1
        eyes.ask("ECHO", "the end")
        seen = [str(monitor.reply())]
        while "the end" not in seen[-1]:
            seen.append(str(monitor.reply()))
        assert not any("late" in line for line in seen)


@both
def test_call_06_what_is_said_of_a_call_is_true_of_the_data(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    """Each call increments a key of its own, while connections are killed: answered means once, not sent
    means never, unknown means once at most (CALL-05)."""
    said: dict[str, object] = {}

    def increments(caller: int) -> None:
        for number in range(30):
            key = f"{caller}:{number}"
            try:
                said[key] = service.execute("INCR", key)
            except (ConnectionLost, ConnectFailed) as error:
                said[key] = error.fate

    with closing(getattr(shell, kind)(server.url())) as service:
        eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
        calls = [shell.calling(increments, caller) for caller in range(12)]
        eyes.until(lambda: eyes.clients(cmd="incr", flags="b"))
        kills = eyes.kill()
        eyes.ask("CLIENT", "UNPAUSE")
        while not all(call.done() for call in calls):
            if len(said) > 20 * kills and len(eyes.clients(cmd="incr")):
                kills += eyes.kill() > 0
        for call in calls:
            outcome(call)
    allowed = {1: {b"1"}, Fate.NOT_SENT: {None}, Fate.UNKNOWN: {None, b"1"}}
    found = {key: eyes.ask("GET", key) for key in said}
    assert [key for key, value in found.items() if value not in allowed[said[key]]] == []  # type: ignore[index]
    assert Fate.UNKNOWN in said.values()


@pytest.mark.parametrize(
    "commands",
    [
        ["SELECT 3"],
        ["MULTI"],
        ["WATCH k"],
        ["CLIENT SETNAME mine"],
        ["CLIENT NO-EVICT ON"],
        ["CLIENT TRACKING ON"],
        ["READONLY"],
    ],
    ids=str,
)
def test_conn_08_what_one_lease_changed_the_next_one_does_not_find(
    server: Server, eyes: Eyes, shell: Shell, commands: list[str]
) -> None:
    def state(client: dict[str, str]) -> list[str]:
        return [client.get(name, "") for name in ("db", "multi", "watch", "sub", "name", "flags", "redir")]

    with closing(shell.pool(server.url(), max_size=1)) as pool:
        pool.execute("PING")
        (fresh,) = eyes.clients()
        with pool.acquire() as connection:
            for command in commands:
                try:
                    connection.execute(*command.split())
                except Exception as refused:  # READONLY is for clusters only
                    assert "cluster" in str(refused)
        pool.execute("PING")
        (found,) = eyes.clients()
    assert state(found) == state(fresh)


def test_pool_11_the_idle_limit_closes_and_the_least_number_of_idle_ones_is_dialled(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(server.url(), idle_timeout_seconds=0.05)) as pool:
        pool.execute("PING")
        eyes.until_clients(0)
    with closing(shell.pool(server.url(), min_idle=3)) as pool:
        pool.execute("PING")
        eyes.until(lambda: len(eyes.clients()) >= 3)


def test_conn_05_the_server_knows_who_is_there(server: Server, eyes: Eyes, shell: Shell) -> None:
    with closing(shell.client(server.url(client_name="billing", db=2))) as client:
        client.execute("PING")
        client.execute("BLPOP", "nothing", 0.01)
        for seen in eyes.until_clients(2):
            assert (seen["name"], seen["db"], seen["resp"]) == ("billing", "2", "3")
            assert seen.get("lib-name", "poolproof") == "poolproof"  # servers before 7.2 don't tell


def test_mux_04_blocking_commands_of_a_client_hold_up_nobody(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.client(server.url())) as client:
        popped = shell.calling(client.execute, "BLPOP", "jobs", 0)
        eyes.until_sent("blpop")
        assert client.execute("RPUSH", "jobs", "one") == 1
        assert outcome(popped) == [b"jobs", b"one"]


def test_mux_09_messages_arrive_while_others_use_the_connection(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    def listens(subscription: Any) -> list[bytes]:
        return [subscription.message().data for _ in range(50)]

    def asks(caller: int) -> bool:
        return all(multiplexer.execute("ECHO", n) == b"%d" % n for n in range(caller, caller + 50))

    with closing(shell.multiplexer(server.url())) as multiplexer:
        heard = [shell.calling(listens, multiplexer.subscribe("news")) for _ in range(3)]
        calls = [shell.calling(asks, caller) for caller in range(4)]
        for number in range(50):
            assert eyes.ask("PUBLISH", "news", number) == 1
        assert [outcome(call) for call in heard] == [[b"%d" % number for number in range(50)]] * 3
        assert all(outcome(call) for call in calls)
