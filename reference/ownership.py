"""Whose a connection is: after a fork the parent's, and when nobody remembers it, nobody's.

A child of a fork inherits the parent's sockets. It must not write on them, nor end them for the parent
(LIFE-07): not by QUIT, not by `shutdown`, and not by what garbage collection does much later. So their
descriptors are made to point to the null device: the socket loses one of its two owners, unnoticed, and
whatever the child still does with the number hits nothing.
"""

from __future__ import annotations

import os
import warnings
import weakref
from typing import Protocol


class Owner(Protocol):
    def _forget(self) -> None: ...


_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def forget_in_child(owner: Owner) -> None:
    """In a child of a fork, `owner._forget()` is called before anything else."""
    _owners.add(owner)


def disown(descriptor: int) -> None:
    """Gives up this process's share in an open socket."""
    if descriptor >= 0:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, descriptor)
        os.close(nothing)


def warn_unclosed(owner: object, connections: int) -> None:
    """`owner` is being collected with open connections, which nobody can close in good order any more."""
    if connections:
        words = f"a {type(owner).__name__} was never closed, and has {connections} open connections"
        warnings.warn(f"{words}: call its close()", ResourceWarning, stacklevel=3, source=owner)


def _forget_all() -> None:
    for owner in list(_owners):
        owner._forget()  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
