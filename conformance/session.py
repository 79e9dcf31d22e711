"""A session with workers: starts them, listens, and ends them whatever happens.

Each variant is judged in a process of its own, as many at a time as there are cores. A worker that says
nothing for too long is killed, and costs only the verdicts it had not given yet. However the session ends, no
process is left.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from .verdict import Judgement, StormCount, Verdict
from .worker import Job

SILENCE_SECONDS = 60.0  # a worker reports several times a second; its own guard acts after 5
REAL_SILENCE_SECONDS = 900.0  # a check in real time may have to wait for what never comes, again and again

Message = dict[str, Any]


class CannotRun(Exception):
    """Nothing can be judged, and it is the user's or the adapter's doing; the message says what to do."""


class SuiteFault(Exception):
    """The suite itself failed; the message is for us."""


@dataclass(frozen=True, slots=True)
class Variants:
    """What the adapters' module offers."""

    names: tuple[str, ...]
    version: str
    runtime: str  # of a client behind a driver: what that says of it and of where it runs


Listener = Callable[[Job, str], None]  # whose job, and what is being done now


async def variants(job: Job) -> Variants:
    """The adapters there are. Raises CannotRun, SuiteFault."""
    async for message in _talk(replace(job, task="variants")):
        if message["type"] == "variants":
            return Variants(tuple(message["names"]), message["version"], message["runtime"])
    raise SuiteFault("the worker did not say which adapters there are")


async def judge(
    jobs: Sequence[Job], listen: Listener
) -> AsyncGenerator[tuple[Job, Judgement | StormCount], None]:
    """Do the jobs, as many at a time as there are cores, and yield results as they come.

    Raises CannotRun, SuiteFault.
    """
    results: asyncio.Queue[tuple[Job, Judgement | StormCount] | None] = asyncio.Queue()
    cores = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(job: Job) -> None:
        async with cores:
            async for result in _judge_one(job, listen):
                results.put_nowait((job, result))

    async def everybody() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(one(job))
        finally:
            results.put_nowait(None)

    running = asyncio.create_task(everybody())
    try:
        while (result := await results.get()) is not None:
            yield result
        await running
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await running


async def replay(job: Job) -> Message | None:
    """The failure that the plan still leads to, as data. Raises CannotRun, SuiteFault."""
    async for message in _talk(replace(job, task="replay")):
        if message["type"] == "replayed":
            failure: Message | None = message["failure"]
            return failure
    raise SuiteFault("the worker did not say what came of the plan")


async def _judge_one(job: Job, listen: Listener) -> AsyncIterator[Judgement | StormCount]:
    missing = list(job.requirements)
    try:
        async for message in _talk(job):
            match message.pop("type"):
                case "progress":
                    listen(job, message["what"])
                case "judgement":
                    missing.remove(message["requirement"])
                    yield Judgement.from_data(message)
                case "storms":
                    yield StormCount(**message)
                case _:
                    pass
    except _WorkerLost as reason:
        for requirement in missing:
            yield Judgement(job.variant, requirement, Verdict.INCONCLUSIVE, str(reason))


class _WorkerLost(CannotRun):
    """The client took the worker with it; the message says how."""


async def _talk(job: Job) -> AsyncIterator[Message]:
    """Do the job in a process of its own and yield what it says, the last word excepted."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "poolproof.conformance.worker"),  # no stray random.py of the user's
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            env=environment,
            limit=2**26,
            start_new_session=True,
        )
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(asdict(job)).encode())
            process.stdin.write_eof()
            silence = REAL_SILENCE_SECONDS * job.time_scale if job.driver else SILENCE_SECONDS
            while line := await _next_line(process.stdout, silence):
                message = json.loads(line)
                if message["type"] == "done":
                    return
                if message["type"] == "error":
                    raise _error(message)
                yield message
            complaints.seek(0)
            raise _lost(await process.wait(), complaints.read().decode(errors="replace"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _next_line(stream: asyncio.StreamReader, silence: float) -> bytes:
    try:
        async with asyncio.timeout(silence):
            return await stream.readline()
    except TimeoutError:
        raise _WorkerLost(
            f"the client blocked its process for {silence:g} s, which was then killed"
        ) from None


def _error(message: Message) -> Exception:
    match message["blame"]:
        case "adapter":
            return CannotRun(message["text"])
        case "client":
            return _WorkerLost(message["text"])
        case _:
            return SuiteFault(message["text"])


def _lost(code: int, complaints: str) -> Exception:
    if (
        "poolproof/conformance" in complaints
        or "ModuleNotFoundError: No module named 'poolproof" in complaints
    ):
        return SuiteFault(complaints)
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return _WorkerLost(f"the client ended its process {how}")
