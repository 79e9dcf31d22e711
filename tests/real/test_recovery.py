"""The server dies, or falls silent, and comes back; its callers are told what became of their calls."""

from __future__ import annotations

from typing import Any

import pytest

from poolproof.reference import CommandTimeout, ConnectFailed, ConnectionLost, Fate, PoolproofError

from .server import Server
from .shells import Shell, closing, failure, outcome

both = pytest.mark.parametrize("kind", ["pool", "multiplexer", "client"])


@both
def test_life_05_service_resumes_after_the_server_was_killed_and_restarted(
    mortal_server: Server, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(mortal_server.url())) as service:
        runs = [service.execute("INFO", "server")]
        mortal_server.kill()
        mortal_server.start()
        shell.take_in()
        runs += [service.execute("INFO", "server")]
    first, second = (run.split(b"run_id:")[1].split(b"\r\n")[0] for run in runs)
    assert first != second


@both
def test_life_06_while_the_server_is_down_calls_are_told_that_nothing_was_sent(
    mortal_server: Server, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(mortal_server.url())) as service:
        service.execute("PING")
        mortal_server.kill()
        shell.take_in()
        for _ in range(3):
            with pytest.raises(
                ConnectFailed, match=f"no connection to 127.0.0.1:{mortal_server.port}"
            ) as failed:
                service.execute("SET", "k", "v")
            assert failed.value.fate is Fate.NOT_SENT


def test_call_06_the_fate_of_a_leased_call_is_unknown_when_the_server_is_killed(
    mortal_server: Server, shell: Shell
) -> None:
    with closing(shell.pool(mortal_server.url())) as pool:
        call = shell.calling(pool.execute, "BLPOP", "nothing", 0)
        with mortal_server.eyes() as eyes:
            eyes.until_sent("blpop")
        mortal_server.kill()
        error = failure(call)
    assert isinstance(error, ConnectionLost)
    assert error.fate is Fate.UNKNOWN


def test_call_06_the_fate_of_multiplexed_calls_is_unknown_when_the_server_is_killed(
    mortal_server: Server, shell: Shell
) -> None:
    with closing(shell.multiplexer(mortal_server.url())) as multiplexer, mortal_server.eyes() as eyes:
        eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
        calls = [shell.calling(multiplexer.execute, "INCR", "k") for _ in range(3)]
        eyes.until_sent("incr")
        mortal_server.kill()
        errors = [failure(call) for call in calls]
    assert all(isinstance(error, ConnectionLost | ConnectFailed) for error in errors)
    assert Fate.UNKNOWN in {getattr(error, "fate", None) for error in errors}


def test_mux_09_a_subscription_goes_on_after_a_restart_and_says_that_there_was_one_gap(
    mortal_server: Server, shell: Shell
) -> None:
    with closing(shell.multiplexer(mortal_server.url())) as multiplexer:
        subscription = multiplexer.subscribe("news")
        mortal_server.kill()
        shell.take_in()
        for _ in range(3):  # the dials that fail are no gaps of their own
            with pytest.raises(ConnectFailed):
                multiplexer.execute("PING")
        heard = shell.calling(subscription.message)
        mortal_server.start()
        with mortal_server.eyes() as eyes:
            eyes.until(lambda: eyes.ask("PUBLISH", "news", "after the restart"))
        assert outcome(heard).data == b"after the restart"
        assert subscription.interruptions == 1


def test_life_05_service_resumes_though_the_pause_before_a_dial_is_longer_than_the_command_limit(
    mortal_server: Server, shell: Shell
) -> None:
    with closing(shell.multiplexer(mortal_server.url(), command_timeout_seconds=0.1)) as multiplexer:
        mortal_server.kill()
        while not isinstance(error_of(multiplexer), CommandTimeout):
            pass  # each dial that fails makes the next pause longer
        mortal_server.start()
        assert any(error_of(multiplexer) is None for _ in range(300))


def error_of(multiplexer: Any) -> PoolproofError | None:
    """What a call ends with."""
    try:
        multiplexer.execute("PING")
    except PoolproofError as error:
        return error
    return None


@both
def test_conn_10_a_silent_server_is_noticed_by_the_command_limit(
    server: Server, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(server.url(), command_timeout_seconds=0.2)) as service:
        service.execute("PING")
        server.freeze()
        with pytest.raises(CommandTimeout, match=r"within 0\.2 s") as late:
            service.execute("INCR", "k")
        server.thaw()
        assert service.execute("ECHO", "after") == b"after"
    assert late.value.fate is Fate.UNKNOWN


@both
def test_call_01_a_paused_server_makes_calls_late_and_then_serves_as_before(
    server: Server, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(server.url(), command_timeout_seconds=0.2)) as service:
        service.execute("PING")
        with server.eyes() as eyes:
            eyes.ask("CLIENT", "PAUSE", 1_000_000, "WRITE")
            with pytest.raises(CommandTimeout):
                service.execute("INCR", "k")
            eyes.ask("CLIENT", "UNPAUSE")
            assert service.execute("ECHO", "after") == b"after"
            eyes.until_clients(1)
