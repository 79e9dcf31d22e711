"""A batch is one entry that is owed several replies: whole or not at all, and alone if it is too large."""

from __future__ import annotations

from itertools import repeat

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from poolproof.reference.errors import Overflow
from poolproof.reference.multiplexer import FLUSH_NOW, NOTHING, UP, Ended, Next

from .commands_sent import Command, Core, connected


def test_call_08_a_batch_is_settled_by_its_own_replies_and_by_no_others() -> None:
    made = connected()
    before, batch, after = Command(), Command(), Command()
    made.send(b"a ", before)
    made.send(b"b1 b2 b3 ", batch, 3)
    made.send(b"c ", after)
    assert made.flush() == b"a b1 b2 b3 c "
    assert made.received(made.epoch, 5) == [before, batch, batch, batch, after]


def test_call_08_a_batch_that_does_not_fit_waits_and_those_behind_it_wait_too() -> None:
    made = connected(max_in_flight=3)
    made.send(b"a ", Command())
    assert made.send(b"b1 b2 b3 ", Command(), 3) is NOTHING
    made.send(b"c ", Command())
    assert made.flush() == b"a "
    made.received(made.epoch, 1)
    assert made.flush() == b"b1 b2 b3 "


def test_mux_05_a_batch_larger_than_the_bound_in_flight_is_sent_alone() -> None:
    made = connected(max_in_flight=2)
    assert made.send(b"a1 a2 a3 a4 ", Command(), 4) is FLUSH_NOW
    assert made.send(b"b ", Command()) is NOTHING
    assert made.flush() == b"a1 a2 a3 a4 "
    made.received(made.epoch, 3)
    assert made.flush() == b"b ", "one is left in flight, and there is room for another"


def test_mux_05_every_command_of_a_batch_counts_towards_the_bound() -> None:
    made = connected(max_in_flight=2, max_backlog=3)
    made.send(b"a1 a2 a3 ", Command(), 3)
    with pytest.raises(Overflow):
        made.send(b"b1 b2 b3 ", Command(), 3)
    made.send(b"b1 b2 ", Command(), 2)


def test_call_04_a_batch_given_up_in_the_backlog_is_not_sent_at_all() -> None:
    made = connected(max_in_flight=1)
    made.send(b"a ", Command())
    made.send(b"b1 b2 ", gone := Command(), 2)
    made.send(b"c ", Command())
    made.flush()
    gone.over = True
    made.received(made.epoch, 1)
    assert made.flush() == b"c "
    assert made.backlogged == 0


def test_call_02_a_batch_is_told_once_that_its_connection_was_lost() -> None:
    made = connected(max_in_flight=2)
    written, kept = Command(), Command()
    made.send(b"a1 a2 ", written, 2)
    made.flush()
    made.send(b"b1 b2 ", kept, 2)
    assert made.lost(made.epoch) == Ended(unknown=(written,), not_sent=(kept,))


def test_call_06_a_batch_half_answered_is_unknown() -> None:
    made = connected()
    made.send(b"a1 a2 ", batch := Command(), 2)
    made.flush()
    made.received(made.epoch, 1)
    assert made.lost(made.epoch) == Ended(unknown=(batch,))


class RandomRun(RuleBasedStateMachine):
    """Batches of all sizes, and a server that names what it answers: batch and place in it."""

    make: type[Core] = Core

    @initialize(max_in_flight=st.integers(1, 4), max_backlog=st.sampled_from([0, 3, 100]))
    def start(self, max_in_flight: int, max_backlog: int) -> None:
        self.core = self.make(max_in_flight, max_backlog)
        self.core.dial()
        self.core.opened(self.core.epoch)
        self.batches: list[tuple[Command, int]] = []
        self.replies: dict[Command, list[bytes]] = {}
        self.wire: list[bytes] = []  # what the server owes

    @rule(size=st.integers(1, 4))
    def send(self, size: int) -> None:
        batch = Command(str(len(self.batches)))
        data = b"".join(b"%s.%d " % (batch.name.encode(), place) for place in range(size))
        accepted = len(self.core.in_flight) + self.core.backlogged
        try:
            self.core.send(data, batch, size)
        except Overflow:
            assert accepted + size > self.core.bound
            return
        assert accepted + size <= self.core.bound
        self.batches.append((batch, size))

    @rule()
    def flush(self) -> None:
        before = len(self.wire)
        self.wire += self.core.flush().split()
        written = self.wire[before:]
        for batch, size in self.batches:
            parts = [part for part in written if part.split(b".")[0] == batch.name.encode()]
            assert len(parts) in (0, size), "not all of a batch, or not at once"
            assert not (parts and batch.over), "it had been given up"
        assert written == sorted(written, key=lambda part: [int(number) for number in part.split(b".")])
        alone = len({part.split(b".")[0] for part in self.wire}) == 1
        assert len(self.wire) <= self.core.max_in_flight or alone

    @rule(count=st.integers(1, 6))
    def answer(self, count: int) -> None:
        replies, self.wire = self.wire[:count], self.wire[count:]
        calls = self.core.received(self.core.epoch, len(replies))
        for call, reply in zip(calls, replies, strict=True):
            self.replies.setdefault(call, []).append(reply)
        self.flush()

    @rule(choice=st.integers(0, 100))
    def give_up(self, choice: int) -> None:
        if self.batches:
            self.batches[choice % len(self.batches)][0].over = True

    @invariant()
    def in_step(self) -> None:
        if hasattr(self, "core"):
            self.core.check()

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        self.flush()
        while self.wire:
            self.answer(3)
        assert self.core.empty, "something will never be sent"
        for batch, size in self.batches:
            own = [b"%s.%d" % (batch.name.encode(), place) for place in range(size)]
            assert self.replies.get(batch, own if batch.over else []) == own


TestRandomRun = RandomRun.TestCase
TestRandomRun.settings = settings(stateful_step_count=40)


class CountsAsOne(Core):
    """A batch takes one place of the bound."""

    def send(self, data: bytes, call: Command, replies: int = 1) -> Next:
        self.backlogged += 1 - replies
        try:
            return super().send(data, call, replies)
        finally:
            self.backlogged += replies - 1


class Fitting(Core):
    """Which entries of the backlog are written now, decided otherwise."""

    def fits(self, replies: int) -> bool:
        raise NotImplementedError

    def flush(self) -> bytes:
        written: list[bytes] = []
        while self.link is UP and self.backlog and self.fits(self.backlog[0][2]):
            data, call, replies = self.backlog.popleft()
            self.backlogged -= replies
            if not call.done():
                written.append(data)
                self.in_flight.extend(repeat(call, replies))
        return b"".join(written)


class StartsWhenOneFits(Fitting):
    """A batch is written if there is room for its first command."""

    def fits(self, replies: int) -> bool:  # noqa: ARG002
        return len(self.in_flight) < self.max_in_flight


class TooLargeNeverGoes(Fitting):
    """A batch that is larger than what may be in flight waits for ever."""

    def fits(self, replies: int) -> bool:
        return len(self.in_flight) + replies <= self.max_in_flight


class OwedOneReply(Core):
    """A batch is written, and one reply is expected."""

    def flush(self) -> bytes:
        single = [(data, call, 1) for data, call, _ in self.backlog]
        self.backlog = type(self.backlog)(single)
        self.backlogged = len(single)
        return super().flush()


@pytest.mark.parametrize("fault", [CountsAsOne, StartsWhenOneFits, TooLargeNeverGoes, OwedOneReply])
def test_the_random_runs_catch(fault: type[Core]) -> None:
    machine = type("Faulty", (RandomRun,), {"make": fault})
    hurried = settings(
        TestRandomRun.settings, max_examples=100, phases=[Phase.generate], derandomize=True, database=None
    )
    with pytest.raises((AssertionError, ValueError)):
        run_state_machine_as_test(machine, settings=hurried)
