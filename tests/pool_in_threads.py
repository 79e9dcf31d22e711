"""Programs of threads that share a pool; `thread_schedules` plays each of them in every schedule."""

from __future__ import annotations

from typing import Any

from poolproof.reference import AcquireTimeout, Closed, ConnectFailed, ConnectionLost, PoolproofError
from poolproof.reference.pool import Closing, PoolCore
from poolproof.reference.threads import Lease, Pool

from .replaying import LoggedCore
from .scene_of_threads import SERVER, Caller, Scene

MODELLED = 4  # callers at a time
SOON_SECONDS = 5.0  # the limits that may pass at any moment


class ReplayedCore(LoggedCore):
    """Follows the model. The shell marks all connections as lost when it has closed the pool: whoever was
    granted one leaves without it."""

    def resume(self, caller: Any, now: float) -> Any:
        if self.closed and caller in self.granted:
            self._act("Cancel", self._numbers.pop(caller))
            return PoolCore.resume(self, caller, now)
        return super().resume(caller, now)

    def replace(self, caller: Any, now: float) -> Any:
        if self.closed:
            self._act("Release", self._numbers.pop(caller))
            return PoolCore.replace(self, caller, now)
        return super().replace(caller, now)

    def close(self) -> Closing[Any, Any]:
        closing = super().close()
        self._slots.clear()  # which would keep sockets open
        return closing

    def lost(self, connection: Any) -> None:
        if self.closed:
            PoolCore.lost(self, connection)
        else:
            super().lost(connection)


def pool_of(scene: Scene, max_size: int, replayed: bool = True, **options: Any) -> Pool:
    """A pool without limits, but for those that are given. Its core follows the model, if that can be."""
    scene.sockets_allowed = max_size
    names = ("acquire_timeout_seconds", "command_timeout_seconds", "health_check_after_seconds")
    pool = Pool(SERVER, max_size=max_size, **{**dict.fromkeys(names), **options})
    if replayed and pool._limits.max_dialling >= max_size:
        pool._core = ReplayedCore(pool._limits, callers=MODELLED)
    return pool


def warmed(scene: Scene, max_size: int, **options: Any) -> Pool:
    """A pool all of whose connections are idle."""
    pool = pool_of(scene, max_size, **options)
    scene.call(lambda: [pool.release(lease) for lease in [pool.acquire() for _ in range(max_size)]])
    return pool


def getting(scene: Scene, pool: Pool, names: str) -> list[Caller]:
    def call(name: str) -> Caller:
        return scene.start(name, lambda: pool.execute("GET", name))

    return [call(name) for name in names]


def answered(caller: Caller, *errors: type[BaseException]) -> bool:
    """Whether the caller got its own reply; else it got one of these errors."""
    if caller.error is not None:
        assert isinstance(caller.error, errors), f"{caller.name} got {caller.error!r}"
        return False
    assert caller.result == b"val:" + caller.name.encode(), f"{caller.name} got {caller.result!r}"
    return True


def nothing_is_left(scene: Scene, pool: Pool) -> None:
    """Everybody is out, and the pool can lend as many connections at once as ever (POOL-03)."""
    core = pool._core
    core.check()
    assert core.empty, "somebody is still in the pool's book"
    assert not pool._lock.locked(), "the lock is held"
    assert not pool._dials, "a dial is remembered"
    assert len(scene.kernel.descriptors) == core.permits_taken, "a socket is forgotten"
    if not core.draining:
        leases = scene.call(lambda: [pool.acquire() for _ in range(core.limits.max_size)])
        scene.call(lambda: [pool.release(lease) for lease in leases])  # type: ignore[attr-defined]
    scene.call(pool.close)
    assert not scene.kernel.descriptors, "a socket is left open"


# The programs.


def callers(scene: Scene, names: str, max_size: int, max_dialling: int) -> None:
    pool = pool_of(scene, max_size, max_dialling=max_dialling)
    started = getting(scene, pool, names)
    scene.run()
    assert all([answered(caller) for caller in started])  # noqa: C419
    nothing_is_left(scene, pool)


def callers_of_idle(scene: Scene, names: str, max_size: int) -> None:
    pool = warmed(scene, max_size)
    started = getting(scene, pool, names)
    scene.run()
    assert all([answered(caller) for caller in started])  # noqa: C419
    nothing_is_left(scene, pool)


def limited(scene: Scene, names: str) -> None:
    pool = warmed(scene, 1, acquire_timeout_seconds=SOON_SECONDS)
    scene.scheduler.early_limits = SOON_SECONDS
    started = getting(scene, pool, names)
    scene.run()
    for caller in started:
        answered(caller, AcquireTimeout)
    nothing_is_left(scene, pool)


def limited_dials(scene: Scene, names: str) -> None:
    """The limit may pass while one dials, too."""
    pool = pool_of(scene, 1, acquire_timeout_seconds=SOON_SECONDS)
    scene.scheduler.early_limits = SOON_SECONDS
    started = getting(scene, pool, names)
    scene.run()
    for caller in started:
        answered(caller, AcquireTimeout)
    nothing_is_left(scene, pool)


def refused(scene: Scene, names: str, max_size: int) -> None:
    """A dial is refused; those behind it dial for themselves."""
    pool = pool_of(scene, max_size)
    started = getting(scene, pool, names)
    scene.may_happen("the next dial is refused", lambda: scene.kernel.rule(admit=False))
    scene.run()
    assert sum([answered(caller, ConnectFailed) for caller in started]) >= len(names) - 1
    nothing_is_left(scene, pool)


def lost(scene: Scene, names: str, max_size: int, max_dialling: int = 4, **options: Any) -> None:
    """A connection ends, idle or lent. Who had sent nothing on it gets another, which the model leaves out."""  # noqa: E501
    pool = warmed(scene, max_size, replayed=False, max_dialling=max_dialling, **options)
    started = getting(scene, pool, names)
    scene.may_send("the server closes all connections", scene.witness.restart)
    scene.run()
    for caller in started:
        answered(caller, ConnectionLost)
    nothing_is_left(scene, pool)


def checked(scene: Scene, names: str) -> None:
    """Each is asked whether it is alive before it is lent."""
    lost(scene, names, 1, health_check_after_seconds=0)


def grown_old(scene: Scene, names: str, max_size: int) -> None:
    """Lifetimes end while connections are lent, and waited for."""
    scene.patience_seconds = SOON_SECONDS / 10  # or nobody would come back in time
    pool = warmed(scene, max_size, max_lifetime_seconds=SOON_SECONDS)
    started = getting(scene, pool, names)
    scene.may_happen("time passes", lambda: pass_time(scene, SOON_SECONDS))
    scene.run()
    assert all([answered(caller) for caller in started])  # noqa: C419
    nothing_is_left(scene, pool)


def pass_time(scene: Scene, seconds: float) -> None:
    scene.scheduler.now += seconds


def closed(scene: Scene, names: str, max_size: int, drain_seconds: float, idle: bool) -> None:
    pool = warmed(scene, max_size) if idle else pool_of(scene, max_size)
    started = getting(scene, pool, names)
    scene.may_begin("closing", lambda: pool.close(drain_seconds))
    scene.run()
    for caller in started:
        answered(caller, Closed)
    nothing_is_left(scene, pool)
    late = scene.start("late", lambda: pool.execute("GET", "late"))
    scene.run(exploring=False)
    assert isinstance(late.error, Closed) == pool._core.closed


def dialling_slowly(scene: Scene, names: str) -> None:
    """While one dials, a connection comes back, and goes from one to the next (POOL-09)."""
    scene.patience_seconds = SOON_SECONDS  # which is less than a dial may take
    pool = pool_of(scene, 2)
    lease = scene.call(pool.acquire)
    assert isinstance(lease, Lease)
    scene.kernel.hold(True)
    started = getting(scene, pool, names)
    scene.start("releasing", lambda: pool.release(lease))
    scene.run(all_done=False)
    assert [caller.thread.done() for caller in scene.callers].count(False) <= 1, "others wait for who dials"
    scene.kernel.hold(False)
    scene.run(exploring=False)
    assert all([answered(caller) for caller in started])  # noqa: C419
    nothing_is_left(scene, pool)


def misused(scene: Scene, names: str) -> None:
    """What is released twice, while others come and go, stays with its new borrower."""
    pool = warmed(scene, 1)

    def twice() -> None:
        lease = pool.acquire()
        pool.release(lease)
        try:
            pool.release(lease)
        except PoolproofError:
            return
        raise AssertionError("a second release was taken")

    doing = scene.start("twice", twice)
    started = getting(scene, pool, names)
    scene.run()
    assert doing.error is None
    assert all([answered(caller) for caller in started])  # noqa: C419
    nothing_is_left(scene, pool)
