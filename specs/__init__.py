"""What is promised, in words: numbered requirements, written as pages for people and read here as objects.

Reading order:

    README.md         vocabulary, how levels were decided, how ids work, the format of an entry
    pool.md           POOL: capacity, who waits, who is served
    connection.md     CONN: whose reply is whose
    call.md           CALL: how a call ends, and what cancelling it leaves behind
    multiplexer.md    MUX: many callers on one connection
    lifecycle.md      LIFE: opening, closing, outages, forks
    observability.md  OBS: what a client tells about itself
    entry.py          the objects
    parser.py         pages -> objects
    *.tla, *.cfg      the machines in TLA+, and beside each the faults that must be found in it

The pages are the source and nothing is written twice: the suite takes from them what it prints (`explain`,
reports) and what it counts (every requirement is checked or says why not).
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from .entry import Bug, Level, Profile, Requirement
from .parser import MalformedPageError, parse

__all__ = [
    "PAGES",
    "Bug",
    "Level",
    "MalformedPageError",
    "Profile",
    "Requirement",
    "parse",
    "requirement",
    "requirements",
]

PAGES: Mapping[str, str] = MappingProxyType(
    {
        "pool.md": "POOL",
        "connection.md": "CONN",
        "call.md": "CALL",
        "multiplexer.md": "MUX",
        "lifecycle.md": "LIFE",
        "observability.md": "OBS",
    }
)
"""The pages in reading order, each with the family of its ids."""


@cache
def requirements() -> Mapping[str, Requirement]:
    """All requirements by id, in page order; the pages are read once. Raises `MalformedPageError`."""
    folder = files(__name__)
    entries = (
        entry
        for page, family in PAGES.items()
        for entry in parse(page, family, folder.joinpath(page).read_text("utf-8"))
    )
    return MappingProxyType({entry.id: entry for entry in entries})


def requirement(id: str) -> Requirement:
    """The requirement of that id. Raises `LookupError`, which names the ids that are near."""
    found = requirements().get(id)
    if found is None:
        # Four, since `POOL-1` is as near to POOL-10, -11 and -12 as to POOL-01.
        near = get_close_matches(id.upper(), requirements(), n=4) or [
            f"{family}-.." for family in PAGES.values()
        ]
        raise LookupError(f"no requirement has the id {id!r}; there are {', '.join(near)}")
    return found
