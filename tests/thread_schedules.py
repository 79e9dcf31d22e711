"""All ways in which threads may take turns, up to a number of deviations from the plainest one.

A thread that runs goes on until it blocks, and then whoever has waited longest is next: that is the plainest
schedule. At every point where others could come first (before a lock is taken, tried, looked at or given
back, before the network is used; if wanted, before every statement) another thread may go on instead, a
delivery of the network may come first, a limit may pass, or one of the program's *events* may happen: the
server cuts a connection, somebody closes the pool, an interrupt strikes. Each of these is a *deviation*, and
the *budget* says how many one run may have. A depth-first search plays them all, each time from the
beginning with a longer prefix of choices, as `schedules.py` does for callbacks.

Simulated threads take the place of the real ones for good, so a search runs in a process of its own:
`explore_apart` starts one, in which `thread_schedules` runs as a program.
"""

from __future__ import annotations

import gc
import importlib
import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
RUNS_BETWEEN_COLLECTIONS = 500

Program = Callable[..., None]


class Edit(NamedTuple):
    """A fault: in that module of the reference, this text becomes that."""

    module: str
    before: str
    after: str


@dataclass(frozen=True)
class Search:
    """What is played, and how far the search goes.

    statements: a thread may be stopped before each statement of the reference, not only at a lock or socket.
    every: go on after a failure, and tell them all.
    """

    module: str
    program: str
    arguments: Sequence[Any]
    budget: int
    statements: bool = False
    every: bool = False
    planted: Sequence[Edit] = ()


class Found(AssertionError):
    """A schedule in which the program fails; the message tells which, and who waits for what at its end."""


def explore_apart(program: Program, *arguments: Any, budget: int, **options: Any) -> int:
    """Plays the program in every schedule within the budget; how many there were. Raises Found."""
    found = search_apart(program, *arguments, budget=budget, **options)
    if found["failures"]:
        raise Found(found["failures"][0])
    runs: int = found["runs"]
    return runs


def search_apart(program: Program, *arguments: Any, budget: int, **options: Any) -> dict[str, Any]:
    """The number of `runs`, of those `passed_over`, which tested nothing, and the `failures`, of which there is
    one at most unless `every` is wanted."""  # noqa: E501
    search = Search(program.__module__, program.__name__, arguments, budget, **options)
    command = [sys.executable, "-m", __name__, json.dumps(asdict(search))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class Order:
    """One schedule: the choices of a prefix, then the plainest; it remembers how many options there were."""

    def __init__(self, prefix: list[int], budget: int) -> None:
        self._prefix = prefix
        self._budget = budget
        self._path: list[tuple[int, int]] = []

    def choose(self, options: int) -> int:
        place = len(self._path)
        choice = self._prefix[place] if place < len(self._prefix) else 0
        self._path.append((choice, options if self._budget else 1))
        self._budget -= choice > 0
        return choice

    def next_prefix(self) -> list[int] | None:
        """The next one, depth first: the last choice that has another option takes it."""
        path = self._path
        while path and path[-1][0] + 1 >= path[-1][1]:
            path.pop()
        return [choice for choice, _ in path[:-1]] + [path[-1][0] + 1] if path else None


def explore(program: Program, search: Search) -> dict[str, Any]:
    """In the process that is made for it: see `search_apart`."""
    from .scene_of_threads import Scene

    prefix: list[int] | None = []
    runs, passed_over, failures = 0, 0, list[str]()
    while prefix is not None and (search.every or not failures):
        order = Order(prefix, search.budget)
        scene = Scene(order, search.statements)
        with scene.playing():
            try:
                program(scene, *search.arguments)
                assert not scene.complaints, "; ".join(scene.complaints)
            except Exception as error:
                failures.append("\n  ".join([_in_a_line(error), *scene.story()]))
        runs += not scene.passed_over
        passed_over += scene.passed_over
        prefix = order.next_prefix()
        if (runs + passed_over) % RUNS_BETWEEN_COLLECTIONS == 0:
            gc.collect()
    return {"runs": runs, "passed_over": passed_over, "failures": failures}


def _in_a_line(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno} {frame.line})"


@contextmanager
def planted(edits: Sequence[Edit]) -> Iterator[None]:
    """Modules of the reference that are imported meanwhile have these faults."""
    with tempfile.TemporaryDirectory() as folder:
        finder = _Finder(Path(folder), edits)
        sys.meta_path.insert(1, finder)  # behind the finder that compiles a call before each statement
        yield


class _Finder(MetaPathFinder):
    """Finds the modules that are to be edited."""

    def __init__(self, folder: Path, edits: Sequence[Edit]) -> None:
        self._files: dict[str, Path] = {}
        for module, before, after in edits:
            name = f"poolproof.reference.{module}"
            file = self._files.get(name, ROOT / "reference" / f"{module.replace('.', '/')}.py")
            text = file.read_text()
            assert text.count(before) == 1, f"{module} holds {text.count(before)} times: {before!r}"
            self._files[name] = folder / f"{module}.py"
            self._files[name].write_text(text.replace(before, after))

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        file = self._files.get(fullname)
        return spec_from_file_location(fullname, file) if file is not None else None


def main() -> None:
    from poolproof.conformance.simulation.threads import install

    from . import choosing_scheduler, scene_of_threads

    assert scene_of_threads  # imported while threads are real ones
    given = json.loads(sys.argv[1])
    search = Search(**{**given, "planted": [Edit(*each) for each in given["planted"]]})
    install.install()
    with planted(search.planted):
        from poolproof.reference.threads import calls, combining, pool

        choosing_scheduler.watch(calls, combining, pool)
        program = getattr(importlib.import_module(search.module), search.program)
        gc.collect()
        gc.freeze()
        gc.disable()  # when garbage is collected must not depend on the runs before
        print(json.dumps(explore(program, search)))


if __name__ == "__main__":
    main()
