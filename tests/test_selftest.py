"""The suite is tested by faults planted in the reference; here it is tested that this test can fail."""

import os

import pytest

from poolproof.conformance.checks import RULES
from poolproof.conformance.mutants import MUTANTS, Edit
from poolproof.conformance.mutants.planting import MutantDoesNotFit, mutated
from poolproof.conformance.plan import Plan, plan
from poolproof.conformance.search import without_needless_steps
from poolproof.conformance.selftest import KillMatrix
from poolproof.specs import requirements

from . import kill_matrix
from .command_line import poolproof


def test_every_mutant_is_noticed_and_the_reference_is_not() -> None:
    done = poolproof("selftest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(MUTANTS)} of {len(MUTANTS)} mutants noticed" in done.stdout


@pytest.mark.skipif(not os.environ.get("THOROUGH"), reason="takes minutes: set THOROUGH=1")
def test_mutants_are_noticed_by_whom_is_expected() -> None:
    assert kill_matrix.found() == kill_matrix.expected()


def test_it_is_expected_that_every_mutant_is_noticed_and_the_reference_is_not() -> None:
    expected = kill_matrix.expected()
    assert [*expected] == ["", *(mutant.name for mutant in MUTANTS)]
    assert expected[""] == []
    assert all(mutant.breaks in expected[mutant.name] for mutant in MUTANTS)


def test_every_requirement_has_a_mutant_that_breaks_it() -> None:
    assert {mutant.breaks for mutant in MUTANTS} == set(RULES)


def test_a_mutant_that_nobody_notices_is_a_survivor() -> None:
    assert KillMatrix().survivors() == [mutant.name for mutant in MUTANTS]
    assert KillMatrix().idle_requirements() == list(RULES)


def test_a_mutant_that_only_another_requirement_notices_survives() -> None:
    matrix = KillMatrix()
    for mutant in MUTANTS:
        matrix.kills[mutant.name].add("MUX-01" if mutant.breaks != "MUX-01" else "MUX-02")
    assert len(matrix.survivors()) == len(MUTANTS)


def test_a_false_alarm_on_the_reference_is_told() -> None:
    matrix = KillMatrix()
    matrix.kills[""].add("CONN-01")
    assert matrix.false_alarms() == ["CONN-01"]


def test_a_mutant_that_no_longer_fits_is_refused() -> None:
    with pytest.raises(MutantDoesNotFit):
        mutated("nothing of the kind", "pool", [Edit("pool", "x = 1", "x = 2")])
    with pytest.raises(MutantDoesNotFit):
        mutated("x = 1; x = 1", "pool", [Edit("pool", "x = 1", "x = 2")])


def test_the_bugs_that_mutants_are_like_are_told_in_the_specification() -> None:
    told = {bug.reference for entry in requirements().values() for bug in entry.bugs}
    assert {mutant.like for mutant in MUTANTS if mutant.like} <= told


def test_steps_that_nothing_needs_are_taken_out() -> None:
    def breaks(candidate: Plan) -> bool:
        steps = [str(step) for step in candidate.steps]
        return "call a" in steps and "cut a" in steps

    long = plan("call b, settle, call a, run 3, answer b, settle, call c, cut a, settle, drop, settle")
    assert without_needless_steps(long, breaks).steps == plan("call a, cut a").steps
