"""What the tests of asyncio's subscriptions and client are worth: faults planted there are found."""

from __future__ import annotations

from functools import partial

import pytest

from poolproof.reference.aio import Client, Messages, Multiplexer
from poolproof.reference.aio.wire import Wire

from . import test_aio_client as client
from . import test_aio_messages as messages
from . import test_aio_resubscribing as returning
from . import test_aio_subscribing as subscribing
from . import test_aio_subscriptions as listening
from . import test_schedules_leases as client_schedules
from .planting_in_shells import Fault, finds

FAULTS = [
    Fault(
        "a push is taken for a confirmation",
        *(Wire, "pushed"),
        "if confirms(frame):",
        "if True:",
        listening.test_mux_08_messages_and_replies_each_reach_whom_they_are_for,
    ),
    Fault(
        "only the first who listens gets the messages",
        *(Wire, "pushed"),
        "listeners.get(message.topic, ()):",
        "listeners.get(message.topic, ())[:1]:",
        listening.test_all_who_listen_to_a_channel_get_its_messages,
    ),
    Fault(
        "a message in pieces ends the connection",
        *(Wire, "listens"),
        "self.protocol == 3",
        "False",
        listening.test_mux_08_a_message_may_come_in_pieces,
    ),
    Fault(
        "close does not tell those who listen",
        *(Multiplexer, "_end"),
        "messages.finish(Closed(reason))",
        "pass",
        listening.test_life_02_close_ends_every_subscription,
    ),
    Fault(
        "who unsubscribes does so for all",
        *(Multiplexer, "unsubscribe"),
        "if self._subscriptions.remove(topic, messages) and",
        "if (self._subscriptions.remove(topic, messages) or True) and",
        listening.test_only_the_last_who_listens_unsubscribes,
    ),
    Fault(
        "the server is not told that nobody listens any more",
        *(Multiplexer, "unsubscribe"),
        "self._tell(topic.unsubscribe).add_done_callback(_forgotten)",
        "pass",
        listening.test_only_the_last_who_listens_unsubscribes,
    ),
    Fault(
        "who cannot unsubscribe listens on",
        *(Multiplexer, "unsubscribe"),
        "with suppress(Overflow, Closed):",
        "with suppress():",
        listening.test_mux_05_to_unsubscribe_at_the_bound_ends_the_subscription,
    ),
    Fault(
        "only the first who listens to a channel tells the server",
        *(Multiplexer, "subscribe"),
        "told.append(self._tell(topic.subscribe))",
        "len(self._subscriptions.listeners[topic]) > 1 or told.append(self._tell(topic.subscribe))",
        partial(
            subscribing.test_a_second_listener_gets_its_messages_though_the_first_gave_up_meanwhile, turn=0
        ),
    ),
    Fault(
        "a subscription that failed is kept",
        *(Multiplexer, "subscribe"),
        "self.unsubscribe(messages)",
        "pass",
        subscribing.test_a_subscription_that_is_refused_fails_and_leaves_nothing,
    ),
    Fault(
        "a confirmation answers nobody",
        *(Multiplexer, "_tell"),
        "self._core.confirming.add(call)",
        "pass",
        listening.test_mux_08_messages_and_replies_each_reach_whom_they_are_for,
    ),
    Fault(
        "subscriptions do not come back",
        *(Multiplexer, "_topics"),
        "return list(self._subscriptions.listeners)",
        "return []",
        returning.test_mux_09_a_subscription_comes_back_though_nobody_calls,
    ),
    Fault(
        "subscriptions come back when somebody calls",
        *(Multiplexer, "_lost"),
        "if self._subscriptions.listeners and self._core.dial():",
        "if False:",
        returning.test_mux_09_a_subscription_comes_back_though_nobody_calls,
    ),
    Fault(
        "nobody is told of an interruption",
        *(Multiplexer, "_lost"),
        "messages.interruptions += 1",
        "pass",
        returning.test_mux_09_a_subscription_comes_back_though_nobody_calls,
    ),
    Fault(
        "those who listen in vain are not told",
        *(Multiplexer, "_restored"),
        "messages.finish(error)",
        "pass",
        returning.test_mux_09_a_listener_whose_return_is_refused_is_told,
    ),
    Fault(
        "with RESP2 those who listen are kept waiting",
        *(Multiplexer, "_topics"),
        "self._wire.protocol == 2",
        "False",
        returning.test_mux_09_a_listener_is_told_if_the_server_speaks_resp2_then,
    ),
    Fault(
        "messages are kept without a bound",
        *(Messages, "put"),
        "if len(self._kept) < self._bound:",
        "if True:",
        listening.test_mux_09_messages_that_are_not_taken_are_bounded,
    ),
    Fault(
        "after an overflow messages are kept again",
        *(Messages, "put"),
        "if self._end is None:",
        "if True:",
        messages.test_mux_09_after_an_overflow_no_later_message_hides_the_gap,
    ),
    Fault(
        "who waits for a message is not woken",
        *(Messages, "_wake"),
        "self._waiting.set_result(None)",
        "pass",
        messages.test_who_waits_gets_the_message_that_comes,
    ),
    Fault(
        "who was cancelled is woken once more",
        *(Messages, "_wake"),
        " and not self._waiting.done()",
        "",
        partial(messages.test_who_is_cancelled_while_waiting_loses_no_message, turn=1),
    ),
    Fault(
        "a close that is cancelled at once closes nothing",
        *(Client, "close"),
        "each._end()",
        "pass",
        partial(
            client_schedules.test_life_02_life_03_a_client_is_closed_at_every_moment_and_that_is_cancelled_later,
            0,
        ),
    ),
    Fault(
        "who may not ask may not use an unknown command",
        *(Client, "_ask"),
        "with suppress(ServerError):",
        "with suppress():",
        partial(
            client.test_conn_08_a_command_that_the_server_does_not_explain_runs_on_a_connection_of_its_own,
            answer=b"-NOPERM no\r\n",
        ),
    ),
    Fault(
        "what a server says of a command is forgotten",
        *(Client, "_ask"),
        'learn(command[0], await self.multiplexer.execute("COMMAND", "INFO", command[0]))',
        'await self.multiplexer.execute("COMMAND", "INFO", command[0])',
        partial(
            client.test_an_unknown_command_is_asked_about_once_and_goes_its_way,
            flags=(b"write",),
            connections=1,
        ),
    ),
    Fault(
        "a command that blocks goes along the shared connection",
        *(Client, "execute"),
        "if way is SHARED:",
        "if way is SHARED or way is BLOCKING:",
        client.test_mux_04_a_command_that_blocks_delays_none_that_shares,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(fault, monkeypatch)
