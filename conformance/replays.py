"""Replay files: a plan that broke a requirement, with all that is needed to run it again, in the cache."""

import json
import shlex
from pathlib import Path
from typing import Any, cast

from .installing import cache
from .plan import BadPlan, Plan
from .verdict import Report


def replay_file(client: str, name: str) -> Path:
    """Where the replay of that requirement's failure is kept."""
    safe = "".join(letter if letter.isalnum() or letter in ".-=_" else "_" for letter in client)
    return cache() / "failures" / safe / f"{name}.json"


def for_a_shell(path: Path) -> str:
    """The path as a user may type it."""
    if path.is_relative_to(Path.home()):
        return "~/" + shlex.quote(str(path.relative_to(Path.home())))
    return shlex.quote(str(path))


def write_replays(report: Report) -> None:
    """A replay file for each requirement that failed. Raises OSError."""
    for name in report.requirements():
        if not (failed := report.failed(name)):
            continue
        variant, failure = failed[0]
        path = replay_file(report.client, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {
            "poolproof_replay": 1,
            "client": report.client,
            "variant": variant,
            "requirement": name,
            "seed": report.seed,
            **failure.to_data(),
        }
        path.write_text(json.dumps(data, indent=1) + "\n")


def read_replay(path: Path) -> dict[str, Any]:
    """The contents of a replay file, with `plan` checked. Raises OSError, BadPlan."""
    try:
        data = cast(dict[str, Any], json.loads(path.read_text()))
    except (ValueError, UnicodeDecodeError):
        raise BadPlan(f"{path} is no JSON") from None
    wanted = {"client", "variant", "requirement", "plan"}
    if not isinstance(data, dict) or not wanted <= data.keys():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadPlan(f"{path} is no replay file of poolproof")
    Plan.from_data(data["plan"])
    return data
