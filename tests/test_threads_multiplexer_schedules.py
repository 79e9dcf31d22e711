"""The multiplexer for threads keeps its promises however its callers take turns; and faults of it are found.

Who writes, who reads and who dials for all changes from call to call, and nobody may be forgotten when it
does: a caller without a limit that nobody wakes is found at the end of the run. Where the link is up and
stays so, the run is replayed, operation by operation, as actions of models/combining.py
(`replaying_combining.py` says what is left out).
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import pytest

from . import multiplexer_in_threads as programs
from .thread_schedules import Edit, Found, Program, explore_apart, search_apart

pytestmark = pytest.mark.skipif("THOROUGH" not in os.environ, reason="takes minutes: set THOROUGH=1")


DRAIN_SECONDS = 20.0


@pytest.mark.parametrize(("names", "budget", "schedules"), [("ab", 3, 2_000), ("abc", 2, 1_000)])
def test_mux_01_callers_are_answered_in_every_schedule(names: str, budget: int, schedules: int) -> None:
    assert explore_apart(programs.callers, names, budget=budget) >= schedules


def test_mux_01_between_any_two_statements_somebody_else_may_run() -> None:
    assert explore_apart(programs.callers, "abc", budget=1, statements=True) >= 500


def test_mux_05_the_reader_makes_room_while_another_gives_back_the_writing() -> None:
    assert explore_apart(programs.crowded, "abc", budget=2) >= 1_000


def test_mux_05_between_any_two_statements_room_is_made() -> None:
    assert explore_apart(programs.crowded, "abc", budget=1, statements=True) >= 500


def test_life_01_one_dials_for_all_in_every_schedule() -> None:
    assert explore_apart(programs.dialling, "abc", budget=2) >= 1_000


@pytest.mark.parametrize("idempotent", [False, True])
def test_life_01_a_dial_is_refused_at_every_moment(idempotent: bool) -> None:
    assert explore_apart(programs.refused, "ab", idempotent, budget=2) >= 500


@pytest.mark.parametrize("hasty", ["a", "b", "abc"])
def test_call_01_limits_pass_at_every_moment(hasty: str) -> None:
    assert explore_apart(programs.limited, "abc", hasty, budget=2) >= 1_000


def test_call_01_the_limit_of_who_dials_passes_at_every_moment() -> None:
    assert explore_apart(programs.limited_dials, "abc", "a", budget=2) >= 500


@pytest.mark.parametrize("idempotent", [False, True])
def test_mux_06_the_connection_is_lost_at_every_moment(idempotent: bool) -> None:
    assert explore_apart(programs.lost, "ab", idempotent, budget=2) >= 1_000


@pytest.mark.parametrize(("drain_seconds", "warm"), [(0.0, True), (0.0, False), (DRAIN_SECONDS, True)])
def test_life_02_a_multiplexer_is_closed_at_every_moment(drain_seconds: float, warm: bool) -> None:
    assert explore_apart(programs.closed, "ab", drain_seconds, warm, budget=2) >= 1_000


@pytest.mark.parametrize(("disturbed", "budget"), [(False, 2), (True, 1)])
def test_mux_09_who_listens_reads_for_others_and_they_for_it(disturbed: bool, budget: int) -> None:
    assert explore_apart(programs.listening, "ab", disturbed, budget=budget) >= 50


@pytest.mark.parametrize(
    ("names", "limits", "budget"), [("ab", False, 3), ("abc", False, 2), ("ab", True, 2)]
)
def test_the_protocol_is_that_of_its_model(names: str, limits: bool, budget: int) -> None:
    found = search_apart(programs.replayed, names, limits, budget=budget)
    assert found["failures"] == []
    assert found["runs"] >= 500
    assert found["passed_over"] < found["runs"] / 5


class Fault(NamedTuple):
    """An edit of the reference, and the program that fails by it. `statements`: a switch at a lock won't do."""  # noqa: E501

    program: Program
    arguments: tuple[Any, ...]
    edit: Edit
    budget: int = 2
    statements: bool = False


def fault(program: Program, arguments: tuple[Any, ...], before: str, after: str, **how: Any) -> Fault:
    return Fault(program, arguments, Edit(how.pop("module", "threads.combining"), before, after), **how)


NORMAL_LOOK = "            self._last_look()\n        except BaseException as error:\n"
LOOK_BACK = """            if not core.backlog:
                return
            with self._book:
                if not core.sendable:
                    return
"""
WOKEN = "        for call in served:\n            call.wake()\n"
TWO_READERS = """        if core.link is UP and self._reading.acquire(False):
            try:
                while not sleeper.served and self._read() and monotonic() < deadline:
                    pass
            finally:
                self._reading.release()
"""
FAULTS = {
    "no last look": fault(
        programs.callers, ("abc",), NORMAL_LOOK, "        except BaseException as error:\n"
    ),
    "no last look after the limit has passed": fault(
        programs.limited,
        ("abc", "b"),
        NORMAL_LOOK,
        NORMAL_LOOK.replace(
            "            self", "            if call._error is None:\n                self", 1
        ),
    ),
    "no look back at the backlog": fault(programs.callers, ("ab",), LOOK_BACK, "            return\n"),
    "the look back comes before the writing is given back": fault(
        programs.callers,
        ("ab",),
        "            finally:\n                self._writing.release()\n" + LOOK_BACK,
        "            finally:\n                done = not core.sendable\n                self._writing.release()\n"  # noqa: E501
        "            if done:\n                return\n",
    ),
    "a call that is dead is promoted": fault(
        programs.limited,
        ("abc", "ab"),
        "next((one for one in everybody if not one.served), None)",
        "next(iter(everybody), None)",
    ),
    "the reading is not tried, just taken": fault(
        programs.callers,
        ("abc",),
        TWO_READERS,
        TWO_READERS.replace(" and self._reading.acquire(False)", "").replace(
            "self._reading.release()", "pass"
        ),
    ),
    "the dial is not handed over": fault(
        programs.limited_dials,
        ("ab", "a"),
        "        busy = self._dialling if core.link is DIALLING else self._reading\n",
        "        busy = self._reading\n        if core.link is DIALLING:\n            return\n",
    ),
    "who dials does not write": fault(
        programs.dialling,
        ("ab",),
        "                self._dialling.release()\n            self._write(deadline)\n",
        "                self._dialling.release()\n",
    ),
    "a caller is woken before it is settled": fault(
        programs.callers,
        ("ab",),
        "                entry.set_result(reply)\n            if entry.done():\n                served.append(caller_of(entry))\n",  # noqa: E501
        "                caller_of(entry).wake()\n                entry.set_result(reply)\n",
        module="threads.calls",
        statements=True,
    ),
    "a caller is settled, and left asleep": fault(programs.callers, ("ab",), WOKEN, ""),
    "the reader does not write what it has made room for": fault(
        programs.crowded,
        ("abc",),
        "        if core.backlog:\n            self._write()",
        "        if False:\n            self._write()",
    ),
    "calls in the backlog are not told of a failed dial": fault(
        programs.refused,
        ("ab", False),
        "        for entry in (*left.unknown, *left.not_sent):\n",
        "        for entry in left.unknown:\n",
    ),
    "a listener leaves without a last look": fault(
        programs.listening,
        ("ab",),
        "            self._listen(monotonic() + wait_seconds)\n            self._multiplexer._last_look()\n",
        "            self._listen(monotonic() + wait_seconds)\n",
        module="threads.subscription",
    ),
    "a listener is never promoted": fault(
        programs.listening, ("ab",), "chain(waiting, tuple(self._listening))", "waiting"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    program, arguments, edit, budget, statements = FAULTS[name]
    with pytest.raises(Found):
        explore_apart(program, *arguments, budget=budget, statements=statements, planted=[edit])
