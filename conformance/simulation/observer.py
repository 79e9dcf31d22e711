"""Writes down what callers see: that they set out, and what they come back with."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager

from ..adapter import AnyAdapter
from ..history import ErrorKind, Event, History, Kind
from ..plan import BATCH_VERBS, Step
from .blame import AdapterMistake, as_line, as_text, is_mistake_in, with_place

LONGEST_VALUE = 200  # characters of a value that are kept

Tell = Callable[[object], None]  # to be called with the reply


class Observer(ABC):
    """Writes the history. The mistakes of the adapter are kept apart: they say nothing of the client."""

    def __init__(self, client: type[AnyAdapter]) -> None:
        self.history = History()
        self._client_type: type[AnyAdapter] = client
        self._under_way: set[str] = set()
        self._slow: set[str] = set()  # subscribers that have taken one message, and take no more
        self._mistake: AdapterMistake | None = None
        self._is_over = False

    @abstractmethod
    def _now(self) -> float:
        """Virtual seconds since the run began."""

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        if not self._is_over:
            self.history.events.append(Event(self._now(), kind, caller, connection, text, detail))

    @contextmanager
    def _observed(self, step: Step, kind: Kind) -> Generator[Tell]:
        """Record that the step's caller sets out, and with what it comes back: a reply, or an error."""
        replies: list[object] = []
        caller = step.caller
        self._record(kind, caller, text=f"{step.verb} {step.text}" if step.verb in BATCH_VERBS else "")
        self._under_way.add(caller)
        try:
            yield replies.append
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            self._record(Kind.RAISED, caller, text=self._kind(error), detail=as_line(error))
            if fate := self._client_type.fate(error):
                self._record(Kind.FATED, caller, text=fate)
        else:
            self._record(Kind.RETURNED, caller, text=as_text(replies[0])[:LONGEST_VALUE])
        finally:
            self._under_way.discard(caller)

    @contextmanager
    def _subscribed(self, caller: str) -> Generator[Tell]:
        """Record the messages that the caller hears, and their end, unless it was slow and only stops."""
        try:
            yield lambda message: self._record(Kind.HEARD, caller, text=as_text(message)[:LONGEST_VALUE])
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            self._record(Kind.TOLD, caller, text=self._kind(error), detail=as_line(error))
        else:
            if caller not in self._slow:
                self._record(Kind.TOLD, caller)

    @contextmanager
    def _watched_closing(self, is_draining: bool = False) -> Generator[None]:
        """An error of `close` or `drain` is recorded, and that a drain is over."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._look_for_mistake(error)
            method = "drain" if is_draining else "close"
            self._record(Kind.UNHANDLED, text=f"{method}() raised {as_line(error)}")
        if is_draining:
            self._record(Kind.DRAINED)

    def _kind(self, error: BaseException) -> str:
        try:
            return self._client_type.kind(error)
        except Exception as mistake:
            self._mistake = AdapterMistake(f"the adapter raised {with_place(mistake)}")
            return ErrorKind.OTHER

    def _look_for_mistake(self, error: BaseException) -> None:
        """An error that was raised by the adapter's own code says nothing about the client."""
        if is_mistake_in(error, self._client_type):
            self._mistake = AdapterMistake(f"the adapter raised {with_place(error)}")
