"""A plan survives being written down, and what is no plan is refused with a sentence that says where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.conformance.plan import AMOUNT_VERBS, CALLER_VERBS, BadPlan, Plan, Step, Verb, plan

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
STEPS = st.one_of(
    st.builds(Step, st.sampled_from(sorted(CALLER_VERBS)), caller=NAMES),
    st.builds(Step, st.just(Verb.RUN), amount=st.integers(0, 10**12)),
    st.builds(Step, st.just(Verb.WAIT), amount=st.floats(0, allow_infinity=False)),
    st.builds(Step, st.sampled_from(sorted(set(Verb) - CALLER_VERBS - AMOUNT_VERBS))),
)
PLANS = st.builds(
    Plan,
    steps=st.lists(STEPS, max_size=12).map(tuple),
    capacity=st.integers(1, 9),
    acquire_timeout_seconds=st.none() | st.floats(0, 1e6),
    hold_dials=st.booleans(),
    chunk_bytes=st.integers(0, 100),
    order=st.lists(st.integers(0, 9)).map(tuple),
)


@given(STEPS)
def test_a_step_reads_back_from_its_text(step: Step) -> None:
    assert Step.parse(str(step)) == step


@given(PLANS)
def test_a_plan_reads_back_from_its_json(written: Plan) -> None:
    assert Plan.from_data(json.loads(json.dumps(written.to_data()))) == written


@given(st.lists(STEPS))
def test_a_plan_reads_back_from_its_steps_as_text(steps: list[Step]) -> None:
    assert plan(", ".join(map(str, steps))).steps == tuple(steps)


def test_an_amount_keeps_all_its_digits() -> None:
    assert str(Step(Verb.RUN, amount=12345678)) == "run 12345678"


def test_spaces_and_empty_steps_between_commas_do_not_matter() -> None:
    assert plan("call a,settle , ,") == plan("call a, settle")


def test_callers_are_those_that_set_out_in_order() -> None:
    assert plan("call b, cancel c, call a").callers == ("b", "a")


@pytest.mark.parametrize("verb", ["cut a", "tear a", "drop", "stall", "refuse", "close"])
def test_a_fault_gives_calls_a_reason_to_fail(verb: str) -> None:
    assert plan(f"call a, {verb}").has_faults


def test_cancellations_and_replies_are_no_faults() -> None:
    assert not plan("call a, run 3, cancel a, settle, answer a, admit, resume, wait 1").has_faults


MALFORMED_STEPS = [
    *("leap", "CALL a", "calla", "call", "cancel", "answer", "cut", "tear", "call 1a", "call a b"),
    *("run", "run x", "run -1", "run 1.5", "run nan", "run inf", "wait", "wait soon", "wait -0.5"),
    *("wait inf", "wait nan", "settle a", "drop a", "stall 1", "resume 1", "admit 1", "refuse 1", "close a"),
]


@pytest.mark.parametrize("step", MALFORMED_STEPS)
def test_a_malformed_step_is_named_in_the_refusal(step: str) -> None:
    with pytest.raises(BadPlan) as refusal:
        plan(f"call a, {step}, settle")
    assert repr(step) in str(refusal.value).replace("' ", "'")


@pytest.mark.parametrize("step", [*MALFORMED_STEPS, 5, None, ["call a"]])
def test_a_malformed_step_in_a_file_is_named_in_the_refusal(step: object) -> None:
    data = plan("call a").to_data() | {"steps": ["call a", step]}
    with pytest.raises(BadPlan) as refusal:
        Plan.from_data(data)
    assert repr(step) in str(refusal.value)


@pytest.mark.parametrize("field", sorted(plan("").to_data()))
def test_a_missing_field_is_named_in_the_refusal(field: str) -> None:
    data = plan("call a").to_data()
    del data[field]
    with pytest.raises(BadPlan, match=field):
        Plan.from_data(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity", "many"),
        ("capacity", 0),
        ("acquire_timeout_seconds", "soon"),
        ("acquire_timeout_seconds", -1),
        ("hold_dials", "no"),
        ("chunk_bytes", -1),
        ("chunk_bytes", None),
        ("order", 3),
        ("order", ["first"]),
        ("steps", "settle"),
        ("steps", None),
    ],
)
def test_a_malformed_field_is_named_in_the_refusal(field: str, value: object) -> None:
    with pytest.raises(BadPlan, match=field):
        Plan.from_data(plan("call a").to_data() | {field: value})


@pytest.mark.parametrize("data", [None, 3, "call a", [], {}, ["call a"]])
def test_data_of_another_kind_is_no_plan(data: object) -> None:
    with pytest.raises(BadPlan, match="not a plan"):
        Plan.from_data(data)
