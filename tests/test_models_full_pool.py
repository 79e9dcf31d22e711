"""The pool in full: right at every size that is tried, a pool still, and no planted fault goes unnoticed."""

import pytest

from poolproof.models import Action, FullPool, Pool, Steps, edges, explore
from poolproof.models import faults_full as planted
from poolproof.models import faults_waiting as endless
from poolproof.models.faults_full import FULL_POOL_FAULTS
from poolproof.models.full_pool import INVARIANTS, STEP_INVARIANTS, State
from poolproof.models.liveness import EVERY_DRAIN_ENDS, EVERY_WAITER_OF_FULL_POOL_GETS_ON
from poolproof.models.starvation import Promise, starvation

NEW_ACTIONS = {"Age", "Expire", "Drain", "Drained"}

# The shortest run to each fault, in steps, with 4 callers and a capacity of 2.
STEPS_TO_FAULT: dict[type[FullPool], int] = {
    planted.AgeClosesInUse: 4,
    planted.ReplacedInUse: 4,
    planted.DrainForgetsWaiters: 6,
    planted.DrainKeepsIdle: 4,
    planted.InheritedAge: 4,
    planted.ExpiredIsLent: 5,  # dialled, returned, too old, and lent again
    planted.OldIsPassedOn: 6,
    planted.DrainLetsIn: 2,
    planted.DrainTurnsAway: 4,
}


@pytest.mark.parametrize(
    ("callers", "capacity", "states", "transitions", "depth"),
    [
        (1, 1, 18, 58, 5),
        (2, 1, 69, 287, 7),
        (2, 3, 225, 1_205, 9),
        (3, 2, 1_479, 9_558, 12),
        (4, 2, 6_343, 47_501, 13),
    ],
)
def test_every_invariant_holds_in_every_state(
    callers: int, capacity: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(FullPool(callers, capacity))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_every_invariant_holds_in_every_canonical_state() -> None:
    exploration = explore(FullPool(5, 3), symmetric=True)
    assert exploration.counterexample is None
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (3_145, 29_497, 18)


def test_every_invariant_holds_of_every_step() -> None:
    exploration = explore(Steps(FullPool(4, 2), STEP_INVARIANTS))
    assert exploration.counterexample is None
    assert exploration.exhausted


def test_every_new_action_happens_beside_all_those_of_the_plain_pool() -> None:
    plain, full = Pool(3, 2), FullPool(3, 2)
    known = {name for _, (name, *_), _ in edges(plain, explore(plain).states)}
    assert {name for _, (name, *_), _ in edges(full, explore(full).states)} == known | NEW_ACTIONS


def test_no_state_offers_a_label_twice() -> None:
    model = FullPool(4, 2)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


def plainly(state: State, action: Action, after: State) -> list[Action]:
    """What the plain pool does while the full pool takes a step."""
    plain, *_ = state
    match action:
        case ("Age", _):
            return []
        case "Expire", slot:
            return [("IdleBreak", slot)]
        case ("Drain",):
            return [("IdleBreak", slot) for slot in plain[2]]
        case ("Drained",):
            return [("Close",)]
        case "Release" | "Cancel", caller:
            phase, slot = plain[0][caller]
            if phase not in ("holding", "granted") or plain[4] or after[0][1][slot] in ("lent", "idle"):
                return [action]
            took: list[Action] = [("Take", caller)] if phase == "granted" else []
            return [*took, ("Break", caller), ("Release", caller)]
        case _:
            return [action]


def test_every_step_of_the_full_pool_is_some_steps_of_the_plain_one() -> None:
    plain, full = Pool(4, 2), FullPool(4, 2)
    for state, action, after in edges(full, explore(full).states):
        reached, *_ = state
        for step in plainly(state, action, after):
            reached = dict(plain.actions(reached))[step]
        assert reached == after[0]


def test_a_full_pool_where_nothing_is_old_and_nobody_drains_is_a_plain_one() -> None:
    young = {plain for plain, draining, old in explore(FullPool(4, 2)).states if not (draining or any(old))}
    assert young == explore(Pool(4, 2)).states


@pytest.mark.parametrize("fault", FULL_POOL_FAULTS)
def test_every_fault_is_found_by_a_shortest_run(fault: type[FullPool]) -> None:
    model, broken = fault(4, 2), FULL_POOL_FAULTS[fault]
    found = explore(model).counterexample
    if broken in STEP_INVARIANTS:
        assert found is None
        in_steps = explore(Steps(model, STEP_INVARIANTS)).counterexample
        assert in_steps is not None
        assert (in_steps.broken, len(in_steps.trace)) == (broken, STEPS_TO_FAULT[fault])
    else:
        assert found is not None
        assert (found.broken, len(found.trace)) == (broken, STEPS_TO_FAULT[fault])


def test_every_new_invariant_has_a_fault_that_it_catches() -> None:
    new = {"NothingKept", "AgesOfConnections", *STEP_INVARIANTS} - {"InOrder"}
    assert new <= set(FULL_POOL_FAULTS.values()) <= {*INVARIANTS, *STEP_INVARIANTS}


@pytest.mark.parametrize("promise", [EVERY_WAITER_OF_FULL_POOL_GETS_ON, EVERY_DRAIN_ENDS])
@pytest.mark.parametrize(("callers", "capacity"), [(3, 1), (4, 2)])
def test_nobody_starves_and_every_drain_ends(promise: Promise[State], callers: int, capacity: int) -> None:
    assert starvation(FullPool(callers, capacity), promise) is None


@pytest.mark.parametrize("fault", endless.STARVING_FULL_POOLS)
def test_pool_06_a_fault_that_starves_a_waiter_is_found(fault: type[FullPool]) -> None:
    assert starvation(fault(3, 1), EVERY_WAITER_OF_FULL_POOL_GETS_ON) is not None


@pytest.mark.parametrize("fault", endless.ENDLESS_DRAINS)
def test_life_03_a_drain_that_does_not_end_is_found(fault: type[FullPool]) -> None:
    assert starvation(fault(3, 1), EVERY_DRAIN_ENDS) is not None
