"""What the multiplexer's core promises and its model leaves out: when to write, words, draining."""

from __future__ import annotations

import pytest

from poolproof.reference.errors import Closed, Misuse, Overflow
from poolproof.reference.multiplexer import (
    DIAL,
    FLUSH_NOW,
    FLUSH_SOON,
    NOTHING,
    Ended,
    Link,
    MultiplexerCore,
)

from .commands_sent import Command, connected


def test_commands_gather_while_the_connection_is_opened_and_are_written_in_order_then() -> None:
    made = MultiplexerCore[Command](10, 10)
    steps = [made.send(data, Command()) for data in (b"a ", b"b ", b"c ")]
    assert (steps, made.flush()) == ([DIAL, NOTHING, NOTHING], b"")
    made.opened(made.epoch)
    assert made.flush() == b"a b c "


def test_a_lone_command_is_written_now_and_those_that_follow_in_one_flush() -> None:
    made = connected()
    assert made.send(b"a ", Command()) is FLUSH_NOW
    assert made.flush() == b"a "
    assert [made.send(data, Command()) for data in (b"b ", b"c ")] == [FLUSH_SOON, NOTHING]
    assert made.flush() == b"b c "


def test_a_flush_asked_for_with_no_room_would_write_nothing_so_none_is_asked_for() -> None:
    made = connected(max_in_flight=1)
    made.send(b"a ", Command())
    made.flush()
    assert made.send(b"b ", Command()) is NOTHING
    assert not made.sendable


def test_mux_05_what_exceeds_the_bound_in_flight_is_written_in_order_as_replies_come() -> None:
    made = connected(max_in_flight=2)
    for data in (b"a ", b"b ", b"c ", b"d "):
        made.send(data, Command())
    written = [made.flush()]
    for _ in range(2):
        made.received(made.epoch, 1)
        written.append(made.flush())
    assert written == [b"a b ", b"c ", b"d "]


def test_mux_05_one_command_more_than_the_bounds_allow_is_turned_away_at_once() -> None:
    made = connected(max_in_flight=2, max_backlog=1)
    for _ in range(3):
        made.send(b"", Command())
        made.flush()
    with pytest.raises(Overflow, match=r"^2 commands in flight \(max_in_flight 2\), 1 in the backlog"):
        made.send(b"", Command())
    assert (len(made.in_flight), len(made.backlog)) == (2, 1)


def test_mux_05_the_bound_holds_without_a_connection() -> None:
    made = MultiplexerCore[Command](max_in_flight=2, max_backlog=1)
    for _ in range(3):
        made.send(b"", Command())
    with pytest.raises(Overflow, match="link dialling"):
        made.send(b"", Command())


def test_mux_05_without_a_bound_nothing_is_turned_away() -> None:
    made = MultiplexerCore[Command](max_in_flight=1, max_backlog=float("inf"))
    for _ in range(1_000):
        made.send(b"", Command())
    assert made.backlogged == 1_000


def test_call_04_a_command_given_up_in_the_backlog_is_passed_over_and_takes_no_room_in_flight() -> None:
    made = connected(max_in_flight=1)
    given_up = Command()
    for data, command in ((b"a ", Command()), (b"b ", given_up), (b"c ", Command())):
        made.send(data, command)
    assert made.flush() == b"a "
    given_up.over = True
    made.received(made.epoch, 1)
    assert made.flush() == b"c "


def test_conn_04_more_replies_than_were_asked_for_find_fewer_calls() -> None:
    made = connected()
    command = Command()
    made.send(b"a ", command)
    made.flush()
    assert (made.received(made.epoch, 3), made.received(made.epoch, 1)) == ([command], [])


def test_mux_06_late_news_of_an_epoch_that_is_over_changes_nothing() -> None:
    made = connected()
    over = made.epoch
    made.lost(over)
    command = Command()
    assert made.send(b"a ", command) is DIAL
    made.opened(over)
    assert (made.received(over, 1), made.lost(over), made.link) == ([], Ended(), Link.DIALLING)
    assert [call for _, call, _ in made.backlog] == [command]


def test_call_05_nothing_written_is_written_again_after_a_loss() -> None:
    made = connected()
    made.send(b"a ", Command())
    made.flush()
    made.lost(made.epoch)
    assert made.send(b"b ", Command()) is DIAL
    made.opened(made.epoch)
    assert made.flush() == b"b "


def test_life_02_close_settles_what_was_written_and_what_was_not() -> None:
    made = connected(max_in_flight=1)
    written, kept = Command(), Command()
    made.send(b"a ", written)
    made.flush()
    made.send(b"b ", kept)
    assert made.close() == Ended(unknown=(written,), not_sent=(kept,))


def test_life_02_close_tells_nobody_who_has_gone() -> None:
    made = connected(max_in_flight=1)
    for data in (b"a ", b"b "):
        made.send(data, gone := Command())
        made.flush()
        gone.over = True
    assert made.close() == Ended()


def test_life_03_a_draining_multiplexer_serves_what_it_has_accepted_and_accepts_no_more() -> None:
    made = connected(max_in_flight=1)
    commands = [Command(), Command()]
    for data, command in zip((b"a ", b"b "), commands, strict=True):
        made.send(data, command)
    made.drain()
    with pytest.raises(Closed):
        made.send(b"c ", Command())
    for data, command in zip((b"a ", b"b "), commands, strict=True):
        assert (made.flush(), made.empty) == (data, False)
        assert made.received(made.epoch, 1) == [command]
    assert made.empty


def test_life_03_a_draining_multiplexer_that_loses_its_connection_dials_for_nobody() -> None:
    made = connected()
    made.drain()
    made.lost(made.epoch)
    assert not made.dial()
    assert made.empty


def test_life_04_a_closed_multiplexer_stays_closed() -> None:
    made = connected()
    over = made.epoch
    made.close()
    assert (made.close(), made.lost(over), made.flush(), made.dial()) == (Ended(), Ended(), b"", False)
    with pytest.raises(Closed):
        made.send(b"a ", Command())


@pytest.mark.parametrize(("max_in_flight", "max_backlog"), [(0, 1), (1, -1)])
def test_bounds_that_let_nothing_through_are_misuse(max_in_flight: int, max_backlog: int) -> None:
    with pytest.raises(Misuse):
        MultiplexerCore[Command](max_in_flight, max_backlog)
