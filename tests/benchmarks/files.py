"""What a run leaves in `build/bench`: `results.json`, `table.md`, `bench.svg`, and where it was made."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from . import plot, table
from .cells import NotRun
from .figures import Outcome, Results
from .rounds import ROOT
from .server import Server, information

FOLDER = ROOT / "build" / "bench"
DISTRIBUTIONS = ("redis", "valkey", "coredis", "valkey-glide", "valkey-glide-sync", "hiredis")


def environment(server: Server) -> dict[str, str]:
    """Date, machine and versions."""
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "CPU": f"{_processor()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "Valkey": information(server.port).get("valkey_version", "of an unknown version"),
    }
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write(outcomes: Sequence[Outcome], results: Results, where: dict[str, str]) -> list[str]:
    """Writes all files; returns their names, and why one is missing."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    data = {
        "environment": where,
        "rows": [asdict(one) | {"verdict": table.verdict(one)} for one in outcomes],
        "samples": [asdict(sample) for sample in results.samples],
    }
    (FOLDER / "results.json").write_text(json.dumps(data, indent=1) + "\n")
    (FOLDER / "table.md").write_text(table.markdown(outcomes, results, where))
    names = [_shown(FOLDER / "results.json"), _shown(FOLDER / "table.md")]
    caption = ", ".join(f"{name} {value}" for name, value in where.items())
    try:
        plot.draw(results, caption, FOLDER / "bench.svg")
        names.append(_shown(FOLDER / "bench.svg"))
    except NotRun as missing:
        names.append(f"(no picture: {missing})")
    return names


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _processor() -> str:
    """Its model, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
