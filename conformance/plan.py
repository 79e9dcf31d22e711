"""A plan is data: what the callers, the server and the network do in one run.

A plan is fixed before the run and nothing in it depends on what the client does, so a run can be repeated,
shrunk and shared as a small JSON file. Steps name callers, never connections: which connection a caller's
command travels on is the client's business. Caller `a` issues `GET a`, and the witness owes it `val:a`, which
it keeps back until the step `answer a`: no reply comes by chance, so no sleep is ever needed to be "in the
middle of".

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
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, cast


class Verb(StrEnum):
    """What a step does. `caller`, `count` and `seconds` say which argument it takes."""

    CALL = "call"  # caller: a new caller sets out with GET <caller>
    CANCEL = "cancel"  # caller: its task is cancelled, its thread interrupted
    ANSWER = "answer"  # caller: the reply owed to it may go out (now, or as soon as the command is there)
    CUT = "cut"  # caller: the server closes the connection that owes it a reply
    TEAR = "tear"  # caller: the server sends half of the reply owed to it, then closes
    DROP = "drop"  # the server closes a connection that owes nothing: the one that was opened first
    STALL = "stall"  # the server keeps back the replies of handshakes from now on
    RESUME = "resume"  # the server sends the replies it kept back since STALL
    ADMIT = "admit"  # the oldest pending dial succeeds (or the next one, if none is pending)
    REFUSE = "refuse"  # the oldest pending dial is refused (or the next one, if none is pending)
    CLOSE = "close"  # the client is told to close
    RUN = "run"  # count: that many callbacks run, or turns of threads
    STEP = "step"  # count: threads run until that many statements of the client have been executed
    SETTLE = "settle"  # callbacks or threads run until none is ready
    WAIT = "wait"  # seconds: that much virtual time passes
    FREEZE = "freeze"  # seconds: so much time passes, and the process stands still
    ABANDON = "abandon"  # a thread loses what it has borrowed in a reference cycle
    COLLECT = "collect"  # the thread that was stopped last collects garbage where it stands


CALLER_VERBS = frozenset({Verb.CALL, Verb.CANCEL, Verb.ANSWER, Verb.CUT, Verb.TEAR})
AMOUNT_VERBS = frozenset({Verb.RUN, Verb.STEP, Verb.WAIT, Verb.FREEZE})
THREAD_VERBS = frozenset({Verb.STEP, Verb.ABANDON, Verb.COLLECT})  # they mean nothing to asyncio
FAULT_VERBS = frozenset({Verb.CUT, Verb.TEAR, Verb.DROP, Verb.STALL, Verb.REFUSE, Verb.CLOSE})


class BadPlan(ValueError):
    """The data is not a plan; the message says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a verb and its argument (a caller, or a number of callbacks, statements or seconds)."""

    verb: Verb
    caller: str = ""
    amount: float = 0

    def __str__(self) -> str:
        amount = str(self.amount).removesuffix(".0") if self.verb in AMOUNT_VERBS else ""
        argument = self.caller or amount
        return f"{self.verb} {argument}".strip()

    @classmethod
    def parse(cls, text: object) -> Self:
        """The step written by `str(step)`; raises BadPlan."""
        if not isinstance(text, str):
            raise BadPlan(f"step {text!r} is no text")
        word, _, argument = text.strip().partition(" ")
        try:
            verb = Verb(word)
        except ValueError:
            raise BadPlan(f"unknown step {text!r}; a step begins with one of {', '.join(Verb)}") from None
        if verb in CALLER_VERBS:
            if not argument.isidentifier():
                raise BadPlan(f"step {text!r} needs the name of a caller")
            return cls(verb, caller=argument)
        if verb in AMOUNT_VERBS:
            return cls(verb, amount=_amount(text, argument, whole=verb in (Verb.RUN, Verb.STEP)))
        if argument:
            raise BadPlan(f"step {text!r} takes no argument")
        return cls(verb)


def _amount(step: str, text: str, whole: bool) -> float:
    try:
        amount = float(text)
    except ValueError:
        raise BadPlan(f"step {step!r} needs a number") from None
    if not 0 <= amount < math.inf or (whole and amount != int(amount)):
        raise BadPlan(f"step {step!r} needs {'a whole number' if whole else 'a number'} from 0 upwards")
    return amount


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in one run, and the settings the client is opened with.

    capacity: connections the pool may hold (a multiplexer ignores it).
    acquire_timeout_seconds: how long a caller may wait for a connection; None: for ever.
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

    @property
    def callers(self) -> tuple[str, ...]:
        """The callers that set out, in that order."""
        return tuple(step.caller for step in self.steps if step.verb is Verb.CALL)

    @property
    def callers_in_haste(self) -> frozenset[str]:
        """The callers that set out before the client came to rest after the step before."""
        found: set[str] = set()
        at_rest = True
        for step in self.steps:
            if step.verb is Verb.CALL:
                found |= set() if at_rest else {step.caller}
            else:
                at_rest = step.verb in (Verb.SETTLE, Verb.WAIT)
        return frozenset(found)

    def uses(self, verbs: Collection[Verb]) -> bool:
        """Whether any step is one of these."""
        return any(step.verb in verbs for step in self.steps)

    @property
    def has_faults(self) -> bool:
        """Whether the server, the network or a close gives a call a reason to fail."""
        return self.uses(FAULT_VERBS)

    def to_data(self) -> dict[str, object]:
        """The plan as JSON data."""
        return {
            "capacity": self.capacity,
            "acquire_timeout_seconds": self.acquire_timeout_seconds,
            "hold_dials": self.hold_dials,
            "chunk_bytes": self.chunk_bytes,
            "order": list(self.order),
            "steps": [str(step) for step in self.steps],
        }

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
}


def plan(
    text: str,
    *,
    capacity: int = 1,
    acquire_timeout_seconds: float | None = None,
    hold_dials: bool = False,
    chunk_bytes: int = 0,
    order: Sequence[int] = (),
) -> Plan:
    """A plan from its steps as text, separated by commas: `plan("call a, settle, cancel a")`."""
    steps = tuple(Step.parse(step) for step in text.split(",") if step.strip())
    return Plan(steps, capacity, acquire_timeout_seconds, hold_dials, chunk_bytes, tuple(order))
