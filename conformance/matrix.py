"""The client table: many clients and releases, judged one beside another.

    list of clients ---> releases, installed ---> variants ---> worker processes ---> rows

A row is a client, a column a requirement. A client that can't be installed, imported or judged costs its own
row and no other; the row says why in one line. Each variant is a job by itself, so that a client with many
variants keeps no worker waiting, and what has been judged is kept as soon as it is there (`Results`): a
table that was interrupted goes on where it stopped.

Rows have the order of the list, whatever comes first. Ctrl-C cancels all that is under way, and with it the
worker processes; the rows keep what they have.
"""

import asyncio
import tomllib
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, cast

from . import session
from .matrix_results import CannotKeep, Conditions, Judged, Results
from .session import CannotRun, SuiteFault
from .target import Target, resolve
from .verdict import Judgement, Report, StormCount
from .worker import Job

DEFAULT_LIST = Path(__file__).parent / "clients" / "matrix.toml"


@dataclass(slots=True)
class Row:
    """One client. What could not be judged has its reason in `trouble`; `ours`: the suite is at fault."""

    client: str
    target: Target | None = None
    variants: tuple[str, ...] = ()
    judged: dict[str, Judged] = field(default_factory=dict[str, Judged])
    trouble: str = ""
    ours: bool = False

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return bool(self.trouble or (self.variants and len(self.judged) == len(self.variants)))

    def report(self, conditions: Conditions) -> Report:
        """What is known by now, as `check` would report it."""
        there = [self.judged[name] for name in self.variants if name in self.judged]
        report = Report(self.client, there[0].version if there else "", conditions.python, conditions.seed)
        places = {name: place for place, name in enumerate(conditions.requirements)}
        report.judgements = [judgement for each in there for judgement in each.judgements]
        report.judgements.sort(key=lambda each: places[each.requirement])
        report.storm_counts = [each.storm_count for each in there if each.storm_count]
        return report


class Audience(Protocol):
    """Who watches the table grow."""

    def expect(self, jobs: int) -> None: ...
    def began(self, job: str) -> None: ...
    def heard(self, job: str, what: str) -> None: ...
    def ended(self, job: str) -> None: ...


def read_list(path: Path) -> list[str]:
    """The clients that the list names, each once. Raises CannotRun."""
    try:
        data = tomllib.loads(path.read_text())
    except OSError as problem:
        raise CannotRun(f"{path} can't be read: {problem.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CannotRun(f"{path} is no TOML: {problem}") from None
    listed: object = data.get("clients")
    clients = cast(list[object], listed) if isinstance(listed, list) else []
    if not clients or not all(isinstance(each, str) and each.strip() for each in clients):
        raise CannotRun(f'{path} needs a list of clients: clients = ["redis-py==4.5.1", "module:Adapter"]')
    return list(dict.fromkeys(str(each).strip() for each in clients))


def prepare(row: Row, results: Results) -> None:
    """Find or install the release, and take over what has been judged of it. Blocks; pip may need minutes."""
    try:
        row.target = resolve(row.client)
    except CannotRun as reason:
        row.trouble = str(reason)
        return
    row.client = row.target.name
    for judged in results.of(row.client):
        row.variants = judged.variants
        row.judged[judged.variant] = judged


async def fill(
    rows: Sequence[Row], conditions: Conditions, results: Results, jobs: int, audience: Audience
) -> None:
    """Judge what is missing of all rows, that many jobs at a time. Raises CannotKeep."""
    room = asyncio.Semaphore(jobs)
    try:
        async with asyncio.TaskGroup() as group:
            for row in rows:
                if not row.complete:
                    group.create_task(_Client(row, conditions, results, room, audience).judge())
    except ExceptionGroup as problems:
        raise _first(problems) from None


class _Client:
    """What is to be done for one row."""

    def __init__(
        self,
        row: Row,
        conditions: Conditions,
        results: Results,
        room: asyncio.Semaphore,
        audience: Audience,
    ) -> None:
        assert row.target
        self._row = row
        self._results = results
        self._room = room
        self._audience = audience
        self._version = ""
        self._job = Job(
            "variants",
            row.target.adapters,
            row.target.folder,
            requirements=conditions.requirements,
            seed=conditions.seed,
            storms=conditions.storms,
            driver=row.target.driver,
        )

    async def judge(self) -> None:
        """Fill the row; what goes wrong is its trouble."""
        try:
            await self._judge_variants()
        except (CannotRun, SuiteFault, ExceptionGroup) as error:
            problem = _first(error)
            if isinstance(problem, CannotKeep) or not isinstance(problem, CannotRun | SuiteFault):
                raise problem from None
            self._row.ours = isinstance(problem, SuiteFault)
            self._row.trouble = str(problem)
            self._results.add_trouble(self._row.client, self._row.trouble)

    async def _judge_variants(self) -> None:
        async with self._room:
            found = await session.variants(self._job)
        self._row.variants, self._version = found.names, found.version
        missing = [name for name in found.names if name not in self._row.judged]
        self._audience.expect(len(missing))
        async with asyncio.TaskGroup() as group:
            for name in missing:
                group.create_task(self._judge_variant(name))

    async def _judge_variant(self, variant: str) -> None:
        async with self._room:
            name = f"{self._row.client} {variant}"
            self._audience.began(name)
            try:
                judged = await self._talk(replace(self._job, task="judge", variant=variant), name)
            finally:
                self._audience.ended(name)
        self._row.judged[variant] = judged
        self._results.add(judged)

    async def _talk(self, job: Job, name: str) -> Judged:
        """Let a worker do the job, and listen."""
        judgements: list[Judgement] = []
        storm_count: StormCount | None = None

        def listen(_: Job, what: str) -> None:
            self._audience.heard(name, what)

        async with aclosing(session.judge([job], listen)) as results:
            async for _, result in results:
                if isinstance(result, Judgement):
                    judgements.append(result)
                else:
                    storm_count = result
        row = self._row
        return Judged(row.client, self._version, row.variants, job.variant, tuple(judgements), storm_count)


def _first(error: Exception) -> Exception:
    """What went wrong first, if it was several things."""
    while isinstance(error, ExceptionGroup):
        error = cast(ExceptionGroup[Exception], error).exceptions[0]
    return error
