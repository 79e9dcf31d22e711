"""The pages hold complete entries, the parser refuses all else, and nothing points to what is not there."""

import re
from importlib.resources import files

import pytest

from poolproof.specs import (
    PAGES,
    Level,
    MalformedPageError,
    Profile,
    Requirement,
    parse,
    requirement,
    requirements,
)

FOLDER = files("poolproof.specs")
ALL = [pytest.param(entry, id=entry.id) for entry in requirements().values()]
ENTRY = """\
# A page

Introduction, with a MUST of its own.

## POOL-01: A title

**MUST** · pool

> A pool MUST keep
> its word.

**Why.** Somebody relies on it,
or may do so.

**Seen in.**
- [owner/project#12] it did not (1.0 → 1.1).
- [CVE-2023-28858] it did not,
  twice.

**Observed.** Its deeds.

**Untested.** Words are cheap.

[owner/project#12]: https://example.org
"""


def page_text(page: str) -> str:
    return FOLDER.joinpath(page).read_text("utf-8")


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?= [A-Z]|$)", text))


def test_an_entry_is_read_whole() -> None:
    (entry,) = parse("page.md", "POOL", ENTRY)
    assert (entry.id, entry.title, entry.page) == ("POOL-01", "A title", "page.md")
    assert (entry.level, entry.profile) == (Level.MUST, Profile.POOL)
    assert entry.text == "A pool MUST keep its word."
    assert entry.why == "Somebody relies on it, or may do so."
    assert [bug.reference for bug in entry.bugs] == ["owner/project#12", "CVE-2023-28858"]
    assert [bug.note for bug in entry.bugs] == ["it did not (1.0 → 1.1).", "it did not, twice."]
    assert (entry.observed, entry.untested) == ("Its deeds.", "Words are cheap.")


def test_bugs_and_the_reason_for_being_untested_may_be_left_out() -> None:
    short = re.sub(r"(?s)\*\*Seen in.*?(?=\*\*Observed)|\*\*Untested.*", "", ENTRY)
    (entry,) = parse("page.md", "POOL", short)
    assert (entry.bugs, entry.untested) == ((), None)


@pytest.mark.parametrize(
    ("original", "damaged", "line", "missing"),
    [
        ("## POOL-01: A title", "# POOL-01: A title", 1, "a heading `## POOL-01: title`"),
        ("## POOL-01: A title", "## POOL-1: A title", 5, "a heading `## POOL-01: title`"),
        ("## POOL-01: A title", "## CALL-01: A title", 5, "a heading `## POOL-01: title`"),
        ("## POOL-01: A title", "## POOL-01", 5, "a heading `## POOL-01: title`"),
        ("**MUST** · pool\n\n", "", 7, "the line `**MUST** · pool`"),
        ("**MUST** · pool", "**SHALL** · pool", 7, "the line `**MUST** · pool`"),
        ("**MUST** · pool", "**MUST** · client", 7, "the line `**MUST** · pool`"),
        ("> A pool MUST keep\n> its word.\n\n", "", 9, "the rule, a quoted sentence,"),
        ("MUST keep", "keeps", 9, "MUST as the only RFC 2119 word"),
        ("MUST keep", "SHOULD keep", 9, "MUST as the only RFC 2119 word"),
        ("its word", "its word and MAY break it", 9, "MUST as the only RFC 2119 word"),
        ("**Why.**", "**Because.**", 12, "**Why.**"),
        ("- [owner/project#12] it", "- project#12 it", 16, "[owner/project#12]"),
        ("[CVE-2023-28858] it did", "[CVE-2023] it did", 17, "[owner/project#12]"),
        ("[CVE-2023-28858] it did not,\n  twice.", "[CVE-2023-28858]", 17, "[owner/project#12]"),
        ("**Observed.** Its deeds.\n\n", "", 20, "**Observed.**"),
        ("**Untested.**", "**Unproved.**", 22, "the next heading or **Untested.**"),
        ("are cheap.", "are cheap.\n\nAnd more.", 24, "the next heading"),
        ("**Seen in.**\n", "**Seen in.**\n\n", 15, "**Seen in.** with its list below"),
        (
            "[owner/project#12]: h",
            "## POOL-02: Half\n\n[owner/project#12]: h",
            24,
            "the line `**MUST** · pool`",
        ),
    ],
)
def test_a_malformed_page_is_refused_with_its_line_and_what_is_missing(
    original: str, damaged: str, line: int, missing: str
) -> None:
    assert ENTRY.count(original) == 1
    with pytest.raises(MalformedPageError, match=re.escape(missing)) as refusal:
        parse("page.md", "POOL", ENTRY.replace(original, damaged))
    assert str(refusal.value).startswith(f"page.md, line {line}: ")


def test_an_id_is_given_out_once() -> None:
    again = ENTRY + "\n" + ENTRY.partition("its own.\n\n")[2]
    with pytest.raises(MalformedPageError, match=r"^page.md, line 26: .*POOL-01, which is taken"):
        parse("page.md", "POOL", again)


@pytest.mark.parametrize("entry", ALL)
def test_every_entry_is_complete(entry: Requirement) -> None:
    assert all((entry.id, entry.title, entry.text, entry.why, entry.observed, entry.page))


@pytest.mark.parametrize("entry", ALL)
def test_every_rule_is_one_sentence_with_one_rfc_2119_word(entry: Requirement) -> None:
    words = re.findall(r"\b(?:MUST|REQUIRED|SHALL|SHOULD|RECOMMENDED|MAY|OPTIONAL)\b", entry.text)
    assert words == [entry.level.value]
    assert entry.text.endswith(".")
    assert sentences(entry.text) == 1


@pytest.mark.parametrize("entry", ALL)
def test_every_reason_has_two_to_four_sentences(entry: Requirement) -> None:
    assert 2 <= sentences(entry.why) <= 4


@pytest.mark.parametrize("entry", ALL)
def test_every_bug_is_referred_to_once_and_well(entry: Requirement) -> None:
    references = [bug.reference for bug in entry.bugs]
    assert len(set(references)) == len(references)
    assert all(
        re.fullmatch(r"[\w.-]+/[\w.-]+#[1-9]\d*|CVE-\d{4}-\d{4,}", reference) for reference in references
    )
    assert all(bug.note.endswith(".") for bug in entry.bugs)


def test_ids_are_unique_and_belong_to_their_page() -> None:
    entries = requirements().values()
    assert len({entry.id for entry in entries}) == len(entries)
    assert all(re.fullmatch(rf"{PAGES[entry.page]}-\d\d", entry.id) for entry in entries)


def test_ids_that_were_given_out_still_stand() -> None:
    last = {"POOL": 12, "CONN": 10, "CALL": 9, "MUX": 10, "LIFE": 7, "OBS": 2}
    given_out = {f"{family}-{number:02}" for family in last for number in range(1, last[family] + 1)}
    assert given_out <= set(requirements())


@pytest.mark.parametrize("page", PAGES)
def test_the_ids_of_a_page_are_in_order(page: str) -> None:
    ids = [entry.id for entry in requirements().values() if entry.page == page]
    assert ids == sorted(ids)


def test_an_id_finds_its_requirement() -> None:
    assert requirement("CALL-03") is requirements()["CALL-03"]


@pytest.mark.parametrize(
    ("unknown", "near"), [("POOL-1", "POOL-01"), ("mux-02", "MUX-02"), ("fairness", "POOL-..")]
)
def test_an_unknown_id_is_answered_with_near_ones(unknown: str, near: str) -> None:
    with pytest.raises(LookupError, match=re.escape(near)) as refusal:
        requirement(unknown)
    assert not isinstance(refusal.value, KeyError)


def test_the_readme_names_every_page() -> None:
    pages = {entry.name for entry in FOLDER.iterdir() if entry.name.endswith(".md")}
    assert pages == {*PAGES, "README.md", "clients.md"}
    assert "](clients.md)" in page_text("README.md")
    assert re.findall(r"^\d\. \[(\w+\.md)\]\(\1\)", page_text("README.md"), re.MULTILINE) == list(PAGES)


def test_the_example_in_the_readme_is_well_formed() -> None:
    example = page_text("README.md").partition("````markdown\n")[2].partition("````")[0]
    assert [entry.id for entry in parse("README.md", "POOL", example)] == ["POOL-03"]


@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_every_id_that_a_page_mentions_exists(page: str) -> None:
    assert set(re.findall(r"\b(?:POOL|CONN|CALL|MUX|LIFE|OBS)-\d\d\b", page_text(page))) <= set(
        requirements()
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_reference_links_to_its_source(page: str) -> None:
    used = {bug.reference for entry in requirements().values() if entry.page == page for bug in entry.bugs}
    addresses = {
        reference: f"https://nvd.nist.gov/vuln/detail/{reference}"
        if reference.startswith("CVE-")
        else f"https://github.com/{reference.replace('#', '/issues/')}"
        for reference in used
    }
    assert dict(re.findall(r"^\[(.+)\]: (.+)$", page_text(page), re.MULTILINE)) == addresses
