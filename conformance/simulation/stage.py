"""Where a plan is carried out, step by step; a whole run is in `world.py`.

Nothing runs between two steps; the stage itself is plain code outside of what the client runs on, so it adds
nothing of its own to what the client sees. What that is differs: an event loop for asyncio clients
(`aio/world.py`), a scheduler of threads for those that block (`threads/world.py`), a process behind a driver
in the real world.
"""

from abc import abstractmethod
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

from ..adapter import AnyAdapter, Settings
from ..history import Kind
from ..plan import OPTIONAL_SETTINGS, Plan, Step, Verb
from ..step import LARGE, NO_TEXT
from ..witness import Behind, Setup, Witness
from .blame import AdapterMistake, with_place
from .lending import Lender
from .network import ADDRESS, Network
from .server_side import ServerSide

HALF = "\ud800"  # a character, which no encoding has

ClientT = TypeVar("ClientT", bound=AnyAdapter)


class Work(Protocol):
    """Something that the client does: a task, a thread."""

    def done(self) -> bool: ...
    def exception(self) -> BaseException | None: ...


class Stage(Lender, Generic[ClientT]):
    """Where the steps of one run are carried out. `history` grows as it goes."""

    def __init__(self, plan: Plan, client: type[ClientT]) -> None:
        super().__init__(client)
        self._plan = plan
        self._witness = Witness(self._record, _setup(plan), self._now, self._server_behind())
        self._settings = _WatchedSettings(plan)
        self._network: Network[Any] = self._lay_network()
        self._server_side = ServerSide(self._witness, self._network)
        for step in plan.steps:
            if step.text:
                for command in step.commands:
                    self._witness.expect(step.caller, *(_large(word) for word in command))
        try:
            self._client = client(self._settings)
        except Exception as error:
            raise AdapterMistake(f"the adapter raised {with_place(error)}") from error
        self._work: dict[str, Work] = {}

    # what the client runs on

    def _server_behind(self) -> Behind | None:
        """The real server behind the witness, if there is one."""
        return None

    @abstractmethod
    def _lay_network(self) -> Network[Any]:
        """The network of this world, before anything else."""

    @abstractmethod
    def _at_work(self) -> AbstractContextManager[None]:
        """While the run lasts, the client's time and its input and output are those of this world.

        In the end nothing that the client has left running may act any more, or be recorded.
        """

    @abstractmethod
    def _begin_open(self) -> Work:
        """The client begins to open."""

    @abstractmethod
    def _begin_call(self, step: Step, kind: Kind) -> Work:
        """The step's caller sets out; inside, it is `_observed`, and what it does is to `_issue`."""

    @abstractmethod
    def _begin_listening(self, caller: str, channel: str, is_slow: bool = False) -> None:
        """The caller listens, or goes on if it is slow and took one message; inside, it is `_subscribed`."""

    @abstractmethod
    def _begin_close(self, drain_seconds: float | None = None) -> Work:
        """The client begins to close, or to drain for so long; inside, it is `_watched_closing`."""

    @abstractmethod
    def _interrupt(self, caller: str, work: Work) -> None:
        """The caller, who is under way, is cancelled or interrupted, if that is possible; record which."""

    @abstractmethod
    def _run(self, turns: int) -> None:
        """That many callbacks or turns."""

    @abstractmethod
    def _settle(self) -> None:
        """Run until nothing is ready. Raises Livelock."""

    @abstractmethod
    def _pass_time(self, seconds: float) -> None:
        """Let that much virtual time pass, running whatever becomes due. Raises Livelock."""

    @abstractmethod
    def _freeze(self, seconds: float) -> None:
        """Let that much virtual time pass while nothing runs."""

    def _perform_on_threads(self, step: Step) -> None:
        self._record(Kind.MISSED, text=f"{step.verb} is for threads")

    def _look_for_leftovers(self) -> None:
        """Everybody is back, and the client closed: what the adapter has left running is its mistake."""

    def _say_who_is_blocked(self) -> None:
        """Record for each caller that is still there what it waits for, where that can be known."""

    # the steps

    def _perform(self, step: Step) -> None:
        match step.verb:
            case Verb.CALL | Verb.BATCH | Verb.TRANSACTION | Verb.WATCH:
                self._call(step)
            case Verb.FORK:
                self._record(Kind.FORKED, step.caller)
                self._call(step)
            case Verb.SERIES:
                for call in step.calls:
                    self._call(call)
            case Verb.LISTEN:
                self._record(Kind.SUBSCRIBING, step.caller)
                self._begin_listening(step.caller, step.channel, step.is_slow)
            case Verb.BORROW | Verb.USE | Verb.RETURN:
                self._lend(step)
            case Verb.CANCEL:
                self._cancel(step.caller)
            case Verb.CLOSE:
                self._close()
            case Verb.DRAIN:
                self._close(step.amount)
            case Verb.RUN:
                self._run(int(step.amount))
            case Verb.SETTLE:
                self._settle()
            case Verb.WAIT:
                self._pass_time(step.amount)
            case Verb.FREEZE:
                self._freeze(step.amount)
            case Verb.STEP | Verb.ABANDON | Verb.COLLECT:
                self._perform_on_threads(step)
            case _:
                self._server_side.perform(step)
        if self._mistake:
            raise self._mistake

    def _call(self, step: Step, kind: Kind = Kind.CALLED) -> None:
        self._work[step.caller] = self._begin_call(step, kind)

    def _issue(self, step: Step) -> Any:
        """The adapter's method for what the step's caller sets out with."""
        method = getattr(self._client, step.verb)
        commands = commands_of(step)
        if step.verb is Verb.USE:
            return method(self._held[step.caller], *commands[0])
        return method(*commands[0]) if step.verb is Verb.CALL else method(*map(tuple, commands))

    def _cancel(self, caller: str) -> None:
        if caller in self._under_way:
            self._interrupt(caller, self._work[caller])
        else:
            self._record(Kind.MISSED, text=f"{caller} has not set out, or is back")

    def _close(self, drain_seconds: float | None = None) -> None:
        if "" not in self._work:
            if drain_seconds is None:
                self._record(Kind.CLOSING)
            else:
                self._record(Kind.DRAINING, text=f"{drain_seconds:g}")
            self._work[""] = self._begin_close(drain_seconds)


def commands_of(step: Step) -> list[list[str]]:
    """What the step's caller sets out with, as it is given to the client."""
    return [[HALF if word == NO_TEXT else _large(word) for word in each] for each in step.commands]


def _large(word: str) -> str:
    return "x" * 100_000 if word == LARGE else word


def _setup(plan: Plan) -> Setup:
    """The server that the plan asks for."""
    passwords = {"default": plan.password} if plan.password else {}
    return Setup(passwords=passwords, lenient=True, unknown=frozenset(plan.unknown))


class _WatchedSettings(Settings):
    """What the client is to be opened with. `read` is what the adapter has looked at."""

    def __init__(self, plan: Plan) -> None:
        optional = {name: getattr(plan, name) for name in OPTIONAL_SETTINGS}
        super().__init__(*ADDRESS, plan.capacity, plan.acquire_timeout_seconds, **optional)
        object.__setattr__(self, "read", set[str]())

    def __getattribute__(self, name: str) -> Any:
        if name in OPTIONAL_SETTINGS:
            self.read.add(name)
        return super().__getattribute__(name)
