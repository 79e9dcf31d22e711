"""The second opinion: the TLA+ texts are the same machines, and TLC finds what is planted in them."""

import hashlib
from functools import partial
from importlib.resources import files
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from poolproof.conformance.assurance import Run, configuration, jobs, second_opinion, show, tlc
from poolproof.conformance.assurance.machines import MACHINES, Sizes, name_of, of_pool
from poolproof.conformance.assurance.run import Job
from poolproof.conformance.assurance.searches import search
from poolproof.models import POOL_FAULTS, Pool, edges, explore
from poolproof.models import faults as planted
from poolproof.models.tla import Edge, compare, plain_pool, read_graph, read_state, read_value

WITH_TEXT = [name for name, machine in MACHINES.items() if machine.text]

needs_tlc = pytest.mark.skipif(
    jobs.missing_tlc() is not None and not tlc.tlc_is_required(),
    reason=f"NO SECOND OPINION: {jobs.missing_tlc()}",
)


def spec(name: str) -> str:
    return files("poolproof.specs").joinpath(name).read_text("utf-8")


def dumped(edges: set[Edge]) -> list[str]:
    """The edges of a plain pool as TLC would dump them."""
    states = {
        state: str(place)
        for place, state in enumerate({s for before, _, after in edges for s in (before, after)})
    }
    nodes = [f'{place} [label="{label(state)}"];\n' for state, place in states.items()]
    return nodes + [
        f'{states[before]} -> {states[after]} [label="{name}",color="black"];\n'
        for before, name, after in edges
    ]


def label(state: object) -> str:
    assert isinstance(state, tuple)
    names = "callers", "slots", "idle", "waiting", "closed"
    return "\\n".join(f"/\\\\ {name} = {in_tla(part)}" for name, part in zip(names, state, strict=True))


def in_tla(value: object) -> str:
    if isinstance(value, tuple):
        return "<<" + ", ".join(map(in_tla, value)) + ">>"
    return f'\\"{value}\\"' if isinstance(value, str) else str(value).upper()


def edges_of(model: Pool) -> set[Edge]:
    states = explore(model).states
    return {(before, name, after) for before, (name, *_), after in edges(model, states)}


# Reading and comparing.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<<>>", ()),
        ("<<1, 0>>", (1, 0)),
        ('<<"out", -1>>', ("out", -1)),
        ("TRUE", True),
        ("(0 :> FALSE @@ 1 :> TRUE)", (False, True)),
        (
            '( 0 :> <<"in flight", 0, <<>>>> @@\n  1 :> <<"", 1, <<1, 1>>>> )',
            (("in flight", 0, ()), ("", 1, (1, 1))),
        ),
    ],
)
def test_values_are_read_as_the_models_write_them(text: str, value: object) -> None:
    assert read_value(text) == value


def test_a_value_that_no_spec_contains_is_refused() -> None:
    with pytest.raises(ValueError, match=r"can't be read"):
        read_value("[a |-> 1]")


def test_a_state_is_read_variable_by_variable() -> None:
    assert read_state('/\\\\ idle = <<0>>\\n/\\\\ phase = (0 :> \\"new\\" @@\\n 1 :> \\"out\\")') == {
        "idle": (0,),
        "phase": ("new", "out"),
    }


def test_a_graph_equals_itself() -> None:
    pool = Pool(2, 1)
    found = compare(dumped(edges_of(pool)), plain_pool, pool, explore(pool).states)
    assert found.equal
    assert (found.states, found.edges) == (27, 88)


def test_one_edge_less_in_the_spec_is_noticed() -> None:
    pool = Pool(2, 1)
    whole = edges_of(pool)
    missing = min(whole, key=repr)
    found = compare(dumped(whole - {missing}), plain_pool, pool, explore(pool).states)
    assert not found.equal
    assert found.only_in_model == {missing}


def test_one_name_changed_in_the_spec_is_noticed() -> None:
    pool = Pool(2, 1)
    whole = edges_of(pool)
    before, name, after = min(whole, key=repr)
    changed = whole - {(before, name, after)} | {(before, "Other", after)}
    found = compare(dumped(changed), plain_pool, pool, explore(pool).states)
    assert found.only_in_spec == {(before, "Other", after)}


def test_an_order_that_no_count_shows_is_noticed() -> None:
    last_in = planted.LastInFirstServed(4, 2)
    right = Pool(4, 2)
    found = compare(dumped(edges_of(right)), plain_pool, last_in, explore(last_in).states)
    assert len(found.only_in_spec) == len(found.only_in_model) > 0


def test_an_empty_dump_is_refused() -> None:
    with pytest.raises(ValueError, match="no state"):
        read_graph([], plain_pool)


# What is asked of TLC.


@pytest.mark.parametrize("name", WITH_TEXT)
def test_every_claim_of_a_model_is_in_its_configuration_in_the_same_order(name: str) -> None:
    machine = MACHINES[name]
    wanted = second_opinion.configuration(machine, machine.fault_sizes)
    assert wanted.invariants == machine.invariants
    assert wanted.properties == tuple(machine.steps)


@pytest.mark.parametrize("name", WITH_TEXT)
def test_every_fault_of_a_model_is_planted_in_tla_as_well(name: str) -> None:
    machine = MACHINES[name]
    module = second_opinion.text_of(machine).module
    in_tla = set(configuration.planted_faults(spec(f"{module}Faults.tla")))
    assert {name_of(fault) for fault, _ in machine.faults} | set(map(name_of, machine.starving)) <= in_tla


@pytest.mark.parametrize("module", ["Pool", "Multiplexer", "FullMultiplexer", "Combining"])
def test_every_fault_replaces_what_there_is(module: str) -> None:
    definitions = spec(f"{module}.tla")
    for replaced in configuration.planted_faults(spec(f"{module}Faults.tla")).values():
        for name in replaced:
            assert f"\n{name}(" in definitions or f"\n{name} " in definitions, name


def test_a_configuration_is_written_as_it_is_read() -> None:
    whole = configuration.read_configuration(spec("Pool.cfg"))
    assert whole.specification == "Spec"
    assert whole.constants["Callers"] == "{0, 1, 2, 3}"
    assert configuration.read_configuration(spec("Combining.cfg")).properties == ()
    assert "CONSTANT MaxSize = 2\n" in whole.text()


@pytest.mark.parametrize(
    ("code", "output", "broken"),
    [
        (12, "Error: Invariant NoLeak is violated.\nState 1: x\nState 2: y\n", "NoLeak"),
        (13, "Error: Action property InOrder is violated.\nState 1: x\n", "InOrder"),
        (13, "Error: Temporal properties were violated.\nState 1: x\n", "Promised"),
        (11, "Error: Deadlock reached.\n", "Deadlock"),
    ],
)
def test_a_verdict_of_tlc_is_read_from_its_code_and_its_words(code: int, output: str, broken: str) -> None:
    asked = configuration.Configuration("Spec", {}, properties=("Promised",))
    assert tlc.read_outcome(code, output, asked).broken == broken


@pytest.mark.parametrize(("code", "output"), [(0, ""), (12, ""), (151, "no such file"), (255, "")])
def test_whatever_is_no_verdict_of_tlc_is_an_error(code: int, output: str) -> None:
    with pytest.raises(tlc.TlcFailed):
        tlc.read_outcome(code, output, configuration.Configuration("Spec", {}))


# Where TLC is missing.


def test_another_archive_than_the_known_one_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tlc, "SHA256", hashlib.sha256(b"another").hexdigest())
    monkeypatch.setattr("shutil.which", lambda _: "java")
    with pytest.raises(tlc.NoTlc, match="not the TLC"):
        tlc.find_tlc.__wrapped__()


def test_without_java_there_is_no_tlc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(tlc.NoTlc, match="Java"):
        tlc.find_tlc.__wrapped__()


def test_a_missing_tlc_is_skipped_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tlc.REQUIRE, raising=False)
    (run,) = jobs.absent("there is no Java")
    assert (run.skipped, run.failures) == ("there is no Java", ())


def test_a_missing_tlc_fails_if_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tlc.REQUIRE, "1")
    (run,) = jobs.absent("there is no Java")
    assert run.failures == ("required, but there is no Java",)


def test_the_table_names_what_has_failed_and_what_was_skipped() -> None:
    out = Console(record=True, width=150, file=StringIO())
    good = Run("pool", "search", "any", ("NoLeak",), "all", 0.1)
    bad = Run("pool", "TLC", "any", ("NoLeak",), "all", 0.1, failures=("NoLeak",))
    show([good, bad, *jobs.absent("there is no Java")], out)
    text = out.export_text()
    assert "not shown pool, TLC any: NoLeak" in text
    assert "there is no Java" in text
    assert "1 of 3 runs" in text


def test_a_job_that_breaks_off_is_a_failure_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    works = partial(search, "pool", (2, 1)), partial(search, "no such machine", ())
    todo = [Job(name, work) for name, work in zip(("good", "bad"), works, strict=True)]
    monkeypatch.setattr(jobs, "all_jobs", lambda *_, **__: todo)
    monkeypatch.setattr(jobs, "missing_tlc", lambda: None)
    heard: list[tuple[str, int]] = []
    runs = jobs.assure(False, lambda job, total: heard.append((job.name, total)))
    assert sorted(heard) == [("bad", 2), ("good", 2)]
    assert sorted((run.machine, run.ok) for run in runs) == [("bad", False), ("pool", True)]


# TLC itself.


@needs_tlc
@pytest.mark.parametrize(
    ("name", "sizes", "counts"),
    [
        ("pool", (3, 2), "366 states, 1,875 steps"),
        ("pool", (4, 2), "1,254 states, 8,000 steps"),
        ("full pool", (3, 2), "1,479 states, 9,558 steps"),
        ("multiplexer", (2, 3, 2), "7,636 states, 30,264 steps"),
        ("full multiplexer", (2, 1, 2, 1, 1), "784 states, 3,256 steps"),
        ("combining", (2,), "3,452 states, 7,274 steps"),
    ],
)
def test_the_model_and_the_tla_text_have_the_same_graph(name: str, sizes: Sizes, counts: str) -> None:
    (run,) = second_opinion.compare(name, sizes)
    assert run.failures == ()
    assert run.decided == counts


@needs_tlc
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("pool", "DoubleIssue"),
        ("full pool", "DrainTurnsAway"),
        ("multiplexer", "StaleReplies"),
        ("full multiplexer", "PushesFirst"),
        ("combining", "NobodyPromotes"),
    ],
)
def test_a_planted_fault_is_found_by_tlc_under_its_name(name: str, fault: str) -> None:
    (run,) = second_opinion.check_faults(name, (fault,))
    assert run.failures == ()
    assert run.decided == "1 of 1 breaches"


@needs_tlc
def test_every_waiter_gets_on_says_tlc() -> None:
    assert [run.failures for run in second_opinion.check_promises("full pool", (3, 1))] == [(), ()]


@needs_tlc
def test_a_fault_that_is_not_planted_is_not_found() -> None:
    machine, found = MACHINES["pool"], tlc.find_tlc()
    with found.folder() as folder:
        assert "no such fault" in second_opinion.find_fault(found, folder, machine, Pool, "NoLeak")


@needs_tlc
def test_tlc_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    second_opinion.compare("pool", (2, 1))
    assert list(tmp_path.iterdir()) == []


def test_the_sizes_of_a_model_are_the_constants_of_its_text() -> None:
    assert of_pool((2, 3))["Callers"] == "{0, 1}"
    assert of_pool((2, 3))["MaxSize"] == "3"
    assert len(POOL_FAULTS) == len(MACHINES["pool"].faults)
