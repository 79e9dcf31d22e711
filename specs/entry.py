"""The objects that stand for an entry of a page: a requirement, its level, its profile, its bugs.

They carry words and nothing else: how a requirement is judged is the suite's business, how it is kept the
client's. The fields follow the order in which an entry is written; their line breaks are gone, and
Markdown inside a sentence (`code`) is left in. README.md says what a well-formed entry is; parser.py insists.
"""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How binding a requirement is, in the words of RFC 2119."""

    MUST = "MUST"  # a client that breaks it hands out wrong data, loses capacity or hangs
    SHOULD = "SHOULD"  # a client may have a good reason not to; breaking it is reported as a warning
    MAY = "MAY"  # free, but declared by the client, and then held to the declaration


class Profile(Enum):
    """Which kind of client a requirement speaks of."""

    POOL = "pool"  # lends each caller a connection of its own
    MULTIPLEXER = "multiplexer"  # lets all callers share one connection
    BOTH = "both"


@dataclass(frozen=True)
class Bug:
    """A fault of this kind that was published. `reference` is `owner/project#number` or `CVE-year-number`."""

    reference: str
    note: str


@dataclass(frozen=True)
class Requirement:
    """One entry of a page.

    Invariant: `text` is one sentence with exactly one RFC 2119 word, and that word is `level`.
    """

    id: str
    title: str
    level: Level
    profile: Profile
    text: str
    why: str
    bugs: tuple[Bug, ...]  # may be empty: not every rule was broken in public
    observed: str
    untested: str | None  # why no check exists, if none does
    page: str  # the file's name: `pool.md`
