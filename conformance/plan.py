"""A plan is data: what the callers, the server and the network do in one run.

A plan is fixed before the run and nothing in it depends on what the client does, so a run can be repeated,
shrunk and shared as a small JSON file. Steps name callers, never connections: which connection a caller's
command travels on is the client's business. Caller `a` issues `GET a`, and the witness owes it `val:a`, which
it keeps back until the step `answer a`: no reply comes by chance, so no sleep is ever needed to be "in the
middle of". `call a SELECT 3` issues another command, whose reply is kept back as well.

`batch a 3` hands over GET a_1, GET a_2 and GET a_3 together; `answer a` answers all of them, and a fault for
`a_2` meets only that one. `transaction a 3` does so between MULTI and EXEC, `watch a 3` after a WATCH.

The word `!` stands for an argument that cannot be encoded: `call a SET k !`; in `batch a 3 !` it is in the
middle. The word `~` stands for an argument of 100,000 bytes. After `jam 7` it is written only in part: the
server takes seven bytes more on each connection, and no others until `flow`.

`series a 3` has caller `a` issue GET a_1, GET a_2 and GET a_3 one after another, without waiting for replies;
`series a 4-6` goes on. Each of them is a call of its own: `answer a_2`, `cancel a_2`.

`listen a` subscribes to the channel `a`, `listen a pattern` to `a*`; `listen a slowly` takes one message, and
no more before the ending. `publish a 5` publishes five messages on that channel.

`borrow a` has caller `a` borrow a connection and keep it, `use a` sends GET a on it, and `return a` gives it
back; a second `return a` gives back what it no longer has. What is lent at the end, the ending gives back.

`close` has the client close now; `drain 5` has it close, too, and let what it has accepted finish for five
seconds. The first of these is the only one that counts.

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

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Self, cast

from .reading import a_limit, a_list, a_text, a_truth, a_whole
from .step import (
    AMOUNT_VERBS,
    BATCH_VERBS,
    CALLER_VERBS,
    FAULT_VERBS,
    LENDING_VERBS,
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
    "LENDING_VERBS",
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
        return tuple(call.caller for step in self.steps for call in step.calls)

    @property
    def batches(self) -> dict[str, tuple[str, ...]]:
        """The callers of batches, and what each of their commands asks for."""
        return {
            step.caller: tuple(command[1] for command in step.commands)
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
                found |= {call.caller for call in step.calls[at_rest:]}
                at_rest = False
            else:
                at_rest = step.verb in (Verb.SETTLE, Verb.WAIT)
        return frozenset(found)

    def in_haste_before(self, verb: Verb) -> frozenset[str]:
        """The callers that set out when the client came to no rest any more before the first such step."""
        found: set[str] = set()
        for step in self.steps:
            if step.verb is verb:
                break
            found |= {call.caller for call in step.calls}
            if step.verb in (Verb.SETTLE, Verb.WAIT):
                found.clear()
        return frozenset(found)

    @property
    def cancels_at_rest(self) -> bool:
        """Whether nobody is cancelled but when the client has come to rest."""
        rests = (Verb.SETTLE, Verb.WAIT)
        return all(before.verb in rests for before, step in pairwise(self.steps) if step.verb is Verb.CANCEL)

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
    def lends(self) -> bool:
        """Whether a caller keeps a connection, so that one on which nothing happens need not be free."""
        return self.uses(LENDING_VERBS)

    @property
    def misuses(self) -> bool:
        """Whether a caller passes an argument that cannot be encoded."""
        return any(step.is_misuse for step in self.steps)

    @property
    def releases_twice(self) -> bool:
        """Whether a caller gives back what it no longer has: what comes of it is for POOL-08 alone to say."""
        borrowed = [step.caller for step in self.steps if step.verb is Verb.BORROW]
        returned = [step.caller for step in self.steps if step.verb is Verb.RETURN]
        return any(returned.count(caller) > borrowed.count(caller) for caller in returned)

    @property
    def garbles(self) -> bool:
        """Whether a client may come to write what is no command."""
        return self.misuses or self.uses({Verb.JAM})

    @property
    def has_faults(self) -> bool:
        """Whether the server, the network, a close or its caller gives a call a reason to fail."""
        return self.uses(FAULT_VERBS) or self.misuses

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


_READERS: dict[str, Callable[[Any], object]] = {
    "steps": lambda steps: tuple(Step.parse(step) for step in a_list(steps)),
    "capacity": lambda value: a_whole(value, least=1),
    "acquire_timeout_seconds": a_limit,
    "hold_dials": a_truth,
    "chunk_bytes": a_whole,
    "order": lambda choices: tuple(a_whole(choice) for choice in a_list(choices)),
    "command_timeout_seconds": a_limit,
    "connect_timeout_seconds": a_limit,
    "password": a_text,
    "database": a_whole,
    "idle_timeout_seconds": a_limit,
    "max_lifetime_seconds": a_limit,
    "max_calls": a_whole,
    "unknown": lambda names: tuple(a_text(name) for name in a_list(names)),
}


def plan(text: str, *, order: Sequence[int] = (), **options: Any) -> Plan:
    """A plan from its steps as text, separated by commas: `plan("call a, settle, cancel a", capacity=2)`."""
    steps = tuple(Step.parse(step) for step in text.split(",") if step.strip())
    return Plan(steps, order=tuple(order), **options)
