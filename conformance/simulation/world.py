"""The simulated world: runs one plan against one client and returns the history.

                     plan
                      |
    callers ---> client under test ---> network ---> witness
         \\                                             /
          `----------------> history <----------------'

Nothing runs between two steps of the plan; the world itself is plain code outside the event loop, so it adds
no task and no callback of its own to what the client sees.

Every plan gets the same ending. The faults stop and all replies owed are sent (`healed`); the client gets
PATIENCE seconds of virtual time (`rested`); a warm-up lets it find connections that died in the meantime; as
many callers as it has capacity ask together and none is answered, so each needs a connection of its own
(`probed` .. `counted`); the client is closed (`ended`).
"""

import asyncio
import random

from ..adapter import Adapter, Settings
from ..history import ErrorKind, Event, History, Kind, Run
from ..plan import Plan, Step, Verb
from ..witness import Witness
from . import clock
from .blame import AdapterMistake, as_line, as_text, is_mistake_in, with_place
from .loop import SimulatedLoop
from .network import Network
from .transport import ADDRESS

PATIENCE_SECONDS = 120.0  # more than any client's own retries and timeouts need by default
LONGEST_VALUE = 200  # characters of a value that are kept
CALLERS_PAST_THE_PLAN = "warm", "probe"  # how the ending's callers are named, with a number


def run(plan: Plan, client: type[Adapter]) -> Run:
    """Run the plan. Raises AdapterMistake, and Livelock if the client never comes to rest."""
    return Run(plan, client.shared, client.waits, World(plan, client).run(), client.extra)


class World:
    """One run. `history` grows as it goes."""

    def __init__(self, plan: Plan, client: type[Adapter]) -> None:
        self.history = History()
        self._plan = plan
        self._client_type = client
        self._witness = Witness(self._record)
        self._network = Network(plan, self._witness, self._record)
        self._loop = SimulatedLoop(self._network)
        try:
            self._client = client(Settings(*ADDRESS, plan.capacity, plan.acquire_timeout_seconds))
        except Exception as error:
            raise AdapterMistake(f"the adapter raised {with_place(error)}") from error
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._under_way: set[str] = set()
        self._mistake: AdapterMistake | None = None
        self._is_over = False

    def run(self) -> History:
        """The history of the whole plan and its ending."""
        random.seed(0)  # what a client draws (jitter) repeats
        clock.follow(self._loop.time)
        asyncio._set_running_loop(self._loop)
        try:
            self._open()
            for step in self._plan.steps:
                self._perform(step)
            self._end()
            self._clean_up()
        finally:
            asyncio._set_running_loop(None)
            clock.follow(None)
            self._loop.close()
        return self.history

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        if not self._is_over:
            self.history.events.append(Event(self._loop.time(), kind, caller, connection, text, detail))

    # the plan

    def _open(self) -> None:
        self._network.hold(False)  # a client may connect already; the plan begins when it is open
        opening = self._loop.create_task(self._client.open())
        self._loop.settle()
        if not opening.done():
            self._loop.pass_time(PATIENCE_SECONDS)
        if not opening.done():
            raise AdapterMistake("open() does not return while nothing else happens")
        if error := opening.exception():
            raise AdapterMistake(f"open() raised {with_place(error)}") from error
        self._network.hold(self._plan.hold_dials)

    def _perform(self, step: Step) -> None:
        match step.verb:
            case Verb.CALL:
                self._call(step.caller)
            case Verb.CANCEL:
                self._cancel(step.caller)
            case Verb.ANSWER:
                self._network.carry(self._witness.answer(step.caller))
            case Verb.CUT | Verb.TEAR:
                self._network.carry(self._witness.cut(step.caller, after_half=step.verb is Verb.TEAR))
            case Verb.DROP:
                self._network.carry(self._witness.drop())
            case Verb.STALL | Verb.RESUME:
                self._network.carry(self._witness.stall(step.verb is Verb.STALL))
            case Verb.ADMIT | Verb.REFUSE:
                self._network.rule(admit=step.verb is Verb.ADMIT)
            case Verb.CLOSE:
                self._close()
            case Verb.RUN:
                for _ in range(int(step.amount)):
                    if not self._loop.step():
                        break
            case Verb.SETTLE:
                self._loop.settle()
            case Verb.WAIT:
                self._loop.pass_time(step.amount)
            case Verb.FREEZE:
                self._loop.freeze(step.amount)
        if self._mistake:
            raise self._mistake

    def _call(self, caller: str, kind: Kind = Kind.CALLED) -> None:
        self._tasks[caller] = self._loop.create_task(self._caller(caller, kind))

    async def _caller(self, caller: str, kind: Kind) -> None:
        self._record(kind, caller)
        self._under_way.add(caller)
        try:
            value = await self._client.call("GET", caller)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            self._record(Kind.RAISED, caller, text=self._kind(error), detail=as_line(error))
        else:
            self._record(Kind.RETURNED, caller, text=as_text(value)[:LONGEST_VALUE])
        finally:
            self._under_way.discard(caller)

    def _kind(self, error: BaseException) -> str:
        try:
            return self._client_type.kind(error)
        except Exception as mistake:
            self._mistake = AdapterMistake(f"the adapter raised {with_place(mistake)}")
            return ErrorKind.OTHER

    def _cancel(self, caller: str) -> None:
        if caller not in self._under_way:
            self._record(Kind.MISSED, text=f"{caller} has not set out, or is back")
            return
        self._record(Kind.CANCELLED, caller)
        self._tasks[caller].cancel()

    def _close(self) -> None:
        if "" in self._tasks:
            return
        self._record(Kind.CLOSING)
        self._tasks[""] = self._loop.create_task(self._closing())

    async def _closing(self) -> None:
        try:
            await self._client.close()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            self._record(Kind.UNHANDLED, text=f"close() raised {as_line(error)}")

    # the ending

    def _end(self) -> None:
        self._network.heal()
        self._network.carry(self._witness.heal())
        self._record(Kind.HEALED)
        self._loop.pass_time(PATIENCE_SECONDS)
        self._record(Kind.RESTED)
        if "" not in self._tasks:
            self._probe()
        self._close()
        self._loop.pass_time(PATIENCE_SECONDS)
        self._record(Kind.ENDED)

    def _probe(self) -> None:
        count = 1 if self._client_type.shared else self._plan.capacity
        warm, probe = CALLERS_PAST_THE_PLAN
        for number in range(count):
            self._call(f"{warm}{number + 1}")
        self._loop.pass_time(PATIENCE_SECONDS)
        self._witness.hold()
        for number in range(count):
            self._call(f"{probe}{number + 1}", Kind.PROBED)
        self._loop.pass_time(PATIENCE_SECONDS)
        self._record(Kind.COUNTED)
        self._network.carry(self._witness.heal())
        self._loop.pass_time(1.0)

    def _clean_up(self) -> None:
        if self._mistake:
            raise self._mistake
        for message in self._loop.errors:
            self._record(Kind.UNHANDLED, text=message)
        self._is_over = True  # what is cancelled now is our doing, not the client's
        for task in self._loop.tasks:
            if task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            task.cancel()
        for _ in range(1_000):
            if not self._loop.step():
                break

    def _look_for_mistake(self, error: BaseException) -> None:
        """An error that was raised by the adapter's own code says nothing about the client."""
        if is_mistake_in(error, self._client_type):
            self._mistake = AdapterMistake(f"the adapter raised {with_place(error)}")
