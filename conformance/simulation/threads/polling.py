"""`select`, simulated: `poll` and `select` over simulated sockets."""

import errno
import os
import select as real
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from .thread import present, running_scheduler

if TYPE_CHECKING:
    from .endpoint import Endpoint

_ALWAYS = real.POLLERR | real.POLLHUP | real.POLLNVAL
_READABLE = real.POLLIN | real.POLLHUP | real.POLLERR
_WRITABLE = real.POLLOUT | real.POLLERR


class HasDescriptor(Protocol):
    """A socket, or whatever has one."""

    def fileno(self) -> int: ...


Descriptor = int | HasDescriptor


def _number(descriptor: Descriptor) -> int:
    number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number


def _endpoints() -> "dict[int, Endpoint]":
    return present.kernel.descriptors if present.kernel else {}


class Poll:
    """`select.poll`."""

    def __init__(self) -> None:
        self._wanted: dict[int, int] = {}

    def register(self, fd: Descriptor, eventmask: int = real.POLLIN | real.POLLPRI | real.POLLOUT, /) -> None:
        self._wanted[_number(fd)] = eventmask

    def modify(self, fd: Descriptor, eventmask: int, /) -> None:
        if _number(fd) not in self._wanted:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._wanted[_number(fd)] = eventmask

    def unregister(self, fd: Descriptor, /) -> None:
        del self._wanted[_number(fd)]

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """What has happened, in order of registration. `timeout` is in milliseconds; negative: for ever."""
        seconds = None if timeout is None or timeout < 0 else timeout / 1000
        return _wait(self._wanted, seconds)


def _wait(wanted: dict[int, int], seconds: float | None) -> list[tuple[int, int]]:
    if present.thread is None:
        return _happened(wanted)  # while selectors is imported, to see whether there is such a call
    scheduler = running_scheduler()
    scheduler.point()
    until = None if seconds is None else scheduler.now + seconds
    while not (found := _happened(wanted)) and (until is None or scheduler.now < until):
        _wait_for_any([_endpoints()[number] for number in wanted], until)
    return found


def _happened(wanted: dict[int, int]) -> list[tuple[int, int]]:
    endpoints = _endpoints()
    events = {
        number: endpoints[number].events() & (mask | _ALWAYS) if number in endpoints else real.POLLNVAL
        for number, mask in wanted.items()
    }
    return [(number, event) for number, event in events.items() if event]


def _wait_for_any(endpoints: "list[Endpoint]", until: float | None) -> None:
    thread, scheduler = present.thread, running_scheduler()
    assert thread
    for endpoint in endpoints:
        endpoint.waiting.append(thread)
    try:
        scheduler.park("news of sockets", until)
    finally:
        for endpoint in endpoints:
            if thread in endpoint.waiting:
                endpoint.waiting.remove(thread)


def select(
    rlist: Iterable[Descriptor],
    wlist: Iterable[Descriptor],
    xlist: Iterable[Descriptor],
    timeout: float | None = None,
    /,
) -> tuple[list[Descriptor], list[Descriptor], list[Descriptor]]:
    """`select.select`; `timeout` is in seconds."""
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    readers, writers = list(rlist), list(wlist)
    wanted: dict[int, int] = {_number(each): 0 for each in (*readers, *writers, *xlist)}
    if not wanted.keys() <= _endpoints().keys():
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    for each in readers:
        wanted[_number(each)] |= real.POLLIN
    for each in writers:
        wanted[_number(each)] |= real.POLLOUT
    found = dict(_wait(wanted, timeout))
    return (
        [each for each in readers if found.get(_number(each), 0) & _READABLE],
        [each for each in writers if found.get(_number(each), 0) & _WRITABLE],
        [],
    )
