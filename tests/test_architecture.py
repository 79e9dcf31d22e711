"""The rooms import each other only as the house allows, and nothing is imported under a second name."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = "conformance", "models", "reference", "specs"
MAY_IMPORT = {
    "models": set[str](),
    "reference": set[str](),
    "specs": set[str](),
    "conformance": {"models", "specs"},
}
PROOFS = ROOT / "models" / "proofs"
EXCEPTIONS = {
    ROOT / "conformance" / "clients" / f"{name}.py"
    for name in ("reference_common", "reference_aio", "reference_threads", "redis_py_bridge")
}


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute imports of a module: the dotted name and the line. Relative ones stay inside their room."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "poolproof":
            yield from ((f"poolproof.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module, node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_the_rooms_it_may(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[room] | ({"reference"} if path in EXCEPTIONS else set[str]())
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] == "poolproof":
            assert parts[1] in allowed, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_is_imported_by_its_bare_name(path: Path) -> None:
    for name, line in imports(path):
        assert name.split(".")[0] not in ROOMS, f"{path}:{line} imports {name}: say poolproof.{name}"


@pytest.mark.parametrize("room", ["models", "reference", "specs"])
def test_the_inner_rooms_need_nothing_but_the_standard_library_hiredis_and_for_proofs_z3(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        besides = {"hiredis"} if room == "reference" else {"z3"} if path.parent == PROOFS else set[str]()
        besides |= {"redis"} if path.parent.name == "redis_py" else set[str]()  # both optional
        besides |= {"opentelemetry"} if path.name == "opentelemetry.py" else set[str]()
        for name, line in imports(path):
            top = name.split(".")[0]
            known = top in sys.stdlib_module_names or top == "poolproof" or top in besides
            assert known, f"{path}:{line} imports {name}"


def test_the_models_do_not_need_their_proofs() -> None:
    for path in sorted((ROOT / "models").glob("*.py")):
        source = path.read_text()
        assert "from .proofs" not in source and "from . import proofs" not in source, path


@pytest.mark.parametrize("core", ["pool", "multiplexer"])
def test_a_core_knows_no_input_output_clock_lock_or_task(core: str) -> None:
    forbidden = {"asyncio", "threading", "time", "socket", "select", "random", "hiredis"}
    for name, line in imports(ROOT / "reference" / f"{core}.py"):
        assert name.split(".")[0] not in forbidden, f"reference/{core}.py:{line} imports {name}"
