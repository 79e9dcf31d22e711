"""Planted faults of the leader and follower protocol: each class has one line wrong, and is named for it.

Each is a mistake that is easily made by somebody who writes the protocol down from memory, and most of them
only show once in many thousand calls. `OnlyReadersPromote` is how a first implementation really hung: a
thread that had written the commands of others, and found its own reply in already, left without a look at
who reads. Two of them need three calls to show: with two, every state is sound.

`COMBINING_FAULTS` says which invariant a shortest run to a broken state breaks.
"""

from .combining import Combining, Steps
from .combining_state import NONE, State, back, end, go, lying, owing, put_down, wake


class OnlyReadersPromote(Combining):
    """Who has read looks for a successor when it gives up the reading; who has only written does not."""

    def reading(self, state: State, me: int) -> Steps:
        for action, after in super().reading(state, me):
            yield action, go(after, me, "leaving") if action[0] == "UnlockReading" else after

    def waiting(self, state: State, me: int) -> Steps:
        for action, after in super().waiting(state, me):
            yield action, go(after, me, "out") if action[0] == "FindOutcome" else after


class NobodyPromotes(Combining):
    """Who has its outcome leaves at once."""

    def waiting(self, state: State, me: int) -> Steps:
        for action, after in super().waiting(state, me):
            yield action, go(after, me, "out") if action[0] == "FindOutcome" else after


class ExpiredLeavesAtOnce(Combining):
    """A call whose limit expires in its sleep leaves without a look at who reads."""

    def parked(self, state: State, me: int) -> Steps:
        for action, after in super().parked(state, me):
            yield action, go(after, me, "out") if action[0] == "Expire" else after


class ExpiredHeir(Combining):
    """The reading is handed to the first in flight, even if that one has given up."""

    def choosing(self, state: State, me: int) -> Steps:
        heirs = lying(state, "in flight")
        for one in heirs:
            yield ("Choose", me, one), go(state, me, "promoting", one)
        if not heirs:
            yield ("ChooseNobody", me), go(state, me, "out")


class NoSecondLook(Combining):
    """The writer does not look at the backlog again after it has given up the writing."""

    def written(self, state: State, me: int) -> Steps:
        for action, after in super().written(state, me):
            yield action, go(after, me, "waiting")


class NoLookOnceSettled(Combining):
    """A writer that has its own outcome by then does not look at the backlog again."""

    def written(self, state: State, me: int) -> Steps:
        for action, after in super().written(state, me):
            yield action, go(after, me, "leaving") if after.calls[me].outcome else after


class TwoWriters(Combining):
    """The lock of the writing is not tried, just taken."""

    def willing(self, state: State, me: int) -> Steps:
        yield ("LockWriting", me), go(state._replace(writer=me), me, "writing")


class TwoReaders(Combining):
    """The lock of the reading is not tried, just taken."""

    def unserved(self, state: State, me: int) -> Steps:
        yield ("LockReading", me), go(state._replace(reader=me), me, "reading")


class SentBeforeQueued(Combining):
    """A command is sent before it is noted as in flight: its reply can come while nobody expects one."""

    def writing(self, state: State, me: int) -> Steps:
        for action, after in super().writing(state, me):
            owed = [one for one, call in enumerate(after.calls) if call.owed]
            yield action, owing(after, owed + lying(after, "writer")) if action[0] == "Gather" else after


class PushSettles(Combining):
    """A push is taken for a reply."""

    def reading(self, state: State, me: int) -> Steps:
        yield from super().reading(state, me)
        for one in lying(state, "in flight"):
            owed = [other for other, call in enumerate(state.calls) if call.owed]
            taken = owing(put_down(state, one, "reader"), owed)
            yield ("Push", me, one), go(taken, me, "settling", one)


class StaleReplies(Combining):
    """The connection is lost; replies that were on their way are read from the next one."""

    def reading(self, state: State, me: int) -> Steps:
        for action, after in super().reading(state, me):
            yield action, go(state, me, "lost") if action[0] == "Lose" else after

    def failing(self, state: State, me: int) -> Steps:
        owed = [one for one, call in enumerate(state.calls) if call.owed]
        for action, after in super().failing(state, me):
            yield action, owing(after, owed)


class ForgottenInFlight(Combining):
    """The connection is lost; the reader fails its own call, and the others are for the next one to find."""

    def failing(self, state: State, me: int) -> Steps:
        if state.calls[me].outcome:
            yield ("UnlockReading", me), go(state._replace(reader=NONE), me, "written")
        else:
            yield ("Fail", me, me), go(put_down(state, me, "reader"), me, "settling", me)


class Untold(Combining):
    """A reply is settled, and its caller is left asleep."""

    def settling(self, state: State, me: int) -> Steps:
        settled = end(put_down(state, state.calls[me].target, ""), state.calls[me].target, "settled")
        yield ("Settle", me), go(settled, me, back(state, me))


class ToldBeforeSettled(Combining):
    """A caller is woken before its reply is where it looks: it goes back to sleep."""

    def settling(self, state: State, me: int) -> Steps:
        one = state.calls[me].target
        yield ("Settle", me), go(wake(state, one), me, "telling", one)

    def telling(self, state: State, me: int) -> Steps:
        one = state.calls[me].target
        yield ("Tell", me), go(end(put_down(state, one, ""), one, "settled"), me, back(state, me))


COMBINING_FAULTS: dict[type[Combining], str] = {
    OnlyReadersPromote: "SomebodyReads",
    NobodyPromotes: "SomebodyReads",
    ExpiredLeavesAtOnce: "SomebodyReads",
    ExpiredHeir: "SomebodyReads",
    NoSecondLook: "SomebodyWrites",
    NoLookOnceSettled: "SomebodyWrites",
    TwoWriters: "OneWriter",
    TwoReaders: "OneReader",
    SentBeforeQueued: "InStep",
    PushSettles: "InStep",
    StaleReplies: "InStep",
    ForgottenInFlight: "InStep",
    Untold: "NobodyOverslept",
    ToldBeforeSettled: "NothingMislaid",
}
