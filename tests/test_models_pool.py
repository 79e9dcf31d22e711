"""The pool model: right at every size that is tried, and none of its planted faults goes unnoticed."""

from itertools import permutations

import pytest

from poolproof.models import POOL_FAULTS, Pool, Steps, edges, explore, starvation
from poolproof.models import faults as planted
from poolproof.models.faults_waiting import STARVING_POOLS
from poolproof.models.liveness import EVERY_WAITER_GETS_ON
from poolproof.models.pool import INVARIANTS, STEP_INVARIANTS, WAITING, State, renamed

ACTIONS = {
    "Acquire",
    "DialOk",
    "DialFail",
    "Take",
    "Break",
    "Release",
    "Cancel",
    "IdleBreak",
    "Close",
    "Done",
}

# The shortest run to each fault, in steps, with 4 callers and a capacity of 2.
STEPS_TO_FAULT: dict[type[Pool], int] = {
    planted.DoubleIssue: 5,  # one connection lent, one being dialled, one waiter, and the first is returned
    planted.LeakedGrant: 6,  # the same, and the waiter is cancelled
    planted.LeakedDial: 2,
    planted.OverCapacity: 3,
    planted.LostWakeUp: 4,
    planted.IdleWhileWaiting: 5,
    planted.StaleWaiter: 4,
    planted.ForgottenWaiters: 4,
    planted.IdleAfterClose: 4,
    planted.LastInFirstServed: 5,  # two waiters, and a dial fails
}


@pytest.mark.parametrize(
    ("callers", "capacity", "states", "transitions", "depth"),
    [
        (1, 1, 9, 21, 4),
        (2, 1, 27, 88, 5),
        (2, 3, 78, 316, 7),
        (3, 2, 366, 1_875, 9),
        (4, 2, 1_254, 8_000, 10),
        (5, 3, 26_297, 218_710, 14),
    ],
)
def test_every_invariant_holds_in_every_state(
    callers: int, capacity: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Pool(callers, capacity))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


@pytest.mark.parametrize(
    ("callers", "capacity", "states", "transitions", "depth"),
    [(4, 2, 94, 552, 10), (5, 3, 489, 3_766, 14), (7, 3, 617, 5_902, 16), (8, 4, 3_218, 36_766, 20)],
)
def test_every_invariant_holds_in_every_canonical_state(
    callers: int, capacity: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Pool(callers, capacity), symmetric=True)
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_renaming_the_callers_of_canonical_states_yields_every_state() -> None:
    canonical = explore(Pool(4, 2), symmetric=True).states
    orders = [list(order) for order in permutations(range(4))]
    assert {renamed(state, order) for state in canonical for order in orders} == explore(Pool(4, 2)).states


def test_the_canonical_state_is_the_same_for_all_names_of_the_callers() -> None:
    model = Pool(4, 2)
    orders = [list(order) for order in permutations(range(4))]
    for state in explore(model).states:
        assert {model.canonical(renamed(state, order)) for order in orders} == {model.canonical(state)}


def test_every_action_happens() -> None:
    model = Pool(3, 2)
    happened = {name for _, (name, *_), _ in edges(model, explore(model).states)}
    assert happened == ACTIONS


def test_no_state_offers_a_label_twice() -> None:
    model = Pool(4, 2)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


def test_pool_05_every_step_serves_the_first_waiter() -> None:
    exploration = explore(Steps(Pool(4, 2), STEP_INVARIANTS))
    assert exploration.counterexample is None
    assert exploration.exhausted


class NobodyEverWaits(Pool):
    """Claims an invariant that no pool has."""

    def violated(self, state: State) -> str | None:
        _, _, _, waiting, _ = state
        return "NobodyEverWaits" if waiting else None


def test_an_impossible_invariant_is_refuted() -> None:
    found = explore(NobodyEverWaits(4, 2)).counterexample
    assert found is not None
    assert [action for action, _ in found.trace] == [("Acquire", 0), ("Acquire", 1), ("Acquire", 2)]


@pytest.mark.parametrize("fault", [fault for fault, broken in POOL_FAULTS.items() if broken in INVARIANTS])
@pytest.mark.parametrize("symmetric", [False, True])
def test_every_fault_of_a_state_is_found_by_a_shortest_run(fault: type[Pool], symmetric: bool) -> None:
    found = explore(fault(4, 2), symmetric=symmetric).counterexample
    assert found is not None
    assert (found.broken, len(found.trace)) == (POOL_FAULTS[fault], STEPS_TO_FAULT[fault])


@pytest.mark.parametrize(
    "fault", [fault for fault, broken in POOL_FAULTS.items() if broken in STEP_INVARIANTS]
)
def test_every_fault_of_a_step_is_found_by_a_shortest_run(fault: type[Pool]) -> None:
    found = explore(Steps(fault(4, 2), STEP_INVARIANTS)).counterexample
    assert found is not None
    assert (found.broken, len(found.trace)) == (POOL_FAULTS[fault], STEPS_TO_FAULT[fault])


def test_every_invariant_has_a_fault_that_it_catches() -> None:
    assert set(POOL_FAULTS.values()) == {*INVARIANTS, *STEP_INVARIANTS}


def test_a_queue_served_from_its_end_reaches_the_same_states_by_other_steps() -> None:
    first_in, last_in = Pool(4, 2), planted.LastInFirstServed(4, 2)
    states = explore(first_in).states
    assert explore(last_in).states == states
    assert set(edges(last_in, states)) != set(edges(first_in, states))


@pytest.mark.parametrize(("callers", "capacity"), [(2, 1), (3, 1), (4, 2)])
def test_pool_06_every_waiter_gets_on_at_last(callers: int, capacity: int) -> None:
    assert starvation(Pool(callers, capacity), EVERY_WAITER_GETS_ON) is None


@pytest.mark.parametrize("fault", STARVING_POOLS)
def test_pool_06_a_fault_that_starves_a_waiter_is_found(fault: type[Pool]) -> None:
    found = starvation(fault(3, 1), EVERY_WAITER_GETS_ON)
    assert found is not None
    assert all(callers[0] == WAITING for _, (callers, *_) in found.cycle)
