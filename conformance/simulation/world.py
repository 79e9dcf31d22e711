"""A simulated world: runs one plan against one client and returns the history.

                     plan
                      |
    callers ---> client under test ---> network ---> witness
         \\                                             /
          `----------------> history <----------------'

Every plan gets the same ending. The faults stop and all replies owed are sent (`healed`); the client gets
PATIENCE seconds of virtual time (`rested`); a warm-up lets it find connections that died in the meantime; as
many callers as it has capacity ask together and none is answered, so each needs a connection of its own
(`probed` .. `counted`); on each channel with a subscriber something is published; the client is closed
(`ended`).
"""

from ..adapter import AnyAdapter
from ..history import History, Kind
from ..plan import Step, Verb
from .blame import AdapterMistake, CannotOpen, with_place
from .stage import ClientT, Stage

PATIENCE_SECONDS = 120.0  # more than any client's own retries and timeouts need by default
CALLERS_PAST_THE_PLAN = "warm", "probe"  # how the ending's callers are named, with a number


class World(Stage[ClientT]):
    """One run: the client is opened, the plan is carried out, and the ending follows."""

    def run(self) -> History:
        """The history of the whole plan and its ending. Raises AdapterMistake, Livelock."""
        with self._at_work():
            self._open()
            for step in self._plan.steps:
                self._perform(step)
            self._end()
            if all(work.done() for work in self._work.values()):
                self._look_for_leftovers()
            if self._mistake:
                raise self._mistake
        if unread := self._client_type.takes - self._settings.read:
            raise AdapterMistake(f"the adapter takes {min(unread)}, as it declares, and never looks at it")
        return self.history

    def _open(self) -> None:
        self._network.hold(False)  # a client may connect already; the plan begins when it is open
        opening = self._begin_open()
        self._settle()
        if not opening.done():
            self._pass_time(PATIENCE_SECONDS)
        if not opening.done():
            raise CannotOpen("open() does not return while nothing else happens")
        if error := opening.exception():
            raise CannotOpen(f"open() raised {with_place(error)}") from error
        self._network.hold(self._plan.hold_dials)

    # the ending

    def _end(self) -> None:
        self._network.heal()
        self._network.carry(self._witness.heal())
        self._record(Kind.HEALED)
        for _ in range(sum(step.verb is Verb.BORROW for step in self._plan.steps)):
            self._pass_time(1.0)
            self._give_all_back()  # also who could borrow only then
        self._pass_time(PATIENCE_SECONDS)
        self._say_who_is_blocked()
        self._record(Kind.RESTED)
        if "" not in self._work:
            self._ask_for_numbers()
            self._probe()
            self._publish_to_all()
        self._close()
        self._pass_time(PATIENCE_SECONDS)
        self._record(Kind.ENDED)

    def _ask_for_numbers(self) -> None:
        if self._client_type.numbers is not AnyAdapter.numbers:
            try:
                self._record(Kind.NUMBERED, text=str(self._client.numbers()))
            except Exception as error:
                raise AdapterMistake(f"numbers() raised {with_place(error)}") from error

    def _probe(self) -> None:
        count = 1 if self._client_type.shared else self._plan.capacity
        warm, probe = CALLERS_PAST_THE_PLAN
        for number in range(count):
            self._call(Step(Verb.CALL, f"{warm}{number + 1}"))
        self._pass_time(PATIENCE_SECONDS)
        self._witness.hold()
        for number in range(count):
            self._call(Step(Verb.CALL, f"{probe}{number + 1}"), Kind.PROBED)
        self._pass_time(PATIENCE_SECONDS)
        self._record(Kind.COUNTED)
        self._network.carry(self._witness.heal())
        self._pass_time(1.0)

    def _publish_to_all(self) -> None:
        """Subscribers who were slow take what there is; then each hears once more, if it can."""
        listeners = {step.caller: step.channel for step in self._plan.steps if step.verb is Verb.LISTEN}
        for caller, channel in listeners.items():
            if caller in self._slow:
                self._begin_listening(caller, channel)
        self._pass_time(1.0)
        for caller in listeners:
            self._server_side.publish(caller)
        self._pass_time(1.0)
