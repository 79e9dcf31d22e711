"""Runs plans against one variant of a client behind a driver, and if that fails says whose fault it is."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from ..docket import Unfit
from ..history import Kind, Run
from ..plan import Plan
from ..protocol.driver import Driver
from ..protocol.messages import DriverEnded, DriverFault
from ..simulation.blame import AdapterMistake, CannotOpen
from .client import Remote, remote
from .proxied import NoServer
from .world import RealWorld


@dataclass(frozen=True, slots=True)
class How:
    """How the runs are made.

    command: starts the driver. time_scale: how much longer everything may take. confirm: how often a plan
    that broke something is run again. jobs: checks at a time; 0: as many as the machine bears. thorough: all
    plans. proxy: the address of a real server behind the witness.
    """

    command: str
    time_scale: float = 1.0
    confirm: int = 3
    jobs: int = 0
    thorough: bool = False
    proxy: str = ""


class Session:
    """A driver that runs plan after plan, a new one whenever the last run left it with something to do."""

    def __init__(self, variant: str, how: How) -> None:
        self._variant = variant
        self._how = how
        self._driver: Driver | None = None
        self.is_patient = False
        self.client: type[Remote] = Remote

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def meet(self) -> type[Remote]:
        """The client, as its driver declares it. Raises Unfit, AdapterMistake."""
        with self._blame():
            self._start()
        return self.client

    def run(self, plan: Plan) -> Run:
        """Raises Unfit, AdapterMistake."""
        with self._blame():
            driver = self._driver or self._start()
            world = RealWorld(
                plan, self.client, driver, self._how.time_scale, self.is_patient, self._how.proxy
            )
            history = world.run()
        if driver.waiting:
            self._end()
        place = history.first(Kind.GARBAGE)
        if place is not None and not plan.garbles:
            raise Unfit(f"the client wrote what is no command: {history.events[place].text}")
        client = self.client
        return Run(plan, client.shared, client.waits, history, client.extra, client.promises, world.patience)

    @contextmanager
    def _blame(self) -> Generator[None]:
        """A driver that ends, or opens no client, may have to thank the client; other faults are its own."""
        try:
            yield
        except DriverEnded as reason:
            self._end()
            raise Unfit(f"the driver {reason}") from None
        except (CannotOpen, NoServer) as reason:
            self._end()
            raise Unfit(str(reason)) from None
        except DriverFault as reason:
            self._end()
            raise AdapterMistake(f"the driver {reason}") from None

    def _start(self) -> Driver:
        driver = self._driver = Driver(self._how.command)
        hello = driver.hello(self._how.time_scale)
        try:
            self.client = remote(hello, hello.variant(self._variant or hello.variants[0].name))
        except LookupError:
            raise AdapterMistake(f"the driver no longer has the variant {self._variant!r}") from None
        return driver

    def _end(self) -> None:
        if self._driver:
            self._driver.kill()
            self._driver = None
