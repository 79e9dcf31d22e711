"""The checks of histories: a good history passes, and is caught as soon as one of its events is changed."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from poolproof.models.history import (
    Call,
    Holding,
    Operation,
    held_twice,
    linearization,
    out_of_order,
    wrong_reply,
)

# Two connections pass from hand to hand: c1 from a to b to a, and c2, which b keeps.
HOLDINGS = [
    Holding("a", "c1", 1, 4),
    Holding("b", "c2", 2, None),
    Holding("b", "c1", 5, 8),
    Holding("a", "c1", 9, 12),
]
CALLS = [
    Call("a", "a1", "a1"),
    Call("b", "b1", "b1"),
    Call("a", "a2", None),
    Call("b", "b2", "b2"),
    Call("a", "a3", "a3"),
]
EXECUTED = ["b1", "a1", "b2", "a3"]  # a2 was lost


def test_pool_02_a_connection_that_passes_from_hand_to_hand_is_held_once() -> None:
    assert held_twice(HOLDINGS) is None


@pytest.mark.parametrize(
    ("place", "changed"),
    [
        (0, Holding("a", "c1", 1, 6)),  # given back one event too late
        (0, Holding("a", "c1", 1, None)),  # never given back
        (2, Holding("b", "c1", 3, 8)),  # lent too early
        (2, Holding("b", "c2", 5, 8)),  # the other connection
    ],
)
def test_pool_02_one_changed_event_is_caught(place: int, changed: Holding) -> None:
    history = [*HOLDINGS[:place], changed, *HOLDINGS[place + 1 :]]
    found = held_twice(history)
    assert found is not None
    assert changed in found


def test_pool_02_the_order_of_recording_does_not_matter() -> None:
    doubled = [*HOLDINGS, Holding("c", "c1", 6, 7)]
    assert held_twice(reversed(doubled)) == held_twice(doubled) is not None


def test_conn_01_replies_that_go_to_who_asked_for_them_are_right() -> None:
    assert wrong_reply(CALLS) is None


@pytest.mark.parametrize("place", [place for place, call in enumerate(CALLS) if call.got])
def test_conn_01_one_changed_reply_is_caught(place: int) -> None:
    changed = replace(CALLS[place], got="a2")
    assert wrong_reply([*CALLS[:place], changed, *CALLS[place + 1 :]]) == changed


def test_call_07_commands_may_be_lost_but_not_overtaken() -> None:
    assert out_of_order(CALLS, EXECUTED) is None


@pytest.mark.parametrize(
    ("executed", "found"),
    [
        (["b1", "a3", "b2", "a1"], "a1"),  # exchanged
        (["b1", "a1", "b2", "a1", "a3"], "a1"),  # executed again
        (["b1", "a1", "x1", "b2", "a3"], "x1"),  # sent by nobody
    ],
)
def test_call_07_one_changed_execution_is_caught(executed: list[str], found: str) -> None:
    assert out_of_order(CALLS, executed) == found


# Linearizability, on a machine that is a pool seen from outside: the set of connections that are lent.

Deed = tuple[str, str]
Lent = frozenset[str]


def lend(lent: Lent, deed: Deed) -> Lent | None:
    what, connection = deed
    if what == "acquire":
        return None if connection in lent else lent | {connection}
    return lent - {connection} if connection in lent else None


def operation(what: str, connection: str, begun: int, ended: int | None) -> Operation[Deed]:
    return Operation((what, connection), begun, ended)


#       a   ├─acquire─┤       ├─release─┤
#       b             ├──────acquire──────┤      ├─release─┤
OVERLAPPING = [
    operation("acquire", "c1", 1, 3),
    operation("acquire", "c1", 2, 7),
    operation("release", "c1", 4, 6),
    operation("release", "c1", 8, 9),
]


def test_operations_that_overlap_may_have_happened_in_either_order() -> None:
    order = linearization(OVERLAPPING, frozenset[str](), lend)
    assert order is not None
    assert [each.deed[0] for each in order] == ["acquire", "release", "acquire", "release"]


def test_an_operation_that_ended_before_another_began_came_first() -> None:
    ended_early = [OVERLAPPING[0], replace(OVERLAPPING[1], ended=3), *OVERLAPPING[2:]]
    assert linearization(ended_early, frozenset[str](), lend) is None


def test_an_operation_without_an_end_may_not_have_happened() -> None:
    hanging = [OVERLAPPING[0], operation("acquire", "c1", 2, None)]
    assert linearization(hanging, frozenset[str](), lend) == [OVERLAPPING[0]]


def test_an_operation_without_an_end_may_have_happened() -> None:
    hanging = [OVERLAPPING[0], operation("release", "c1", 4, None), operation("acquire", "c1", 5, 6)]
    assert linearization(hanging, frozenset[str](), lend) is not None


def test_a_history_of_nothing_is_fine() -> None:
    assert linearization([], frozenset[str](), lend) == []


@st.composite
def pool_histories(draw: st.DrawFn) -> list[Operation[Deed]]:
    """What a right pool of three connections does: each operation takes effect between its two events."""
    clock = count(1)
    idle, lent = deque(["c1", "c2", "c3"]), deque[str]()
    history: list[Operation[Deed]] = []
    for lending in draw(st.lists(st.booleans(), max_size=12)):
        source, target, what = (idle, lent, "acquire") if lending else (lent, idle, "release")
        if source:
            target.append(source.popleft())
            moment = 10 * next(clock)
            spread = draw(st.integers(1, 9)), draw(st.integers(1, 19))
            history.append(operation(what, target[-1], moment - spread[0], moment + spread[1]))
    return history


@given(pool_histories())
def test_what_a_right_machine_did_is_linearizable(history: list[Operation[Deed]]) -> None:
    order = linearization(history, frozenset[str](), lend)
    assert order is not None
    assert sorted(order, key=history.index) == history


@given(pool_histories())
def test_a_connection_that_is_issued_twice_is_caught(history: list[Operation[Deed]]) -> None:
    released = {each.deed[1] for each in history if each.deed[0] == "release"}
    kept = [each for each in history if each.deed[0] == "acquire" and each.deed[1] not in released]
    assume(kept)
    assert linearization([*history, kept[0]], frozenset[str](), lend) is None
