"""What must happen sooner or later: the promises of the models to whoever waits.

An invariant says what never happens, and the surest way never to do wrong is to do nothing. So each model
also promises that whoever waits gets on. It depends on others, and each promise says on whom, by the steps
that it takes to be fair (see `starvation`):

    the pool          whoever has a connection, or is about to have one, gets on: a dial ends well or badly, a
                      caller takes what it was granted, a borrower gives back what it has borrowed
    the multiplexer   the server answers, and what it has answered is read; in full, the backlog is written,
                      and a new connection is made, or fails to be made
    the client        the same of the shared connection, and nothing of the pool: a blocking command may
                      remain unanswered for ever

Nothing has to be fair about those who come, cancel, break or close: they may do it again and again, and the
waiters still get on. This is what a queue is for: a pool that served the last waiter first would keep every
invariant of states, and starve the first.

Waiting is looked at from the side of one caller. Its number does not matter, so it is number 0.
"""

from collections.abc import Mapping

from . import client, full_multiplexer, full_pool, multiplexer, pool
from .starvation import Promise

OF_BORROWERS: Mapping[str, str] = dict.fromkeys(("DialOk", "DialFail", "Take", "Release"), "gets on")
OF_ENDS = {"Serve": "server", "Receive": "reader"}
OF_LINK = {
    **OF_ENDS,
    "Read": "reader",
    "Flush": "writer",
    "Reconnect": "dial",
    "DialFail": "dial",
}


def waits_in_pool(state: pool.State) -> bool:
    return state[0][0] == pool.WAITING


def waits_in_full_pool(state: full_pool.State) -> bool:
    return waits_in_pool(state[0])


def waits_for_reply(state: multiplexer.State) -> bool:
    return state[0][0][0] == "waiting"


EVERY_WAITER_GETS_ON: Promise[pool.State] = Promise(
    "EveryWaiterGetsOn",  # POOL-06: it is served, or leaves by itself, or is told that the pool is closed
    waits_in_pool,
    OF_BORROWERS,
)

EVERY_WAITER_OF_FULL_POOL_GETS_ON: Promise[full_pool.State] = Promise(
    "EveryWaiterGetsOn",  # POOL-06, LIFE-03: whatever grows old, and while the pool drains, too
    waits_in_full_pool,
    OF_BORROWERS,
)

EVERY_DRAIN_ENDS: Promise[full_pool.State] = Promise(
    "EveryDrainEnds",  # LIFE-03: the pool is closed at last, even if no limit is set
    lambda state: state[1],
    {**OF_BORROWERS, "Drained": "drain"},
)

EVERY_CALL_IS_SETTLED: Promise[multiplexer.State] = Promise(
    "EveryCallIsSettled",  # CALL-02: it is answered, or told that the connection is lost
    waits_for_reply,
    OF_ENDS,
)

EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED: Promise[full_multiplexer.State] = Promise(
    "EveryCallIsSettled",  # CALL-02, MUX-08: however many pushes come in between
    lambda state: waits_for_reply(state.plain),
    OF_LINK,
)

EVERY_SHARED_CALL_IS_SETTLED: Promise[client.State] = Promise(
    "EverySharedCallIsSettled",  # MUX-04: even if no blocking command is ever answered
    lambda state: waits_for_reply(state[1]),
    OF_ENDS,
)
