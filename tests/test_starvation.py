"""The search for starvation, on machines so small that every answer is known beforehand."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.models import Action, Lasso, Model, Promise, starvation


class Door(Model[str]):
    """Somebody stands `outside` of a door that opens and closes."""

    def __init__(self, steps: dict[str, dict[str, str]]) -> None:
        self.steps = steps

    def initial(self) -> str:
        return "outside, shut"

    def actions(self, state: str) -> list[tuple[Action, str]]:
        return [((name,), successor) for name, successor in self.steps[state].items()]

    def violated(self, state: str) -> str | None:  # noqa: ARG002
        return None


LIVELY = Door(
    {
        "outside, shut": {"Open": "outside, open"},
        "outside, open": {"Shut": "outside, shut", "Enter": "inside"},
        "inside": {"Stay": "inside"},
    }
)
STUCK = Door({"outside, shut": {"Knock": "outside, shut"}})
HESITANT = Door(
    {
        "outside, shut": {"Enter": "inside"},
        "inside": {"Leave": "outside, open"},
        "outside, open": {"Think": "outside, open", "Enter": "inside"},
    }
)


def entering(*fair: str) -> Promise[str]:
    return Promise(
        "EverybodyEnters", lambda state: state.startswith("outside"), {name: name for name in fair}
    )


def labels(steps: tuple[tuple[Action, str], ...]) -> list[str]:
    return [name for (name, *_), _ in steps]


def test_who_can_always_enter_and_never_does_has_himself_to_blame() -> None:
    assert starvation(HESITANT, entering("Enter")) is None


def test_if_nothing_need_happen_he_waits_for_ever() -> None:
    found = starvation(HESITANT, entering())
    assert found is not None
    assert (found.broken, labels(found.trace), labels(found.cycle)) == ("EverybodyEnters", [], [])


def test_a_door_that_shuts_again_and_again_is_no_help() -> None:
    found = starvation(LIVELY, entering("Open", "Enter"))
    assert found is not None
    assert labels(found.cycle) == ["Open", "Shut"]


def test_a_door_that_need_not_open_is_no_help_either() -> None:
    found = starvation(LIVELY, entering("Enter", "Shut"))
    assert found is not None
    assert labels(found.cycle) == []


def test_a_fair_step_that_leads_nowhere_is_taken_all_the_same() -> None:
    found = starvation(STUCK, entering("Knock"))
    assert found is not None
    assert labels(found.cycle) == ["Knock"]


def test_the_run_leads_to_where_the_cycle_begins() -> None:
    promise = Promise[str]("NobodyIsInside", lambda state: state == "inside", {"Stay": "Stay"})
    found = starvation(LIVELY, promise)
    assert found is not None
    assert (labels(found.trace), labels(found.cycle)) == (["Open", "Enter"], ["Stay"])


class Endless(Model[int]):
    def initial(self) -> int:
        return 0

    def actions(self, state: int) -> list[tuple[Action, int]]:
        return [(("Add",), state + 1)]

    def violated(self, state: int) -> str | None:  # noqa: ARG002
        return None


def test_a_machine_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 500000 states"):
        starvation(Endless(), Promise("Any", lambda _: True, {}))


# Machines at random, of up to five states, where what is found is checked by what a lasso is.


class Table(Model[int]):
    """Any small machine: of each state, its steps."""

    def __init__(self, steps: list[dict[str, int]]) -> None:
        self.steps = steps

    def initial(self) -> int:
        return 0

    def actions(self, state: int) -> list[tuple[Action, int]]:
        return [((name,), successor) for name, successor in self.steps[state].items()]

    def violated(self, state: int) -> str | None:  # noqa: ARG002
        return None


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, Promise[int]]:
    count = draw(st.integers(1, 5))
    steps = st.dictionaries(st.sampled_from("abcd"), st.integers(0, count - 1), max_size=3)
    table = Table(draw(st.lists(steps, min_size=count, max_size=count)))
    waiting = draw(st.sets(st.integers(0, count - 1)))
    fair = draw(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xy")))
    return table, Promise("Any", waiting.__contains__, fair)


def is_reproach(
    model: Table, promise: Promise[int], start: int, cycle: tuple[tuple[Action, int], ...]
) -> bool:
    """Whether all wait on this way from `start`, and no group is put off though it is always possible."""
    states = [start, *(state for _, state in cycle)]
    always = set[Action].intersection(*(promise.groups(model.actions(state)) for state in states))
    closed = states[-1] == start
    return closed and all(map(promise.waits, states)) and always <= promise.groups(cycle)


def follows(model: Table, state: int, steps: tuple[tuple[Action, int], ...]) -> int | None:
    """Where these steps lead from `state`; None if the machine can't take them."""
    for action, successor in steps:
        if (action, successor) not in model.actions(state):
            return None
        state = successor
    return state


def rounds(model: Table, state: int, length: int) -> list[tuple[tuple[Action, int], ...]]:
    """All ways of up to so many steps."""
    ways: list[list[tuple[tuple[Action, int], ...]]] = [[()]]
    for _ in range(length):
        ways.append(
            [(*way, step) for way in ways[-1] for step in model.actions(way[-1][1] if way else state)]
        )
    return list(chain(*ways))


@given(tables())
def test_what_is_found_is_a_run_of_the_machine_into_a_fair_cycle(case: tuple[Table, Promise[int]]) -> None:
    model, promise = case
    found: Lasso[int] | None = starvation(model, promise)
    if found:
        entry = follows(model, 0, found.trace)
        assert entry is not None
        assert follows(model, entry, found.cycle) == entry
        assert is_reproach(model, promise, entry, found.cycle)


@given(tables())
def test_where_nothing_is_found_no_short_cycle_is_a_reproach(case: tuple[Table, Promise[int]]) -> None:
    model, promise = case
    if starvation(model, promise) is None:
        for way in rounds(model, 0, 3):
            start = way[-1][1] if way else 0
            assert not any(is_reproach(model, promise, start, cycle) for cycle in rounds(model, start, 4))
