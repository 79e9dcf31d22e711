"""A plan is data: what the callers, the server and the network do in one run.

A plan is fixed before the run and nothing in it depends on what the client does, so a run can be repeated,
shrunk and shared as a small JSON file. Steps name callers, never connections: which connection a caller's
command travels on is the client's business. Caller `a` issues `GET a`, and the witness owes it `val:a`, which
it keeps back until the step `answer a`: no reply comes by chance, so no sleep is ever needed to be "in the
middle of".

Between two steps nothing runs. `run N` lets N callbacks of the client run, `settle` lets it run until it has
nothing more to do, `wait N` lets N seconds of virtual time pass. A cancellation can so be placed at every
single suspension of the client.

After the last step the world always adds the same ending (see `world.py`): the faults stop, every reply owed
is sent, time passes, as many callers as the capacity allows ask at once (the capacity probe), and the client
is closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, cast


class Verb(StrEnum):
    """What a step does. `caller`, `count` and `seconds` say which argument it takes."""

    CALL = "call"  # caller: a new caller sets out with GET <caller>
    CANCEL = "cancel"  # caller: its task is cancelled
    ANSWER = "answer"  # caller: the reply owed to it may go out (now, or as soon as the command is there)
    CUT = "cut"  # caller: the server closes the connection that owes it a reply
    TEAR = "tear"  # caller: the server sends half of the reply owed to it, then closes
    DROP = "drop"  # the server closes a connection that owes nothing: the one that was opened first
    STALL = "stall"  # the server keeps back the replies of handshakes from now on
    RESUME = "resume"  # the server sends the replies it kept back since STALL
    ADMIT = "admit"  # the oldest pending dial succeeds (or the next one, if none is pending)
    REFUSE = "refuse"  # the oldest pending dial is refused (or the next one, if none is pending)
    CLOSE = "close"  # the client is told to close
    RUN = "run"  # count: that many callbacks run
    SETTLE = "settle"  # callbacks run until none is ready
    WAIT = "wait"  # seconds: that much virtual time passes


CALLER_VERBS = frozenset({Verb.CALL, Verb.CANCEL, Verb.ANSWER, Verb.CUT, Verb.TEAR})
FAULT_VERBS = frozenset({Verb.CUT, Verb.TEAR, Verb.DROP, Verb.STALL, Verb.REFUSE, Verb.CLOSE})


class BadPlan(ValueError):
    """The data is not a plan; the message says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a verb and its argument (a caller's name, or an amount in callbacks or seconds)."""

    verb: Verb
    caller: str = ""
    amount: float = 0

    def __str__(self) -> str:
        argument = self.caller or (f"{self.amount:g}" if self.verb in (Verb.RUN, Verb.WAIT) else "")
        return f"{self.verb} {argument}".strip()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The step written by `str(step)`; raises BadPlan."""
        word, _, argument = text.strip().partition(" ")
        try:
            verb = Verb(word)
        except ValueError:
            raise BadPlan(f"unknown step {text!r}; a step begins with one of {', '.join(Verb)}") from None
        if verb in CALLER_VERBS:
            if not argument.isidentifier():
                raise BadPlan(f"step {text!r} needs the name of a caller")
            return cls(verb, caller=argument)
        if verb in (Verb.RUN, Verb.WAIT):
            try:
                return cls(verb, amount=float(argument))
            except ValueError:
                raise BadPlan(f"step {text!r} needs a number") from None
        if argument:
            raise BadPlan(f"step {text!r} takes no argument")
        return cls(verb)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens in one run, and the settings the client is opened with.

    capacity: connections the pool may hold (a multiplexer ignores it).
    acquire_timeout_seconds: how long a caller may wait for a connection; None: for ever.
    hold_dials: a dial stays pending until ADMIT or REFUSE; otherwise only REFUSE keeps one from succeeding.
    chunk_bytes: the network hands over at most that many bytes of a connection at a time; 0: all there is.
    order: which of several connections that have news at the same moment goes first: the i-th number is the
        i-th choice (modulo the number of candidates); choices beyond the end are 0, the order of arrival.
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
    def has_faults(self) -> bool:
        """Whether the server, the network or a close gives a call a reason to fail."""
        return any(step.verb in FAULT_VERBS for step in self.steps)

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
        """The plan that `to_data` wrote; raises BadPlan."""
        try:
            fields = cast(dict[str, Any], data)
            timeout = fields["acquire_timeout_seconds"]
            return cls(
                steps=tuple(Step.parse(step) for step in fields["steps"]),
                capacity=int(fields["capacity"]),
                acquire_timeout_seconds=None if timeout is None else float(timeout),
                hold_dials=bool(fields["hold_dials"]),
                chunk_bytes=int(fields["chunk_bytes"]),
                order=tuple(int(choice) for choice in fields["order"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise BadPlan(f"not a plan: {problem}") from None


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
