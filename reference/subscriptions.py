"""Who listens to what on a connection, and what a frame that answers no command means.

Published messages come as frames of their own: as pushes in RESP3, as plain arrays in RESP2, where they can
be told from replies only by the fact that the connection has subscribed. A frame is a *confirmation*, which
answers a SUBSCRIBE or UNSUBSCRIBE (MUX-08), a *message*, or of no concern to us:

    [subscribe, channel, count]              confirmation, with six spellings
    [message, channel, data]                 message; smessage for a shard channel
    [pmessage, pattern, channel, data]       message that matched a pattern

The multiplexer's callers may listen to one channel many times over, but the server is told once: the first
listener subscribes, the last one unsubscribes, and after a reconnection every channel that still has a
listener is subscribed again, before anything else is sent (MUX-07, MUX-09).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .resp import Reply, encode

SUBSCRIBE = {"message": "SUBSCRIBE", "pmessage": "PSUBSCRIBE", "smessage": "SSUBSCRIBE"}
UNSUBSCRIBE = {"message": "UNSUBSCRIBE", "pmessage": "PUNSUBSCRIBE", "smessage": "SUNSUBSCRIBE"}
_CONFIRMATIONS = {name.lower().encode() for name in (*SUBSCRIBE.values(), *UNSUBSCRIBE.values())}

ListenerT = TypeVar("ListenerT")


@dataclass(frozen=True)
class Topic:
    """What one listens to: a channel ("message"), a pattern ("pmessage"), a shard channel ("smessage")."""

    kind: str
    name: bytes

    @property
    def command(self) -> tuple[str, bytes]:
        return SUBSCRIBE[self.kind], self.name

    @property
    def subscribe(self) -> bytes:
        return encode(self.command)

    @property
    def unsubscribe(self) -> bytes:
        return encode((UNSUBSCRIBE[self.kind], self.name))


@dataclass(frozen=True)
class Message:
    """One published message; `topic` is what had been subscribed, `channel` where it was published."""

    topic: Topic
    channel: bytes
    data: Reply


def confirms(frame: Sequence[Reply]) -> bool:
    """Whether the frame answers a SUBSCRIBE or UNSUBSCRIBE."""
    return bool(frame) and isinstance(frame[0], bytes) and frame[0] in _CONFIRMATIONS


def message_of(frame: Sequence[Reply]) -> Message | None:
    """The message that the frame carries, if it does."""
    match frame:
        case [(b"message" | b"smessage") as kind, bytes() as channel, data]:
            return Message(Topic(kind.decode(), channel), channel, data)
        case [b"pmessage", bytes() as pattern, bytes() as channel, data]:
            return Message(Topic("pmessage", pattern), channel, data)
        case _:
            return None


class Subscriptions(Generic[ListenerT]):
    """The listeners of a multiplexer, by topic."""

    def __init__(self) -> None:
        self.listeners: dict[Topic, list[ListenerT]] = {}

    def add(self, topic: Topic, listener: ListenerT) -> bool:
        """Whether it is the first, so that the server has to be told."""
        self.listeners.setdefault(topic, []).append(listener)
        return len(self.listeners[topic]) == 1

    def remove(self, topic: Topic, listener: ListenerT) -> bool:
        """Whether it was the last, so that the server has to be told."""
        if listener not in self.listeners.get(topic, ()):
            return False
        self.listeners[topic].remove(listener)
        if self.listeners[topic]:
            return False
        del self.listeners[topic]
        return True

    def everybody(self) -> list[ListenerT]:
        return [listener for listeners in self.listeners.values() for listener in listeners]
