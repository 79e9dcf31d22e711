"""What the tests of the asyncio multiplexer are worth: faults planted in its shell are found."""

from __future__ import annotations

from functools import partial

import pytest

from poolproof.reference.aio import Multiplexer
from poolproof.reference.aio.stream import Stream
from poolproof.reference.aio.wire import Wire

from . import test_aio_idempotent_commands as idempotent
from . import test_aio_multiplexer as sharing
from . import test_aio_multiplexer_closing as closing
from . import test_aio_multiplexer_command_limits as limits
from . import test_aio_multiplexer_losing as losing
from . import test_aio_resubscribing as returning
from . import test_aio_subscribing as subscribing
from . import test_aio_subscriptions as listening
from . import test_schedules_multiplexer as schedules
from .planting_in_shells import Fault, finds

FAULTS = [
    Fault(
        "replies that come late on an old connection are taken for new ones",
        *(Wire, "claim"),
        "self._core.received(self._epoch, replies)",
        "self._core.received(self._core.epoch, replies)",
        losing.test_mux_06_news_of_an_old_connection_changes_nothing_for_the_new_one,
    ),
    Fault(
        "the end of the connection is not passed on",
        *(Wire, "ended"),
        "if self.up:",
        "if False:",
        losing.test_mux_06_a_loss_fails_what_was_written_as_unknown_and_the_backlog_as_not_sent,
    ),
    Fault(
        "a reply makes no room for the backlog",
        *(Wire, "buffer_updated"),
        "if core.backlog:",
        "if False:",
        sharing.test_mux_05_at_the_bound_in_flight_commands_wait_for_replies,
    ),
    Fault(
        "the last reply does not end a drain",
        *(Wire, "buffer_updated"),
        "if core.draining:",
        "if False:",
        partial(closing.test_life_03_a_close_that_drains_lets_what_was_accepted_finish, max_in_flight=1),
    ),
    Fault(
        "a failed dial does not end a drain",
        *(Multiplexer, "_fail"),
        "self._look_if_drained()",
        "pass",
        closing.test_life_03_a_drain_ends_if_the_dial_fails_meanwhile,
    ),
    Fault(
        "a sign of life is not heard",
        *(Wire, "buffer_updated"),
        "core.heard += 1",
        "pass",
        limits.test_mux_02_the_late_reply_to_a_command_past_its_limit_goes_to_nobody,
    ),
    Fault(
        "what began before anybody asked is taken for an answer",
        *(Stream, "_settle"),
        "if self._unasked and replies:",
        "if False:",
        losing.test_conn_04_part_of_a_reply_nobody_asked_for_is_nobodys_answer,
    ),
    Fault(
        "a message that began before a command was sent ends the connection",
        *(Stream, "buffer_updated"),
        "self._unasked = False",
        "pass",
        listening.test_mux_08_a_message_may_come_in_pieces,
    ),
    Fault(
        "commands that gather are never written",
        *(Multiplexer, "_carry_out"),
        "self._loop.call_soon(self._flush)",
        "pass",
        sharing.test_commands_are_sent_before_the_replies_to_earlier_ones_come,
    ),
    Fault(
        "what gathered during the dial is not written",
        *(Multiplexer, "_dial"),
        "self._flush()",
        "pass",
        schedules.test_mux_01_three_callers_are_served_in_every_order,
    ),
    Fault(
        "a dial that fails is kept to itself",
        *(Multiplexer, "_dial"),
        "self._lost(epoch, type(error), str(error))",
        "pass",
        losing.test_life_05_a_call_after_a_dial_that_failed_dials_again,
    ),
    Fault(
        "a dial that is cancelled is kept to itself",
        *(Multiplexer, "_dial"),
        'self._lost(epoch, ConnectFailed, f"the dial of {self._settings} was cancelled")',
        "pass",
        losing.test_call_02_all_are_told_when_the_dial_is_cancelled_by_somebody_else,
    ),
    Fault(
        "there are no pauses between dials",
        *(Multiplexer, "_dial"),
        "await asyncio.sleep(pause)",
        "pass",
        losing.test_life_06_dials_that_fail_are_made_at_growing_intervals,
    ),
    Fault(
        "the timer does not start",
        *(Multiplexer, "_carry_out"),
        "self._limit_seconds != inf",
        "False",
        partial(limits.test_call_01_a_command_that_gets_no_reply_fails_at_its_limit, issue=limits.WAYS[0]),
    ),
    Fault(
        "the timer is not set again",
        *(Multiplexer, "_tick"),
        "if self._ticker is None and waits:",
        "if False:",
        partial(limits.test_call_01_a_command_that_gets_no_reply_fails_at_its_limit, issue=limits.WAYS[0]),
    ),
    Fault(
        "there are two timers after a silent server was given up",
        *(Multiplexer, "_tick"),
        "if self._ticker is None and waits:",
        "if waits:",
        subscribing.test_call_01_a_subscription_that_is_not_confirmed_fails_at_the_limit,
    ),
    Fault(
        "the timer stops while a dial outlasts those who wait",
        *(Multiplexer, "_tick"),
        " or self._core.link is DIALLING",
        "",
        returning.test_call_01_one_sent_while_the_return_takes_long_has_its_limit,
    ),
    Fault(
        "those who have waited for too long are not told",
        *(Multiplexer, "_tick"),
        'self._fail(overdue, CommandTimeout, f"no reply from {self._settings} within {limit}")',
        "pass",
        limits.test_call_01_one_that_was_not_written_says_so,
    ),
    Fault(
        "a silent server is kept",
        *(Multiplexer, "_tick"),
        "if silent and self._wire is not None:",
        "if False:",
        limits.test_conn_10_a_server_that_is_silent_for_the_limit_is_given_up,
    ),
    Fault(
        "an idempotent command that was cancelled at once is sent",
        *(Multiplexer, "execute"),
        "task.add_done_callback(lambda _: call.cancel())",
        "pass",
        partial(sharing.test_call_04_a_call_cancelled_before_it_was_written_is_never_sent, idempotent=True),
    ),
    Fault(
        "an idempotent command is sent for ever",
        *(Multiplexer, "_persist"),
        " or attempt + 1 == self._attempts",
        "",
        partial(idempotent.test_call_09_an_idempotent_command_is_sent_so_many_times_at_most, attempts=2),
    ),
    Fault(
        "an idempotent command is sent again after a refused handshake",
        *(Multiplexer, "_persist"),
        "isinstance(error, HandshakeFailed) or ",
        "",
        idempotent.test_call_05_no_attempt_follows_a_handshake_that_was_refused,
    ),
    Fault(
        "the last attempt alone says what became of a command",
        *(Multiplexer, "_persist"),
        "raise written from error",
        "raise",
        idempotent.test_call_06_the_fate_of_an_idempotent_command_counts_all_attempts,
    ),
    Fault(
        "close leaves the dial",
        *(Multiplexer, "_end"),
        "self._dialling.cancel()",
        "pass",
        closing.test_life_02_close_ends_the_pause_before_a_dial,
    ),
    Fault(
        "close leaves the timer",
        *(Multiplexer, "_end"),
        "self._ticker.cancel()",
        "pass",
        closing.test_life_02_close_ends_every_call_and_the_connection,
    ),
    Fault(
        "close leaves the connection",
        *(Multiplexer, "_end"),
        "self._wire.abort(Closed, reason)",
        "pass",
        closing.test_life_02_close_ends_every_call_and_the_connection,
    ),
    Fault(
        "a multiplexer that drains takes calls",
        *(Multiplexer, "close"),
        "self._core.drain()",
        "pass",
        closing.test_life_03_a_multiplexer_that_drains_takes_no_call,
    ),
    Fault(
        "of two drains only the last notices the end",
        *(Multiplexer, "close"),
        "self._emptied or ",
        "",
        closing.test_life_03_two_that_drain_at_a_time_both_return_once_all_is_done,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(fault, monkeypatch)
