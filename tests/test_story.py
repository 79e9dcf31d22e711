"""Stories: what of a history is told for a finding, and how it is drawn."""

from __future__ import annotations

from poolproof.conformance.checks import Finding
from poolproof.conformance.history import Event, History, Kind
from poolproof.conformance.story import diagram, story


def drawn(*events: Event) -> list[str]:
    return diagram(story(History(events), Finding("", len(events) - 1)))


def test_many_messages_take_one_row() -> None:
    published = [Event(0.0, Kind.PUBLISHED, "a", text=f"news:{number}", detail="1") for number in range(3)]
    assert drawn(*published)[1:] == ["   1  published: news:0 to news:2 ✗"]


def test_a_call_that_is_sent_at_once_takes_one_row() -> None:
    called, received = Event(0.0, Kind.CALLED, "a"), Event(0.01, Kind.RECEIVED, "a", 1)
    assert drawn(called, received)[1:] == ["   1  GET a ──────▶ ● ✗"]


def test_a_call_that_has_waited_is_told_with_the_time() -> None:
    called, received = Event(0.0, Kind.CALLED, "a"), Event(8.0, Kind.RECEIVED, "a", 1)
    assert drawn(called, received)[1:] == [
        "   1  asks for a",
        "      · 8 s pass ·",
        "   2  GET a ──────▶ ● ✗",
    ]


def test_the_names_of_many_connections_stand_apart() -> None:
    received = [Event(0.0, Kind.RECEIVED, "a", number) for number in (1, 10)]
    assert drawn(*received)[0].split() == ["a", "connection", "1", "connection", "10"]


def test_loans_and_drains_are_told() -> None:
    told = [
        Event(0, Kind.BORROWED, "a"),
        Event(0, Kind.BORROWED, "b", text="timeout.acquire"),
        Event(0, Kind.RELEASING, "a"),
        Event(0, Kind.DRAINING, text="5"),
        Event(0, Kind.DRAINED),
    ]
    rows = "\n".join(diagram(told))
    words = "has a connection", "cannot borrow: timeout.acquire", "gives it back"
    assert all(
        word in rows for word in (*words, "the client is told to drain for 5 s", "says that it is closed")
    )
