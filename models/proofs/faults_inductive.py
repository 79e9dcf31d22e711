"""Planted faults of the single steps: CrossHair must refute each of their contracts."""

from . import inductive_multiplexer as multiplexer
from . import inductive_pool as pool

OUT, WAITING, DIALLING, GRANTED, HOLDING = range(5)


def double_issue(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A returned connection is handed to a waiter and becomes idle as well.

    pre: pool.sound(callers, waiting, idle)
    pre: 0 <= me < pool.CALLERS and callers[me] == HOLDING
    post: pool.sound(*__return__)
    """
    left = pool.put(callers, me, OUT)
    if len(waiting) > 0:
        return pool.put(left, waiting[0], GRANTED), waiting[1:], idle + 1
    return left, waiting, idle + 1


def leaked_grant(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A caller is cancelled after a connection was granted to it; those who wait are not served.

    pre: pool.sound(callers, waiting, idle)
    pre: 0 <= me < pool.CALLERS and callers[me] == GRANTED
    post: pool.sound(*__return__)
    """
    return pool.put(callers, me, OUT), waiting, idle


def over_capacity(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    The room is overestimated by one.

    pre: pool.sound(callers, waiting, idle)
    pre: 0 <= me < pool.CALLERS and callers[me] == OUT
    post: pool.sound(*__return__)
    """
    if idle > 0:
        return pool.put(callers, me, HOLDING), waiting, idle - 1
    if pool.in_use(callers) <= pool.CAPACITY:
        return pool.put(callers, me, DIALLING), waiting, idle
    return pool.put(callers, me, WAITING), (*waiting, me), idle


def stale_waiter(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A caller is cancelled while it waits; it is still in the queue.

    pre: pool.sound(callers, waiting, idle)
    pre: 0 <= me < pool.CALLERS and callers[me] == WAITING
    post: pool.sound(*__return__)
    """
    return pool.put(callers, me, OUT), waiting, idle


def no_tombstone(
    in_flight: multiplexer.Entries, coming: multiplexer.Replies, request: int
) -> tuple[multiplexer.Entries, multiplexer.Replies]:
    """
    A caller is cancelled; its request is forgotten, but the reply still comes.

    pre: multiplexer.sound(in_flight, coming)
    post: multiplexer.sound(*__return__)
    """
    return tuple(entry for entry in in_flight if entry[0] != request), coming


def reply_to_last(
    in_flight: multiplexer.Entries, coming: multiplexer.Replies
) -> tuple[multiplexer.Entries, multiplexer.Replies, int, int]:
    """
    A reply goes to the youngest request in flight.

    pre: multiplexer.sound(in_flight, coming) and len(coming) > 0
    post: __return__[2] == __return__[3]
    """
    return in_flight[:-1], coming[1:], in_flight[-1][0], coming[0]


def stale_replies(
    in_flight: multiplexer.Entries, coming: multiplexer.Replies
) -> tuple[multiplexer.Entries, multiplexer.Replies]:
    """
    The connection is lost; replies that were on their way are read from the next one.

    pre: multiplexer.sound(in_flight, coming)
    post: multiplexer.sound(*__return__)
    """
    return in_flight[:0], coming


FAULTS = double_issue, leaked_grant, over_capacity, stale_waiter, no_tombstone, reply_to_last, stale_replies
