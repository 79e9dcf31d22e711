"""Runs one plan against a client behind a driver, in real time.

The plan's seconds are real ones, as long as nothing in it is a limit for the client; where there are limits,
they and all waits are `HASTE` times shorter. `time_scale` makes everything longer, for machines
that are busy. What the history tells are the plan's seconds.

A wait ends early once nothing can be expected any more (`_is_calm`) and nothing has come for a short while:
real time is for what has to happen and hasn't. A little of each wait of the plan is always made, and in a
patient world as much of it as there is patience for: some situations consist of time.
"""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from time import monotonic

from ..checks.occupancy import LONG_ENOUGH_SECONDS
from ..history import Kind
from ..plan import Plan, Verb
from ..protocol.driver import Driver
from .callers import Callers
from .client import Remote
from .network import Connection, Network
from .owing import Owing
from .proxied import RealServer
from .requests import Asked

HASTE = 5.0  # plan seconds to the real second, if the plan has limits or is to be waited for to its end
QUIET_SECONDS = 0.03  # after which nothing more is expected to come by itself
SETTLE_SECONDS = 1.0  # for what is expected to come
TURN_SECONDS = 0.0003  # what a callback is, in a plan that counts them
SHORT_SECONDS = 1.2  # of the plan, which no wait cuts short: more than the grace that oracles give
PATIENCE_SECONDS = 20.0  # more than the pauses that clients make between a few dials by default
LOST_PATIENCE_SECONDS = 3.0  # after the plan's end, once somebody has not come back in all that time
LONG_SECONDS = 15.0  # how long is long, in real time
LONGEST_SELECT_SECONDS = 0.05


class RealWorld(Callers):
    """One run. The driver is ready, and has no client open. Raises DriverFault, NoServer besides."""

    def __init__(
        self,
        plan: Plan,
        client: type[Remote],
        driver: Driver,
        time_scale: float,
        is_patient: bool = False,
        proxy: str = "",
    ) -> None:
        self._behind = RealServer(proxy) if proxy else None
        limits = is_patient or plan.has_limits or plan.idle_timeout_seconds or plan.max_lifetime_seconds
        self._pace = (HASTE if limits else 1.0) / time_scale  # plan seconds to the real second
        self._time_scale = time_scale
        self._is_patient = is_patient
        self._has_lost_patience = False
        self._channels = {step.caller: step.channel for step in plan.steps if step.verb is Verb.LISTEN}
        self._driver = driver
        self._selector = DefaultSelector()
        self._owing = Owing()
        self._began = self._last_news = monotonic()
        super().__init__(plan, client, driver)

    @property
    def patience(self) -> float:
        """For `Run`, when the run is over."""
        if self._do_dials_fail:
            return 1.0
        return min(1.0, LONG_SECONDS * self._time_scale * self._pace / LONG_ENOUGH_SECONDS)

    @property
    def _do_dials_fail(self) -> bool:
        """Then clients pause, for as long as they like."""
        return self.history.first(Kind.REFUSED) is not None

    # what the client runs on

    def _server_behind(self) -> RealServer | None:
        return self._behind

    def _lay_network(self) -> Network:
        self._loopback = Network(self._plan, self._witness, self._record, self._selector)
        return self._loopback

    @contextmanager
    def _at_work(self) -> Generator[None]:
        self._selector.register(self._driver, EVENT_READ, self._driver)
        try:
            yield
        finally:
            self._is_over = True
            self._selector.unregister(self._driver)
            self._loopback.close()
            self._selector.close()
            if self._behind:
                self._behind.close()

    def _now(self) -> float:
        return (monotonic() - self._began) * self._pace

    def _record(
        self, kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = ""
    ) -> None:
        super()._record(kind, caller, connection, text, detail)
        self._owing.note(kind, caller, connection, text, detail)

    # time

    def _as_ms(self, seconds: float | None) -> int | None:
        return None if seconds is None else max(1, round(seconds / self._pace * 1000))

    def _await(self, asked: Asked) -> None:
        self._pump_until(monotonic() + SETTLE_SECONDS * self._time_scale, asked.done)

    def _run(self, turns: int) -> None:
        self._pump_until(monotonic() + turns * TURN_SECONDS * self._time_scale)

    def _settle(self) -> None:
        self._wait(SETTLE_SECONDS * self._time_scale, self._is_calm)

    def _pass_time(self, seconds: float) -> None:
        is_of_the_plan = self.history.first(Kind.HEALED) is None
        is_lost = self._has_lost_patience and not is_of_the_plan
        longest = (LOST_PATIENCE_SECONDS if is_lost else PATIENCE_SECONDS) * self._time_scale
        real, sure = seconds / self._pace, 0.0
        if is_of_the_plan:
            sure = min(real, longest if self._is_patient else SHORT_SECONDS / self._pace)
            self._pump_until(monotonic() + sure)
        waits_for_dials = is_of_the_plan and self._do_dials_fail and bool(self._under_way)
        real = (real if waits_for_dials else min(real, longest)) - sure
        if real > 0:
            self._wait(real, self._has_calmed_down)
            self._has_lost_patience |= not (waits_for_dials or self._has_calmed_down())

    def _freeze(self, seconds: float) -> None:
        self._driver.signal(signal.SIGSTOP)
        try:
            self._pump_until(monotonic() + seconds / self._pace)
        finally:
            self._driver.signal(signal.SIGCONT)

    def _wait(self, seconds: float, is_calm: Callable[[], bool]) -> None:
        """So long at most, and less if nothing is to be expected and nothing comes."""
        deadline = monotonic() + seconds
        quiet = QUIET_SECONDS * self._time_scale
        self._last_news = monotonic()
        while (now := monotonic()) < deadline:
            quiet_at = max(self._last_news, self._requests.last) + quiet
            if now >= quiet_at and is_calm():
                return
            self._pump(min(deadline, quiet_at if now < quiet_at else now + LONGEST_SELECT_SECONDS))

    def _pump_until(self, deadline: float, is_over: Callable[[], bool] = lambda: False) -> None:
        while not is_over() and monotonic() < deadline:
            self._pump(min(deadline, monotonic() + LONGEST_SELECT_SECONDS))
        self._pump(0.0)

    def _pump(self, deadline: float) -> None:
        """Take in what comes until then, or until something has: connections first, the driver last."""
        due = self._began + self._loopback.next_time() / self._pace
        ready = [key.data for key, _ in self._selector.select(max(0.0, min(deadline, due) - monotonic()))]
        before = self._loopback.news
        self._loopback.take_in(each for each in ready if isinstance(each, Connection))
        if self._loopback in ready:
            self._loopback.accept()
        if monotonic() >= due:
            self._loopback.pass_time()
        if self._driver in ready:
            self._driver.read()
        if self._loopback.news != before or self._driver in ready:
            self._last_news = monotonic()
        if self._mistake:
            raise self._mistake

    def _has_calmed_down(self) -> bool:
        """Calm, and no caller is left that has a limit to be told of."""
        has_limits = self._plan.has_limits and self.history.first(Kind.HEALED) is None
        return self._is_calm() and not (has_limits and self._under_way)

    @property
    def _has_to_end(self) -> bool:
        """A caller that was cancelled is still there; or a closed client has calls or connections."""
        if any(self.history.first(kind) is not None for kind in (Kind.CLOSING, Kind.DRAINED)):
            return bool(self._under_way or self._loopback.ends)
        cancelled = {event.caller for event in self.history if event.kind is Kind.CANCELLED}
        return not cancelled.isdisjoint(self._under_way)

    @property
    def _has_to_restore(self) -> bool:
        """Somebody has subscribed, and has not been told of an end, and the server knows nothing of it."""
        if not self._channels or self.history.first(Kind.CLOSING) is not None:
            return False
        wanted: dict[str, str] = {}
        for event in self.history:
            if event.kind is Kind.SUBSCRIBING:
                wanted[event.caller] = self._channels[event.caller]
            elif event.kind is Kind.TOLD:
                wanted.pop(event.caller, None)
        return not self._witness.subscriptions().issuperset(wanted.values())

    def _is_calm(self) -> bool:
        """Nothing more is to be expected: whoever is not back waits for the witness, or for who does."""
        if self._loopback.is_sending or not self._requests.are_errands_done or self._has_to_end:
            return False
        if not self._owing.are_messages_heard:
            return False
        if self._has_to_restore and not self._loopback.holds_dials and not self._owing.is_handshaking:
            return False
        if self._under_way <= self._owing.callers or self._loopback.holds_dials:
            return True
        if self._client_type.shared:
            return self._owing.is_handshaking or self._witness.hears_no_more
        return self._owing.is_handshaking or self._owing.busy >= self._plan.capacity
