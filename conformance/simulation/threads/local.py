"""`_thread._local`, simulated: every thread sees attributes of its own."""

import weakref
from functools import partial
from typing import Any

from .thread import SimulatedThread, present


class Local:
    """`threading.local`. A subclass's `__init__` runs once in every thread."""

    __slots__ = ("__dict__", "__weakref__", "_arguments", "_attributes")

    _arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _attributes: dict[SimulatedThread | None, dict[str, Any]]  # None: of the importer of the client

    def __new__(cls, /, *args: Any, **kwargs: Any) -> "Local":
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError("Initialization arguments are not supported")
        self = object.__new__(cls)
        object.__setattr__(self, "_arguments", (args, kwargs))
        object.__setattr__(self, "_attributes", {})
        _begin(self)
        return self

    def __getattribute__(self, name: str) -> Any:
        _show_own(self)
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        _refuse_dict(self, name)
        _show_own(self)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        _refuse_dict(self, name)
        _show_own(self)
        object.__delattr__(self, name)


def _begin(local: Local) -> dict[str, Any]:
    """The running thread's attributes: none yet, and none any more when it ends."""
    by_thread: dict[SimulatedThread | None, dict[str, Any]] = object.__getattribute__(local, "_attributes")
    if present.thread is not None:
        present.thread.at_end.append(partial(_end, weakref.ref(local), present.thread))
    return by_thread.setdefault(present.thread, {})


def _end(local: "weakref.ref[Local]", thread: SimulatedThread) -> None:
    if known := local():
        object.__getattribute__(known, "_attributes").pop(thread, None)


def _show_own(local: Local) -> None:
    """Make `__dict__` that of the running thread."""
    by_thread: dict[SimulatedThread | None, dict[str, Any]] = object.__getattribute__(local, "_attributes")
    known = by_thread.get(present.thread)
    object.__setattr__(local, "__dict__", _begin(local) if known is None else known)
    if known is None:
        args, kwargs = object.__getattribute__(local, "_arguments")
        type(local).__init__(local, *args, **kwargs)


def _refuse_dict(local: Local, name: str) -> None:
    if name == "__dict__":
        raise AttributeError(f"{type(local).__name__!r} object attribute '__dict__' is read-only")
