"""A plan survives being written down, and what is no plan is refused with a sentence that says where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.conformance.plan import (
    AMOUNT_VERBS,
    BATCH_VERBS,
    CALLER_VERBS,
    TEXT_VERBS,
    BadPlan,
    Plan,
    Step,
    Verb,
    plan,
)
from poolproof.conformance.witness import Condition, Fault, Harm

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
WORDS = st.lists(st.from_regex(r"[A-Za-z0-9$:*]{1,6}", fullmatch=True), min_size=1, max_size=5).map(" ".join)
COUNTS = st.integers(1, 9999).map(str)
FAULTS = st.builds(
    Fault,
    st.sampled_from(Harm),
    caller=st.just("") | NAMES,
    command=st.sampled_from(["", "HELLO", "CLIENT SETINFO"]),
    step=st.integers(0, 9),
    connection=st.integers(0, 9),
    times=st.integers(0, 9),
    amount=st.integers(0, 99),
    text=st.just("") | st.from_regex(r"[A-Z]{1,5}( [a-z=]{1,5})?", fullmatch=True),
).map(str)
CONDITIONS = st.builds(
    "{}{}".format, st.sampled_from(list(Condition.__members__)), st.sampled_from(["", " all"])
)
WITHOUT_ARGUMENT = set(Verb) - CALLER_VERBS - AMOUNT_VERBS - BATCH_VERBS - TEXT_VERBS
CALLERS_ALONE = CALLER_VERBS - {Verb.CALL, Verb.SERIES, Verb.LISTEN, Verb.PUBLISH}
STEPS = st.one_of(
    st.builds(Step, st.sampled_from(sorted(WITHOUT_ARGUMENT))),
    st.builds(Step, st.sampled_from(sorted(CALLERS_ALONE)), caller=NAMES),
    st.builds(Step, st.just(Verb.CALL), caller=NAMES, text=st.just("") | WORDS),
    st.builds(Step, st.just(Verb.SERIES), caller=NAMES, text=COUNTS | st.just("4-6")),
    st.builds(Step, st.just(Verb.LISTEN), caller=NAMES, text=st.sampled_from(["", "pattern", "slowly"])),
    st.builds(Step, st.just(Verb.PUBLISH), caller=NAMES, text=st.just("") | COUNTS),
    st.builds(
        Step, st.sampled_from(sorted(BATCH_VERBS)), caller=NAMES, text=COUNTS | COUNTS.map("{} !".format)
    ),
    st.builds(Step, st.sampled_from([Verb.RUN, Verb.STEP]), amount=st.integers(0, 10**12)),
    st.builds(Step, st.sampled_from([Verb.WAIT, Verb.FREEZE]), amount=st.floats(0, allow_infinity=False)),
    st.builds(Step, st.just(Verb.DRAIN), amount=st.floats(0, allow_infinity=False)),
    st.builds(Step, st.sampled_from([Verb.FAULT, Verb.STRIKE]), text=FAULTS),
    st.builds(Step, st.just(Verb.TURN), text=CONDITIONS),
)
LIMITS = st.none() | st.floats(0, 1e6)
PLANS = st.builds(
    Plan,
    steps=st.lists(STEPS, max_size=12).map(tuple),
    capacity=st.integers(1, 9),
    acquire_timeout_seconds=LIMITS,
    hold_dials=st.booleans(),
    chunk_bytes=st.integers(0, 100),
    order=st.lists(st.integers(0, 9)).map(tuple),
    command_timeout_seconds=LIMITS,
    connect_timeout_seconds=LIMITS,
    password=st.text(max_size=9),
    database=st.integers(0, 15),
    unknown=st.lists(st.sampled_from(["HELLO", "CLIENT SETINFO"])).map(tuple),
)


@given(STEPS)
def test_a_step_reads_back_from_its_text(step: Step) -> None:
    assert Step.parse(str(step)) == step


def test_each_verb_is_among_the_steps_that_are_tried() -> None:
    tried = {
        Verb.CALL,
        Verb.SERIES,
        Verb.LISTEN,
        Verb.PUBLISH,
        *WITHOUT_ARGUMENT,
        *CALLERS_ALONE,
        *BATCH_VERBS,
    }
    assert tried | AMOUNT_VERBS | TEXT_VERBS == set(Verb)


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


FAULT_STEPS = [
    *("cut a", "tear a", "drop", "stall", "refuse", "close", "drain 5", "restart"),
    *("fault delay amount=3", "strike silence", "turn LOADING all"),
]


@pytest.mark.parametrize("verb", FAULT_STEPS)
def test_a_fault_gives_calls_a_reason_to_fail(verb: str) -> None:
    assert plan(f"call a, {verb}").has_faults


def test_cancellations_and_replies_are_no_faults() -> None:
    assert not plan("call a, run 3, cancel a, settle, answer a, admit, resume, wait 1").has_faults


def test_a_call_has_the_words_of_its_own_or_asks_for_its_name() -> None:
    assert [step.commands for step in plan("call a, call b XREAD BLOCK 0, settle").steps] == [
        (("GET", "a"),),
        (("XREAD", "BLOCK", "0"),),
        (),
    ]
    assert plan("call b SELECT 3").changes_sessions
    assert not plan("call b, batch c 2").changes_sessions


def test_an_argument_that_cannot_be_encoded_is_a_misuse_and_a_reason_to_fail() -> None:
    for text in ("call a SET k !", "batch a 3 !", "transaction a 3 !", "watch a 3 !"):
        assert plan(text).misuses
        assert plan(text).has_faults
    assert not plan("call a SET k v!, batch b 3").misuses
    (batch,) = plan("batch a 3 !").steps
    assert batch.commands == (("GET", "a_1"), ("GET", "a_2", "!"), ("GET", "a_3"))
    assert plan("batch a 3 !").batches == {"a": ("a_1", "a_2", "a_3")}


def test_whoever_sets_out_before_the_client_has_come_to_rest_is_in_haste() -> None:
    written = plan("call a, call b, run 3, call c, settle, call d, answer a, batch e 2, wait 1, call f")
    assert written.callers_in_haste == {"b", "c", "e"}


def test_a_series_is_some_calls_whose_numbers_go_on() -> None:
    written = plan("series a 2, settle, series a 3-4, cancel a_3")
    assert written.callers == ("a_1", "a_2", "a_3", "a_4")
    assert written.callers_in_haste == {"a_2", "a_4"}
    assert [call.commands for call in written.steps[0].calls] == [(("GET", "a_1"),), (("GET", "a_2"),)]


def test_who_gives_back_what_it_no_longer_has_releases_twice() -> None:
    assert plan("borrow a, return a, borrow b, return a").releases_twice
    assert not plan("borrow a, borrow b, return a, borrow a, return b, return a").releases_twice
    assert plan("borrow a").lends
    assert not plan("call a").lends


@pytest.mark.parametrize("limit", ["acquire", "command", "connect"])
def test_a_limit_is_a_reason_to_fail(limit: str) -> None:
    setting: dict[str, Any] = {f"{limit}_timeout_seconds": 0}
    assert plan("call a", **setting).has_limits
    assert not plan("call a").has_limits


def test_a_plan_asks_only_for_settings_that_are_not_as_usual() -> None:
    assert plan("", acquire_timeout_seconds=5, capacity=3).asks_for == set()
    assert plan("", connect_timeout_seconds=5, password="secret", database=3).asks_for == {
        "connect_timeout_seconds",
        "password",
        "database",
    }


MALFORMED_STEPS = [
    *("leap", "CALL a", "calla", "call", "cancel", "answer", "cut", "tear", "call 1a", "cancel a b"),
    *("run", "run x", "run -1", "run 1.5", "run nan", "run inf", "wait", "wait soon", "wait -0.5"),
    *("wait inf", "wait nan", "settle a", "drop a", "stall 1", "resume 1", "admit 1", "refuse 1", "close a"),
    *("drain", "drain all"),
    *("freeze", "freeze long", "step 0.5", "restart now", "fault", "fault bend", "fault tear amount=much"),
    *(
        "fault cut whom=a",
        "fault cut caller",
        "strike",
        "strike melt",
        "turn",
        "turn UNWELL",
        "turn LOADING some",
    ),
    *("batch a", "batch a 0", "batch a few", "batch 3", "transaction a", "watch a -1", "watch a 10000"),
    *("series", "series a", "series a 0", "series a 3-", "series a -3", "borrow", "use", "return 1"),
    *("listen", "listen a softly", "publish", "publish a 0", "publish a all"),
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
        ("command_timeout_seconds", "soon"),
        ("connect_timeout_seconds", -1),
        ("password", None),
        ("password", 3),
        ("database", "first"),
        ("database", -1),
        ("unknown", "HELLO"),
        ("unknown", [3]),
    ],
)
def test_a_malformed_field_is_named_in_the_refusal(field: str, value: object) -> None:
    with pytest.raises(BadPlan, match=field):
        Plan.from_data(plan("call a").to_data() | {field: value})


@pytest.mark.parametrize("data", [None, 3, "call a", [], {}, ["call a"]])
def test_data_of_another_kind_is_no_plan(data: object) -> None:
    with pytest.raises(BadPlan, match="not a plan"):
        Plan.from_data(data)
