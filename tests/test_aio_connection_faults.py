"""What the tests of asyncio's connections are worth: faults planted there are found."""

from __future__ import annotations

from functools import partial

import pytest

from poolproof.reference.aio import Multiplexer, Pool
from poolproof.reference.aio.connection import Connection
from poolproof.reference.aio.stream import Stream

from . import test_aio_dialling as dialling
from . import test_aio_lease_subscriptions as listening
from . import test_aio_leases as leases
from . import test_aio_pool as acquiring
from . import test_aio_pool_command_limits as limits
from . import test_aio_pool_connections as connections
from . import test_schedules as schedules
from .planting_in_shells import Fault, finds

FAULTS = [
    Fault(
        "a dial that was cancelled leaves its socket open",
        *(Stream, "connect"),
        'self.abort(ConnectFailed, f"the dial of {self.settings} was given up")',
        "pass",
        partial(schedules.test_pool_03_call_04_a_caller_is_cancelled_at_every_moment, 1),
    ),
    Fault(
        "a dial that took too long leaves its socket open",
        *(Stream, "connect"),
        "self.abort(ConnectFailed, reason)",
        "pass",
        partial(
            dialling.test_conn_06_a_server_that_is_silent_in_the_handshake_fails_the_call_at_the_connect_limit,
            shell=Pool,
        ),
    ),
    Fault(
        "a refused handshake leaves its socket open",
        *(Stream, "connect"),
        "self.abort(type(error), str(error))",
        "pass",
        partial(
            dialling.test_conn_06_a_refusal_reaches_the_caller_and_costs_nothing,
            shell=Pool,
            step=b"SELECT",
            refusal=b"-ERR DB index is out of range\r\n",
            kind=dialling.HandshakeFailed,
        ),
    ),
    Fault(
        "a server that hangs up at the end of the handshake is not noticed",
        *(Stream, "connect"),
        "if self.end is not None:",
        "if False:",
        dialling.test_pool_12_a_server_that_hangs_up_right_after_the_handshake_fails_the_dial,
    ),
    Fault(
        "a dial does not wait for the socket that it replaces",
        *(Stream, "connect"),
        "await asyncio.sleep(0)",
        "pass",
        partial(
            acquiring.test_pool_01_a_socket_is_closed_before_the_one_that_replaces_it_is_opened,
            monkeypatch=pytest.MonkeyPatch(),
        ),
    ),
    Fault(
        "commands do not wait for the handshake",
        *(Stream, "_shake_hands"),
        "for reply in await asyncio.gather(first, *others, return_exceptions=True):",
        "for reply in ():",
        partial(
            dialling.test_conn_05_no_command_is_sent_before_the_last_step_has_succeeded,
            shell=Multiplexer,
            answers=0,
        ),
    ),
    Fault(
        "the end of a connection is first heard of when its socket is closed",
        *(Stream, "eof_received"),
        'self.abort(ConnectionLost, "the server closed the connection")',
        "pass",
        connections.test_pool_12_a_connection_whose_end_has_been_read_is_out_of_the_pool_that_turn,
    ),
    Fault(
        "a reply is given to a caller that is gone",
        *(Stream, "_settle"),
        "if call.done():",
        "if False:",
        connections.test_conn_02_a_connection_whose_late_reply_has_come_is_whole_again,
    ),
    Fault(
        "replies that nobody asked for are overlooked",
        *(Stream, "_settle"),
        "if len(calls) < len(replies):",
        "if False:",
        partial(
            connections.test_conn_04_data_that_nobody_asked_for_closes_an_idle_connection, stray=b"+STRAY\r\n"
        ),
    ),
    Fault(
        "part of a reply that nobody asked for is overlooked",
        *(Stream, "buffer_updated"),
        "if not self.listens():",
        "if False:",
        partial(
            connections.test_conn_04_data_that_follows_a_reply_unasked_closes_the_connection, stray=b"+STR"
        ),
    ),
    Fault(
        "part of a message counts as part of a reply",
        *(Connection, "listens"),
        "not self.session.clean",
        "False",
        partial(listening.test_mux_08_a_message_may_come_in_pieces, protocol=2),
    ),
    Fault(
        "the pool is not told of a connection's end",
        *(Connection, "ended"),
        "self._lost(self)",
        "pass",
        connections.test_pool_12_a_connection_that_the_server_closed_while_idle_is_not_lent,
    ),
    Fault(
        "nobody writes down what a command leaves behind",
        *(Connection, "execute"),
        "self.session.sent(command)",
        "pass",
        partial(leases.test_conn_08_a_connection_on_which_something_is_left_is_closed, commands=[("MULTI",)]),
    ),
    Fault(
        "nobody writes down what was refused",
        *(Connection, "_settle"),
        "if self._asked:",
        "if False:",
        leases.test_conn_08_what_the_server_refused_to_undo_is_left,
    ),
    Fault(
        "a refusal counts only while its caller waits",
        *(Connection, "_settle"),
        "if self._asked:",
        "if self._asked and self.calls and not self.calls[0].done():",
        leases.test_conn_08_what_is_refused_after_the_caller_has_gone_is_left_too,
    ),
    Fault(
        "a blocking command has no more time than others",
        *(Connection, "_admit"),
        " + blocks_seconds",
        "",
        limits.test_call_01_a_command_that_blocks_for_ever_has_no_limit,
    ),
    Fault(
        "a command may be sent before the reply to the last",
        *(Connection, "_admit"),
        "if self.calls:",
        "if False:",
        connections.test_a_second_command_before_the_first_reply_is_misuse,
    ),
    Fault(
        "after its limit a reply is not owed any more",
        *(Connection, "expire"),
        "for call in dict.fromkeys(self.calls):",
        "for call in [self.calls.popleft()]:",
        limits.test_conn_02_after_its_limit_the_reply_stays_owed_and_the_connection_is_not_lent_again,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(fault, monkeypatch)
