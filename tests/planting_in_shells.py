"""Faults of the asyncio shells: one place of one method written otherwise, and the test that finds it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from poolproof.conformance.simulation.guard import Livelock
from poolproof.reference import PoolproofError

from .held_server import SimulatedServer

FAILURES = (
    *(AssertionError, PoolproofError, LookupError, asyncio.InvalidStateError),
    *(Livelock, pytest.fail.Exception),
)


@dataclass(frozen=True)
class Fault:
    """In that method `before` becomes `after`; `found_by` is a test and its arguments but for the server."""

    name: str
    owner: type
    method: str
    before: str
    after: str
    found_by: Callable[..., object]

    def __str__(self) -> str:
        return self.name


def finds(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asserts that the test passes, and fails once the fault is planted."""
    play(fault.found_by)
    monkeypatch.setattr(fault.owner, fault.method, edited(fault))
    with in_ruins(), pytest.raises(FAILURES):
        play(fault.found_by)


def play(test: Callable[..., object]) -> None:
    """Runs a test; one that is a coroutine, in virtual time, with a server if it asks for one."""
    if not inspect.iscoroutinefunction(test.func if isinstance(test, partial) else test):
        test()
        return
    server = SimulatedServer()
    asked = {"server", "virtual_server"} & set(inspect.signature(test).parameters)
    server.play(partial(test, **dict.fromkeys(asked, server)))


def edited(fault: Fault) -> Callable[..., object]:
    """The method with the fault. It must be told anew if the text of the method has changed."""
    source = textwrap.dedent(inspect.getsource(getattr(fault.owner, fault.method)))
    assert source.count(fault.before) == 1, (
        f"{fault}: {fault.before!r} is there {source.count(fault.before)} times"
    )
    text = source.replace(fault.before, fault.after).replace("super()", "super(_owner, self)")
    module = sys.modules[fault.owner.__module__]
    names: dict[str, Any] = {**vars(module), "_owner": fault.owner}
    exec(compile(f"from __future__ import annotations\n{text}", f"<{fault}>", "exec"), names)
    method: Callable[..., object] = names[fault.method]
    return method


@contextmanager
def in_ruins() -> Iterator[None]:
    """What a failed test leaves behind is collected here, and its complaints are not heard."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        gc.collect()
        sys.unraisablehook = hook
