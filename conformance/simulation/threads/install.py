"""Puts the simulated modules in place, once, before the client is imported; there is no way back.

The modules of the standard library that were built on the real ones are forgotten, so that the client's own
imports execute them again, on the simulated ones. Whoever has imported them before (the interpreter, the
suite) keeps what it has.

What is left to chance is made to repeat: `os.urandom` draws from a seeded generator, and so does `random`.
"""

import os
import random
import sys
from collections.abc import Callable
from typing import Any

from . import modules
from .statements import Statements
from .thread import Killed

_EXECUTED_AGAIN = frozenset(
    (
        *("_strptime", "_threading_local", "asyncio", "concurrent", "datetime", "email", "functools", "http"),
        *("logging", "multiprocessing", "queue", "random", "reprlib", "sched", "selectors", "socket"),
        *("socketserver", "ssl", "subprocess", "tempfile", "threading", "urllib", "uuid"),
    )
)
_WITHOUT_TWIN = "_queue"  # its Python twin takes its place

_entropy = random.Random(0)
_listeners: list[Callable[[str], None]] = []


def install() -> None:
    """From now on, whatever is imported runs in the simulated world of threads."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _EXECUTED_AGAIN]:
        del sys.modules[name]
    sys.modules["_thread"] = modules.thread_module(_unhandled)
    sys.modules["_socket"] = modules.socket_module()
    sys.modules["select"] = modules.select_module()
    sys.modules["time"] = modules.time_module()
    sys.modules[_WITHOUT_TWIN] = None  # type: ignore[assignment]  # how one says that it cannot be imported
    os.urandom = _entropy.randbytes
    sys.unraisablehook = _unraisable
    sys.meta_path.insert(0, Statements())


def is_installed() -> bool:
    """Whether synchronous clients can be run in this process."""
    return any(isinstance(finder, Statements) for finder in sys.meta_path)


def begin_again(listener: Callable[[str], None]) -> None:
    """What was left to chance begins anew; from now on `listener` is told what nobody handled."""
    _entropy.seed(0)
    if "random" in sys.modules:
        sys.modules["random"].seed(0)
    _listeners[:] = [listener]


def forget_threads() -> None:
    """What the client's `threading` knows of threads that are no more."""
    if threading := sys.modules.get("threading"):
        main = threading.main_thread()
        threading._active.clear()
        threading._active[main.ident] = main


def _unhandled(text: str) -> None:
    for listener in _listeners:
        listener(text)


def _unraisable(hook_args: Any) -> None:
    error = hook_args.exc_value
    if not isinstance(error, Killed):
        _unhandled(f"ignored in {getattr(hook_args.object, '__qualname__', '?')}: {error!r}")
