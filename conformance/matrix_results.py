"""What has been judged, kept as JSON lines: one for each variant of a client, as soon as it is there.

A line says under which conditions it was judged. It counts again only under the same ones: the requirements,
the seed, the storms, the Python, and the suite itself, down to its source. A client that could not be judged
leaves a line as well, for whoever reads the file; it is tried again each time.

A crash may leave half a line at the end of the file. It is dropped, as all lines are that don't count, when
the file is opened to go on.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO, Any, NamedTuple

from .session import CannotRun
from .verdict import Judgement, StormCount

_ROOMS = "conformance", "models", "reference", "specs"


class CannotKeep(CannotRun):
    """A result can't be written; the message says why."""


class Conditions(NamedTuple):
    """What verdicts depend on, besides the client."""

    suite: str
    python: str
    seed: int
    storms: int
    requirements: tuple[str, ...]

    def to_data(self) -> dict[str, Any]:
        return self._asdict() | {"requirements": list(self.requirements)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one variant. `variants`: all that its client has."""

    client: str
    version: str
    variants: tuple[str, ...]
    variant: str
    judgements: tuple[Judgement, ...]
    storm_count: StormCount | None

    def to_data(self) -> dict[str, Any]:
        return {
            "client": self.client,
            "version": self.version,
            "variants": list(self.variants),
            "variant": self.variant,
            "judgements": [each.to_data() for each in self.judgements],
            "storm_count": self.storm_count.to_data() if self.storm_count else None,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Judged":
        return cls(
            data["client"],
            data["version"],
            tuple(data["variants"]),
            data["variant"],
            tuple(Judgement.from_data(each) for each in data["judgements"]),
            StormCount(**data["storm_count"]) if data["storm_count"] else None,
        )


class Results:
    """The lines that count, and the file that new ones go to. Without a path nothing is kept."""

    def __init__(self, path: Path | None, conditions: Conditions, resume: bool) -> None:
        """Open the file: from its beginning, or to go on. Raises CannotKeep."""
        self._conditions = conditions.to_data()
        self._judged: list[Judged] = []
        self._file: IO[str] | None = None
        if path is None:
            return
        try:
            if resume and path.exists():
                self._judged = list(self._that_count(path.read_text(errors="replace")))
                beside = path.with_name(f"{path.name}.new")  # a crash here leaves one of the two files whole
                beside.write_text("".join(self._line(each.to_data()) for each in self._judged))
                beside.replace(path)
            self._file = path.open("a" if resume else "w")
        except OSError as problem:
            raise CannotKeep(f"{path} can't be written: {problem.strerror}") from None

    def of(self, client: str) -> list[Judged]:
        """What counts of that client."""
        return [each for each in self._judged if each.client == client]

    def add(self, judged: Judged) -> None:
        """Keep it. Raises CannotKeep."""
        self._write(judged.to_data())

    def add_trouble(self, client: str, why: str) -> None:
        """Keep that the client could not be judged. Raises CannotKeep."""
        self._write({"client": client, "trouble": why})

    def _that_count(self, text: str) -> Iterator[Judged]:
        for line in text.splitlines():
            with suppress(ValueError, KeyError, TypeError):
                data = json.loads(line)
                conditions = {name: data[name] for name in self._conditions}
                if conditions == self._conditions and "trouble" not in data:
                    yield Judged.from_data(data)

    def _line(self, data: dict[str, Any]) -> str:
        return json.dumps({"poolproof_matrix": 1} | self._conditions | data) + "\n"

    def _write(self, data: dict[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(self._line(data))
            self._file.flush()
        except OSError as problem:
            raise CannotKeep(f"{self._file.name} can't be written: {problem.strerror}") from None


def suite_version() -> str:
    """The version of the suite, and a digest of its source."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return f"{metadata.version('poolproof')}+{digest.hexdigest()[:12]}"
