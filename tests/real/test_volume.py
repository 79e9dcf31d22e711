"""Much at a time: values of ten megabytes, batches of ten thousand commands, a server that takes nothing."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from poolproof.reference import CommandTimeout, Fate, ServerError

from .server import Eyes, Server
from .shells import Shell, closing, outcome

LARGE = b"$-1\r\n\x00:1\r\n+OK\r\n" * 700_000  # ten megabytes that look like replies
SIZE = 10_000

both = pytest.mark.parametrize("kind", ["pool", "multiplexer"])


@both
def test_conn_01_large_values_do_not_get_into_the_replies_of_others(
    server: Server, shell: Shell, kind: str
) -> None:
    def moves_a_large_value(caller: int) -> bool:
        service.execute("SET", f"large:{caller}", b"%d" % caller + LARGE)
        return bool(service.execute("GET", f"large:{caller}") == b"%d" % caller + LARGE)

    def asks(caller: int) -> bool:
        tokens = [b"%d:%d" % (caller, number) for number in range(100)]
        return all(service.execute("ECHO", token) == token for token in tokens)

    with closing(getattr(shell, kind)(server.url(), command_timeout_seconds=None)) as service:
        calls = [shell.calling(moves_a_large_value, caller) for caller in range(2)]
        calls += [shell.calling(asks, caller) for caller in range(6)]
        assert all(outcome(call) for call in calls)


def batch(service: Any, kind: str, commands: list[tuple[Any, ...]]) -> Any:
    """By the multiplexer, or by a lease of the pool."""
    if kind == "multiplexer":
        return service.batch(commands)
    with service.acquire() as connection:
        return connection.batch(commands)


@both
def test_call_08_a_batch_of_ten_thousand_is_contiguous_and_answered_in_order(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    commands: list[tuple[Any, ...]] = [("INCR", "k"), ("ECHO", "token")] * (SIZE // 2)
    with closing(getattr(shell, kind)(server.url(), command_timeout_seconds=None)) as service:
        calls = [shell.calling(batch, service, kind, commands) for _ in range(3)]
        answers = [outcome(call) for call in calls]
    assert {tuple(answer[1::2]) for answer in answers} == {(b"token",) * (SIZE // 2)}
    counts = sorted(answer[::2] for answer in answers)
    if kind == "multiplexer":
        assert counts == [
            list(range(first, first + SIZE // 2)) for first in range(1, 3 * SIZE // 2, SIZE // 2)
        ]
    else:
        assert sorted(chain(*counts)) == list(range(1, 3 * SIZE // 2 + 1))
    assert eyes.ask("GET", "k") == b"%d" % (3 * SIZE // 2)


@both
def test_call_08_an_error_in_a_batch_shifts_no_reply(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    eyes.ask("SET", "text", "no number")
    commands: list[tuple[Any, ...]] = [("ECHO", "a"), ("INCR", "text"), ("GET", "text")]
    with closing(getattr(shell, kind)(server.url())) as service:
        first, refused, last = batch(service, kind, commands)
    assert (first, last) == (b"a", b"no number")
    assert isinstance(refused, ServerError) and refused.fate is Fate.EXECUTED


@both
def test_call_01_a_value_that_the_server_does_not_take_is_given_up_in_time(
    server: Server, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(server.url(), command_timeout_seconds=0.3)) as service:
        service.execute("PING")
        server.freeze()
        try:
            with pytest.raises(CommandTimeout) as late:
                service.execute("SET", "k", LARGE)
        finally:
            server.thaw()
        assert late.value.fate is Fate.UNKNOWN
        assert service.execute("ECHO", "after") == b"after"
