"""What leader and follower share: the calls, two queues and two locks, and what must hold of them.

A state is (calls, writer, reader): who has which lock, or NONE, and of each call

    phase    where its thread stands in the protocol (models/combining.py)
    place    where its command is: nowhere (""), in the backlog, in flight, or in the hand of the writer or
             of the reader, who takes it out of one queue before it is in the next or has its outcome
    owed     whether the server will answer it, or has and nobody has read that yet
    outcome  none (""), settled or expired; the reply to an expired call is read and dropped
    woken    whether a wake-up is waiting for the thread; a second one adds nothing
    target   the call that the thread has in its hand, or will wake

The last three invariants are those that hang a program when they break: a command that nobody writes, a
reply that nobody reads, a caller that nobody wakes. That a caller's limit may expire is no excuse.
"""

from collections.abc import Callable
from typing import NamedTuple

from .explore import put

NONE = -1
WRITING = "writing", "queueing", "written", "failing"
READING = "reading", "settling", "telling", "lost", "failing"


class Call(NamedTuple):
    """One call: its thread and its command."""

    phase: str = "new"
    place: str = ""
    owed: bool = False
    outcome: str = ""
    woken: bool = False
    target: int = NONE


class State(NamedTuple):
    """All calls, and who has which lock."""

    calls: tuple[Call, ...]
    writer: int = NONE
    reader: int = NONE


def lying(state: State, place: str) -> list[int]:
    """The calls whose commands are there."""
    return [one for one, call in enumerate(state.calls) if call.place == place]


def back(state: State, reader: int) -> str:
    """Where a reader goes on that has dealt with one call: it has taken `writing` if it fails them."""
    return "failing" if state.writer == reader else "reading"


def go(state: State, me: int, phase: str, target: int = NONE) -> State:
    calls, writer, reader = state
    return State(put(calls, me, calls[me]._replace(phase=phase, target=target)), writer, reader)


def put_down(state: State, one: int, place: str) -> State:
    """The command of `one` is now there; a reply is owed to it only as long as it is in flight."""
    calls, writer, reader = state
    return State(put(calls, one, calls[one]._replace(place=place, owed=False)), writer, reader)


def owing(state: State, ones: list[int]) -> State:
    """Replies will come to these calls, and to no others."""
    calls = tuple(call._replace(owed=one in ones) for one, call in enumerate(state.calls))
    return state._replace(calls=calls)


def end(state: State, one: int, outcome: str) -> State:
    """The outcome of `one`, unless it has one."""
    calls, writer, reader = state
    return State(put(calls, one, calls[one]._replace(outcome=calls[one].outcome or outcome)), writer, reader)


def wake(state: State, one: int, woken: bool = True) -> State:
    calls, writer, reader = state
    return State(put(calls, one, calls[one]._replace(woken=woken)), writer, reader)


def renamed(state: State, order: list[int]) -> State:
    """The same state, but call `order[i]` is called `i`."""
    name = {NONE: NONE} | {old: new for new, old in enumerate(order)}
    calls = tuple(state.calls[old]._replace(target=name[state.calls[old].target]) for old in order)
    return State(calls, name[state.writer], name[state.reader])


# What holds in every state.


def one_writer(state: State) -> bool:
    """MUX-01: nobody writes without the lock, and it is kept only by who writes, or fails what is lost."""
    keeps = (*WRITING, "settling", "telling")
    return all(state.writer == me for me, call in enumerate(state.calls) if call.phase in WRITING) and (
        state.writer == NONE or state.calls[state.writer].phase in keeps
    )


def one_reader(state: State) -> bool:
    """MUX-01: who reads has the lock, and who has the lock reads; so there are never two readers."""
    return all((state.reader == me) == (call.phase in READING) for me, call in enumerate(state.calls))


def nothing_mislaid(state: State) -> bool:
    """CALL-02: until a call has its outcome, its command is in a queue, or in the hand of who moves it."""
    held = {"writer": (state.writer, "queueing"), "reader": (state.reader, "settling")}
    for one, (phase, place, _, outcome, _, _) in enumerate(state.calls):
        if place in held:
            holder, moving = held[place]
            if holder == NONE or state.calls[holder].phase != moving or state.calls[holder].target != one:
                return False
        elif not (place or outcome or phase == "new"):
            return False
    return True


def in_step(state: State) -> bool:
    """MUX-01, MUX-06, MUX-08: a reply comes to all that is in flight, unsent or lost things aside."""
    reader = state.reader != NONE and (
        state.calls[state.reader].phase == "lost" or state.reader == state.writer
    )
    writer = state.writer != NONE and state.calls[state.writer].phase in ("writing", "queueing")
    return all(
        call.owed == (call.place == "in flight") or (not call.owed and (reader or writer))
        for call in state.calls
    )


def somebody_writes(state: State) -> bool:
    """CALL-02: while there is a backlog, somebody writes, or will look at it again."""
    return (
        not lying(state, "backlog")
        or state.reader == state.writer != NONE
        or any(
            call.phase in ("appended", "willing", "writing", "queueing", "written") for call in state.calls
        )
    )


def somebody_reads(state: State) -> bool:
    """CALL-02: while anybody sleeps who has no outcome yet, somebody is awake who reads or finds who does."""
    asleep = [call for call in state.calls if call.phase == "parked" and not call.woken]
    return all(call.outcome for call in asleep) or any(
        call not in asleep
        and call.phase not in ("new", "out")
        and (call.phase != "promoting" or not state.calls[call.target].outcome)
        for call in state.calls
    )


def nobody_overslept(state: State) -> bool:
    """CALL-02: who sleeps, or is about to, and has its outcome is woken or will be by the reader."""
    return all(
        call.woken
        or not call.outcome
        or (state.reader != NONE and state.calls[state.reader][::5] == ("telling", me))
        for me, call in enumerate(state.calls)
        if call.phase in ("unserved", "parked")
    )


INVARIANTS: dict[str, Callable[[State], bool]] = {
    "OneWriter": one_writer,
    "OneReader": one_reader,
    "NothingMislaid": nothing_mislaid,
    "InStep": in_step,
    "SomebodyWrites": somebody_writes,
    "SomebodyReads": somebody_reads,
    "NobodyOverslept": nobody_overslept,
}
