"""The multiplexer's step for up to five requests in flight, as CrossHair confirms it.

As in inductive_pool.py, each function is one action and states its inductive step as a contract. A request is
a number. `in_flight` holds those that are owed a reply, oldest first, each with whether its caller still
waits; `coming` holds the replies, those on the wire and those that the server still has to make, in order.
"""

from typing import TypeAlias

from . import Proved, crosshair

Entries: TypeAlias = tuple[tuple[int, bool], ...]
Replies: TypeAlias = tuple[int, ...]

LONGEST = 5


def sound(in_flight: Entries, coming: Replies) -> bool:
    """The k-th in flight is the one that the k-th reply to come will answer."""
    if len(in_flight) > LONGEST or len(in_flight) != len(coming):
        return False
    return all(entry[0] == reply for entry, reply in zip(in_flight, coming, strict=True))


def send(in_flight: Entries, coming: Replies, request: int) -> tuple[Entries, Replies]:
    """
    pre: sound(in_flight, coming) and len(in_flight) < LONGEST
    post: sound(*__return__)
    """
    return (*in_flight, (request, True)), (*coming, request)


def cancel(in_flight: Entries, coming: Replies, request: int) -> tuple[Entries, Replies]:
    """
    pre: sound(in_flight, coming)
    post: sound(*__return__)
    """
    return tuple((entry[0], False) if entry[0] == request else entry for entry in in_flight), coming


def receive(in_flight: Entries, coming: Replies) -> tuple[Entries, Replies, int, int]:
    """
    Also returned: the request that is given a reply, and the one whose reply it is.

    pre: sound(in_flight, coming) and len(coming) > 0
    post: sound(__return__[0], __return__[1])
    post: __return__[2] == __return__[3]
    """
    return in_flight[1:], coming[1:], in_flight[0][0], coming[0]


def lose(in_flight: Entries, coming: Replies) -> tuple[Entries, Replies]:
    """
    The connection is lost, and everything goes with it.

    pre: sound(in_flight, coming)
    post: sound(*__return__)
    """
    return in_flight[:0], coming[:0]


ACTIONS = send, cancel, receive, lose


def prove() -> list[Proved]:
    return crosshair.prove("multiplexer", f"in flight up to {LONGEST}", ACTIONS)
