"""Whose mistake an error is, and how it is told in one line."""

import asyncio
import inspect
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ..adapter import AnyAdapter

_ASYNCIO = str(Path(asyncio.__file__).parent)
_MISTAKES = (AttributeError, ImportError, LookupError, NameError, NotImplementedError, TypeError)


class AdapterMistake(Exception):
    """The adapter, not the client, is at fault; the message names the line."""


class CannotOpen(AdapterMistake):
    """The client does not even open; the message says how that goes."""


def is_mistake_in(error: BaseException, adapter: type[AnyAdapter]) -> bool:
    """Whether the error was raised by the adapter's own code, and is one that programming mistakes raise."""
    if not isinstance(error, _MISTAKES):
        return False
    return traceback.extract_tb(error.__traceback__)[-1].filename in _files_of(adapter)


def left_running(work: object, adapter: type[AnyAdapter]) -> str:
    """Where the adapter's own code is held up, if that is what this coroutine is; empty: it is not, or waits
    for code of the client."""
    place = ""
    while inspect.iscoroutine(work):
        file = work.cr_code.co_filename
        if file in _files_of(adapter):
            line = work.cr_frame.f_lineno if work.cr_frame else work.cr_code.co_firstlineno
            place = f"{work.__qualname__} ({file}:{line})"
        elif not place or not file.startswith(_ASYNCIO):
            return ""
        work = work.cr_await
    return place


def _files_of(adapter: type[AnyAdapter]) -> set[str]:
    return {inspect.getfile(each) for each in adapter.__mro__ if issubclass(each, AnyAdapter)}


def with_place(error: BaseException) -> str:
    """The error and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    return as_line(error) + (f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else "")


def as_line(error: BaseException) -> str:
    """The error in one line, even if it cannot say what it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def as_text(value: object) -> str:
    """A reply as text, even if it has none; of a batch, all replies in turn, `error` for an error."""
    if isinstance(value, list | tuple):
        replies = cast(Sequence[object], value)
        return ", ".join("error" if isinstance(each, BaseException) else as_text(each) for each in replies)
    try:
        return value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
    except Exception as error:
        return f"a {type(value).__name__} that has no text: {as_line(error)}"
