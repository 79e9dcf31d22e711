"""The multiplexer in full: right at every size that is tried, and no planted fault goes unnoticed."""

import pytest

from poolproof.models import (
    Action,
    FullMultiplexer,
    Multiplexer,
    Steps,
    edges,
    explore,
    multiplexer,
    starvation,
)
from poolproof.models import faults_full as planted
from poolproof.models.faults_full import FULL_MULTIPLEXER_FAULTS
from poolproof.models.faults_waiting import STARVING_MULTIPLEXERS
from poolproof.models.full_multiplexer import PUSH, STEP_INVARIANTS, State
from poolproof.models.liveness import EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED

ACTIONS = {
    "Send",
    "Flush",
    "Serve",
    "Push",
    "Read",
    "Receive",
    "Cancel",
    "Disconnect",
    "DialFail",
    "Reconnect",
    "Close",
    "Done",
}
SMALL = (2, 2, 2, 1, 1)  # callers, requests each, connections, in flight, in the backlog

# The shortest run to each fault, in steps, at that size.
STEPS_TO_FAULT: dict[type[FullMultiplexer], int] = {
    planted.PushIsAReply: 5,
    planted.HalfReplyKept: 6,  # written, served, read half, and the connection is lost and made again
    planted.BacklogKept: 2,
    planted.BacklogForgotten: 2,
    planted.LastInFirstWritten: 4,
    planted.SentAgain: 3,
    planted.OpenedByUse: 2,
    planted.UnboundedInFlight: 4,
    planted.UnboundedBacklog: 5,
    planted.GivenUpIsWritten: 3,
}


def run(model: FullMultiplexer, *labels: Action) -> State:
    """The state after these steps."""
    state = model.initial()
    for label in labels:
        state = dict(model.actions(state))[label]
    return state


@pytest.mark.parametrize(
    ("size", "states", "transitions", "depth"),
    [
        ((1, 1, 1, 1, 1), 46, 153, 8),
        ((1, 2, 2, 1, 1), 270, 1_026, 11),
        ((2, 1, 2, 1, 1), 784, 3_256, 14),
        (SMALL, 5_336, 24_064, 20),
        ((2, 2, 2, 2, 1), 12_100, 60_268, 20),
        ((3, 1, 2, 2, 1), 11_776, 60_032, 20),
    ],
)
def test_every_invariant_holds_in_every_state(
    size: tuple[int, int, int, int, int], states: int, transitions: int, depth: int
) -> None:
    exploration = explore(FullMultiplexer(*size))
    assert exploration.counterexample is None
    assert exploration.exhausted
    assert (len(exploration.states), exploration.transitions, exploration.depth) == (
        states,
        transitions,
        depth,
    )


def test_mux_07_every_step_writes_in_turn() -> None:
    exploration = explore(Steps(FullMultiplexer(*SMALL), STEP_INVARIANTS))
    assert exploration.counterexample is None
    assert exploration.exhausted


def test_every_action_happens() -> None:
    model = FullMultiplexer(*SMALL)
    assert {name for _, (name, *_), _ in edges(model, explore(model).states)} == ACTIONS


def test_no_state_offers_a_label_twice() -> None:
    model = FullMultiplexer(*SMALL)
    exploration = explore(model)
    labels = {(state, action) for state, action, _ in edges(model, exploration.states)}
    assert len(labels) == exploration.transitions


def test_mux_08_a_push_between_two_replies_settles_nobody() -> None:
    written: list[Action] = [("Send", 0), ("Send", 1), ("Flush",), ("Flush",)]
    replies: list[Action] = [("Serve",), ("Push",), ("Serve",)]
    model = FullMultiplexer(2, 1, 1, max_in_flight=2, max_backlog=0)
    state = run(model, *written, *replies, *([("Read",), ("Receive",)] * 3))
    assert state.plain[0] == (("out", 1, (0, 1)), ("out", 1, (1, 1)))


def test_mux_05_at_the_bound_a_request_is_turned_away_connected_or_not() -> None:
    model = FullMultiplexer(3, 1, 2, max_in_flight=1, max_backlog=1)
    full = run(model, ("Send", 0), ("Flush",), ("Send", 1))
    without = run(model, ("Disconnect",), ("Send", 0), ("Send", 1))
    offered = {action for state in (full, without) for action, _ in model.actions(state)}
    assert ("Send", 2) not in offered


def test_call_04_what_is_given_up_in_the_backlog_is_dropped_although_nothing_fits_in_flight() -> None:
    model = FullMultiplexer(2, 1, 1, max_in_flight=1, max_backlog=1)
    state = run(model, ("Send", 0), ("Flush",), ("Send", 1), ("Cancel", 1), ("Flush",))
    assert (state.backlog, state.written) == ((), (1, 0))


def test_mux_06_the_first_half_of_a_message_is_gone_with_its_connection() -> None:
    model = FullMultiplexer(1, 1, 2, 1, 1)
    torn = run(model, ("Push",), ("Read",))
    assert torn.part == (PUSH,)
    assert dict(model.actions(torn))["Disconnect",].part == ()


def plainly(state: State, action: Action) -> list[Action]:
    """What the plain multiplexer does while the full one takes a step: to it, to send is to write."""
    match action:
        case ("Flush",):
            (caller, _), live = state.backlog[0]
            return [("Send", caller)] if live else []
        case ("Receive",):
            return [action] if state.part != (PUSH,) else []
        case "Cancel", caller:
            return (
                [action] if all(request[0] != caller or not live for request, live in state.backlog) else []
            )
        case ("Close",):
            return [("Disconnect",)] if state.plain[4] else []
        case ("Serve" | "Disconnect" | "Reconnect",):
            return [action]
        case _:
            return []


def seen(plain: multiplexer.State) -> list[object]:
    """Who is where in a plain state, without numbers: those of a full one count what it has accepted."""
    callers, in_flight, server, wire, up, epoch = plain
    waiting = [phase for phase, _, _ in callers]
    queues = [[caller for caller, _ in queue] for queue in (server, wire)]
    return [waiting, [(caller, live) for (caller, _), live in in_flight], queues, up, epoch]


def seen_plainly(state: State) -> list[object]:
    """The same of a full state: who waits in the backlog has not sent yet, and a push is nothing at all."""
    callers, in_flight, server, wire, up, epoch = state.plain
    backlog = {caller for (caller, _), live in state.backlog if live}
    callers = tuple(("out", 0, ()) if caller in backlog else each for caller, each in enumerate(callers))
    wire = tuple(item for item in (*state.part, *wire) if item != PUSH)
    return seen((callers, in_flight, server, wire, up, epoch))


def test_every_step_of_the_full_multiplexer_is_a_step_of_the_plain_one_or_none() -> None:
    plain, full = Multiplexer(2, 2, 2), FullMultiplexer(*SMALL)
    queue = [(full.initial(), plain.initial())]
    known = set(queue)
    for state, shadow in queue:  # which grows while it is read
        for action, after in full.actions(state):
            follower = shadow
            for label in plainly(state, action):
                follower = dict(plain.actions(follower))[label]
            assert seen(follower) == seen_plainly(after)
            if (after, follower) not in known:
                known.add((after, follower))
                queue.append((after, follower))


@pytest.mark.parametrize("fault", FULL_MULTIPLEXER_FAULTS)
def test_every_fault_is_found_by_a_shortest_run(fault: type[FullMultiplexer]) -> None:
    model, broken = fault(*SMALL), FULL_MULTIPLEXER_FAULTS[fault]
    found = explore(model).counterexample
    if broken in STEP_INVARIANTS:
        in_steps = explore(Steps(model, STEP_INVARIANTS)).counterexample
        assert in_steps is not None
        assert (in_steps.broken, len(in_steps.trace)) == (broken, STEPS_TO_FAULT[fault])
    else:
        assert found is not None
        assert (found.broken, len(found.trace)) == (broken, STEPS_TO_FAULT[fault])


def test_every_invariant_has_a_fault_that_it_catches() -> None:
    invariants = {*FullMultiplexer(*SMALL).invariants, *STEP_INVARIANTS}
    assert set(FULL_MULTIPLEXER_FAULTS.values()) == invariants


@pytest.mark.parametrize("size", [SMALL, (3, 1, 2, 1, 1)])
def test_call_02_every_call_is_settled_at_last(size: tuple[int, int, int, int, int]) -> None:
    assert starvation(FullMultiplexer(*size), EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED) is None


@pytest.mark.parametrize("fault", STARVING_MULTIPLEXERS)
def test_call_02_a_call_that_is_never_settled_is_found(fault: type[FullMultiplexer]) -> None:
    assert starvation(fault(2, 1, 1, 1, 1), EVERY_CALL_OF_FULL_MULTIPLEXER_IS_SETTLED) is not None
