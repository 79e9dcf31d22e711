"""The pool's step for four callers and two connections, as CrossHair confirms it.

A third text of the same machine, for another prover: plain Python over integers, in which CrossHair follows
every path with symbolic values. Each function is one action and states its inductive step as a contract: from
any sound state, reachable or not, it leads to a sound state. Connections have no names here: those lent and
being dialled are counted by their callers, those idle by `idle`. `waiting` is the queue, first come first.

A contract that was not refuted is not yet confirmed: only "Confirmed over all paths." counts (crosshair.py).
"""

from . import Proved, crosshair

CALLERS, CAPACITY = 4, 2
OUT, WAITING, DIALLING, GRANTED, HOLDING = range(5)


def sound(callers: tuple[int, ...], waiting: tuple[int, ...], idle: int) -> bool:
    """Capacity, no lost wake-up, and everybody who waits is queued once; cheap questions first."""
    if len(callers) != CALLERS or len(waiting) > CALLERS or idle < 0:
        return False
    used = idle
    for phase in callers:
        if not OUT <= phase <= HOLDING:
            return False
        if phase >= DIALLING:
            used += 1
    if used > CAPACITY or (len(waiting) > 0 and (idle > 0 or used < CAPACITY)):
        return False
    if len(waiting) != len([phase for phase in callers if phase == WAITING]):
        return False
    for caller in waiting:
        if not 0 <= caller < CALLERS or callers[caller] != WAITING:
            return False
    return len(waiting) < 2 or len(set(waiting)) == len(waiting)


def acquire(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    pre: sound(callers, waiting, idle)
    pre: 0 <= me < CALLERS and callers[me] == OUT
    post: sound(*__return__)
    """
    if idle > 0:
        return put(callers, me, HOLDING), waiting, idle - 1
    if in_use(callers) < CAPACITY:
        return put(callers, me, DIALLING), waiting, idle
    return put(callers, me, WAITING), (*waiting, me), idle


def resume(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A dial has succeeded, or a granted connection is taken.

    pre: sound(callers, waiting, idle)
    pre: 0 <= me < CALLERS and (callers[me] == DIALLING or callers[me] == GRANTED)
    post: sound(*__return__)
    """
    return put(callers, me, HOLDING), waiting, idle


def give_back(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A healthy connection comes back: it is released, or its grant is cancelled.

    pre: sound(callers, waiting, idle)
    pre: 0 <= me < CALLERS and (callers[me] == HOLDING or callers[me] == GRANTED)
    post: sound(*__return__)
    """
    left = put(callers, me, OUT)
    if len(waiting) > 0:
        return put(left, waiting[0], GRANTED), waiting[1:], idle
    return left, waiting, idle + 1


def discard(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    A connection is gone, or has never been: it broke, or its dial failed or was cancelled.

    pre: sound(callers, waiting, idle)
    pre: 0 <= me < CALLERS and (callers[me] == HOLDING or callers[me] == DIALLING)
    post: sound(*__return__)
    """
    left = put(callers, me, OUT)
    if len(waiting) > 0:
        return put(left, waiting[0], DIALLING), waiting[1:], idle
    return left, waiting, idle


def cancel(
    callers: tuple[int, ...], waiting: tuple[int, ...], idle: int, me: int
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """
    pre: sound(callers, waiting, idle)
    pre: 0 <= me < CALLERS and callers[me] == WAITING
    post: sound(*__return__)
    """
    return put(callers, me, OUT), tuple(caller for caller in waiting if caller != me), idle


ACTIONS = discard, give_back, cancel, resume, acquire  # the slowest first


def prove() -> list[Proved]:
    return crosshair.prove("pool", f"{CALLERS} callers, {CAPACITY} connections", ACTIONS)


def put(callers: tuple[int, ...], me: int, phase: int) -> tuple[int, ...]:
    return (*callers[:me], phase, *callers[me + 1 :])


def in_use(callers: tuple[int, ...]) -> int:
    return len([phase for phase in callers if phase >= DIALLING])
