"""The command `explore`: what it prints, draws and ends with."""

import shutil
from pathlib import Path

import pytest

from .command_line import poolproof


def test_a_search_prints_what_it_counted() -> None:
    done = poolproof("explore", "pool", "--callers", "3", "--capacity", "2")
    assert done.returncode == 0
    assert "366 states, 1,875 transitions, depth 9" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pool", "--fault", "LostWakeUp"), "NoLostWakeUp does not hold: after\n  Acquire 0\n"),  # a state
        (("full-pool", "--fault", "DrainLetsIn"), "NobodyNew does not hold: after\n  Drain\n  Acquire 0"),
        (("full-multiplexer", "--fault", "PushesFirst"), "again and again\n  Push\n  Read\n  Receive\n"),
    ],
)
def test_a_planted_fault_is_told_as_a_run(arguments: tuple[str, ...], told: str) -> None:
    done = poolproof("explore", *arguments)
    assert done.returncode == 1
    assert told in done.stdout


@pytest.mark.parametrize(
    "model", ["pool", "full-pool", "multiplexer", "full-multiplexer", "client", "combining"]
)
def test_every_model_can_be_searched_thoroughly(model: str) -> None:
    done = poolproof("explore", model, "--requests", "1", "--thorough")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_search_that_gives_up_is_inconclusive() -> None:
    done = poolproof("explore", "pool", "--limit", "10")
    assert done.returncode == 2
    assert "there are more than 10 states" in done.stdout


@pytest.mark.parametrize(("model", "fault"), [("swimming-pool", "LostWakeUp"), ("pool", "TooCold")])
def test_an_unknown_name_is_answered_by_the_known_ones(model: str, fault: str) -> None:
    done = poolproof("explore", model, "--fault", fault)
    assert done.returncode == 3
    assert "these are: " in done.stderr


def test_a_graph_is_written_as_text_where_nothing_can_draw_it(tmp_path: Path) -> None:
    done = poolproof("explore", "pool", "--graph", "pool.svg", folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 0
    assert "written: pool.dot: graphviz, which would draw it, is not installed" in done.stdout
    assert (tmp_path / "pool.dot").read_text().startswith("digraph")


@pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
def test_a_graph_is_drawn_by_graphviz(tmp_path: Path) -> None:
    done = poolproof("explore", "pool", "--graph", "pool.svg", folder=tmp_path)
    assert done.returncode == 0
    assert "<svg" in (tmp_path / "pool.svg").read_text()


def test_a_graph_too_large_to_look_at_is_refused(tmp_path: Path) -> None:
    done = poolproof(
        "explore", "pool", "--callers", "5", "--capacity", "2", "--graph", "pool.dot", folder=tmp_path
    )
    assert done.returncode == 3
    assert "too many to draw" in done.stderr
