"""Programs of threads one of which, the victim, is interrupted; `thread_schedules` does it at every moment.

What is promised to the others: they get their own replies, nobody is left waiting, no lock is held, no
capacity lost. The victim ends by the interrupt, or had its outcome already. In the order in which the threads
start, V stands for the victim, and a small letter for another caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from poolproof.conformance.adapter import Interrupted
from poolproof.reference import AcquireTimeout, Closed, ConnectFailed, ConnectionLost
from poolproof.reference.threads import Multiplexer, Pool

from . import multiplexer_in_threads as multiplexers
from . import pool_in_threads as pools
from .multiplexer_in_threads import publish, subscribed
from .pool_in_threads import SOON_SECONDS, answered
from .scene_of_threads import Caller, Scene

REPLY = b"val:V"  # of the victim


def started(
    scene: Scene, order: str, call: Callable[..., object], victim: Callable[[], object]
) -> tuple[list[Caller], Caller]:
    """The others, who `call` with GET and their name, and the victim, who may be interrupted at any moment."""  # noqa: E501

    def calling(name: str) -> Callable[[], object]:
        return lambda: call("GET", name)

    every = {name: scene.start(name, victim if name == "V" else calling(name)) for name in order}
    scene.may_be_interrupted(every["V"])
    return [caller for name, caller in every.items() if name != "V"], every["V"]


def use_lease(pool: Pool, use: str) -> object:
    with pool.acquire() as lease:
        match use:
            case "execute":
                return lease.execute("GET", "V")
            case "batch":
                return lease.batch([("GET", "x"), ("GET", "V")])[-1]
            case "transaction":
                return lease.transaction([("GET", "x"), ("GET", "V")])[-1]
            case _:
                lease.subscribe("news")
                lease.message(0.0)
                return REPLY


def pool_is_used(scene: Scene, use: str, order: str, idle: bool) -> None:
    """The one connection there is, is there already or not."""
    pool = (pools.warmed if idle else pools.pool_of)(scene, 1, replayed=False)
    others, victim = started(scene, order, pool.execute, lambda: use_lease(pool, use))
    scene.run()
    assert all(answered(caller) for caller in others)
    answered(victim, Interrupted)
    pools.nothing_is_left(scene, pool)


TROUBLES: dict[str, dict[str, Any]] = {
    "limit": {"acquire_timeout_seconds": SOON_SECONDS},
    "refused": {},
    "lost": {},
    "old": {"max_lifetime_seconds": SOON_SECONDS},
    "checked": {"health_check_after_seconds": 0},
}


def pool_has_trouble(scene: Scene, trouble: str, order: str) -> None:
    """A limit may pass, a dial is refused, the connection has been lost, or has grown old."""
    if trouble == "old":
        scene.patience_seconds = SOON_SECONDS / 10
    make = pools.pool_of if trouble == "refused" else pools.warmed
    pool = make(scene, 1, replayed=False, **TROUBLES[trouble])
    match trouble:
        case "limit":
            scene.scheduler.early_limits = SOON_SECONDS
        case "old":
            scene.scheduler.now += SOON_SECONDS
        case "refused":
            scene.kernel.rule(admit=False)
        case _:
            scene.kernel.carry(scene.witness.restart())
    others, victim = started(scene, order, pool.execute, lambda: pool.execute("GET", "V"))
    scene.run()
    for caller in (*others, victim):
        answered(caller, Interrupted, AcquireTimeout, ConnectFailed, ConnectionLost)
    pools.nothing_is_left(scene, pool)


def pool_is_closed(scene: Scene, order: str, drain_seconds: float) -> None:
    """To close was interrupted; it can be said again."""
    pool = pools.warmed(scene, 1, replayed=False)
    others, _ = started(scene, order, pool.execute, lambda: pool.close(drain_seconds))
    scene.run(all_done=False)
    scene.call(pool.close)
    for caller in others:
        answered(caller, Closed)
    pools.nothing_is_left(scene, pool)


def use_multiplexer(multiplexer: Multiplexer, use: str) -> object:
    match use:
        case "execute" | "idempotent":
            return multiplexer.execute("GET", "V", idempotent=use == "idempotent")
        case "batch":
            return multiplexer.batch([("GET", "x"), ("GET", "V")])[-1]
        case "transaction":
            return multiplexer.transaction([("GET", "x"), ("GET", "V")])[-1]
        case _:
            multiplexer.subscribe("news").close()
            return REPLY


def multiplexer_is_used(scene: Scene, use: str, order: str, warm: bool) -> None:
    """A write or a read that is interrupted half-way ends the connection, which the others are told."""
    multiplexer = multiplexers.warmed(scene) if warm else multiplexers.multiplexer_of()
    others, victim = started(scene, order, multiplexer.execute, lambda: use_multiplexer(multiplexer, use))
    scene.run()
    for caller in others:
        answered(caller, ConnectionLost)
    answered(
        victim, Interrupted, ConnectionLost, RuntimeError
    )  # of CPython's own Event, which was interrupted
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_lost(scene: Scene, order: str) -> None:
    """The victim is interrupted while it tells everybody that the connection is lost."""
    multiplexer = multiplexers.warmed(scene)
    scene.witness.hold()
    others, victim = started(scene, order, multiplexer.execute, lambda: multiplexer.execute("GET", "V"))
    scene.run(exploring=False, all_done=False)
    scene.witness.heal()
    scene.kernel.carry(scene.witness.restart())
    scene.run()
    for caller in (*others, victim):
        answered(caller, ConnectionLost, Interrupted, RuntimeError)
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_listened_to(scene: Scene, order: str) -> None:
    """The victim is a listener, who reads for the others while nothing is published."""
    multiplexer = multiplexers.warmed(scene)
    subscription = subscribed(scene, multiplexer)
    others, victim = started(scene, order, multiplexer.execute, subscription.message)
    scene.start("publisher", lambda: publish(scene))
    scene.run()
    for caller in others:
        answered(caller, ConnectionLost)
    assert victim.result is not None or isinstance(victim.error, Interrupted)
    scene.call(subscription.close)
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_closed(scene: Scene, order: str, drain_seconds: float) -> None:
    multiplexer = multiplexers.warmed(scene)
    others, _ = started(scene, order, multiplexer.execute, lambda: multiplexer.close(drain_seconds))
    scene.run(all_done=False)
    scene.call(multiplexer.close)
    for caller in others:
        answered(caller, Closed, ConnectionLost)
    multiplexers.nothing_is_left(scene, multiplexer)
