"""A program: many storms of one synchronous client, in one process. Prints, as JSON, what can be said of it.

history: a hash of all that happened. own_threads: of the operating system, at the end. files: that were open
before and after.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import sys
from pathlib import Path

from poolproof.conformance.search import visit_storms
from poolproof.conformance.simulation.run import run
from poolproof.conformance.simulation.threads import install, world

STORMS = 100


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    assert world
    install.install()
    client = getattr(importlib.import_module(module), name)
    gc.collect()
    gc.freeze()
    gc.disable()  # as the worker does
    digest = hashlib.sha256()
    files = [len(list(Path("/proc/self/fd").iterdir()))]

    def visit(plan: object) -> None:
        digest.update(repr(run(plan, client).history.events).encode())  # type: ignore[arg-type]

    visit_storms(visit, client, seed=1, count=STORMS)
    files.append(len(list(Path("/proc/self/fd").iterdir())))
    threads = len(list(Path("/proc/self/task").iterdir()))
    print(json.dumps({"history": digest.hexdigest(), "own_threads": threads, "files": files}))


if __name__ == "__main__":
    main()
