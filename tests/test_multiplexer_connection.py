"""The multiplexer's core over one connection after another: confirmations, restoring, and pauses."""

from __future__ import annotations

from itertools import product

import pytest

from poolproof.reference.multiplexer import DIAL, Ended

from .commands_sent import Command, Core, connected


def subscribing(made: Core, data: bytes = b"subscribe ") -> Command:
    """A command that a push confirms."""
    made.send(data, call := Command())
    made.confirming.add(call)
    return call


def test_mux_08_a_confirming_push_answers_the_call_that_subscribes() -> None:
    made = connected()
    call = subscribing(made)
    made.flush()
    assert (made.confirmed(made.epoch), made.empty) == ([call], True)


def test_mux_08_a_confirming_push_answers_nobody_who_did_not_subscribe() -> None:
    made = connected()
    made.send(b"get ", Command())
    subscribing(made)
    made.flush()
    assert made.confirmed(made.epoch) == [], "it is the other's turn: this push is not for us"
    assert len(made.in_flight) == 2


def test_mux_08_a_second_confirmation_answers_nobody() -> None:
    made = connected()
    call = subscribing(made)
    made.send(b"get ", Command())
    made.flush()
    assert [made.confirmed(made.epoch), made.confirmed(made.epoch)] == [[call], []]


def test_mux_08_a_refusal_answers_the_call_that_subscribes_and_no_push_does_afterwards() -> None:
    made = connected()
    call = subscribing(made)
    made.flush()
    assert made.received(made.epoch, 1) == [call]
    assert (made.confirmed(made.epoch), made.confirming) == ([], set())


def test_mux_08_a_confirmation_for_a_caller_that_has_gone_is_taken_up_by_its_tombstone() -> None:
    made = connected()
    call = subscribing(made)
    made.send(b"get ", other := Command())
    made.flush()
    call.over = True
    assert made.confirmed(made.epoch) == [call]
    assert made.received(made.epoch, 1) == [other]


def test_mux_08_a_subscription_given_up_before_it_was_written_leaves_nothing_behind() -> None:
    made = connected(max_in_flight=1)
    made.send(b"get ", Command())
    made.flush()
    subscribing(made).over = True
    made.received(made.epoch, 1)
    assert (made.flush(), made.confirming) == (b"", set())


def test_mux_08_late_confirmations_answer_nobody() -> None:
    made = connected()
    over = made.epoch
    made.lost(over)
    call = subscribing(made)
    made.opened(made.epoch)
    made.flush()
    assert made.confirmed(over) == []
    assert made.confirmed(made.epoch) == [call]


def confirm_as_they_should(make: type[Core]) -> None:
    """Whatever commands are in flight, and wherever a push comes that confirms what nobody asked for."""
    for subscribes, stray in product(product((False, True), repeat=4), range(4)):
        made = make(10, 10)
        made.dial()
        made.opened(made.epoch)
        sent: list[Command] = []
        for kind in subscribes:
            sent.append(subscribing(made) if kind else Command())
            if not kind:
                made.send(b"get ", sent[-1])
        made.flush()
        answered: list[Command] = []
        for place, kind in enumerate(subscribes):
            if place == stray and not kind:
                assert made.confirmed(made.epoch) == []
            answered += made.confirmed(made.epoch) if kind else made.received(made.epoch, 1)
            made.check()
        assert (answered, made.empty, made.confirming) == (sent, True, set())


def test_mux_08_only_who_subscribes_is_confirmed_and_nobody_loses_its_place() -> None:
    confirm_as_they_should(Core)


class AnyPushIsAnAnswer(Core):
    """A push answers whoever is next."""

    def confirmed(self, epoch: int) -> list[Command]:
        return self.received(epoch, 1)


class AnySubscriberIsNext(Core):
    """A push answers the first that subscribes, wherever it stands."""

    def confirmed(self, epoch: int) -> list[Command]:  # noqa: ARG002
        for call in self.in_flight:
            if call in self.confirming:
                self.in_flight.remove(call)
                self.confirming.discard(call)
                return [call]
        return []


class ConfirmedInPassing(Core):
    """A push answers the call that subscribes, which waits for a reply all the same."""

    def confirmed(self, epoch: int) -> list[Command]:
        calls = super().confirmed(epoch)
        self.in_flight.extendleft(calls)
        return calls


class ConfirmationsPileUp(Core):
    """Who was answered is still remembered as one that subscribes."""

    def received(self, epoch: int, replies: int) -> list[Command]:
        confirming = self.confirming.copy()
        calls = super().received(epoch, replies)
        self.confirming |= confirming
        return calls


@pytest.mark.parametrize(
    "fault", [AnyPushIsAnAnswer, AnySubscriberIsNext, ConfirmedInPassing, ConfirmationsPileUp]
)
def test_mux_08_it_would_be_noticed(fault: type[Core]) -> None:
    with pytest.raises(AssertionError):
        confirm_as_they_should(fault)


def test_mux_07_what_restores_the_session_is_written_first_and_in_its_order() -> None:
    made = connected()
    made.lost(made.epoch)
    for data in (b"a ", b"b "):
        made.send(data, Command())
    made.opened(made.epoch, [(b"s1 ", Command()), (b"s2 ", Command())])
    assert made.flush() == b"s1 s2 a b "


def test_mux_07_restoring_is_confirmed_by_pushes() -> None:
    made = connected()
    made.lost(made.epoch)
    made.dial()
    restoring = [Command(), Command()]
    made.opened(made.epoch, [(b"s ", call) for call in restoring])
    made.flush()
    assert [made.confirmed(made.epoch) for _ in restoring] == [[restoring[0]], [restoring[1]]]


def test_mux_07_restoring_needs_no_room_that_callers_have_taken() -> None:
    made = connected(max_in_flight=1, max_backlog=1)
    made.lost(made.epoch)
    for data in (b"a ", b"b "):
        made.send(data, Command())
    made.opened(made.epoch, [(b"s ", Command())])
    made.check()
    assert made.flush() == b"s "


def test_mux_07_nothing_is_restored_on_a_connection_that_came_too_late() -> None:
    made = connected()
    over = made.epoch
    made.lost(over)
    made.opened(over, [(b"s ", Command())])
    assert made.empty


def test_mux_09_who_only_listens_can_ask_for_a_connection_once() -> None:
    made = connected()
    made.lost(made.epoch)
    assert [made.dial(), made.dial()] == [True, False]
    made.opened(made.epoch)
    assert not made.dial()


def pauses(made: Core, failures: int, random: float = 0.0) -> list[float]:
    """Before each dial, when so many of them fail one after another."""
    measured: list[float] = []
    for _ in range(failures):
        made.dial()
        measured.append(made.pauses.seconds(random))
        assert made.lost(made.epoch) == Ended()
    return measured


def test_life_06_the_first_dial_and_the_one_after_a_connection_that_worked_come_at_once() -> None:
    made = connected()
    assert Core(1, 1).pauses.seconds(0.0) == 0.0
    made.lost(made.epoch)
    assert made.pauses.seconds(0.0) == 0.0


def test_life_06_pauses_double_with_each_failure_up_to_two_seconds() -> None:
    assert pauses(Core(1, 1), 9) == [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_life_06_pauses_stay_the_same_in_an_outage_that_lasts_for_hours() -> None:
    assert set(pauses(Core(1, 1), 5_000)[12:]) == {2.0}


@pytest.mark.parametrize(("random", "part"), [(0.0, 1.0), (0.5, 0.75), (1.0, 0.5)])
def test_life_06_a_pause_is_up_to_a_half_shorter(random: float, part: float) -> None:
    whole = pauses(Core(1, 1), 12)
    assert pauses(Core(1, 1), 12, random) == [part * seconds for seconds in whole]


def test_life_06_a_connection_that_brought_no_reply_counts_as_a_failure() -> None:
    made = Core(1, 1)
    made.dial()
    made.opened(made.epoch)
    made.lost(made.epoch)
    assert made.pauses.seconds(0.0) > 0


def test_life_06_a_connection_that_worked_ends_the_pauses() -> None:
    made = Core(1, 1)
    pauses(made, 5)
    assert made.send(b"a ", Command()) is DIAL
    made.opened(made.epoch)
    made.flush()
    made.received(made.epoch, 1)
    made.lost(made.epoch)
    assert made.pauses.seconds(0.0) == 0.0
