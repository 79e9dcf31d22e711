"""The asyncio multiplexer keeps its promises in every order of callbacks, whatever happens when."""

from __future__ import annotations

import pytest

from poolproof.reference import Closed, CommandTimeout, ConnectFailed, ConnectionLost, Fate
from poolproof.reference.aio import Messages, Multiplexer

from .playing import callers, got_its_own, multiplexer_of, nothing_is_owed
from .schedules import Scene, at_every_moment, explore


def broken(scene: Scene) -> None:
    """The server ends all connections that there are."""
    scene.network.carry(scene.witness.restart())


def test_mux_01_three_callers_are_served_in_every_order() -> None:
    def play(scene: Scene) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer)
        scene.run()
        assert all(got_its_own(task, name) for name, task in tasks.items())
        nothing_is_owed(scene, multiplexer)

    assert explore(play, budget=3) >= 200  # fewer: the search looks away


@pytest.mark.parametrize("options", [{}, {"max_in_flight": 1}])
def test_mux_02_call_04_a_caller_is_cancelled_at_every_moment(options: dict[str, int]) -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of(**options)
        tasks = callers(scene, multiplexer)
        scene.steps(moment)
        tasks["b"].cancel()
        scene.run()
        assert [name for name, task in tasks.items() if not got_its_own(task, name)] in ([], ["b"])
        nothing_is_owed(scene, multiplexer)

    at_every_moment(play, budget=2 - len(options))


def test_mux_02_call_08_a_batch_is_cancelled_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of(replayed=False, max_in_flight=2)

        async def together() -> object:
            return await multiplexer.transaction([("GET", "1"), ("GET", "2")])

        tasks = callers(scene, multiplexer, "a")
        batch = scene.start(together())
        tasks |= callers(scene, multiplexer, "b")
        scene.steps(moment)
        batch.cancel()
        scene.run()
        assert all(got_its_own(task, name) for name, task in tasks.items())
        assert batch.cancelled() or batch.result() == [b"val:1", b"val:2"]
        nothing_is_owed(scene, multiplexer)

    at_every_moment(play, budget=2)


@pytest.mark.parametrize("drain_seconds", [0, 5])
def test_life_02_life_03_a_multiplexer_is_closed_at_every_moment(drain_seconds: float) -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer)
        scene.steps(moment)
        accepted = (
            multiplexer._core.answered + len(multiplexer._core.in_flight) + multiplexer._core.backlogged
        )
        closing = scene.start(multiplexer.close(drain_seconds))
        scene.run()
        assert closing.done()
        served = [got_its_own(task, name, Closed) for name, task in tasks.items()]
        assert not drain_seconds or sum(served) >= accepted
        nothing_is_owed(scene, multiplexer)
        assert not scene.network.ends

    at_every_moment(play, budget=1)


def test_life_03_a_close_that_drains_is_cancelled_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer)
        closing = scene.start(multiplexer.close(5))
        scene.steps(moment)
        begun = multiplexer._core.draining
        closing.cancel()
        scene.run()
        for name, task in tasks.items():
            got_its_own(task, name, Closed)
        nothing_is_owed(scene, multiplexer)
        assert not (begun and scene.network.ends)

    at_every_moment(play, budget=1)


def test_mux_06_the_server_goes_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer)
        scene.steps(moment)
        broken(scene)
        scene.run()
        for name, task in tasks.items():
            got_its_own(task, name, ConnectionLost, ConnectFailed)
        nothing_is_owed(scene, multiplexer)

    at_every_moment(play, budget=1)


def test_call_05_an_idempotent_command_outlives_a_loss_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer, "ab", idempotent=True)
        scene.steps(moment)
        broken(scene)
        scene.run()
        assert all(got_its_own(task, name) for name, task in tasks.items())
        nothing_is_owed(scene, multiplexer)

    at_every_moment(play, budget=1)


def test_call_03_an_idempotent_command_is_cancelled_at_every_moment_around_a_loss() -> None:
    def play(scene: Scene, moment: int) -> None:
        multiplexer = multiplexer_of()
        tasks = callers(scene, multiplexer, "ab", idempotent=True)
        scene.steps(8)
        broken(scene)
        scene.steps(moment)
        tasks["a"].cancel()
        scene.run()
        got_its_own(tasks["a"], "a")
        assert got_its_own(tasks["b"], "b")
        nothing_is_owed(scene, multiplexer)

    at_every_moment(play, budget=1)


def test_call_01_a_limit_passes_at_every_moment() -> None:
    def play(scene: Scene) -> None:
        multiplexer = multiplexer_of(command_timeout_seconds=1)
        tasks = callers(scene, multiplexer)
        scene.run()
        for name, task in tasks.items():
            if not got_its_own(task, name, CommandTimeout, ConnectFailed, ConnectionLost):
                error = task.exception()
                assert error is not None
                assert getattr(error, "fate", None) is not Fate.EXECUTED
        nothing_is_owed(scene, multiplexer)

    assert explore(play, budget=2, early_timers=True) >= 100


class Listening:
    """A multiplexer with a caller who listens, and may stop to, and one who publishes once that is so."""

    def __init__(self, scene: Scene, listeners: int = 1) -> None:
        self.scene = scene
        self.multiplexer: Multiplexer = multiplexer_of(replayed=False)
        self.listeners = [scene.start(self.listen()) for _ in range(listeners)]

    async def listen(self) -> Messages:
        return await self.multiplexer.subscribe("news")

    async def publish(self) -> object:
        return await self.multiplexer.execute("PUBLISH", "news", "1")

    def heard_by(self, messages: Messages) -> None:
        """What is published from now on reaches this listener."""
        messages._kept.clear()
        published = self.scene.start(self.publish())
        self.scene.run(1)
        assert published.result() >= 1
        assert [message.data for message in messages._kept] == [b"1"]


def test_mux_09_a_subscription_outlives_a_loss_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Listening(scene)
        scene.run(1)
        messages = play.listeners[0].result()
        tasks = callers(scene, play.multiplexer, "ab")
        scene.steps(moment)
        broken(scene)
        scene.run(5)
        for name, task in tasks.items():
            got_its_own(task, name, ConnectionLost, ConnectFailed)
        assert messages.interruptions == 1
        play.heard_by(messages)
        nothing_is_owed(scene, play.multiplexer)

    at_every_moment(play, budget=1)


def test_mux_09_a_subscription_that_is_under_way_is_told_of_a_loss_at_every_moment() -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Listening(scene)
        scene.steps(moment)
        broken(scene)
        scene.run(5)
        (listener,) = play.listeners
        assert listener.done()
        if error := listener.exception():
            assert isinstance(error, ConnectionLost | ConnectFailed)
            assert play.multiplexer._subscriptions.listeners == {}
        else:
            play.heard_by(listener.result())
        nothing_is_owed(scene, play.multiplexer)

    at_every_moment(play, budget=2)


def test_call_03_a_listener_is_cancelled_at_every_moment_and_the_other_goes_on_listening() -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Listening(scene, listeners=2)
        scene.steps(moment)
        play.listeners[0].cancel()
        scene.run(5)
        play.heard_by(play.listeners[1].result())
        assert len(play.multiplexer._subscriptions.everybody()) == (1 if play.listeners[0].cancelled() else 2)
        nothing_is_owed(scene, play.multiplexer)

    at_every_moment(play, budget=2)


def test_mux_07_who_unsubscribes_at_every_moment_of_a_return_is_no_more_told() -> None:
    def play(scene: Scene, moment: int) -> None:
        play = Listening(scene, listeners=2)
        scene.run(1)
        gone, stays = [listener.result() for listener in play.listeners]
        broken(scene)
        scene.steps(moment)
        play.multiplexer.unsubscribe(gone)
        scene.run(5)
        play.heard_by(stays)
        assert not gone._kept
        play.multiplexer.unsubscribe(stays)
        scene.run(5)
        published = scene.start(play.publish())
        scene.run(1)
        assert published.result() == 0, "the server was not told"
        nothing_is_owed(scene, play.multiplexer)

    at_every_moment(play, budget=1)
