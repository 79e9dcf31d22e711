"""Other people's clients are imported when they are measured, and may be missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from .cells import NotRun


def peer(module: str, distribution: str | None = None) -> ModuleType:
    """The module; `NotRun` if its distribution (named like it, by default) is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        name = distribution or module
        raise NotRun(f"{name} is not installed: pip install 'poolproof[bench]'") from error
