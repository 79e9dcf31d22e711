"""The steps that a plan consists of, and how they are written; what they mean stands in `plan.py`."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .witness.faults import BadFault, Fault
from .witness.setup import Condition


class Verb(StrEnum):
    """What a step does. `caller`, `count` and `seconds` say which argument it takes."""

    CALL = "call"  # caller, text: a new caller sets out with that command, or else with GET <caller>
    FORK = "fork"  # caller: a child process sets out with GET <caller>, closes the client, and ends
    BATCH = "batch"  # caller, text: a new caller sets out with so many commands
    TRANSACTION = "transaction"  # the same, between MULTI and EXEC
    WATCH = "watch"  # the same, and a WATCH before
    SERIES = "series"  # caller, text: it sets out with so many commands, waiting for none
    LISTEN = "listen"  # caller, text: it subscribes to the channel of its name
    PUBLISH = "publish"  # caller, text: so many messages (one) are published on the channel of that name
    BORROW = "borrow"  # caller: it borrows a connection and keeps it
    USE = "use"  # caller: it sets out with GET <caller> on the connection that it has borrowed
    RETURN = "return"  # caller: it gives back what it has borrowed, though it may have done so before
    CANCEL = "cancel"  # caller: its task is cancelled, its thread interrupted
    ANSWER = "answer"  # caller: the reply owed to it may go out (now, or as soon as the command is there)
    CUT = "cut"  # caller: the server closes the connection that owes it a reply
    TEAR = "tear"  # caller: the server sends half of the reply owed to it, then closes
    DROP = "drop"  # the server closes a connection that owes nothing: the one that was opened first
    STALL = "stall"  # the server keeps back the replies of handshakes from now on
    RESUME = "resume"  # the server sends the replies it kept back since STALL
    ADMIT = "admit"  # the oldest pending dial succeeds (or the next one, if none is pending)
    REFUSE = "refuse"  # the oldest pending dial is refused (or the next one, if none is pending)
    FAULT = "fault"  # text: that fault strikes the commands to come that it fits (`witness/faults.py`)
    STRIKE = "strike"  # text: that fault strikes a connection now
    JAM = "jam"  # count: the server stops reading: so many bytes more are taken on each connection
    FLOW = "flow"  # the server reads again
    TURN = "turn"  # text: the condition (READONLY, ...) of its connections; `all`: of new ones, too
    RESTART = "restart"  # the server closes all connections, forgets all keys, and is back
    CLOSE = "close"  # the client is told to close
    DRAIN = "drain"  # seconds: it is told to close, and to let what it has accepted finish for so long
    RUN = "run"  # count: that many callbacks run, or turns of threads
    STEP = "step"  # count: threads run until that many statements of the client have been executed
    SETTLE = "settle"  # callbacks or threads run until none is ready
    WAIT = "wait"  # seconds: that much virtual time passes
    FREEZE = "freeze"  # seconds: so much time passes, and the process stands still
    ABANDON = "abandon"  # a thread loses what it has borrowed in a reference cycle
    COLLECT = "collect"  # the thread that was stopped last collects garbage where it stands


BATCH_VERBS = frozenset({Verb.BATCH, Verb.TRANSACTION, Verb.WATCH})
LENDING_VERBS = frozenset({Verb.BORROW, Verb.USE, Verb.RETURN})
CALLER_VERBS = LENDING_VERBS | {
    Verb.FORK,
    *(Verb.CALL, Verb.SERIES, Verb.LISTEN, Verb.PUBLISH, Verb.CANCEL, Verb.ANSWER, Verb.CUT, Verb.TEAR),
}
WHOLE_VERBS = frozenset({Verb.RUN, Verb.STEP, Verb.JAM})
AMOUNT_VERBS = WHOLE_VERBS | {Verb.WAIT, Verb.FREEZE, Verb.DRAIN}
THREAD_VERBS = frozenset({Verb.STEP, Verb.ABANDON, Verb.COLLECT})  # they mean nothing to asyncio
TEXT_VERBS = frozenset({Verb.FAULT, Verb.STRIKE, Verb.TURN})
SETTING_OUT = BATCH_VERBS | {Verb.CALL, Verb.FORK, Verb.SERIES, Verb.USE}
CLOSE_VERBS = frozenset({Verb.CLOSE, Verb.DRAIN})
FAULT_VERBS = (
    TEXT_VERBS
    | CLOSE_VERBS
    | {Verb.CUT, Verb.TEAR, Verb.DROP, Verb.STALL, Verb.JAM, Verb.REFUSE, Verb.RESTART}
)

NO_TEXT = "!"  # stands for an argument that cannot be encoded
LARGE = "~"  # stands for one of 100,000 bytes


class BadPlan(ValueError):
    """The data is not a plan; the message says where."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a verb and its argument: a caller, an amount of callbacks, statements or seconds, a text."""

    verb: Verb
    caller: str = ""
    amount: float = 0
    text: str = ""

    def __str__(self) -> str:
        amount = str(self.amount).removesuffix(".0") if self.verb in AMOUNT_VERBS else ""
        return " ".join(word for word in (self.verb, self.caller, amount, self.text) if word)

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
        if verb in CALLER_VERBS | BATCH_VERBS:
            caller, _, words = argument.partition(" ")
            if not caller.isidentifier() or not re.fullmatch(_BESIDES.get(verb, ""), words):
                raise BadPlan(f"step {text!r} needs the name of a caller{_WHAT_BESIDES.get(verb, '')}")
            return cls(verb, caller=caller, text=words)
        if verb in AMOUNT_VERBS:
            return cls(verb, amount=_amount(text, argument, whole=verb in WHOLE_VERBS))
        if verb in TEXT_VERBS:
            return cls(verb, text=_checked(text, verb, argument))
        if argument:
            raise BadPlan(f"step {text!r} takes no argument")
        return cls(verb)

    @property
    def channel(self) -> str:
        """What it subscribes to, a channel or a pattern."""
        return f"{self.caller}*" if self.text == "pattern" else self.caller

    @property
    def is_slow(self) -> bool:
        return self.verb is Verb.LISTEN and self.text == "slowly"

    @property
    def is_misuse(self) -> bool:
        """Its caller sets out with an argument that cannot be encoded."""
        return self.verb in SETTING_OUT and NO_TEXT in self.text.split()

    @property
    def calls(self) -> tuple["Step", ...]:
        """What its caller sets out with, call by call; each call of a series has a name of its own."""
        if self.verb is not Verb.SERIES:
            return (self,) if self.verb in SETTING_OUT else ()
        first, _, last = self.text.rpartition("-")
        numbers = range(int(first or 1), int(last) + 1)
        return tuple(Step(Verb.CALL, f"{self.caller}_{number}") for number in numbers)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What its caller sets out with, if one does."""
        if self.verb in BATCH_VERBS:
            count, *bad = self.text.split()
            gets = [("GET", f"{self.caller}_{number}") for number in range(1, int(count) + 1)]
            return tuple((*get, *bad) if place == len(gets) // 2 else get for place, get in enumerate(gets))
        if self.verb not in (Verb.CALL, Verb.FORK, Verb.USE):
            return ()
        return (tuple(self.text.split()) or ("GET", self.caller),)


_COUNT = "[1-9][0-9]{0,3}"
_BESIDES = dict.fromkeys(BATCH_VERBS, f"{_COUNT}( {NO_TEXT})?") | {
    Verb.CALL: ".*",
    Verb.SERIES: f"({_COUNT}-)?{_COUNT}",
    Verb.LISTEN: "(pattern|slowly)?",
    Verb.PUBLISH: f"({_COUNT})?",
}
_WHAT_BESIDES = dict.fromkeys(BATCH_VERBS | {Verb.SERIES}, " and a number of commands")


def _checked(step: str, verb: Verb, text: str) -> str:
    try:
        if verb is not Verb.TURN:
            Fault.parse(text)
        elif not hasattr(Condition, text.removesuffix(" all")):
            raise BadFault(f"needs one of {', '.join(Condition.__members__)}")
    except BadFault as problem:
        raise BadPlan(f"step {step!r}: {problem}") from None
    return text


def _amount(step: str, text: str, whole: bool) -> float:
    try:
        amount = float(text)
    except ValueError:
        raise BadPlan(f"step {step!r} needs a number") from None
    if not 0 <= amount < math.inf or (whole and amount != int(amount)):
        raise BadPlan(f"step {step!r} needs {'a whole number' if whole else 'a number'} from 0 upwards")
    return amount
