"""SUBSCRIBE and PUBLISH: channels, patterns of channels, and sharded channels.

The reply to a subscription is a push frame for each channel, and there is no other. In RESP2 frames and
replies look alike, so a connection that is subscribed may send little else.
"""

from collections.abc import Callable

from ..command import ALL_KEYS, NO_KEYS, ONE_KEY, Command, Request, Run
from ..glob import matches
from ..replies import Refusal, bulk, integer, null, push
from ..session import Session
from ..state import Server

Names = Callable[[Session], dict[bytes, None]]


def _channels(session: Session) -> dict[bytes, None]:
    return session.channels


def _patterns(session: Session) -> dict[bytes, None]:
    return session.patterns


def _shards(session: Session) -> dict[bytes, None]:
    return session.shards


def _count(session: Session, names: Names) -> bytes:
    """How many there are now; sharded channels are counted by themselves."""
    shards = len(session.shards)
    return integer(shards if names is _shards else len(session.channels) + len(session.patterns))


def subscribing(kind: bytes, names: Names) -> Run:
    """SUBSCRIBE and its kind."""

    def subscribe(request: Request) -> bytes:
        session = request.session
        if names is _shards and session.is_executing:
            raise Refusal("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
        frames: list[bytes] = []
        for name in request.words[1:]:
            names(session)[name] = None
            frames.append(push(session.protocol, [bulk(kind), bulk(name), _count(session, names)]))
        session.changed()
        return b"".join(frames)

    return subscribe


def unsubscribing(kind: bytes, names: Names) -> Run:
    """UNSUBSCRIBE and its kind."""

    def unsubscribe(request: Request) -> bytes:
        session = request.session
        protocol = request.protocol
        frames: list[bytes] = []
        for name in request.words[1:] or list(names(session)):
            names(session).pop(name, None)
            frames.append(push(protocol, [bulk(kind), bulk(name), _count(session, names)]))
        session.changed()
        nothing = push(protocol, [bulk(kind), null(protocol), _count(session, names)])
        return b"".join(frames) or nothing

    return unsubscribe


def publish(request: Request) -> bytes:
    _, channel, message = request.words
    return integer(publish_to(request.server, channel, message))


def publish_to(server: Server, channel: bytes, message: bytes) -> int:
    """Tells everybody who listens; how many that were."""
    count = 0
    for each in server.sessions.values():
        if channel in each.channels:
            count += 1
            server.tell(each, push(each.protocol, [bulk(b"message"), bulk(channel), bulk(message)]))
        for pattern in each.patterns:
            if matches(pattern, channel):
                count += 1
                parts = [bulk(b"pmessage"), bulk(pattern), bulk(channel), bulk(message)]
                server.tell(each, push(each.protocol, parts))
    return count


def spublish(request: Request) -> bytes:
    _, channel, message = request.words
    receivers = [each for each in request.server.sessions.values() if channel in each.shards]
    for each in receivers:
        request.server.tell(each, push(each.protocol, [bulk(b"smessage"), bulk(channel), bulk(message)]))
    return integer(len(receivers))


_FLAGS = "loading noscript pubsub stale"

COMMANDS = (
    Command("subscribe", subscribing(b"subscribe", _channels), -2, _FLAGS),
    Command("unsubscribe", unsubscribing(b"unsubscribe", _channels), -1, _FLAGS),
    Command("psubscribe", subscribing(b"psubscribe", _patterns), -2, _FLAGS),
    Command("punsubscribe", unsubscribing(b"punsubscribe", _patterns), -1, _FLAGS),
    Command("ssubscribe", subscribing(b"ssubscribe", _shards), -2, _FLAGS, ALL_KEYS),
    Command("sunsubscribe", unsubscribing(b"sunsubscribe", _shards), -1, _FLAGS, ALL_KEYS),
    Command("publish", publish, 3, "fast loading pubsub stale", NO_KEYS),
    Command("spublish", spublish, 3, "fast loading pubsub stale", ONE_KEY),
)
