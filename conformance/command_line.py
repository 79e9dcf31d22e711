"""What the commands have in common: where they print, how requirements are chosen, and Ctrl-C."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from rich.console import Console

from .checks import RULES
from .session import CannotRun

out = Console()
err = Console(stderr=True)

Result = TypeVar("Result")


class Interrupted(Exception):
    """Ctrl-C; no KeyboardInterrupt, which typer would end without a word."""


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work to its end. Raises Interrupted when nothing of it is left running."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise Interrupted from None


def selected(selection: list[str]) -> tuple[str, ...]:
    """The requirements that were asked for, in the order of the specification. Raises CannotRun."""
    wanted = [each.upper() for each in selection]
    for each in wanted:
        if not any(name == each or name.startswith(f"{each}-") for name in RULES):
            raise CannotRun(f"{each!r} names no requirement that is checked; see: poolproof list")
    return tuple(
        name
        for name in RULES
        if not wanted or any(name == each or name.startswith(f"{each}-") for each in wanted)
    )
