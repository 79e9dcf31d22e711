"""Releases of clients, each installed by pip into a folder of its own, once, and used from there ever after.

The folder is `clients/<python>/<distribution>-<version>` under `$POOLPROOF_CACHE` or `~/.cache/poolproof`. A
release is installed beside its place and moved there when it is complete, so that an interrupted installation
leaves nothing half done.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_QUICK = ("--disable-pip-version-check", "--no-input", "--quiet", "--retries", "1", "--timeout", "15")
_UNREACHABLE = re.compile(
    r"from versions: none|NewConnectionError|ConnectTimeout|Max retries|Could not fetch URL"
)


class InstallationFailed(Exception):
    """The release is not to be had; the message says why, in one line."""


class Installed(NamedTuple):
    """A release of a client: its version, and the folder to be put on the path."""

    version: str
    folder: Path


def cache() -> Path:
    """The folder for whatever may be deleted without harm."""
    return Path(os.environ.get("POOLPROOF_CACHE") or Path.home() / ".cache" / "poolproof")


def newest(distribution: str) -> tuple[str, str]:
    """The newest version (offline: in the cache), and a note for the user. Raises InstallationFailed."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        arguments = ("--dry-run", "--ignore-installed", "--no-deps", "--report", report.name, distribution)
        error = _pip("install", *arguments)
        if error is None:
            return str(json.load(report)["install"][0]["metadata"]["version"]), ""
    known = [path.name.removeprefix(f"{distribution}-") for path in _home().glob(f"{distribution}-*")]
    if not known:
        raise InstallationFailed(_explain(error, distribution))
    version = max(known, key=_sortable)
    return version, f"the package index can't be reached: {version} is the newest release in the cache"


def install(distribution: str, version: str, besides: Sequence[str] = ()) -> Installed:
    """The release, from the cache if it is there; `besides` is put beside it. Raises InstallationFailed."""
    place = _home() / f"{distribution}-{version}"
    if place.is_dir():
        return Installed(version, place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".", ignore_cleanup_errors=True) as folder:
            error = _pip("install", "--target", f"{folder}/new", f"{distribution}=={version}", *besides)
            if error is not None:
                raise InstallationFailed(_explain(error, f"{distribution} {version}"))
            Path(folder, "new").rename(place)
    except OSError as problem:
        if place.is_dir():  # somebody else was faster
            return Installed(version, place)
        raise InstallationFailed(f"{place.parent} can't be written: {problem.strerror or problem}") from None
    return Installed(version, place)


def _home() -> Path:
    return cache() / "clients" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _pip(command: str, *arguments: str) -> str | None:
    """Run pip; its complaint if it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", command, *_QUICK, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else done.stderr or "pip failed without a word"


def _explain(complaint: str, wanted: str) -> str:
    if _UNREACHABLE.search(complaint):
        return f"{wanted} is not in the cache, and the package index can't be reached; is there a network?"
    if found := re.search(r"from versions: ([^)]*)\)", complaint):
        versions = found[1].split(", ")
        return f"{wanted} does not exist; the newest releases are {', '.join(versions[-3:])}"
    lines = [line for line in complaint.splitlines() if line.startswith("ERROR")] or complaint.splitlines()
    return f"{wanted} could not be installed: {lines[-1].removeprefix('ERROR: ')}"


def _sortable(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]
