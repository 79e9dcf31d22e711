"""Which requirements notice which mutants: kill_matrix.json holds what is expected.

python -m tests.kill_matrix     writes it anew: look at the difference before it is committed
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from poolproof.conformance.selftest import run_selftest

FILE = Path(__file__).with_suffix(".json")


def expected() -> dict[str, list[str]]:
    matrix: dict[str, list[str]] = json.loads(FILE.read_text())
    return matrix


def found() -> dict[str, list[str]]:
    """Judges every mutant by everything; takes minutes."""
    matrix = asyncio.run(run_selftest(True, lambda _: None))
    return {name: sorted(killers) for name, killers in matrix.kills.items()}


if __name__ == "__main__":
    rows = [f"  {json.dumps(name)}: {json.dumps(killers)}" for name, killers in found().items()]
    FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
