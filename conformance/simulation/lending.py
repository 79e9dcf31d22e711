"""Callers that borrow a connection, keep it, and give it back, perhaps twice."""

from abc import abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from ..adapter import AnyAdapter
from ..history import Kind
from ..plan import Step, Verb
from .blame import as_line
from .observer import Observer


class Lender(Observer):
    """Knows what each caller has borrowed; also when it has given that back, for it may do so again."""

    def __init__(self, client: type[AnyAdapter]) -> None:
        super().__init__(client)
        self._held: dict[str, object] = {}  # what the adapter gave to each borrower
        self._gave_back: set[str] = set()

    @abstractmethod
    def _begin_lending(self, caller: str, kind: Kind) -> None:
        """The caller borrows (BORROWED), or gives back (RELEASED); inside, it is `_borrowing`."""

    @abstractmethod
    def _call(self, step: Step, kind: Kind = Kind.CALLED) -> None:
        """The step's caller sets out."""

    def _lend(self, step: Step) -> None:
        if step.verb is Verb.BORROW:
            self._begin_lending(step.caller, Kind.BORROWED)
        elif step.caller not in self._held:
            self._record(Kind.MISSED, text=f"{step.caller} has borrowed nothing")
        elif step.verb is Verb.USE:
            self._call(step)
        else:
            self._begin_lending(step.caller, Kind.RELEASED)

    def _give_all_back(self) -> None:
        """Whoever has not given back what it borrowed does."""
        for caller in [caller for caller in self._held if caller not in self._gave_back]:
            self._begin_lending(caller, Kind.RELEASED)

    @contextmanager
    def _borrowing(self, caller: str, kind: Kind) -> Generator[dict[str, Any]]:
        """What each borrower holds. Record that the caller holds something, or gives it back, or why not."""
        if kind is Kind.RELEASED:
            self._gave_back.add(caller)
            self._record(Kind.RELEASING, caller)
        try:
            yield self._held
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            self._record(kind, caller, text=self._kind(error), detail=as_line(error))
        else:
            self._record(kind, caller)
