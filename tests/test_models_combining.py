"""The leader and follower model: right with one, two and three calls, and no planted fault goes unnoticed."""

from functools import cache
from itertools import permutations

import pytest

from poolproof.models import Counterexample, edges, explore
from poolproof.models import faults_combining as planted
from poolproof.models.combining import Combining
from poolproof.models.combining_state import INVARIANTS, Call, State, renamed
from poolproof.models.faults_combining import COMBINING_FAULTS
from poolproof.models.starvation import Promise, starvation

ACTIONS = {
    *(
        "Append",
        "FindBacklog",
        "FindNoBacklog",
        "LockWriting",
        "FindWriter",
        "Gather",
        "Skip",
        "Queue",
        "Send",
    ),
    *("UnlockWriting", "FindOutcome", "FindNoOutcome", "LockReading", "FindReader", "Wake", "Expire", "Push"),
    *("Receive", "Settle", "Tell", "Lose", "Fail", "UnlockReading", "FindNoReader", "Choose", "ChooseNobody"),
    *("Promote", "Done"),
}

# The number of calls that a fault needs to show, and its shortest run in steps.
STEPS_TO_FAULT: dict[type[Combining], tuple[int, int]] = {
    planted.OnlyReadersPromote: (3, 32),
    planted.NobodyPromotes: (2, 19),
    planted.ExpiredLeavesAtOnce: (3, 28),
    planted.ExpiredHeir: (2, 21),
    planted.NoSecondLook: (2, 10),
    planted.NoLookOnceSettled: (2, 14),
    planted.TwoWriters: (2, 6),
    planted.TwoReaders: (2, 16),
    planted.SentBeforeQueued: (1, 4),
    planted.PushSettles: (1, 11),
    planted.StaleReplies: (1, 13),
    planted.ForgottenInFlight: (2, 17),
    planted.Untold: (2, 17),
    planted.ToldBeforeSettled: (1, 12),
}


@pytest.mark.parametrize(
    ("calls", "states", "transitions", "depth"), [(1, 34, 41, 17), (2, 3_452, 7_274, 34)]
)
def test_every_invariant_holds_in_every_state(calls: int, states: int, transitions: int, depth: int) -> None:
    exploration = explore(Combining(calls))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


@pytest.mark.parametrize(
    ("calls", "states", "transitions", "depth"), [(2, 1_736, 3_655, 34), (3, 68_830, 208_352, 48)]
)
def test_every_invariant_holds_in_every_canonical_state(
    calls: int, states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Combining(calls), symmetric=True)
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_renaming_the_calls_of_canonical_states_yields_every_state() -> None:
    canonical = explore(Combining(2), symmetric=True).states
    orders = [list(order) for order in permutations(range(2))]
    assert {renamed(state, order) for state in canonical for order in orders} == explore(Combining(2)).states


def test_three_calls_that_differ_in_names_only_are_one_canonical_state() -> None:
    model = Combining(3)
    states = [state for state in explore(model, symmetric=True).states if promoting_and_twins(state)]
    assert states
    for state in states:
        assert {model.canonical(renamed(state, list(order))) for order in permutations(range(3))} == {state}


def promoting_and_twins(state: State) -> bool:
    """One call has to do with one of two that are otherwise alike: the hard case."""
    twins = len({call[:-1] for call in state.calls}) == 2
    return twins and any(call.target != -1 for call in state.calls)


def test_every_action_happens() -> None:
    model = Combining(2)
    assert {name for _, (name, *_), _ in edges(model, explore(model).states)} == ACTIONS


def test_no_state_offers_a_label_twice() -> None:
    model = Combining(2)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


def test_call_02_only_who_has_an_outcome_ever_leaves() -> None:
    gone = {
        call.outcome for state in explore(Combining(2)).states for call in state.calls if call.phase == "out"
    }
    assert gone == {"settled", "expired"}


class NobodySleepsWhoIsWoken(Combining):
    """Claims an invariant that no such protocol has."""

    def violated(self, state: State) -> str | None:
        asleep = [call for call in state.calls if call.phase == "parked" and call.woken]
        return "NobodySleepsWhoIsWoken" if asleep else None


def test_an_impossible_invariant_is_refuted() -> None:
    found = explore(NobodySleepsWhoIsWoken(2)).counterexample
    assert found is not None
    assert found.trace[-1][0][0] in ("Tell", "FindReader")


@cache
def counterexample(fault: type[Combining], calls: int) -> Counterexample[State] | None:
    return explore(fault(calls), symmetric=True).counterexample


@pytest.mark.parametrize("fault", COMBINING_FAULTS)
def test_every_fault_is_found_by_a_shortest_run(fault: type[Combining]) -> None:
    calls, steps = STEPS_TO_FAULT[fault]
    found = counterexample(fault, calls)
    assert found is not None
    assert (found.broken, len(found.trace)) == (COMBINING_FAULTS[fault], steps)


@pytest.mark.parametrize("fault", [fault for fault, (calls, _) in STEPS_TO_FAULT.items() if calls > 1])
def test_a_fault_does_not_show_with_one_call_less(fault: type[Combining]) -> None:
    calls, _ = STEPS_TO_FAULT[fault]
    assert counterexample(fault, calls - 1) is None


def test_every_invariant_has_a_fault_that_it_catches() -> None:
    assert set(COMBINING_FAULTS.values()) == set(INVARIANTS)


def test_the_first_prototype_hangs_when_the_last_one_awake_leaves_without_a_look() -> None:
    found = counterexample(planted.OnlyReadersPromote, 3)
    assert found is not None
    asleep = [call for call in found.trace[-1][1].calls if call.phase == "parked"]
    assert asleep == [Call(phase="parked", place="in flight", owed=True)]


# Threads run, and what is on its way is read. No limit need expire, no push come, no connection be lost.
NOT_FAIR = {"Append", "Expire", "Push", "Lose", "Done"}
EVERY_CALL_IS_SETTLED: Promise[State] = Promise(
    "EveryCallIsSettled",
    lambda state: state.calls[0].phase != "new" and not state.calls[0].outcome,
    dict.fromkeys(ACTIONS - NOT_FAIR, "runs"),
)
HANGING = [
    planted.NobodyPromotes,
    planted.ExpiredHeir,
    planted.NoSecondLook,
    planted.NoLookOnceSettled,
    planted.TwoWriters,
    planted.ForgottenInFlight,
]


@pytest.mark.parametrize("calls", [1, 2])
def test_call_02_every_call_is_settled_even_if_no_limit_ever_expires(calls: int) -> None:
    assert starvation(Combining(calls), EVERY_CALL_IS_SETTLED) is None


@pytest.mark.parametrize("fault", HANGING)
def test_two_calls_are_enough_for_a_fault_to_hang_one(fault: type[Combining]) -> None:
    assert starvation(fault(2), EVERY_CALL_IS_SETTLED) is not None
