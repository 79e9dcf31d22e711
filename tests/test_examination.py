"""What comes of a check: the same for any number of workers; and what was seen only once is no verdict."""

from concurrent.futures import Future
from typing import NamedTuple

import pytest

from poolproof.conformance.checks import Check, Finding, Rule
from poolproof.conformance.checks.check import Applies
from poolproof.conformance.docket import Unfit
from poolproof.conformance.history import Event, History, Kind, Run
from poolproof.conformance.plan import plan
from poolproof.conformance.real.examination import Agenda, Examination, Outcome, Turn
from poolproof.conformance.real.judge import weighed
from poolproof.conformance.real.owing import Owing
from poolproof.conformance.verdict import Failure

LOST = "it was lost"


class World(NamedTuple):
    """An examination, and what happens in its runs."""

    examination: Examination

    def run(self, turn: Turn, *, breaks: bool = False, meets: bool = False) -> None:
        text = " ".join(["broken"] * breaks + ["met"] * meets)
        history = History([Event(0.0, Kind.ENDED, text=text)])
        self.examination.enter(turn, Run(turn.plan, False, True, history))

    def turns(self, count: int) -> list[Turn]:
        turns = [self.examination.take() for _ in range(count)]
        return [turn for turn in turns if turn]

    def outcome(self) -> Outcome:
        assert self.examination.outcome.done()
        return self.examination.outcome.result()


def world(*plans: str) -> World:
    def oracle(result: Run) -> Finding | None:
        (event,) = result.history.events
        caller = str(result.plan.steps[0])
        return Finding(f"{caller}: {LOST}", 0) if "broken" in event.text else None

    texts = tuple(plan(each) for each in plans)
    check = Check("CALL-01/here", texts, lambda run: "met" in run.history.events[0].text, "it happens")
    rule = Rule("CALL-01", oracle, Applies.ALL, (check,))
    return World(Examination(rule, check, texts))


def test_there_is_no_outcome_before_the_last_run_has_ended() -> None:
    made = world("call a", "call b", "call c")
    first, second, third = made.turns(4)
    made.run(third)
    made.run(first, meets=True)
    assert not made.examination.outcome.done()
    made.run(second)
    assert made.outcome() == Outcome(made.examination.check, runs=3, met=True)


def test_of_several_failures_the_earliest_plan_counts_and_no_other_plan_is_begun() -> None:
    made = world("call a", "call b", "call c")
    first, second = made.turns(2)
    made.run(second, breaks=True)
    assert not made.turns(1)
    assert not made.examination.outcome.done(), "the first plan may still break it, too"
    made.run(first, breaks=True)
    failure = made.outcome().failure
    assert failure and failure.sentence == f"call a: {LOST}"
    assert failure.plan == first.plan


def test_what_never_came_about_is_tried_again_in_a_patient_world_once() -> None:
    made = world("call a", "call b")
    for turn in made.turns(2):
        assert not turn.patiently
        made.run(turn)
    for turn in made.turns(2):
        assert turn.patiently
        made.run(turn)
    assert made.outcome() == Outcome(made.examination.check, patiently=True, runs=2)


def test_plans_that_only_count_callbacks_are_not_tried_again() -> None:
    made = world("call a, run 3, cancel a")
    made.run(*made.turns(1))
    assert made.outcome() == Outcome(made.examination.check, runs=1)


def test_a_client_that_cannot_be_judged_ends_it_without_a_failure() -> None:
    made = world("call a", "call b", "call c")
    first, second = made.turns(2)
    made.examination.give_up(first, Unfit("the driver ended"))
    made.run(second, breaks=True, meets=True)
    assert made.outcome().unsure == "CALL-01/here: the driver ended"
    assert made.outcome().failure is None
    assert not made.turns(1)


def test_any_other_error_reaches_whoever_waits_for_the_outcome() -> None:
    made = world("call a")
    (turn,) = made.turns(1)
    made.examination.give_up(turn, BrokenPipeError("nobody listens"))
    with pytest.raises(BrokenPipeError):
        made.outcome()


def test_a_check_without_plans_is_over_at_once() -> None:
    assert world().outcome().runs == 0


def test_the_first_verdict_comes_first_then_what_may_wait_longest() -> None:
    first, short, long = world("call a, wait 1"), world("call a, wait 5"), world("wait 20, wait 30, call a")
    agenda = Agenda([first.examination], [short.examination], [long.examination])
    assert [agenda.take() for _ in range(3)] == [first.examination, long.examination, short.examination]


def test_who_finds_nothing_to_begin_helps_where_most_is_left() -> None:
    less, more = world("call a", "call b"), world("call a", "call b", "call c")
    agenda = Agenda([less.examination], [more.examination])
    assert [agenda.take(), agenda.take()] == [less.examination, more.examination]
    assert agenda.take() is more.examination
    made = [turn for each in (less, more) for turn in each.turns(3)]
    assert len(made) == 5
    assert agenda.take() is None


def test_help_comes_before_anything_new_where_much_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("poolproof.conformance.real.examination.monotonic", lambda: now)
    slow, other = world("call a", "call b", "call c"), world("call a")
    agenda = Agenda([slow.examination], [other.examination])
    assert agenda.take() is slow.examination
    slow.turns(1)
    now = 11.0  # so long the first of three plans has been running
    assert agenda.take() is slow.examination
    now = 1.0
    assert agenda.take() is other.examination


def test_what_is_left_is_measured_by_the_slowest_plan_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("poolproof.conformance.real.examination.monotonic", lambda: now)
    made = world("call a", "call b", "call c")
    turns = made.turns(1)
    now = 11.0
    made.run(*turns)
    assert made.examination.seconds_left == 22.0


def test_nothing_is_begun_when_the_judge_has_gone() -> None:
    made, other = world("call a"), world("call a")
    agenda = Agenda([made.examination], [other.examination])
    agenda.take()
    agenda.drop()
    assert agenda.take() is None


def failed() -> Outcome:
    made = world("call a")
    made.run(*made.turns(1), breaks=True)
    return made.outcome()


def again(*results: Failure | Exception | None) -> list[Future[Failure | None]]:
    runs: list[Future[Failure | None]] = []
    for result in results:
        runs.append(run := Future())
        if isinstance(result, Exception):
            run.set_exception(result)
        else:
            run.set_result(result)
    return runs


def test_a_failure_that_was_seen_again_counts_with_how_often() -> None:
    outcome = failed()
    confirmed = weighed(outcome, again(None, outcome.failure, None)).failure
    assert confirmed and confirmed.sentence == f"call a: {LOST} (in 2 of 4 runs)"


def test_a_failure_that_was_never_seen_again_is_told_but_is_no_verdict() -> None:
    outcome = weighed(failed(), again(None, None, None))
    assert outcome.failure is None
    assert outcome.unsure == f"CALL-01/here: call a: {LOST} (only in 1 of 4 runs)"


def test_a_failure_whose_runs_again_came_to_nothing_is_no_verdict() -> None:
    outcome = weighed(failed(), again(None, Unfit("the driver ended"), None))
    assert outcome.failure is None
    assert outcome.unsure.endswith("then: the driver ended")


def test_a_failure_counts_at_once_if_nothing_is_to_be_run_again() -> None:
    outcome = failed()
    assert weighed(outcome, again()) is outcome


@pytest.mark.parametrize(
    ("what", "heard"),
    [
        ((Kind.DIALLED, "", 2, "", ""), False),
        ((Kind.HEARD, "b", 0, "news:1", ""), False),
        ((Kind.HEARD, "a", 0, "news:1", ""), True),
        ((Kind.TOLD, "a", 0, "", ""), True),
        ((Kind.CLOSED, "", 1, "server", ""), True),
    ],
)
def test_a_message_is_on_its_way_until_it_was_heard_or_may_be_lost(
    what: tuple[Kind, str, int, str, str], heard: bool
) -> None:
    owing = Owing()
    owing.note(Kind.SUBSCRIBING, "a", 0, "", "")
    owing.note(Kind.PUBLISHED, "a", 0, "nobody hears", "0")
    assert owing.are_messages_heard
    owing.note(Kind.PUBLISHED, "a", 0, "news:1", "1")
    assert not owing.are_messages_heard
    owing.note(*what)
    assert owing.are_messages_heard is heard
