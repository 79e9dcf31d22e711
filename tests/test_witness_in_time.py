"""As time passes, waits, pauses and keys end as with a real Valkey."""

from __future__ import annotations

import pytest

from .witness_side_by_side import RealServer, SideBySide, real_server

__all__ = ["real_server"]  # the fixture


@pytest.mark.parametrize("protocol", ["2", "3"])
@pytest.mark.parametrize(
    "line",
    [
        *("BLPOP a b 0.02", "BLMOVE a b LEFT LEFT 0.02", "XREAD BLOCK 20 STREAMS s $", "WAIT 1 20"),
        "BRPOPLPUSH a b 0.02",
    ],
)
def test_a_wait_ends_as_with_a_real_server(real_server: RealServer, line: str, protocol: str) -> None:
    with SideBySide(real_server) as both:
        number = both.dial()
        both.say(number, "HELLO", protocol)
        both.say(number, *line.split())
        both.let_time_pass()
        both.say(number, "PING")


@pytest.mark.parametrize("mode", [[], ["ALL"], ["WRITE"]])
def test_a_pause_holds_up_commands_as_by_a_real_server(real_server: RealServer, mode: list[str]) -> None:
    with SideBySide(real_server) as both:
        one, other = both.dial(), both.dial()
        both.say(one, "CLIENT", "PAUSE", "20", *mode)
        both.hold_up(other, "SET", "a", "1")
        both.let_time_pass()
        both.say(one, "GET", "a")


def test_an_end_of_a_pause_lets_commands_go_as_by_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        one, two, three = (both.dial() for _ in range(3))
        both.say(one, "CLIENT", "PAUSE", "100000", "WRITE")
        both.hold_up(two, "BLPOP", "l", "0")
        both.hold_up(three, "RPUSH", "l", "1", "2")
        both.say(one, "LLEN", "l")
        both.say(one, "CLIENT", "UNPAUSE")
        both.say(one, "LLEN", "l")


def test_a_key_expires_as_in_a_real_server(real_server: RealServer) -> None:
    with SideBySide(real_server) as both:
        number = both.dial()
        both.say(number, "WATCH", "a")
        both.say(number, "SET", "a", "1", "PX", "10")
        both.say(number, "BLPOP", "l", "0.05")
        both.let_time_pass()
        for words in ["GET", "a"], ["EXISTS", "a"], ["MULTI"], ["EXEC"]:
            both.say(number, *words)
