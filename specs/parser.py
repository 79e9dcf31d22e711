"""Turns a page into requirements; a page that breaks the format is refused, with line and what is missing.

A page is a row of blocks: lines without a blank line between them. What stands before the first heading `## `
is introduction and is not read; after it every entry takes its blocks in a fixed order:

    ## POOL-01: Title
    **MUST** · pool              level and profile
    > One sentence.              exactly one RFC 2119 word, which is the level
    **Why.** ...
    **Seen in.** and a list      optional; items `- [owner/project#12] what happened`, or a CVE
    **Observed.** ...
    **Untested.** ...            optional

A block in the wrong place is as malformed as one that is not there, so a mistyped label cannot hide its
paragraph. Blocks of link definitions may stand anywhere. A page holds the ids of one family only, so an id
that is unique on its page is unique everywhere.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from .entry import Bug, Level, Profile, Requirement

BLOCK = re.compile(r"^.*\S.*(?:\n.*\S.*)*", re.MULTILINE)
LINK_DEFINITION = re.compile(r"\[[^]]+\]: ")
STANDING = re.compile(r"\*\*(MUST|SHOULD|MAY)\*\* · (pool|multiplexer|both)")
SENTENCE = re.compile(r"> .+(?:\n> .+)*")
SEEN_IN = re.compile(r"\*\*Seen in\.\*\*\n(- .+)", re.DOTALL)
BUG = re.compile(r"- \[([\w.-]+/[\w.-]+#[1-9]\d*|CVE-\d{4}-\d{4,})\] (.+)")
RFC_2119 = re.compile(r"\b(?:MUST|REQUIRED|SHALL|SHOULD|RECOMMENDED|MAY|OPTIONAL)\b")


class MalformedPageError(ValueError):
    """A page breaks the format; the message names page, line and what is missing."""

    def __init__(self, page: str, line: int, missing: str) -> None:
        super().__init__(f"{page}, line {line}: {missing} is missing")


@dataclass(frozen=True)
class Block:
    """Lines without a blank line between them; `line` is the number of the first."""

    line: int
    text: str


def parse(page: str, family: str, text: str) -> tuple[Requirement, ...]:
    """The entries of the page in order; their ids begin with `family`. Raises `MalformedPageError`."""
    found = [Block(text.count("\n", 0, match.start()) + 1, match[0]) for match in BLOCK.finditer(text)]
    blocks = [block for block in found if not LINK_DEFINITION.match(block.text)]
    headings = [index for index, block in enumerate(blocks) if block.text.startswith("## ")]
    if not headings:
        raise MalformedPageError(page, 1, f"a heading `## {family}-01: title`")
    entries: dict[str, Requirement] = {}
    for start, end in pairwise([*headings, len(blocks)]):
        entry = _EntryReader(page, blocks[start:end]).read(family)
        if entry.id in entries:
            raise MalformedPageError(
                page, blocks[start].line, f"an id other than {entry.id}, which is taken,"
            )
        entries[entry.id] = entry
    return tuple(entries.values())


class _EntryReader:
    """Takes the blocks of one entry one by one, in the order of the format."""

    def __init__(self, page: str, blocks: list[Block]) -> None:
        self.page = page
        self.blocks = blocks
        self.line = blocks[0].line  # of the block taken last

    def read(self, family: str) -> Requirement:
        heading = re.compile(rf"## ({family}-\d\d): (.+)")
        id, title = self.take(heading, f"a heading `## {family}-01: title`").groups()
        level, profile = self.take(STANDING, "the line `**MUST** · pool`").groups()
        text = _joined(self.take(SENTENCE, "the rule, a quoted sentence,")[0].replace("\n> ", "\n")[2:])
        if RFC_2119.findall(text) != [level]:
            raise MalformedPageError(self.page, self.line, f"{level} as the only RFC 2119 word")
        why = self.paragraph("Why", "**Why.**")
        bugs = self.bugs() if self.blocks and self.blocks[0].text.startswith("**Seen") else ()
        observed = self.paragraph("Observed", "**Observed.**")
        untested = self.paragraph("Untested", "the next heading or **Untested.**") if self.blocks else None
        if self.blocks:
            raise MalformedPageError(self.page, self.blocks[0].line, "the next heading")
        standing = Level(level), Profile(profile)
        return Requirement(id, title, *standing, text, why, bugs, observed, untested, self.page)

    def take(self, form: re.Pattern[str], name: str) -> re.Match[str]:
        match = form.fullmatch(self.blocks[0].text) if self.blocks else None
        if match is None:
            raise MalformedPageError(self.page, self.blocks[0].line if self.blocks else self.line, name)
        self.line = self.blocks.pop(0).line
        return match

    def paragraph(self, label: str, name: str) -> str:
        return _joined(self.take(re.compile(rf"\*\*{label}\.\*\*\s(.+)", re.DOTALL), name)[1])

    def bugs(self) -> tuple[Bug, ...]:
        items = self.take(SEEN_IN, "**Seen in.** with its list below")[1]
        found: list[Bug] = []
        line = self.line + 1
        for item in re.split(r"\n(?=- )", items):
            match = BUG.fullmatch(_joined(item))
            if match is None:
                raise MalformedPageError(self.page, line, "`- [owner/project#12] what happened`")
            found.append(Bug(match[1], match[2]))
            line += item.count("\n") + 1
        return tuple(found)


def _joined(text: str) -> str:
    return " ".join(text.split())
