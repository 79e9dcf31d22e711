"""A program: prints the histories of the plans that are its arguments, run with the small pool."""

from __future__ import annotations

import importlib
import json
import sys

from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.run import run
from poolproof.conformance.simulation.threads import install, world


def main() -> None:
    assert world
    install.install()
    client = importlib.import_module("tests.threaded_clients").Pool
    print(json.dumps([run(plan(text), client).history.events for text in sys.argv[1:]]))


if __name__ == "__main__":
    main()
