"""What callers do in the real world: a step is a request to the driver, its reply what they are told."""

from contextlib import AbstractContextManager
from typing import Any

from ..history import Kind
from ..plan import BATCH_VERBS, Plan, Step, Verb
from ..protocol.driver import Driver
from ..protocol.messages import Message, value_of
from ..simulation.observer import Tell
from ..simulation.stage import Work, commands_of
from ..simulation.world import World
from .client import SETTINGS, Remote
from .network import HOST, Network
from .requests import Asked, Requests, error_in, must_succeed

_MODES = {Verb.BATCH: "pipeline", Verb.TRANSACTION: "transaction", Verb.WATCH: "watch"}


class Callers(World[Remote]):
    """The half of a world in which callers act. What time is, says the other half."""

    _loopback: Network

    def __init__(self, plan: Plan, client: type[Remote], driver: Driver) -> None:
        self._requests = Requests(driver)
        self._being_cancelled: set[str] = set()
        super().__init__(plan, client)

    def _as_ms(self, seconds: float | None) -> int | None:
        """Seconds of the plan as real milliseconds."""
        raise NotImplementedError

    def _await(self, asked: Asked) -> None:
        """Wait until that is done, but not for long."""
        raise NotImplementedError

    def _begin_open(self) -> Asked:
        def on_reply(reply: Message) -> None:
            if not reply["ok"]:
                raise error_in(reply)

        given: dict[str, Any] = {"variant": self._client.name, "settings": self._settings_for_driver()}
        return self._requests.errand("open", on_reply, host=HOST, port=self._loopback.port, **given)

    def _settings_for_driver(self) -> dict[str, Any]:
        plan, takes = self._settings, self._client.takes
        ours = {name: each for name, each in SETTINGS.items() if each in takes}
        values: dict[str, Any] = {name: getattr(plan, each) for name, each in ours.items()}
        if self._client.limits_waiting:
            values["acquire_timeout_ms"] = plan.acquire_timeout_seconds
        for name in values.keys() - {"password", "database", "max_calls"}:
            values[name] = self._as_ms(values[name])
        return {"max_size": plan.max_size} | {name: value for name, value in values.items() if value}

    def _begin_call(self, step: Step, kind: Kind) -> Asked:
        scene = self._observed(step, kind)
        if step.verb not in BATCH_VERBS:
            lease: dict[str, Any] = {"lease": self._held[step.caller]} if step.verb is Verb.USE else {}
            verb = "fork" if step.verb is Verb.FORK else "call"
            return self._ask(step.caller, scene, verb, "value", command=commands_of(step)[0], **lease)
        key: dict[str, Any] = {"key": step.commands[0][1]} if step.verb is Verb.WATCH else {}
        return self._ask(
            step.caller, scene, "batch", "values", commands=commands_of(step), mode=_MODES[step.verb], **key
        )

    def _begin_listening(
        self,
        caller: str,
        channel: str,
        is_slow: bool = False,  # noqa: ARG002  # drivers declare no bound that could be judged
    ) -> None:
        if caller in self._work:
            return
        scene = self._subscribed(caller)
        tell = scene.__enter__()

        def on_event(event: Message) -> None:
            if event["event"] == "message":
                tell(value_of(event.get("data")))
            else:
                _leave(scene, error_in(event) if "kind" in event else None)

        def on_reply(reply: Message) -> None:
            if not reply["ok"]:
                _leave(scene, error_in(reply))

        place = "pattern" if channel.endswith("*") else "channel"
        self._work[caller] = self._requests.errand("subscribe", on_reply, on_event, **{place: channel})

    def _begin_lending(self, caller: str, kind: Kind) -> None:
        scene = self._borrowing(caller, kind)
        held = scene.__enter__()
        lease = {} if kind is Kind.BORROWED else {"lease": held[caller]}

        def on_reply(reply: Message) -> None:
            if reply["ok"] and kind is Kind.BORROWED:
                held[caller] = reply["id"]
            _leave(scene, None if reply["ok"] else error_in(reply))

        self._requests.errand("release" if lease else "acquire", on_reply, **lease)

    def _begin_close(self, drain_seconds: float | None = None) -> Asked:
        scene = self._watched_closing(drain_seconds is not None)
        drain = {} if drain_seconds is None else {"drain_ms": self._as_ms(drain_seconds)}
        return self._ask("", scene, "close", "", is_errand=True, **drain)

    def _interrupt(self, caller: str, work: Work) -> None:
        """When exactly, only the driver knows: at the latest when it says so, or when the caller is back."""
        assert isinstance(work, Asked)

        def on_reply(reply: Message) -> None:
            must_succeed(reply)
            self._note_cancelled(caller)

        self._being_cancelled.add(caller)
        self._requests.errand("cancel", on_reply, target=work.number)

    def _note_cancelled(self, caller: str) -> None:
        if caller in self._being_cancelled:
            self._being_cancelled.discard(caller)
            self._record(Kind.CANCELLED, caller)

    def _ask_for_numbers(self) -> None:
        if "numbers" not in self._client.driver_variant.features:
            return

        def on_reply(reply: Message) -> None:
            must_succeed(reply)
            told = " ".join(f"{name}={reply[name]}" for name in ("idle", "lent", "waiting"))
            self._record(Kind.NUMBERED, text=told)

        self._await(self._requests.errand("numbers", on_reply))

    def _ask(
        self,
        caller: str,
        scene: AbstractContextManager[Tell | None],
        verb: str,
        answer: str,
        is_errand: bool = False,
        **fields: Any,
    ) -> Asked:
        """A request of a caller. In the scene is written what becomes of it."""
        tell = scene.__enter__()

        def on_reply(reply: Message) -> None:
            self._note_cancelled(caller)
            if reply["ok"] and tell:
                tell(value_of(reply[answer]))
            _leave(scene, None if reply["ok"] else error_in(reply))

        make = self._requests.errand if is_errand else self._requests.make
        return make(verb, on_reply, **fields)


def _leave(scene: AbstractContextManager[Any], error: BaseException | None) -> None:
    """Come back from there, with the error if there is one."""
    scene.__exit__(type(error) if error else None, error, None)
