"""Plants a mutant: edits the reference's source text while its modules are imported."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from . import MUTANTS, Edit

_PACKAGES = "poolproof.reference", "poolproof.conformance"


class MutantDoesNotFit(Exception):
    """The text to be edited is not there, or not only once: the reference has changed."""


def plant(name: str) -> None:
    """From now on this process imports the reference with that fault. Raises KeyError, MutantDoesNotFit."""
    mutant = next((each for each in MUTANTS if each.name == name), None)
    if mutant is None:
        raise KeyError(name)
    sys.meta_path.insert(0, _Finder(mutant.edits))


def mutated(source: str, module: str, edits: Sequence[Edit]) -> str:
    """The source of that module after the edits that concern it. Raises MutantDoesNotFit."""
    for edit in edits:
        if edit.module == module:
            if source.count(edit.before) != 1:
                raise MutantDoesNotFit(f"{module} holds {source.count(edit.before)} times: {edit.before!r}")
            source = source.replace(edit.before, edit.after)
    return source


class _Finder(MetaPathFinder):
    """Finds the modules that are to be edited, and leaves all others to the rest."""

    def __init__(self, edits: tuple[Edit, ...]) -> None:
        self._edits = edits

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        module = _module(fullname)
        if not any(edit.module == module for edit in self._edits):
            return None
        package = next(each for each in _PACKAGES if fullname.startswith(f"{each}."))
        found = find_spec(package)
        assert found and found.submodule_search_locations
        place = fullname.removeprefix(f"{package}.").split(".")
        file = Path(next(iter(found.submodule_search_locations)), *place).with_suffix(".py")
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, str(file), self._edits))


class _Loader(SourceFileLoader):
    """Compiles the edited text; never from or into the cache of compiled modules."""

    def __init__(self, fullname: str, path: str, edits: tuple[Edit, ...]) -> None:
        super().__init__(fullname, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text()
        return compile(mutated(source, _module(fullname), self._edits), self.path, "exec")


def _module(fullname: str) -> str:
    """The name of a module of the reference inside it, as "aio.pool"; of the suite, "conformance.plan"."""
    return fullname.removeprefix("poolproof.reference.").removeprefix("poolproof.")
