"""Leases and the client of asyncio in every order of callbacks: what they leave, whatever happens when."""

from __future__ import annotations

import pytest

from poolproof.conformance.history import Kind
from poolproof.reference import Closed, ConnectFailed, ConnectionLost, commands
from poolproof.reference.aio import Client, Pool
from poolproof.reference.resp import Argument

from .playing import URL, callers, ends_well, got_its_own, nobody_is_left, pool_of
from .schedules import Scene, at_every_moment

LEAVING: list[list[tuple[Argument, ...]]] = [
    [("SELECT", 3), ("SELECT", 0)],
    [("WATCH", "k"), ("UNWATCH",)],
    [("MULTI",), ("GET", "k"), ("EXEC",)],
]


async def alone(pool: Pool, commands: list[tuple[Argument, ...]]) -> None:
    """One caller sends these, one after another, on a lease."""
    async with pool.acquire() as connection:
        for command in commands:
            await connection.execute(*command)


async def together(pool: Pool) -> object:
    async with pool.acquire() as connection:
        await connection.execute("WATCH", "k")
        return await connection.transaction([("GET", "1"), ("GET", "2")])


async def listening(pool: Pool) -> None:
    async with pool.acquire() as connection:
        messages = await connection.subscribe("news", "weather")
        await anext(messages)


@pytest.mark.parametrize("commands", LEAVING)
def test_conn_08_who_is_cancelled_at_every_moment_leaves_nothing_to_the_next(
    commands: list[tuple[Argument, ...]],
) -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        leaving = scene.start(alone(pool, commands))
        tasks = callers(scene, pool, "a")
        scene.steps(moment)
        leaving.cancel()
        scene.run()
        assert got_its_own(tasks["a"], "a")
        nobody_is_left(scene, pool)
        sessions = [
            event.detail for event in scene.events if event.kind is Kind.RECEIVED and event.caller == "a"
        ]
        assert sessions == ["resp=3"]

    at_every_moment(play, budget=1)


def test_call_03_call_08_a_transaction_is_cancelled_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        transaction = scene.start(together(pool))
        tasks = callers(scene, pool, "ab")
        scene.steps(moment)
        transaction.cancel()
        scene.run()
        assert all(got_its_own(task, name) for name, task in tasks.items())
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


def test_call_03_a_lease_that_listens_is_cancelled_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        listener = scene.start(listening(pool))
        tasks = callers(scene, pool, "ab")
        scene.steps(moment)
        listener.cancel()
        scene.run()
        assert all(got_its_own(task, name) for name, task in tasks.items())
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=1)


def test_mux_09_a_lease_that_listens_is_told_of_a_loss_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        pool = pool_of(1)
        listener = scene.start(listening(pool))
        scene.steps(moment)
        scene.network.carry(scene.witness.restart())
        scene.run()
        if not listener.done():  # it was not there yet
            listener.cancel()
            scene.run()
        else:
            assert isinstance(listener.exception(), ConnectionLost | ConnectFailed)
        nobody_is_left(scene, pool)

    at_every_moment(play, budget=2)


class Both:
    """A client on a scene: one of its callers blocks, one asks for something unknown, two share."""

    def __init__(self, scene: Scene) -> None:
        self.client = Client(URL, command_timeout_seconds=None, health_check_after_seconds=None, max_size=1)
        self.blocked = scene.start(self.call("BLPOP", "k", 0))
        self.unknown = scene.start(self.call("NEW.COMMAND"))
        self.sharing = callers(scene, self.client.multiplexer, "ab")

    async def call(self, *command: Argument) -> object:
        return await self.client.execute(*command)


def test_mux_04_a_blocking_caller_is_cancelled_at_every_moment_and_delays_nobody() -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Both(scene)
        scene.steps(moment)
        scene.run(1)
        assert all(got_its_own(task, name) for name, task in play.sharing.items())
        scene.steps(moment)
        play.blocked.cancel()
        scene.run(1)
        assert play.unknown.done()
        assert "unknown command" in str(play.unknown.exception())
        assert play.client.pool._core.empty
        assert play.client.multiplexer._core.empty
        assert len(scene.network.ends) == 1 + len(play.client.pool._core.idle), (
            "a socket that nobody knows of"
        )
        ends_well(scene, play.client)

    at_every_moment(play, budget=1)


@pytest.mark.parametrize("drain_seconds", [0, 5])
def test_life_02_life_03_a_client_is_closed_at_every_moment_and_that_is_cancelled_later(
    drain_seconds: float,
) -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Both(scene)
        scene.steps(moment)
        closing = scene.start(play.client.close(drain_seconds))
        scene.steps(3)
        closing.cancel()
        scene.run(10)
        begun = play.client.pool._core.draining
        for name, task in play.sharing.items():
            got_its_own(task, name, Closed)
        assert play.blocked.done() == begun
        if begun:
            assert isinstance(play.blocked.exception(), Closed)
            assert not scene.network.ends
        else:
            play.blocked.cancel()
        ends_well(scene, play.client)

    at_every_moment(play, budget=1)


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test learns, it alone knows."""
    monkeypatch.setattr(commands, "_routes", dict(commands._routes))
    monkeypatch.setattr(commands, "_by_spelling", dict(commands._by_spelling))
