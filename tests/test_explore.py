"""The search itself, on machines so small that every answer is known beforehand."""

from poolproof.models import Action, Model, Steps, edges, explore
from poolproof.models.explore import REPORTED


class Counter(Model[int]):
    """Counts up from 0 by one or by three; it goes no further than `end`, and must never show `forbidden`."""

    def __init__(self, end: int, forbidden: int | None = None, rests: bool = True) -> None:
        self.end = end
        self.forbidden = forbidden
        self.rests = rests

    def initial(self) -> int:
        return 0

    def actions(self, state: int) -> list[tuple[Action, int]]:
        steps: list[tuple[Action, int]] = [
            (("Add", more), state + more) for more in (1, 3) if state + more <= self.end
        ]
        return [(("Done",), state)] if self.rests and state == self.end else steps

    def violated(self, state: int) -> str | None:
        return "NeverShown" if state == self.forbidden else None


class Pair(Model[tuple[int, int]]):
    """Two counters that differ in their place only; together they must stay below five."""

    def initial(self) -> tuple[int, int]:
        return 0, 0

    def actions(self, state: tuple[int, int]) -> list[tuple[Action, tuple[int, int]]]:
        first, second = state
        return [(("Add", 0), (first + 1, second)), (("Add", 1), (first, second + 1))]

    def violated(self, state: tuple[int, int]) -> str | None:
        return "BelowFive" if sum(state) == 5 else None

    def canonical(self, state: tuple[int, int]) -> tuple[int, int]:
        return min(state), max(state)


def test_every_reachable_state_is_visited_once() -> None:
    exploration = explore(Counter(end=10))
    assert exploration.states == set(range(11))
    assert exploration.exhausted
    assert exploration.counterexample is None


def test_every_step_out_of_a_state_is_counted() -> None:
    model = Counter(end=10)
    exploration = explore(model)
    assert exploration.transitions == len(list(edges(model, exploration.states))) == 19


def test_depth_is_the_distance_of_the_farthest_state() -> None:
    assert explore(Counter(end=10)).depth == 4  # 8 = 3 + 3 + 1 + 1, and 10 = 3 + 3 + 3 + 1


def test_a_broken_invariant_is_reported_with_a_shortest_run() -> None:
    found = explore(Counter(end=10, forbidden=7)).counterexample
    assert found is not None
    assert found.broken == "NeverShown"
    assert found.trace == ((("Add", 1), 1), (("Add", 3), 4), (("Add", 3), 7))


def test_a_broken_initial_state_is_reported_with_an_empty_run() -> None:
    found = explore(Counter(end=10, forbidden=0)).counterexample
    assert found is not None
    assert found.trace == ()


def test_a_search_that_found_a_counterexample_is_not_exhausted() -> None:
    assert not explore(Counter(end=10, forbidden=10)).exhausted


def test_a_state_without_actions_is_a_deadlock() -> None:
    found = explore(Counter(end=2, rests=False)).counterexample
    assert found is not None
    assert found.broken == "Deadlock"
    assert found.trace == ((("Add", 1), 1), (("Add", 1), 2))


def test_done_is_an_intended_end() -> None:
    assert explore(Counter(end=2, rests=True)).counterexample is None


def test_the_limit_ends_an_endless_search() -> None:
    exploration = explore(Counter(end=10**9), limit=100)
    assert len(exploration.states) <= 102  # the last state visited has two successors
    assert not exploration.exhausted


def test_a_limit_that_suffices_changes_nothing() -> None:
    assert explore(Counter(end=10), limit=11) == explore(Counter(end=10))


def test_a_limit_one_too_low_is_noticed() -> None:
    assert not explore(Counter(end=10), limit=10).exhausted


def test_a_search_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    explore(Counter(end=20_000), listen=lambda states, transitions: told.append((states, transitions)))
    assert [states // REPORTED for states, _ in told] == [1, 2, 3]


def test_a_symmetric_search_visits_canonical_states_only() -> None:
    states = explore(Pair(), symmetric=True).states
    assert states == {state for state in states if state[0] <= state[1]}


def test_the_run_that_a_symmetric_search_reports_is_one_of_the_model() -> None:
    model = Pair()
    found = explore(model, symmetric=True).counterexample
    assert found is not None
    state = model.initial()
    for action, successor in found.trace:
        state = dict(model.actions(state))[action]
        assert state == successor
    assert model.violated(state) == found.broken


def test_an_invariant_of_steps_sees_both_ends_of_a_step() -> None:
    small = Steps(Counter(end=10), {"OneByOne": lambda before, after: after - before <= 1})
    found = explore(small).counterexample
    assert found is not None
    assert found.broken == "OneByOne"
    assert found.trace == ((("Add", 3), (0, 3)),)
