"""Every requirement is cited by a model, a check or a test, or says why not; and every citation exists."""

import re
from pathlib import Path

import pytest

from poolproof.conformance.checks import RULES
from poolproof.specs import requirements

ROOT = Path(__file__).parent.parent
ID = re.compile(r"\b(?:POOL|CONN|CALL|MUX|LIFE|OBS)-\d\d\b")
IN_A_NAME = re.compile(r"(?:^|_)(pool|conn|call|mux|life|obs)_(\d\d)(?=_)")
NOT_MEANT = {"POOL-99"}  # what a test asks for because there is none


def cited(*rooms: str) -> dict[str, set[str]]:
    """The ids that the files of those rooms cite, in words or in the name of a test, with the files."""
    found: dict[str, set[str]] = {}
    for path in (path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))):
        text = path.read_text()
        names = {f"{family}-{number}".upper() for family, number in IN_A_NAME.findall(text)}
        for name in names | set(ID.findall(text)):
            found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


PROOF = cited("models", "conformance/checks", "tests")


@pytest.mark.parametrize("name", requirements())
def test_a_requirement_is_cited_or_says_why_not(name: str) -> None:
    files = PROOF.get(name, set()) - {"tests/test_specs.py", "tests/test_traceability.py"}
    untested = requirements()[name].untested
    assert files or untested, f"{name} is cited by no model, check or test, and does not say why"


@pytest.mark.parametrize("name", RULES)
def test_what_is_checked_does_not_say_that_it_is_untested(name: str) -> None:
    assert requirements()[name].untested is None


@pytest.mark.parametrize("name", [name for name, entry in requirements().items() if entry.untested])
def test_what_says_it_is_untested_is_cited_by_no_check(name: str) -> None:
    assert name not in RULES


def test_every_citation_exists() -> None:
    everywhere = cited("models", "conformance", "reference", "tests")
    assert everywhere.keys() - NOT_MEANT <= requirements().keys()
