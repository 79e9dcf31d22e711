"""Programs of threads that share a multiplexer; `thread_schedules` plays each of them in every schedule.

No call has a limit, unless the program is about limits: who is forgotten is left waiting, and found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from poolproof.reference import Closed, CommandTimeout, ConnectFailed, ConnectionLost
from poolproof.reference.resp import encode
from poolproof.reference.subscriptions import Message
from poolproof.reference.threads import Multiplexer, Subscription

from .replaying_combining import Replay
from .scene_of_threads import SERVER, Caller, Scene

LIMIT_SECONDS = 0.005  # of one tick: the shortest there are
LEAST_STEPS = 10  # of the model, for one call
SOMEBODY_ELSE = 1_000  # a connection that is not the multiplexer's


def multiplexer_of(**options: Any) -> Multiplexer:
    return Multiplexer(SERVER, **{"command_timeout_seconds": None, **options})


def warmed(scene: Scene, **options: Any) -> Multiplexer:
    """A multiplexer whose connection is open."""
    multiplexer = multiplexer_of(**options)
    scene.call(lambda: multiplexer.execute("PING"))
    return multiplexer


def getting(scene: Scene, multiplexer: Multiplexer, names: str, **options: Any) -> list[Caller]:
    def call(name: str) -> Caller:
        return scene.start(name, lambda: multiplexer.execute("GET", name, **options))

    return [call(name) for name in names]


def answered(caller: Caller, *errors: type[BaseException]) -> bool:
    """Whether the caller got its own reply; else it got one of these errors."""
    if caller.error is not None:
        assert isinstance(caller.error, errors), f"{caller.name} got {caller.error!r}"
        return False
    assert caller.result == b"val:" + caller.name.encode(), f"{caller.name} got {caller.result!r}"
    return True


def no_time_has_passed(started: list[Caller]) -> None:
    """Everything is here at once, so nobody waited until a reader looked at the clock by chance."""
    for caller in started:
        assert caller.seconds == 0, f"{caller.name} was forgotten for {caller.seconds:g} s"


def nothing_is_left(scene: Scene, multiplexer: Multiplexer) -> None:
    """No lock is held, nothing is owed, and who comes later is served (CALL-02)."""
    core = multiplexer._core
    core.check()
    for name in ("_book", "_writing", "_reading", "_dialling"):
        assert getattr(multiplexer, name).owner is None, (
            f"{name} is held by {getattr(multiplexer, name).owner}"
        )
    assert not multiplexer._listening, "somebody is said to listen who has gone"
    if not core.draining:
        assert scene.call(lambda: multiplexer.execute("GET", "later")) == b"val:later"
        core.check()
        assert core.empty, "a reply is owed to nobody"
    scene.call(multiplexer.close)
    assert not scene.kernel.descriptors, "a socket is left open"


# The programs.


def callers(scene: Scene, names: str, **options: Any) -> None:
    multiplexer = warmed(scene, **options)
    started = getting(scene, multiplexer, names)
    scene.run()
    assert all([answered(caller) for caller in started])  # noqa: C419
    no_time_has_passed(started)
    nothing_is_left(scene, multiplexer)


def crowded(scene: Scene, names: str) -> None:
    """One at a time is in flight: the reader makes room for the next while somebody else is writing."""
    callers(scene, names, max_in_flight=1)


def dialling(scene: Scene, names: str) -> None:
    """Nobody is connected: one dials for all."""
    multiplexer = multiplexer_of()
    started = getting(scene, multiplexer, names)
    scene.run()
    assert all([answered(caller) for caller in started])  # noqa: C419
    no_time_has_passed(started)
    nothing_is_left(scene, multiplexer)


def refused(scene: Scene, names: str, idempotent: bool) -> None:
    """Who may send again does, after a pause."""
    multiplexer = multiplexer_of()
    started = getting(scene, multiplexer, names, idempotent=idempotent)
    scene.may_happen("the next dial is refused", lambda: scene.kernel.rule(admit=False))
    scene.run()
    for caller in started:
        answered(caller, *([] if idempotent else [ConnectFailed]))
    nothing_is_left(scene, multiplexer)


def limited(scene: Scene, names: str, hasty: str) -> None:
    """A limit may pass at any moment, also that of who reads for all, or was just made the reader."""
    multiplexer = warmed(scene, command_timeout_seconds=LIMIT_SECONDS)
    started = in_haste(scene, multiplexer, names, hasty)
    scene.run()
    for caller in started:
        answered(caller, ConnectionLost, *([CommandTimeout] if caller.name in hasty else []))
    nothing_is_left(scene, multiplexer)


def limited_dials(scene: Scene, names: str, hasty: str) -> None:
    """The limit of who dials passes; another dials for all."""
    multiplexer = multiplexer_of(command_timeout_seconds=LIMIT_SECONDS)
    started = in_haste(scene, multiplexer, names, hasty)
    scene.run()
    for caller in started:
        answered(caller, *([CommandTimeout, ConnectionLost] if caller.name in hasty else []))
    nothing_is_left(scene, multiplexer)


def in_haste(scene: Scene, multiplexer: Multiplexer, names: str, hasty: str) -> list[Caller]:
    """Some have a limit; the others would wait for ever if they were forgotten."""
    scene.scheduler.early_limits = LIMIT_SECONDS

    def call(name: str) -> object:
        multiplexer._limit_seconds = LIMIT_SECONDS if name in hasty else inf
        return multiplexer.execute("GET", name)

    return [scene.start(name, partial(call, name)) for name in names]


def lost(scene: Scene, names: str, idempotent: bool) -> None:
    """The connection ends: who reads notices, or who writes."""
    multiplexer = warmed(scene)
    started = getting(scene, multiplexer, names, idempotent=idempotent)
    scene.may_send("the server closes all connections", scene.witness.restart)
    scene.run()
    for caller in started:
        answered(caller, *([] if idempotent else [ConnectionLost]))
    nothing_is_left(scene, multiplexer)


def closed(scene: Scene, names: str, drain_seconds: float, warm: bool) -> None:
    multiplexer = warmed(scene) if warm else multiplexer_of()
    started = getting(scene, multiplexer, names)
    scene.may_begin("closing", lambda: multiplexer.close(drain_seconds))
    scene.run()
    for caller in started:
        answered(caller, Closed)
    nothing_is_left(scene, multiplexer)


def listening(scene: Scene, names: str, disturbed: bool = False) -> None:
    """One listens while others call: it may have to read for them, and they for it."""
    multiplexer = warmed(scene)
    subscription = subscribed(scene, multiplexer)
    listener = scene.start("listener", subscription.message)
    started = getting(scene, multiplexer, names)
    if disturbed:
        scene.may_send("the server closes all connections", scene.witness.restart)
    publisher = scene.start("publisher", lambda: publish(scene))
    scene.run(all_done=False)
    for caller in started:
        assert caller.thread.done(), f"{caller.name} is left waiting"
        answered(caller, *([ConnectionLost] if disturbed else []))
    if not listener.thread.done():
        assert disturbed, "the message went by"
        scene.witness.opened(SOMEBODY_ELSE)
        publish(scene)  # the first one was lost with a connection
        scene.run(exploring=False)
    assert isinstance(listener.result, Message), f"the listener got {listener.result!r}, {listener.error!r}"
    assert publisher.error is None
    scene.call(subscription.close)
    nothing_is_left(scene, multiplexer)


def subscribed(scene: Scene, multiplexer: Multiplexer) -> Subscription:
    scene.witness.opened(SOMEBODY_ELSE)
    subscription = scene.call(lambda: multiplexer.subscribe("news"))
    assert isinstance(subscription, Subscription)
    return subscription


def publish(scene: Scene) -> None:
    """Somebody else does, on a connection of its own."""
    scene.kernel.carry(scene.witness.received(SOMEBODY_ELSE, encode(("PUBLISH", "news", "hello"))))


def replayed(scene: Scene, names: str, limits: bool = False) -> None:
    """The protocol of leader and follower, step by step beside its model."""
    multiplexer = warmed(scene, command_timeout_seconds=LIMIT_SECONDS if limits else None)
    if limits:
        scene.scheduler.early_limits = LIMIT_SECONDS
    with Replay(multiplexer, len(names)) as replay:
        started = [scene.start(name, _left(replay, multiplexer, name)) for name in names]
        scene.run()
    scene.passed_over = bool(replay.unmapped)
    for caller in started:
        answered(caller, CommandTimeout)
    assert replay.unmapped or replay.length >= LEAST_STEPS * len(names)


def _left(replay: Replay, multiplexer: Multiplexer, name: str) -> Callable[[], object]:
    def run() -> object:
        try:
            return multiplexer.execute("GET", name)
        finally:
            replay.left()

    return run
