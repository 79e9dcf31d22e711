"""The drivers that come with the suite: each is a folder in `drivers/`, built once into the cache.

What a driver consists of and how it is built says its `driver.toml`. The folder in the cache has the driver's
name, the release of its client and a mark of the sources, so that a driver that was changed is built anew. It
is built beside its place and moved there when it is complete.
"""

import hashlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .installing import InstallationFailed, cache

HOME = Path(__file__).parent / "drivers"
COMPLAINT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Recipe:
    """A driver's `driver.toml`. Commands may name {folder}, {version} and {python}.

    sources: what somebody would read. needs: programs that have to be there. other_version: what is done
    before `build` if another release of the client is wanted. over: a folder whose files replace those of the
    driver, for who wants to change it.
    """

    client: str
    language: str
    version: str
    needs: tuple[str, ...]
    sources: tuple[str, ...]
    build: tuple[tuple[str, ...], ...]
    other_version: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]
    over: Path | None = None

    @property
    def folder(self) -> Path:
        return HOME / self.client

    @property
    def folders(self) -> list[Path]:
        """What it is copied from, one over the other."""
        return [self.folder, self.over] if self.over else [self.folder]

    @property
    def missing(self) -> list[str]:
        """Programs that it needs and this machine doesn't have."""
        return [each for each in self.needs if not shutil.which(each)]


def recipes() -> dict[str, Recipe]:
    """All drivers, by the name of their client."""
    found = (_read(path) for path in sorted(HOME.glob("*/driver.toml")))
    return {recipe.client: recipe for recipe in found}


def built(recipe: Recipe, version: str = "") -> str:
    """The command that runs the driver, which is built if need be. Raises InstallationFailed."""
    version = version or recipe.version
    if recipe.missing:
        needed = " and ".join(recipe.missing)
        raise InstallationFailed(f"the driver of {recipe.client} needs {needed}, which is not installed")
    place = cache() / "drivers" / f"{recipe.client}-{version}-{_mark(recipe)}"
    if not place.is_dir():
        try:
            _build(recipe, version, place)
        except OSError as problem:
            if not place.is_dir():  # nobody else was faster
                what = problem.strerror or problem
                raise InstallationFailed(f"{place.parent} can't be written: {what}") from None
    return shlex.join(_filled(recipe.run, place, version))


def _build(recipe: Recipe, version: str, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    steps = (() if version == recipe.version else recipe.other_version) + recipe.build
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".", ignore_cleanup_errors=True) as folder:
        new = Path(folder, "new")
        for source in recipe.folders:
            shutil.copytree(source, new, dirs_exist_ok=True)
        for step in steps:
            done = subprocess.run(
                _filled(step, new, version),
                cwd=new,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            if done.returncode:
                raise InstallationFailed(_explain(recipe, version, step, done.stdout))
        new.rename(place)


def _explain(recipe: Recipe, version: str, step: Sequence[str], complaint: str) -> str:
    said = " ".join(complaint.split())[-COMPLAINT_CHARACTERS:]
    wanted = f"the driver of {recipe.client} {version}"
    return f"{wanted} could not be built: `{shlex.join(step)}` failed, and says at its end: {said}"


def _filled(command: Sequence[str], folder: Path, version: str) -> list[str]:
    values = {"folder": str(folder), "version": version, "python": sys.executable}
    return [word.format_map(values) for word in command]


def _mark(recipe: Recipe) -> str:
    """Changes with whatever is in the driver's folders."""
    mark = hashlib.sha256()
    for folder in recipe.folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                mark.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return mark.hexdigest()[:8]


def _read(path: Path) -> Recipe:
    data = tomllib.loads(path.read_text())

    def steps(name: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(step) for step in data.get(name, ()))

    words: dict[str, Any] = {name: tuple(data.get(name, ())) for name in ("needs", "sources", "run")}
    return Recipe(
        data["client"],
        data["language"],
        data["version"],
        build=steps("build"),
        other_version=steps("other_version"),
        **words,
    )
