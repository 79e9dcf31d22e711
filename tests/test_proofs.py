"""The proofs: every invariant for any sizes, of the machines that the models are, and of no faulty one.

What is proved with z3 is proved here in full. Comparisons are made at the sizes that show everything that is
known to go wrong; larger ones, and CrossHair, belong to `make proofs`.
"""

from collections.abc import Iterator, Mapping

import pytest
from z3 import BoolVal

from poolproof.models import MULTIPLEXER_FAULTS, POOL_FAULTS, explore
from poolproof.models import combining_state as combining_model
from poolproof.models import full_multiplexer as multiplexer_model
from poolproof.models import full_pool as pool_model
from poolproof.models.faults_combining import COMBINING_FAULTS
from poolproof.models.faults_combining import ExpiredHeir as ModelOfExpiredHeir
from poolproof.models.faults_full import FULL_MULTIPLEXER_FAULTS, FULL_POOL_FAULTS
from poolproof.models.full_multiplexer import FullMultiplexer
from poolproof.models.full_pool import FullPool
from poolproof.models.proofs import (
    Proved,
    bridge_combining,
    bridge_multiplexer,
    bridge_pool,
    combining,
    crosshair,
    faults_combining,
    faults_inductive,
    faults_multiplexer,
    faults_pool,
    inductive_multiplexer,
    multiplexer,
    pool,
    pool_liveness,
)
from poolproof.models.proofs.bridge import Bridge, MachineState, ModelState, compare
from poolproof.models.proofs.combining_state import State as CombiningState
from poolproof.models.proofs.refutation import Refutation, refute
from poolproof.models.proofs.unbounded import Machine, Rule, State, Term, prove

COMBINING_TABLE = {fault.__name__: broken for fault, broken in COMBINING_FAULTS.items()}
POOL_TABLE = {
    fault.__name__: broken for table in (POOL_FAULTS, FULL_POOL_FAULTS) for fault, broken in table.items()
}
MULTIPLEXER_TABLE = {
    fault.__name__: broken
    for table in (MULTIPLEXER_FAULTS, FULL_MULTIPLEXER_FAULTS)
    for fault, broken in table.items()
}


def not_shown(results: list[Proved]) -> list[Proved]:
    return [result for result in results if not result.ok]


# What is proved, and that it is what the models claim.


def test_call_02_nobody_sleeps_for_ever_whatever_the_number_of_calls() -> None:
    results = combining.prove()
    assert not_shown(results) == []
    assert {result.claim for result in results} >= set(combining_model.INVARIANTS)


def test_every_invariant_of_the_pool_holds_whatever_its_size() -> None:
    results = pool.prove()
    assert not_shown(results) == []
    claimed = {*pool_model.INVARIANTS, *pool_model.STEP_INVARIANTS}
    assert {result.claim for result in results} >= claimed


def test_every_invariant_of_the_multiplexer_holds_whatever_its_size() -> None:
    results = multiplexer.prove()
    assert not_shown(results) == []
    claimed = {*multiplexer_model.INVARIANTS, "BoundKept", *multiplexer_model.STEP_INVARIANTS}
    assert {result.claim for result in results} >= claimed


def test_pool_06_every_waiter_is_served_or_gone_in_the_end() -> None:
    assert not_shown(pool_liveness.prove()) == []


def test_serving_the_last_waiter_first_lets_others_wait_for_ever() -> None:
    assert not_shown(pool_liveness.prove(faults_pool.LastInFirstServed()))


# That the proofs are about our machines.


@pytest.mark.parametrize("calls", [1, 2])
def test_the_proof_of_combining_makes_the_steps_of_its_model(calls: int) -> None:
    assert not_shown([bridge_combining.agree(calls)]) == []


def test_the_proof_of_the_pool_makes_the_steps_of_the_plain_model() -> None:
    assert not_shown([bridge_pool.agree_plain(4, 2)]) == []


def test_the_proof_of_the_pool_makes_the_steps_of_the_full_model() -> None:
    assert not_shown([bridge_pool.agree(3, 2)]) == []


def test_the_proof_of_the_multiplexer_makes_the_steps_of_the_plain_model() -> None:
    assert not_shown([bridge_multiplexer.agree_plain(2, 2, 2)]) == []


def test_the_proof_of_the_multiplexer_makes_the_steps_of_the_full_model() -> None:
    assert not_shown([bridge_multiplexer.agree(2, 1, 2, 1, 1)]) == []


def test_every_rule_of_the_proof_of_combining_is_applied() -> None:
    assert never_applied(bridge_combining.bridge(2)) == set()


def test_every_rule_of_the_proof_of_the_pool_is_applied() -> None:
    assert never_applied(bridge_pool.bridge(FullPool(3, 2))) == set()


def test_every_rule_of_the_proof_of_the_multiplexer_is_applied() -> None:
    assert never_applied(bridge_multiplexer.bridge(FullMultiplexer(2, 1, 2, 1, 1))) == set()


def never_applied(bridge: Bridge[ModelState, MachineState]) -> set[str]:
    """The rules that no state of the model allows: what is proved of them would be proved of nothing."""
    remaining = {name for name, *_ in bridge.finite.rules}
    for state in explore(bridge.model).states:
        for lifted in bridge.lift(state):
            remaining -= {name for name, *_ in bridge.finite.steps(lifted)}
        if not remaining:
            break
    return remaining


def test_a_fault_in_the_model_only_is_a_difference() -> None:
    assert not_shown([compare(bridge_combining.bridge(2, model=ModelOfExpiredHeir(2)))])


def test_a_fault_in_the_proof_only_is_a_difference() -> None:
    assert not_shown([compare(bridge_combining.bridge(2, machine=faults_combining.ExpiredHeir()))])


# That a proof of something wrong fails.


def test_every_fault_of_the_models_is_planted_in_the_proofs() -> None:
    assert {fault.__name__ for fault in faults_combining.FAULTS} == set(COMBINING_TABLE)
    assert {fault.__name__ for fault in faults_pool.FAULTS} == set(POOL_TABLE)
    assert {fault.__name__ for fault in faults_multiplexer.FAULTS} == set(MULTIPLEXER_TABLE)


@pytest.mark.parametrize("fault", faults_combining.FAULTS)
def test_a_faulty_combining_is_refuted(fault: type[combining.Combining]) -> None:
    assert refuted_as(fault(), COMBINING_TABLE) is not None


@pytest.mark.parametrize("fault", faults_pool.FAULTS)
def test_a_faulty_pool_is_refuted(fault: type[pool.Pool]) -> None:
    assert refuted_as(fault(), POOL_TABLE) is not None


@pytest.mark.parametrize("fault", faults_multiplexer.FAULTS)
def test_a_faulty_multiplexer_is_refuted(fault: type[multiplexer.Multiplexer]) -> None:
    assert refuted_as(fault(), MULTIPLEXER_TABLE) is not None


def refuted_as(machine: Machine[State], broken: Mapping[str, str]) -> Refutation | None:
    """By what the shortest run breaks; a single step from just any sound state may break something else."""
    return refute(machine, broken[type(machine).__name__]) or refute(machine)


def test_a_refutation_shows_the_step() -> None:
    found = refute(faults_pool.LostWakeUp(), "NoLostWakeUp")
    assert found is not None
    assert found.sizes == {"Caller": 2, "Slot": 1, "Place": 1}
    assert "dialling -> free" in found.text


class Unreachable(combining.Combining):
    """Claims that nothing ever happens: not so, although no step leads there from a state that is so."""

    def initial(self, state: CombiningState) -> Term:  # noqa: ARG002
        return BoolVal(True)

    def rules(self, state: CombiningState) -> Iterator[Rule[CombiningState]]:  # noqa: ARG002
        return iter(())


def test_the_initial_states_are_looked_at_too() -> None:
    assert {step for result in prove(Unreachable()) for step in result.failures} == {"Init"}


# CrossHair: one of each, so that `make proofs` holds no surprise.


def test_crosshair_confirms_a_sound_step() -> None:
    result = crosshair.confirm("multiplexer", "in flight up to 5", inductive_multiplexer.lose)
    assert result.ok, result.failures


def test_crosshair_refutes_a_faulty_step() -> None:
    assert crosshair.is_refuted(faults_inductive.no_tombstone)
