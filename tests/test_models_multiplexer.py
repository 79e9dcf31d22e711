"""The multiplexer model: right at every size that is tried, and none of its planted faults goes unnoticed."""

from itertools import permutations

import pytest

from poolproof.models import MULTIPLEXER_FAULTS, Multiplexer, edges, explore, starvation
from poolproof.models import faults as planted
from poolproof.models.liveness import EVERY_CALL_IS_SETTLED
from poolproof.models.multiplexer import INVARIANTS, State, renamed

ACTIONS = {"Send", "Serve", "Receive", "Cancel", "Disconnect", "Reconnect", "Done"}

# The shortest run to each fault, in steps, with 2 callers, 2 requests each and 2 connections.
STEPS_TO_FAULT: dict[type[Multiplexer], int] = {
    planted.ReplyToLast: 4,  # two requests are written, and the first is served and answered
    planted.NoTombstone: 2,
    planted.LiveTombstone: 2,
    planted.StaleReplies: 4,  # a request is written and served, and the connection is lost and made again
    planted.StaleTombstones: 3,
    planted.ForgottenCallers: 2,
}


@pytest.mark.parametrize(
    ("callers", "requests", "connections", "states", "transitions", "depth"),
    [
        (1, 1, 1, 10, 21, 4),
        (1, 3, 2, 92, 252, 11),
        (2, 2, 2, 1_196, 4_320, 14),
        (2, 2, 3, 1_794, 6_482, 16),
        (3, 1, 2, 1_140, 4_158, 12),
        (2, 3, 2, 7_636, 30_264, 20),
        (3, 2, 2, 56_792, 252_260, 21),
    ],
)
def test_every_invariant_holds_in_every_state(
    callers: int, requests: int, connections: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Multiplexer(callers, requests, connections))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


@pytest.mark.parametrize(
    ("callers", "requests", "connections", "states", "transitions", "depth"),
    [(2, 2, 2, 608, 2_179, 14), (4, 1, 2, 636, 2_599, 16), (5, 1, 2, 1_692, 7_916, 20)],
)
def test_every_invariant_holds_in_every_canonical_state(
    callers: int, requests: int, connections: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Multiplexer(callers, requests, connections), symmetric=True)
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_renaming_the_callers_of_canonical_states_yields_every_state() -> None:
    canonical = explore(Multiplexer(3, 1, 2), symmetric=True).states
    orders = [list(order) for order in permutations(range(3))]
    unfolded = {renamed(state, order) for state in canonical for order in orders}
    assert unfolded == explore(Multiplexer(3, 1, 2)).states


def test_the_canonical_state_is_the_same_for_all_names_of_the_callers() -> None:
    model = Multiplexer(3, 1, 2)
    orders = [list(order) for order in permutations(range(3))]
    for state in explore(model).states:
        assert {model.canonical(renamed(state, order)) for order in orders} == {model.canonical(state)}


def test_every_action_happens() -> None:
    model = Multiplexer(2, 2, 2)
    happened = {name for _, (name, *_), _ in edges(model, explore(model).states)}
    assert happened == ACTIONS


def test_no_state_offers_a_label_twice() -> None:
    model = Multiplexer(2, 2, 2)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


class NobodyIsAnswered(Multiplexer):
    """Claims an invariant that no multiplexer should have."""

    def violated(self, state: State) -> str | None:
        callers, *_ = state
        return "NobodyIsAnswered" if any(reply for _, _, reply in callers) else None


def test_an_impossible_invariant_is_refuted() -> None:
    found = explore(NobodyIsAnswered(2, 2, 2)).counterexample
    assert found is not None
    assert [action for action, _ in found.trace] == [("Send", 0), ("Serve",), ("Receive",)]


def test_mux_02_a_tombstone_takes_up_the_reply_to_a_cancelled_request() -> None:
    model = Multiplexer(2, 1, 1)
    state = model.initial()
    for action in (
        ("Send", 0),
        ("Send", 1),
        ("Cancel", 0),
        ("Serve",),
        ("Serve",),
        ("Receive",),
        ("Receive",),
    ):
        state = dict(model.actions(state))[action]
    assert state[0] == (("out", 1, ()), ("out", 1, (1, 1)))


@pytest.mark.parametrize("fault", MULTIPLEXER_FAULTS)
@pytest.mark.parametrize("symmetric", [False, True])
def test_every_fault_is_found_by_a_shortest_run(fault: type[Multiplexer], symmetric: bool) -> None:
    found = explore(fault(2, 2, 2), symmetric=symmetric).counterexample
    assert found is not None
    assert (found.broken, len(found.trace)) == (MULTIPLEXER_FAULTS[fault], STEPS_TO_FAULT[fault])


def test_every_invariant_has_a_fault_that_it_catches() -> None:
    assert set(MULTIPLEXER_FAULTS.values()) == set(INVARIANTS)


def test_call_02_every_call_is_settled_at_last() -> None:
    assert starvation(Multiplexer(2, 2, 2), EVERY_CALL_IS_SETTLED) is None


def test_call_02_a_call_that_nobody_is_told_about_is_found() -> None:
    assert starvation(planted.ForgottenCallers(2, 2, 2), EVERY_CALL_IS_SETTLED) is not None
