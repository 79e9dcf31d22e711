"""Begins a driver: writes what all drivers of a language have in common, with marked places for the client.

A scaffold is a folder in `protocol/scaffolds/`, named for its language; its files are written as they stand.
The commands that begin with it are those of its README: whatever is indented there.
"""

import os
from pathlib import Path

from .session import CannotRun

HOME = Path(__file__).parent / "protocol" / "scaffolds"
README = "README.md"
_INDENTATION = "    "


def languages() -> list[str]:
    """Those that have a scaffold."""
    return sorted(path.parent.name for path in HOME.glob(f"*/{README}"))


def files(language: str) -> list[Path]:
    """What is written, as paths in the scaffold. Raises CannotRun."""
    if language not in languages():
        raise CannotRun(f"there is no scaffold for {language!r}; there are {', '.join(languages())}")
    home = HOME / language
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts)


def write(language: str, folder: Path, overwrite: bool = False) -> list[Path]:
    """Begin a driver in that folder; the files that were written. Raises CannotRun.

    If one of them is there already none is written, unless they are to be overwritten.
    """
    scaffold = files(language)
    there = [folder / path for path in scaffold if os.path.lexists(folder / path)]
    if there and not overwrite:
        raise CannotRun(f"{there[0]} is there already; --force overwrites it")
    try:
        for path in scaffold:
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((HOME / language / path).read_bytes())
    except OSError as problem:
        raise CannotRun(f"{folder} can't be written: {problem.strerror or problem}") from None
    return [folder / path for path in scaffold]


def first_commands(language: str) -> list[str]:
    """What leads to the first findings, in the driver's folder: the build if there is one, and lint."""
    lines = (HOME / language / README).read_text().splitlines()
    commands = [line.strip() for line in lines if line.startswith(_INDENTATION)]
    examine = next(place for place, command in enumerate(commands) if " driver lint " in command)
    return commands[: examine + 1]
