"""Pictures of state graphs: what is in them, as text."""

import pytest

from poolproof.models import Pool, explore
from poolproof.models.faults import OverCapacity
from poolproof.models.graph import graph


def test_every_state_is_a_box_and_every_step_is_on_an_arrow() -> None:
    text = graph(Pool(2, 1))
    found = explore(Pool(2, 1))
    arrows = [line for line in text.splitlines() if " -> " in line]
    assert text.count("fillcolor=") - 1 == len(found.states)  # one is the default
    assert sum(line.count(r"\n") + 1 for line in arrows) == found.transitions


def test_a_graph_of_canonical_states_is_smaller() -> None:
    assert len(graph(Pool(3, 1), symmetric=True)) < len(graph(Pool(3, 1)))


def test_a_broken_state_stands_out_and_says_what_is_broken() -> None:
    broken = [line for line in graph(OverCapacity(2, 1)).splitlines() if "tomato" in line]
    assert broken
    assert all('label="Capacity' in line for line in broken)


def test_a_graph_too_large_to_look_at_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 50 states"):
        graph(Pool(3, 2), limit=50)
