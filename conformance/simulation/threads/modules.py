"""What stands for `_thread`, `_socket`, `select` and `time`: the real ones, with some names replaced."""

import _socket
import _thread
import select
import time
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from . import clock, local, locks, polling, sockets, starting
from .thread import IMPORTER, Killed

Listener = Callable[[str], None]


def thread_module(unhandled: Listener) -> types.ModuleType:
    """`_thread`."""

    def excepthook(error: Any) -> None:
        if not isinstance(error.exc_value, Killed):
            unhandled(f"a thread of the client died of {error.exc_value!r}")

    names: dict[str, object] = {
        **dict.fromkeys(("allocate_lock", "allocate", "LockType", "lock"), locks.Lock),
        **dict.fromkeys(("get_ident", "get_native_id"), starting.get_ident),
        **dict.fromkeys(("start_new_thread", "start_new"), starting.start_new_thread),
        "RLock": locks.RLock,
        "_local": local.Local,
        "_excepthook": excepthook,
    }
    if hasattr(_thread, "start_joinable_thread"):
        names |= dict.fromkeys(("_ThreadHandle", "_make_thread_handle"), starting.ThreadHandle)
        names["start_joinable_thread"] = starting.start_joinable_thread
        names["_get_main_thread_ident"] = lambda: IMPORTER
    else:
        names["_set_sentinel"] = starting.set_sentinel
    return _like(_thread, names)


def socket_module() -> types.ModuleType:
    """`_socket`."""
    names: dict[str, object] = {
        "socket": sockets.Socket,
        "SocketType": sockets.Socket,
        "getaddrinfo": sockets.getaddrinfo,
        "gethostbyname": sockets.gethostbyname,
        "close": sockets.close,
    }
    return _like(_socket, names, leave_out=("dup", "socketpair"))


def select_module() -> types.ModuleType:
    """`select`. Without `epoll`, so that `selectors` takes `poll`, as on systems that have no other."""
    without = tuple(name for name in vars(select) if "epoll" in name.lower() or "kqueue" in name.lower())
    return _like(select, {"poll": polling.Poll, "select": polling.select}, leave_out=without)


def time_module() -> types.ModuleType:
    """`time`."""
    names: dict[str, object] = {"sleep": clock.sleep}
    for name in ("monotonic", "perf_counter", "process_time", "thread_time", "time"):
        start = clock.EPOCH_SECONDS if name == "time" else clock.START_SECONDS
        names[name] = partial(clock.shown, start)
        names[f"{name}_ns"] = partial(clock.shown_nanoseconds, start)
    for name in ("localtime", "gmtime", "ctime"):
        names[name] = partial(clock.of_now, getattr(time, name))
    return _like(time, names)


def _like(
    real: types.ModuleType, names: dict[str, object], leave_out: tuple[str, ...] = ()
) -> types.ModuleType:
    module = types.ModuleType(real.__name__)
    kept = {name: value for name, value in vars(real).items() if not name.startswith("__")}
    vars(module).update(kept | names)
    for name in leave_out:
        vars(module).pop(name, None)
    return module
