"""Programs of threads one of which is interrupted; `thread_schedules` does it at every moment.

What is promised to the others: they get their own replies, nobody is left waiting, no lock is held, no
capacity lost. The one that is interrupted ends by that, or had its outcome already.
"""

from __future__ import annotations

from typing import Any

from poolproof.conformance.adapter import Interrupted
from poolproof.reference import AcquireTimeout, Closed, ConnectFailed, ConnectionLost
from poolproof.reference.threads import Multiplexer, Pool

from . import multiplexer_in_threads as multiplexers
from . import pool_in_threads as pools
from .multiplexer_in_threads import publish, subscribed
from .pool_in_threads import SOON_SECONDS, answered
from .scene_of_threads import Scene


def use_lease(pool: Pool, use: str) -> object:
    """One caller's use of a lease, by name."""
    with pool.acquire() as lease:
        match use:
            case "execute":
                return lease.execute("GET", "victim")
            case "batch":
                return lease.batch([("GET", "x"), ("GET", "victim")])[-1]
            case "transaction":
                return lease.transaction([("GET", "x"), ("GET", "victim")])[-1]
            case "message":
                lease.subscribe("news")
                lease.message(0.0)
                return b"val:victim"
            case _:
                raise ValueError(use)


def pool_is_used(scene: Scene, use: str, names: str, max_size: int, idle: bool) -> None:
    """The victim uses a lease while others want one."""
    pool = (
        pools.warmed(scene, max_size, replayed=False)
        if idle
        else pools.pool_of(scene, max_size, replayed=False)
    )
    before = pools.getting(scene, pool, names[:1])
    victim = scene.start("victim", lambda: use_lease(pool, use))
    others = before + pools.getting(scene, pool, names[1:])
    scene.may_be_interrupted(victim)
    scene.run()
    assert all([answered(caller) for caller in others])  # noqa: C419
    answered(victim, Interrupted)
    pools.nothing_is_left(scene, pool)


def pool_has_trouble(scene: Scene, trouble: str, names: str) -> None:
    """The victim is interrupted while it deals with a limit, a refusal, a loss or old connections."""
    options: dict[str, Any] = {
        "limit": {"acquire_timeout_seconds": SOON_SECONDS},
        "old": {"max_lifetime_seconds": SOON_SECONDS},
        "checked": {"health_check_after_seconds": 0},
    }.get(trouble, {})
    if trouble == "old":
        scene.patience_seconds = SOON_SECONDS / 10
    make = pools.pool_of if trouble == "refused" else pools.warmed
    pool = make(scene, 1, replayed=False, **options)
    if trouble == "limit":
        scene.scheduler.early_limits = SOON_SECONDS
    if trouble == "old":
        scene.scheduler.now += SOON_SECONDS
    if trouble == "refused":
        scene.kernel.rule(admit=False)
    if trouble in ("lost", "checked"):
        scene.kernel.carry(scene.witness.restart())
    others = pools.getting(scene, pool, names[:1])
    victim = scene.start("victim", lambda: pool.execute("GET", "victim"))
    others += pools.getting(scene, pool, names[1:])
    scene.may_be_interrupted(victim)
    scene.run()
    for caller in (*others, victim):
        answered(caller, Interrupted, AcquireTimeout, ConnectFailed, ConnectionLost)
    pools.nothing_is_left(scene, pool)


def pool_is_closed(scene: Scene, names: str, drain_seconds: float) -> None:
    """Closing is interrupted; it can be said again."""
    pool = pools.warmed(scene, 1, replayed=False)
    others = pools.getting(scene, pool, names)
    victim = scene.start("victim", lambda: pool.close(drain_seconds))
    scene.may_be_interrupted(victim)
    scene.run(all_done=False)
    scene.call(pool.close)
    for caller in others:
        answered(caller, Closed)
    pools.nothing_is_left(scene, pool)


def use_multiplexer(multiplexer: Multiplexer, use: str) -> object:
    match use:
        case "execute":
            return multiplexer.execute("GET", "victim")
        case "idempotent":
            return multiplexer.execute("GET", "victim", idempotent=True)
        case "batch":
            return multiplexer.batch([("GET", "x"), ("GET", "victim")])[-1]
        case "transaction":
            return multiplexer.transaction([("GET", "x"), ("GET", "victim")])[-1]
        case "subscribe":
            multiplexer.subscribe("news").close()
            return b"val:victim"
        case _:
            raise ValueError(use)


def multiplexer_is_used(scene: Scene, use: str, names: str, warm: bool) -> None:

    multiplexer = multiplexers.warmed(scene) if warm else multiplexers.multiplexer_of()
    others = multiplexers.getting(scene, multiplexer, names[:1])
    victim = scene.start("victim", lambda: use_multiplexer(multiplexer, use))
    others += multiplexers.getting(scene, multiplexer, names[1:])
    scene.may_be_interrupted(victim)
    scene.run()
    for caller in others:
        answered(caller, ConnectionLost)
    answered(victim, Interrupted, ConnectionLost, RuntimeError)
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_lost(scene: Scene, names: str) -> None:
    """The victim is interrupted while it tells everybody that the connection is lost."""
    multiplexer = multiplexers.warmed(scene)
    others = multiplexers.getting(scene, multiplexer, names[:1])
    victim = scene.start("victim", lambda: multiplexer.execute("GET", "victim"))
    others += multiplexers.getting(scene, multiplexer, names[1:])
    scene.kernel.carry(scene.witness.restart())
    scene.may_be_interrupted(victim)
    scene.run()
    for caller in (*others, victim):
        answered(caller, ConnectionLost, Interrupted, RuntimeError)
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_listened_to(scene: Scene, names: str) -> None:
    multiplexer = multiplexers.warmed(scene)
    subscription = subscribed(scene, multiplexer)
    victim = scene.start("victim", subscription.message)
    others = multiplexers.getting(scene, multiplexer, names)
    scene.start("publisher", lambda: publish(scene))
    scene.may_be_interrupted(victim)
    scene.run()
    for caller in others:
        answered(caller, ConnectionLost)
    assert victim.result is not None or isinstance(victim.error, Interrupted)
    scene.call(subscription.close)
    multiplexers.nothing_is_left(scene, multiplexer)


def multiplexer_is_closed(scene: Scene, names: str, drain_seconds: float) -> None:
    multiplexer = multiplexers.warmed(scene)
    others = multiplexers.getting(scene, multiplexer, names)
    victim = scene.start("victim", lambda: multiplexer.close(drain_seconds))
    scene.may_be_interrupted(victim)
    scene.run(all_done=False)
    scene.call(multiplexer.close)
    for caller in others:
        answered(caller, Closed, ConnectionLost)
    multiplexers.nothing_is_left(scene, multiplexer)
