"""What goes wrong at the witness: which harm, and whom it meets.

A fault is armed before it strikes (`Witness.arm`), and meets the commands to come: of that caller (or, named
`a_2`, the second of its batch), or by that name, or the n-th of a connection, or any; if it says so, only on
that connection. Or it strikes at once (`Witness.strike`), and meets the connection that owes that caller a
reply, or has that number, or, if it names neither, the oldest that owes nothing.

As text, a fault is its harm and what it says besides: `tear caller=a amount=3`, `refuse command=HELLO times=0
text=ERR unknown command 'HELLO'`, `silence step=2 connection=4`; a text is the last, for it may hold spaces.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Self


class Harm(StrEnum):
    """What happens to the command it meets, or to its connection. It is executed, but for the first two."""

    REFUSE = "refuse"  # it is answered with an error instead; text: the line
    CUT_BEFORE = "cut-before"  # the connection is closed
    CUT = "cut"  # the connection is closed, and nothing more is sent
    RESET = "reset"  # the same, by a reset
    HALF_CLOSE = "half-close"  # nothing more is sent, and the client is told so; the server reads on
    SILENCE = "silence"  # nothing more is sent, and the client is not told
    TEAR = "tear"  # of the reply, so many bytes are sent (amount); then the connection is closed
    WITHHOLD = "withhold"  # its reply, and all behind it, are kept back
    DELAY = "delay"  # its reply comes so many seconds later (amount)
    GARBLE = "garble"  # instead of the reply come bytes that are not RESP; text: which
    STRAY = "stray"  # behind the reply comes another, which nobody asked for; text: its word
    PUSH = "push"  # in RESP3, ahead of the reply comes a push frame; text: its kind
    PUSH_AFTER = "push-after"  # in RESP3, behind the reply


AT_ONCE = frozenset(
    {Harm.CUT, Harm.RESET, Harm.HALF_CLOSE, Harm.SILENCE, Harm.TEAR, Harm.GARBLE, Harm.STRAY, Harm.PUSH}
)

_DEFAULT_TEXT = {
    Harm.REFUSE: "ERR refused",
    Harm.GARBLE: "?no reply at all",
    Harm.STRAY: "stray",
    Harm.PUSH: "novelty",
    Harm.PUSH_AFTER: "novelty",
}


class BadFault(ValueError):
    """The text is no fault; the message says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Empty and 0 mean any; `times`: how often it strikes, 0: until all faults stop."""

    harm: Harm
    caller: str = ""
    command: str = ""  # its name, and that of a subcommand: `CLIENT SETINFO`
    step: int = 0  # the n-th command of its connection
    connection: int = 0
    times: int = 1
    amount: float = 0
    text: str = ""

    def __str__(self) -> str:
        said = [str(self.harm)]
        for each in fields(self)[1:]:
            value = getattr(self, each.name)
            if value != each.default:
                said.append(f"{each.name}={value if isinstance(value, str) else format(value, 'g')}")
        return " ".join(said)

    @classmethod
    def parse(cls, line: str) -> Self:
        """The fault written by `str(fault)`; raises BadFault."""
        head, _, text = line.partition(" text=")
        word, _, rest = head.partition(" ")
        if word not in set(Harm):
            raise BadFault(f"unknown harm {word!r}; there are {', '.join(Harm)}")
        said = dict(_SAID.findall(rest))
        try:
            if " ".join(f"{name}={value}" for name, value in said.items()) != rest:
                raise ValueError(rest)
            values = {name: _READERS[name](value) for name, value in said.items()}
        except (KeyError, ValueError) as problem:
            raise BadFault(f"not a fault: {line!r}: {problem!r}") from None
        return cls(Harm(word), **values, text=text)  # type: ignore[arg-type]  # a reader for each field

    @property
    def word(self) -> str:
        """The text, or what stands for it."""
        return self.text or _DEFAULT_TEXT.get(self.harm, "")

    @property
    def data(self) -> bytes:
        """The bytes that are sent besides, or instead."""
        word = self.word.encode("latin-1")
        match self.harm:
            case Harm.REFUSE:
                return b"-%s\r\n" % word
            case Harm.GARBLE:
                return b"%s\r\n" % word
            case Harm.STRAY:
                return b"+%s\r\n" % word
            case _:
                return b">2\r\n$%d\r\n%s\r\n+news\r\n" % (len(word), word)


_SAID = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")  # a value goes on to the next name: `CLIENT SETINFO`
_READERS: dict[str, Callable[[str], object]] = {
    "caller": str,
    "command": str,
    "step": int,
    "connection": int,
    "times": int,
    "amount": float,
}


class Arsenal:
    """The faults that wait for what they are to meet."""

    def __init__(self) -> None:
        self._armed: list[tuple[Fault, int]] = []  # with how often it has struck

    def __bool__(self) -> bool:
        return bool(self._armed)

    def arm(self, fault: Fault) -> None:
        """It strikes what it fits from now on."""
        self._armed.append((fault, 0))

    def clear(self) -> None:
        """Nothing strikes any more."""
        self._armed.clear()

    def draw(self, caller: str, words: list[bytes], step: int, connection: int) -> Fault | None:
        """The fault that strikes this command, if one does: the one that was armed first."""
        name = b" ".join(words[:2]).decode("latin-1").upper()
        for place, (fault, struck) in enumerate(self._armed):
            if (
                (not fault.caller or (caller and fault.caller in (caller, words[-1].decode("latin-1"))))
                and (not fault.command or f"{name} ".startswith(f"{fault.command.upper()} "))
                and (not fault.step or fault.step == step)
                and (not fault.connection or fault.connection == connection)
            ):
                if struck + 1 == fault.times:
                    del self._armed[place]
                else:
                    self._armed[place] = fault, struck + 1
                return fault
        return None
