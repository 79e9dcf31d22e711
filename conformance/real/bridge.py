"""A driver for every Python client that has an adapter: `python -m poolproof.conformance.real.bridge MODULE`.

With the name of a mutant behind it, the reference is served with that fault.

So what was written for the simulated world serves in the real one as well. An asyncio client lives in the
loop that reads the requests; what blocks has a thread for each request. A thread can't be cancelled, so that
is not offered.
"""

import asyncio
import base64
import importlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import Any, cast

from ..adapter import Adapter, AnyAdapter, Settings, SynchronousAdapter
from ..mutants.planting import plant
from ..protocol.messages import LONGEST_LINE, PROTOCOL, UNSUPPORTED
from .client import METHODS, SETTINGS

THREADS = 256
CHILD_SECONDS = 20
_NOT_OF_THE_PROTOCOL = "keeps_messages", "forgets_oldest"
_NAMES: dict[str, str] = {"acquire_timeout_ms": "acquire_timeout_seconds"} | SETTINGS


class Bridge:
    """Serves the adapters of one module, one open client at a time."""

    def __init__(self, adapters: list[type[AnyAdapter]], name: str) -> None:
        self._adapters = {adapter.variant(): adapter for adapter in adapters}
        self._name = name
        self._client: Any = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._borrowed: dict[int, Any] = {}
        self._threads = ThreadPoolExecutor(THREADS)

    async def serve(self) -> None:
        """Until `bye`, or the end of the input."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            request = json.loads(line)
            task = loop.create_task(self._answer(request))
            self._tasks[request["id"]] = task
            task.add_done_callback(partial(self._forget, request["id"]))
        os._exit(0)  # whatever the client has left running

    def _forget(self, number: int, _: object) -> None:
        del self._tasks[number]

    async def _answer(self, request: dict[str, Any]) -> None:
        number = request["id"]
        verb: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] | None
        verb = getattr(self, f"_do_{request['do']}", None)
        if verb is None:
            _say(id=number, ok=False, kind=UNSUPPORTED)
            return
        try:
            _say(id=number, ok=True, **await verb(request))
        except BaseException as error:
            _say(id=number, ok=False, **self._told(error))
        if request["do"] == "bye":
            os._exit(0)

    def _told(self, error: BaseException) -> dict[str, Any]:
        client: AnyAdapter | type[AnyAdapter] = self._client or AnyAdapter
        fate = client.fate(error)
        told = {"kind": client.kind(error), "text": f"{type(error).__name__}: {error}"}
        return told | ({"fate": fate} if fate else {})

    async def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        if isinstance(self._client, Adapter):
            return await method(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, method, *arguments)

    # the verbs

    async def _do_hello(self, _: dict[str, Any]) -> dict[str, Any]:
        version = next(iter(self._adapters.values())).version()
        runtime = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
        client = {"name": self._name, "version": version, "language": "Python", "runtime": runtime}
        variants = [_declared(adapter) for adapter in self._adapters.values()]
        return {"protocol": PROTOCOL, "client": client, "variants": variants}

    async def _do_open(self, request: dict[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = {"acquire_timeout_seconds": None}
        for name, value in request["settings"].items():
            ours = _NAMES[name] if name in _NAMES else str(name)
            given[ours] = value / 1000 if name.endswith("_ms") else value
        self._client = self._adapters[request["variant"]](Settings(request["host"], request["port"], **given))
        await self._call(self._client.open)
        return {}

    async def _do_call(self, request: dict[str, Any]) -> dict[str, Any]:
        if lease := request.get("lease"):
            value = await self._call(self._client.use, self._borrowed[lease], *request["command"])
        else:
            value = await self._call(self._client.call, *request["command"])
        return {"value": _plain(value)}

    async def _do_batch(self, request: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self._client, request["mode"].replace("pipeline", "batch"))
        values = await self._call(method, *map(tuple, request["commands"]))
        return {"values": [_plain(each) for each in values]}

    async def _do_cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        if task := self._tasks.get(request["target"]):
            task.cancel()
        return {}

    async def _do_acquire(self, request: dict[str, Any]) -> dict[str, Any]:
        self._borrowed[request["id"]] = await self._call(self._client.borrow)
        return {}

    async def _do_release(self, request: dict[str, Any]) -> dict[str, Any]:
        await self._call(self._client.give_back, self._borrowed[request["lease"]])
        return {}

    async def _do_subscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        messages = self._client.subscribe(request.get("channel") or request["pattern"])
        self._tasks[-request["id"]] = asyncio.create_task(self._hear(request["id"], messages))
        return {}

    async def _hear(self, number: int, messages: Any) -> None:
        try:
            if isinstance(self._client, Adapter):
                async for message in messages:
                    _say(event="message", of=number, data=_plain(message))
            else:
                await self._call(_say_each, number, messages)
        except BaseException as error:
            told = self._told(error)
            _say(event="end", of=number, kind=told["kind"], text=told["text"])
        else:
            _say(event="end", of=number)

    async def _do_numbers(self, _: dict[str, Any]) -> dict[str, Any]:
        numbers: dict[str, Any] = self._client.numbers()._asdict()
        return numbers

    async def _do_fork(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"value": await self._call(_in_a_child, self._client, request["command"])}

    async def _do_close(self, request: dict[str, Any]) -> dict[str, Any]:
        if "drain_ms" in request:
            await self._call(self._client.drain, request["drain_ms"] / 1000)
        else:
            await self._call(self._client.close)
        return {}

    async def _do_bye(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}


def _declared(adapter: type[AnyAdapter]) -> dict[str, Any]:
    base = SynchronousAdapter if issubclass(adapter, SynchronousAdapter) else Adapter
    features = [
        name
        for name, (method, *_) in METHODS.items()
        if getattr(adapter, method) is not getattr(base, method)
    ]
    features += ["cancel"] if base is Adapter else ["fork"] if hasattr(os, "fork") else []
    features += ["fate"] if adapter.fate is not AnyAdapter.fate else []
    settings = [name for name, ours in SETTINGS.items() if ours in adapter.takes]
    settings += ["acquire_timeout_ms"] if adapter.limits_waiting and not adapter.shared else []
    promises = {name: value for name, value in asdict(adapter.promises).items() if value}
    if adapter.promises.retries == 0:
        promises["retries"] = 0
    for name in _NOT_OF_THE_PROTOCOL:
        promises.pop(name, None)
    if "demands" in promises:
        promises["demands"] = sorted(promises["demands"])
    return {
        "name": adapter.variant(),
        "style": "multiplexer" if adapter.shared else "pool",
        "features": features,
        "settings": settings,
        "waits": adapter.waits,
        "extra_connections": adapter.extra,
        "promises": promises,
    }


def _in_a_child(client: SynchronousAdapter, command: Iterable[str]) -> Any:
    """What a child process is answered, which then closes the client and ends."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(CHILD_SECONDS)  # it must not stay, whatever the client does
        try:
            told = {"value": _plain(client.call(*command))}
        except BaseException as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        try:
            os.write(write, json.dumps(told, default=str).encode())
            client.close()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    told = json.loads(said or '{"error": "the child ended without a word"}')
    if "error" in told:
        raise RuntimeError(told["error"])
    return told["value"]


def _plain(value: Any) -> Any:
    match value:
        case bytes() | bytearray():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"b64": base64.b64encode(value).decode()}
        case BaseException():
            return {"error": str(value)}
        case list() | tuple():
            return [_plain(each) for each in cast(Iterable[Any], value)]
        case dict():
            pairs = cast(Mapping[Any, Any], value).items()
            return [[_plain(key), _plain(each)] for key, each in pairs]
        case _:
            return value


def _say(**message: Any) -> None:
    os.write(_ANSWERS, json.dumps(message, default=str).encode() + b"\n")  # at once, and from any thread


def _say_each(number: int, messages: Any) -> None:
    for message in messages:
        _say(event="message", of=number, data=_plain(message))


if __name__ == "__main__":
    _ANSWERS = os.dup(1)
    os.dup2(2, 1)  # what the client prints is no message
    if sys.argv[2:]:
        plant(sys.argv[2])
    module = importlib.import_module(sys.argv[1])
    asyncio.run(Bridge(list(module.ADAPTERS), module.__name__.rpartition(".")[2].replace("_", "-")).serve())
