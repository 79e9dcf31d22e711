"""A configuration of TLC: which machine of a module is checked, at which sizes, for what.

The ones in specs/*.cfg are for people, who can hand them to TLC as they are. The suite reads them and varies
them: other sizes, fewer claims, a fault planted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KEYWORD = re.compile(
    r"\s*^(SPECIFICATION|CONSTANTS?|INVARIANTS?|PROPERTY|PROPERTIES|SYMMETRY)\b", re.MULTILINE
)
PLANTED = re.compile(r"^([A-Za-z]+)_(\w+?)(?:\([^=]*\))?\s*==", re.MULTILINE)


@dataclass(frozen=True)
class Configuration:
    """What TLC is told. `replaced` says which definition stands for which: that is how a fault is planted."""

    specification: str
    constants: Mapping[str, str]
    invariants: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    symmetry: str = ""
    replaced: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self) -> str:
        """As TLC reads it."""
        lines = [f"SPECIFICATION {self.specification}"]
        lines += [f"CONSTANT {name} = {value}" for name, value in self.constants.items()]
        lines += [f"CONSTANT {name} <- {other}" for name, other in self.replaced.items()]
        lines += [f"INVARIANT {name}" for name in self.invariants]
        lines += [f"PROPERTY {name}" for name in self.properties]
        lines += [f"SYMMETRY {self.symmetry}"] if self.symmetry else []
        return "\n".join(lines) + "\n"


def read_configuration(text: str) -> Configuration:
    """A configuration as specs/*.cfg have it: constants a line each, names separated by blanks."""
    pieces = KEYWORD.split(re.sub(r"\\\*.*", "", text))
    found = {keyword.rstrip("S"): body for keyword, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    assignments = (line.split("=", 1) for line in found["CONSTANT"].splitlines() if "=" in line)
    return Configuration(
        specification=found["SPECIFICATION"].strip(),
        constants={name.strip(): value.strip() for name, value in assignments},
        invariants=tuple(found.get("INVARIANT", "").split()),
        properties=tuple(found.get("PROPERTIE", found.get("PROPERTY", "")).split()),
    )


def planted_faults(text: str) -> dict[str, dict[str, str]]:
    """Of a module of faults, what each fault replaces: `F_X(...) == ...` stands for X under the fault F."""
    faults: dict[str, dict[str, str]] = {}
    for fault, definition in PLANTED.findall(text):
        faults.setdefault(fault, {})[definition] = f"{fault}_{definition}"
    return faults
