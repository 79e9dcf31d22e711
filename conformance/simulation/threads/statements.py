"""A call before each statement of the client: where a thread can be stopped, interrupted, or collect garbage.

CPython's own tracing cannot do it: it belongs to the thread of the operating system, so while one greenlet is
stopped inside its trace function, no other is traced. Instead the client's modules are compiled with

    if __armed__: __armed__[0]()

before each statement of a function, where `__armed__` is a list that is empty unless a step of the plan
counts statements: that costs next to nothing. The files on disk and the line numbers stay as they are. Module
bodies are left alone (the import lock is real, and a thread stopped in one would show half a module to the
others), and so are coroutines.

The client is all that is not the standard library and not the suite. Its modules get one more thing: a `set`
that iterates in the order of insertion. The order of the real one follows from addresses in memory, and would
decide which connection a pool closes first.
"""

import ast
import itertools
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeVar

armed: list[Callable[[], None]] = []

_ITERATES_OVER_SETS = "concurrent.futures"  # of the standard library; it would wake threads by address
_OURS = "poolproof.conformance."
_SUITE = str(Path(__file__).parents[2])
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")

T = TypeVar("T")


class _AnySet(type):
    """Every set is an instance of the ordered one, so that `isinstance(x, set)` means what it meant."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, set)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, set)


class OrderedSet(set[T], metaclass=_AnySet):
    """A set that iterates in the order of insertion."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        super().__init__()
        self._order: dict[T, None] = {}
        self.update(items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._order)

    def add(self, item: T, /) -> None:
        super().add(item)
        self._order.setdefault(item)

    def discard(self, item: Any, /) -> None:
        super().discard(item)
        self._order.pop(item, None)

    def remove(self, item: T, /) -> None:
        super().remove(item)
        self._order.pop(item, None)

    def pop(self) -> T:
        if not self._order:
            raise KeyError("pop from an empty set")
        item = next(iter(self._order))
        self.remove(item)
        return item

    def clear(self) -> None:
        super().clear()
        self._order.clear()

    def update(self, *others: Iterable[T]) -> None:
        for item in itertools.chain(*others):
            self.add(item)

    def difference_update(self, *others: Iterable[object]) -> None:
        for item in list(itertools.chain(*others)):
            self.discard(item)

    def copy(self) -> "OrderedSet[T]":
        return OrderedSet(self)

    def __or__(self, other: AbstractSet[Any]) -> "OrderedSet[Any]":
        return OrderedSet(itertools.chain(self, other))

    def __and__(self, other: AbstractSet[object]) -> "OrderedSet[T]":
        return OrderedSet(item for item in self if item in other)

    def __sub__(self, other: AbstractSet[object]) -> "OrderedSet[T]":
        return OrderedSet(item for item in self if item not in other)

    def __ior__(self, other: AbstractSet[Any]) -> "OrderedSet[Any]":
        self.update(other)
        return self

    def __isub__(self, other: AbstractSet[object]) -> "OrderedSet[T]":
        self.difference_update(other)
        return self


class Statements(MetaPathFinder):
    """Finds the client's modules and has them compiled with a call before each statement."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if f"{fullname}.".startswith(_OURS):
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(fullname, path, target)) is not None:
                if type(spec.loader) is SourceFileLoader and not _is_left_alone(spec):
                    spec.loader = _Loader(spec.loader.name, spec.loader.path)
                return spec
        return None


def is_of_the_client(path: str) -> bool:
    """Whether a file belongs neither to the standard library nor to the suite."""
    return not _is_standard(path) and not path.startswith(_SUITE) and not path.startswith("<")


def _is_left_alone(spec: ModuleSpec) -> bool:
    return _is_standard(str(spec.origin)) and not spec.name.startswith(_ITERATES_OVER_SETS)


def _is_standard(path: str) -> bool:
    return path.startswith(_STANDARD_LIBRARY) and "site-packages" not in path


class _Loader(SourceFileLoader):
    """Compiles a module with the calls; never from or into the cache of compiled modules."""

    def get_code(self, fullname: str) -> CodeType | None:
        if _is_standard(self.path):
            return super().get_code(fullname)
        tree = ast.parse(Path(self.path).read_bytes(), self.path)
        _descend(tree, in_function=False)
        return compile(tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update({"set": OrderedSet, "__armed__": armed})
        super().exec_module(module)


def _descend(node: ast.AST, in_function: bool) -> None:
    """Put the calls into every function there is below the node."""
    if isinstance(node, ast.FunctionDef):
        in_function = True
    elif isinstance(node, ast.AsyncFunctionDef | ast.ClassDef):
        in_function = False
    for branch in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        _descend(branch, in_function)
    for name in ("body", "orelse", "finalbody"):
        body: list[ast.stmt] = getattr(node, name, [])
        for statement in body:
            _descend(statement, in_function)
        if in_function and body:
            setattr(node, name, [each for statement in body for each in _preceded_by_call(statement)])


def _preceded_by_call(statement: ast.stmt) -> tuple[ast.stmt, ...]:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return (statement,)  # a docstring has to stay where it is
    name = ast.Name("__armed__", ast.Load())
    call = ast.Call(ast.Subscript(name, ast.Constant(0), ast.Load()), [], [])
    guard = ast.copy_location(ast.If(name, [ast.Expr(call)], []), statement)
    return ast.fix_missing_locations(guard), statement
