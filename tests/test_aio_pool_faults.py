"""What the tests of the asyncio pool are worth: faults planted in its shell are found."""

from __future__ import annotations

from functools import partial

import pytest

from poolproof.reference.aio import Lease, Pool

from . import test_aio_lease_subscriptions as listening
from . import test_aio_leases as leases
from . import test_aio_pool as acquiring
from . import test_aio_pool_closing as closing
from . import test_aio_pool_command_limits as limits
from . import test_aio_pool_tending as tending
from . import test_aio_pool_warming as warming
from . import test_schedules as schedules
from .planting_in_shells import Fault, finds

FAULTS = [
    Fault(
        "nobody looks at the limit of a command",
        *(Lease, "execute"),
        "if connection.deadline < self._pool._look_at:",
        "if False:",
        limits.test_call_01_a_command_that_gets_no_reply_fails_at_its_limit,
    ),
    Fault(
        "nobody looks at the limit of a subscription",
        *(Lease, "subscribe"),
        "self._pool._arm(connection.deadline)",
        "pass",
        listening.test_call_01_a_subscription_that_is_not_confirmed_fails_at_the_limit,
    ),
    Fault(
        "a refused subscription is taken for one",
        *(Lease, "subscribe"),
        "raise refused[0]",
        "pass",
        partial(listening.test_a_subscription_that_is_refused_fails, protocol=3),
    ),
    Fault(
        "a caller that leaves gives nothing back",
        *(Pool, "_give_up"),
        "self._carry_out(self._core.abandon(lease, self._clock()))",
        "pass",
        acquiring.test_pool_03_refused_dials_cost_no_capacity,
    ),
    Fault(
        "a caller that leaves does not wake the next",
        *(Pool, "_give_up"),
        "self._carry_out(self._core.abandon(lease, self._clock()))",
        "self._core.abandon(lease, self._clock())",
        partial(schedules.test_pool_03_call_04_a_caller_is_cancelled_at_every_moment, 1),
    ),
    Fault(
        "a caller that is cancelled during the check keeps its connection",
        *(Pool, "_give_up"),
        "self.release(lease)",
        "pass",
        partial(
            tending.test_pool_03_a_caller_cancelled_at_any_turn_of_the_check_leaves_nothing_behind, turn=1
        ),
    ),
    Fault(
        "a connection is lent again whatever is left on it",
        *(Pool, "release"),
        "if loan is not None and (loan[0].calls or not loan[0].session.clean):",
        "if False:",
        partial(leases.test_conn_08_a_connection_on_which_something_is_left_is_closed, commands=[("MULTI",)]),
    ),
    Fault(
        "a connection is lent again though it owes a reply",
        *(Pool, "release"),
        "loan[0].calls or ",
        "",
        partial(schedules.test_pool_03_call_04_a_caller_is_cancelled_at_every_moment, 1),
    ),
    Fault(
        "who waits is not woken by a release",
        *(Pool, "release"),
        "self._carry_out(waiter)",
        "pass",
        partial(schedules.test_pool_02_three_callers_are_served_in_every_order, 1, 0, 1),
    ),
    Fault(
        "who was cancelled is woken once more",
        *(Pool, "_carry_out"),
        " and not waiter._woken.done()",
        "",
        partial(schedules.test_pool_03_call_04_a_caller_is_cancelled_at_every_moment, 1),
    ),
    Fault(
        "what has become too old is not closed",
        *(Pool, "_carry_out"),
        "while core.idle.discarded:",
        "while False:",
        tending.test_pool_11_a_connection_is_closed_when_it_was_idle_for_too_long,
    ),
    Fault(
        "what has become too old is closed after its room was used",
        *(Pool, "_complete"),
        "self._carry_out(None)  # what was let go",
        "pass  # what was let go",
        partial(tending.test_pool_01_what_is_let_go_is_closed_before_its_room_is_used, connections=1),
    ),
    Fault(
        "the end of a drain is never noticed",
        *(Pool, "_carry_out"),
        "self._emptied.set_result(None)",
        "pass",
        closing.test_life_03_a_close_that_drains_serves_those_inside_and_then_returns,
    ),
    Fault(
        "a pool that drains lets people in",
        *(Pool, "close"),
        "self._core.drain()",
        "pass",
        closing.test_life_03_a_pool_that_drains_lets_nobody_in,
    ),
    Fault(
        "close does not end those who wait",
        *(Pool, "_end"),
        "caller._limit.reschedule(self._clock())",
        "pass",
        partial(schedules.test_life_02_life_03_a_pool_is_closed_at_every_moment, 0),
    ),
    Fault(
        "close does not end the connections",
        *(Pool, "_end"),
        "for connection in connections:",
        "for connection in ():",
        closing.test_life_02_close_ends_every_caller_and_every_connection,
    ),
    Fault(
        "close does not end what is dialled ahead",
        *(Pool, "_end"),
        "task.cancel()",
        "pass",
        warming.test_life_02_close_ends_a_dial_ahead_of_need_that_hangs,
    ),
    Fault(
        "close leaves the timer",
        *(Pool, "_end"),
        "self._timer.cancel()",
        "pass",
        tending.test_pool_11_a_connection_is_closed_when_it_was_idle_for_too_long,
    ),
    Fault(
        "a dial that ends with the pool leaves its socket open",
        *(Pool, "_dial"),
        'connection.abort(Closed, "the pool was closed")',
        "pass",
        partial(schedules.test_life_02_life_03_a_pool_is_closed_at_every_moment, 0),
    ),
    Fault(
        "an acquire has no limit",
        *(Pool, "_complete"),
        "_none(self._acquire_limit)",
        "None",
        acquiring.test_pool_07_a_caller_whose_limit_expires_leaves_the_queue,
    ),
    Fault(
        "close is taken for the end of the acquire limit",
        *(Pool, "_complete"),
        " and not self._core.closed",
        "",
        closing.test_life_02_close_ends_every_caller_and_every_connection,
    ),
    Fault(
        "nobody looks at the limit of the check",
        *(Pool, "_advance"),
        "self._arm(connection.deadline)",
        "pass",
        tending.test_conn_10_a_connection_that_stays_silent_is_replaced_after_the_command_limit,
    ),
    Fault(
        "a connection that gave no sign of life is lent",
        *(Pool, "_advance"),
        "return core.replace(lease, self._clock())",
        "pass",
        tending.test_conn_10_a_connection_that_stays_silent_is_replaced_after_the_command_limit,
    ),
    Fault(
        "nobody asks for a sign of life",
        *(Pool, "_advance"),
        "if step is CHECK:\n        try:",
        "if False:\n        try:",
        tending.test_conn_10_a_connection_that_stays_silent_is_replaced_after_the_command_limit,
    ),
    Fault(
        "the timer is not set again",
        *(Pool, "_look"),
        "self._arm(due)",
        "pass",
        limits.test_call_01_every_connection_is_looked_after,
    ),
    Fault(
        "a timer that is due later is not set forward",
        *(Pool, "_arm"),
        "if when < self._look_at and",
        "if self._timer is None and",
        limits.test_call_01_every_connection_is_looked_after,
    ),
    Fault(
        "nobody looks for what has become too old",
        *(Pool, "_look"),
        "core.idle.discard_expired(now)",
        "pass",
        tending.test_pool_11_a_connection_is_closed_when_it_was_idle_for_too_long,
    ),
    Fault(
        "what was lost is not dialled again ahead of need",
        *(Pool, "_look"),
        "self._warm()",
        "pass",
        warming.test_pool_11_what_was_lost_is_replaced_in_the_background,
    ),
    Fault(
        "a dial ahead of need that fails keeps its permit",
        *(Pool, "_warmed"),
        "self._give_up(lease)",
        "pass",
        warming.test_pool_03_a_dial_ahead_of_need_that_fails_costs_nothing_and_is_tried_again,
    ),
    Fault(
        "what was dialled ahead of need is never put down",
        *(Pool, "_warmed"),
        "self.release(lease)",
        "pass",
        warming.test_pool_01_a_caller_gets_the_connection_that_was_dialled_ahead_when_there_is_room_for_no_other,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(fault, monkeypatch)
