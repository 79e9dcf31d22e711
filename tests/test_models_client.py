"""The client model: blocking work never delays shared work, and where it does it is noticed."""

import pytest

from poolproof.models import Client, Multiplexer, Pool, edges, explore, starvation
from poolproof.models import faults_waiting as planted
from poolproof.models.faults_waiting import CLIENT_FAULTS, STARVING_CLIENTS
from poolproof.models.liveness import EVERY_SHARED_CALL_IS_SETTLED

# The shortest run to each fault, in steps, with 2 callers that share, 1 that blocks, and 1 connection each.
STEPS_TO_FAULT: dict[type[Client], int] = {
    planted.BlockingIsShared: 1,  # a blocking command is the server's next, and there is nothing to serve
    planted.ReaderWaits: 4,  # one command blocks, while the reply to another one is there
    planted.SharedBorrows: 2,
}


@pytest.mark.parametrize(
    ("size", "states", "transitions", "depth"),
    [
        ((1, 1, 1, 1, 1), 90, 333, 8),
        ((2, 1, 1, 1, 2), 1_188, 5_704, 13),
        ((2, 2, 1, 1, 2), 3_564, 20_578, 14),
        ((1, 2, 1, 2, 2), 1_296, 6_870, 13),
    ],
)
def test_every_invariant_holds_in_every_state(
    size: tuple[int, int, int, int, int], states: int, transitions: int, depth: int
) -> None:
    exploration = explore(Client(*size))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_the_two_halves_are_independent() -> None:
    pools = explore(Pool(2, 1)).states
    multiplexers = explore(Multiplexer(2, 1, 2)).states
    assert explore(Client(2, 2, 1, 1, 2)).states == {
        (pool, shared) for pool in pools for shared in multiplexers
    }


def test_no_state_offers_a_label_twice() -> None:
    model = Client(2, 2, 1, 1, 1)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


@pytest.mark.parametrize("fault", CLIENT_FAULTS)
def test_every_fault_is_found_by_a_shortest_run(fault: type[Client]) -> None:
    found = explore(fault(2, 1, 1, 1, 1)).counterexample
    assert found is not None
    assert (found.broken, len(found.trace)) == (CLIENT_FAULTS[fault], STEPS_TO_FAULT[fault])


def test_mux_04_a_shared_call_is_settled_though_no_blocking_one_ever_is() -> None:
    assert starvation(Client(2, 2, 1, 1, 2), EVERY_SHARED_CALL_IS_SETTLED) is None


@pytest.mark.parametrize("fault", STARVING_CLIENTS)
def test_mux_04_a_shared_call_that_waits_for_blocking_work_is_found(fault: type[Client]) -> None:
    assert starvation(fault(2, 1, 1, 1, 1), EVERY_SHARED_CALL_IS_SETTLED) is not None
