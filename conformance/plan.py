"""A plan is data: what the callers, the server and the network do in one run.

A plan is fixed before the run and nothing in it depends on what the client does, so a run can be repeated,
shrunk and shared as a small JSON file. Steps name callers, never connections: which connection a caller's
command travels on is the client's business. Caller `a` issues `GET a`, and the witness owes it `val:a`, which
it keeps back until the step `answer a`: no reply comes by chance, so no sleep is ever needed to be "in the
middle of". `call a SELECT 3` issues another command, whose reply is kept back as well.

`batch a 3` hands over GET a_1, GET a_2 and GET a_3 together; `answer a` answers all of them, and a fault for
`a_2` meets only that one. `transaction a 3` does so between MULTI and EXEC, `watch a 3` after a WATCH.
`listen a` subscribes to the channel `a`, `listen a pattern` to `a*`; `listen a slowly` takes one message, and
no more before the ending. `publish a 5` publishes five messages on that channel.

Between two steps nothing runs. `run N` lets N callbacks of the client run, `settle` lets it run until it has
nothing more to do, `wait N` lets N seconds of virtual time pass. A cancellation can so be placed at every
single suspension of the client.

Callers of a synchronous client are threads. A thread's turn ends where others can see what it does next:
where it blocks, takes a lock or uses the network. `run N` lets N turns pass, and `step N` stops a thread even
between two statements. A thread that was stopped goes to the end of the queue.

After the last step the world always adds the same ending (see `world.py`): the faults stop, every reply owed
is sent, time passes, as many callers as the capacity allows ask at once (the capacity probe), and the client
is closed.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, cast

from .step import (
    AMOUNT_VERBS,
    BATCH_VERBS,
    CALLER_VERBS,
    FAULT_VERBS,
    SETTING_OUT,
    TEXT_VERBS,
    THREAD_VERBS,
    BadPlan,
    Step,
    Verb,
)

__all__ = [
    "AMOUNT_VERBS",
    "BATCH_VERBS",
    "CALLER_VERBS",
    "FAULT_VERBS",
    "OPTIONAL_SETTINGS",
    "TEXT_VERBS",
    "THREAD_VERBS",
    "BadPlan",
    "Plan",
    "Step",
    "Verb",
    "plan",
]

OPTIONAL_SETTINGS = (
    "command_timeout_seconds",
    "connect_timeout_seconds",
    "password",
    "database",
    "idle_timeout_seconds",
    "max_lifetime_seconds",
    "max_calls",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in one run, and the settings the client is opened with.

    capacity: connections the pool may hold (a multiplexer ignores it).
    acquire_timeout_seconds: how long a caller may wait for a connection; None: for ever.
    command_timeout_seconds: how long for a reply; None: for ever.
    connect_timeout_seconds: how long a dial with its handshake may take; None: as long as the client likes.
    password, database: what each connection has to say of them before any command; the server asks for the
        same password.
    idle_timeout_seconds, max_lifetime_seconds: how old a connection may become; None: any age.
    max_calls: how many calls a multiplexer may have under way; 0: as many as it likes.
    unknown: commands that the server is too old to know (`HELLO`, `CLIENT SETINFO`).
    hold_dials: a dial stays pending until ADMIT or REFUSE; otherwise only REFUSE keeps one from succeeding.
    chunk_bytes: the network hands over at most that many bytes of a connection at a time; 0: all there is.
    order: which of several connections that have news at the same moment goes first, or which of several
        threads goes on: the i-th number is the i-th choice (modulo the number of candidates); choices beyond
        the end are 0, the order of arrival (of threads: the one that is running, as long as it can).
    """

    steps: tuple[Step, ...]
    capacity: int = 1
    acquire_timeout_seconds: float | None = None
    hold_dials: bool = False
    chunk_bytes: int = 0
    order: tuple[int, ...] = ()
    command_timeout_seconds: float | None = None
    connect_timeout_seconds: float | None = None
    password: str = ""
    database: int = 0
    unknown: tuple[str, ...] = ()
    idle_timeout_seconds: float | None = None
    max_lifetime_seconds: float | None = None
    max_calls: int = 0

    @property
    def callers(self) -> tuple[str, ...]:
        """The callers that set out, in that order."""
        return tuple(step.caller for step in self.steps if step.verb in SETTING_OUT)

    @property
    def batches(self) -> dict[str, tuple[str, ...]]:
        """The callers of batches, and what each of their commands asks for."""
        return {
            step.caller: tuple(key for _, key in step.commands)
            for step in self.steps
            if step.verb in BATCH_VERBS
        }

    @property
    def callers_in_haste(self) -> frozenset[str]:
        """The callers that set out before the client came to rest after the step before."""
        found: set[str] = set()
        at_rest = True
        for step in self.steps:
            if step.verb in SETTING_OUT:
                found |= set() if at_rest else {step.caller}
                at_rest = False
            else:
                at_rest = step.verb in (Verb.SETTLE, Verb.WAIT)
        return frozenset(found)

    def uses(self, verbs: Collection[Verb]) -> bool:
        """Whether any step is one of these."""
        return any(step.verb in verbs for step in self.steps)

    @property
    def asks_for(self) -> frozenset[str]:
        """The settings that not every adapter hands on, and that are not as usual."""
        usual = {each.name: each.default for each in fields(self)}
        return frozenset(name for name in OPTIONAL_SETTINGS if getattr(self, name) != usual[name])

    @property
    def has_limits(self) -> bool:
        """Whether time alone is a reason for a call to fail."""
        limits = self.acquire_timeout_seconds, self.command_timeout_seconds, self.connect_timeout_seconds
        return any(limit is not None for limit in limits)

    @property
    def changes_sessions(self) -> bool:
        """Whether a caller issues another command than GET."""
        return any(step.verb is Verb.CALL and step.text for step in self.steps)

    @property
    def has_faults(self) -> bool:
        """Whether the server, the network or a close gives a call a reason to fail."""
        return self.uses(FAULT_VERBS)

    def to_data(self) -> dict[str, object]:
        """The plan as JSON data."""
        data: dict[str, object] = {each.name: getattr(self, each.name) for each in fields(self)}
        del data["steps"]  # the longest comes last
        data |= {"order": list(self.order), "unknown": list(self.unknown)}
        return data | {"steps": [str(step) for step in self.steps]}

    @classmethod
    def from_data(cls, data: object) -> Self:
        """The plan that `to_data` wrote; raises BadPlan, which names the step or the field."""
        if not isinstance(data, dict):
            raise BadPlan(f"not a plan: {data!r}")
        fields = cast(dict[str, Any], data)
        values: dict[str, Any] = {}
        for name, read in _READERS.items():
            try:
                values[name] = read(fields[name])
            except BadPlan:
                raise
            except (KeyError, TypeError, ValueError) as problem:
                raise BadPlan(f"not a plan: {name}: {problem!r}") from None
        return cls(**values)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("must be a list")
    return cast(list[object], value)


def _whole(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or value < least:
        raise ValueError(f"must be a whole number from {least} upwards")
    return value


def _limit(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError("must be null, or a number from 0 upwards")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


_READERS: dict[str, Callable[[Any], object]] = {
    "steps": lambda steps: tuple(Step.parse(step) for step in _list(steps)),
    "capacity": lambda value: _whole(value, least=1),
    "acquire_timeout_seconds": _limit,
    "hold_dials": _truth,
    "chunk_bytes": _whole,
    "order": lambda choices: tuple(_whole(choice) for choice in _list(choices)),
    "command_timeout_seconds": _limit,
    "connect_timeout_seconds": _limit,
    "password": _text,
    "database": _whole,
    "idle_timeout_seconds": _limit,
    "max_lifetime_seconds": _limit,
    "max_calls": _whole,
    "unknown": lambda names: tuple(_text(name) for name in _list(names)),
}


def plan(text: str, *, order: Sequence[int] = (), **options: Any) -> Plan:
    """A plan from its steps as text, separated by commas: `plan("call a, settle, cancel a", capacity=2)`."""
    steps = tuple(Step.parse(step) for step in text.split(",") if step.strip())
    return Plan(steps, order=tuple(order), **options)
