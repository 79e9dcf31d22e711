"""What a thread sleeps on, a call of its own or the messages that it is sent, and how calls are settled."""

from __future__ import annotations

import threading
from _thread import allocate_lock
from collections import deque
from typing import TypeAlias, cast

from ..batch import Batch
from ..errors import Overflow, PoolproofError, ServerError
from ..resp import Reply
from ..subscriptions import Message, Topic


class Sleeper:
    """One thread sleeps; any other may wake it, even before it has fallen asleep, and more than once."""

    def __init__(self) -> None:
        self._turn = allocate_lock()
        self._turn.acquire(False)  # nobody has it yet

    def sleep(self, seconds: float) -> None:
        self._turn.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX))

    def wake(self) -> None:
        try:  # noqa: SIM105  # `suppress` costs more than all this
            self._turn.release()
        except RuntimeError:  # it has been woken already
            pass


class Call(Sleeper):
    """One command and, once it is settled, its outcome. It is settled under the lock of the core."""

    def __init__(self, heard: int) -> None:
        super().__init__()
        self.served = False  # there is nothing to wait for any more
        self.heard = heard  # of the server, when it was accepted
        self._reply: Reply = None
        self._error: PoolproofError | None = None

    def done(self) -> bool:
        return self.served

    def set_result(self, reply: Reply) -> None:
        self._reply = reply
        self.served = True

    def set_exception(self, error: PoolproofError) -> None:
        self._error = error
        self.served = True

    def outcome(self) -> Reply:
        if self._error is not None:
            raise self._error
        return self._reply


class Messages(Sleeper):
    """Published messages for one thread; at most `bound` of them are kept (MUX-09).

    A subscriber that is slower than its messages gets those that were kept, and then `Overflow`: what it
    has missed since is unknown. When the subscription ends otherwise, it gets the reason. After a
    reconnection the subscription goes on; `interruptions` counts them, as messages published meanwhile are
    lost.
    """

    def __init__(self, bound: int) -> None:
        super().__init__()
        self.interruptions = 0
        self.disturbed = False  # the connection was lost since it began to wait
        self.end: PoolproofError | None = None
        self.kept: deque[Message] = deque()
        self._bound = bound

    @property
    def served(self) -> bool:
        """Whether there is something to tell its thread."""
        return bool(self.kept) or self.disturbed or self.end is not None

    def put(self, message: Message) -> None:
        if len(self.kept) < self._bound and self.end is None:
            self.kept.append(message)
        else:
            self.finish(Overflow(f"{self._bound} messages were not taken: take them sooner, or raise bound"))
        self.wake()

    def disturb(self, lost: bool) -> None:
        """The connection was lost, or could not be opened: one who waits for a message has to see to it."""
        self.interruptions += lost
        self.disturbed = True
        self.wake()

    def finish(self, reason: PoolproofError) -> None:
        """Nothing comes after what is kept."""
        self.end = self.end or reason
        self.wake()


Entry: TypeAlias = "Call | Batch"  # what stands in the queues


class Restoration(Call):
    """A SUBSCRIBE that repeats one of before the reconnection; if it is refused, the listeners are told."""

    def __init__(self, listeners: dict[Topic, list[Messages]], topic: Topic) -> None:
        super().__init__(0)
        self._listeners = listeners
        self._topic = topic

    def set_exception(self, error: PoolproofError) -> None:
        super().set_exception(error)
        if isinstance(error, ServerError):
            for messages in self._listeners.pop(self._topic, ()):
                messages.finish(error)


def caller_of(entry: Entry) -> Call:
    return cast(Call, entry.call) if isinstance(entry, Batch) else entry


def settle(entries: list[Entry], replies: list[Reply], served: list[Call]) -> bool:
    """True if there are more replies than entries that are owed one."""
    for entry, reply in zip(entries, replies, strict=False):
        if not entry.done():
            if isinstance(reply, ServerError):
                entry.set_exception(reply)
            else:
                entry.set_result(reply)
            if entry.done():
                served.append(caller_of(entry))
    return len(entries) < len(replies)
