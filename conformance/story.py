"""What matters of a history for one finding, and how it is drawn: a space-time diagram in text.

Time runs downwards, a row an event. A lane for each caller stands on the left, one for each connection, as
the server sees it, on the right; an arrow is a command on its way. Amounts of virtual time are shown where
any has passed, and ✗ marks the event that breaks the rule.
"""

from collections.abc import Sequence

from .checks import Finding
from .history import ErrorKind, Event, History, Kind

_ALWAYS_LEFT_OUT = frozenset(
    {Kind.MISSED, Kind.BLOCKED, Kind.UNHANDLED, Kind.NUMBERED, Kind.FATED, Kind.RELEASED}
)
_OF_HANDSHAKES = frozenset({Kind.GREETED, Kind.WELCOMED, Kind.DIALLED})
_OFTEN = frozenset({Kind.PUBLISHED, Kind.HEARD})  # several in a row are told as one
_ABOUT_EVERYBODY = frozenset({Kind.HEALED, Kind.RESTED, Kind.COUNTED, Kind.CLOSING})
LONGEST_TEXT = 24
SHORTEST_SECONDS = 0.05  # of time that is worth telling


def story(history: History, finding: Finding) -> list[Event]:
    """The events that show why the finding is true; the last one is where it became certain."""
    told = history.events[: finding.place + 1]
    last = told[-1]
    connections = {
        event.connection for event in told if not finding.callers or event.caller in finding.callers
    }
    cancelled = {event.caller for event in told if event.kind is Kind.CANCELLED}
    kept: list[Event] = []
    for event in told:
        if event is not last and (
            event.kind in _ALWAYS_LEFT_OUT
            or (event.kind in _OF_HANDSHAKES and not finding.handshake)
            or event.caller.startswith("warm")
            or (event.kind is Kind.OPENED and finding.callers)
            or (event.text == ErrorKind.CANCELLED and event.caller in cancelled)
            or (event.caller and finding.callers and event.caller not in finding.callers)
            or (event.connection and event.connection not in connections)
            or (event.kind in _ABOUT_EVERYBODY and finding.callers)
        ):
            continue
        if event.kind is Kind.RECEIVED:
            kept = [each for each in kept if not _led_at_once_to(event, each)]
        if event.kind in _OFTEN and kept and (kept[-1].kind, kept[-1].caller) == (event.kind, event.caller):
            kept[-1] = kept[-1]._replace(text=f"{kept[-1].text.partition(' to ')[0]} to {event.text}")
        else:
            kept.append(event)
    if finding.still:
        kept[-1] = Event(last.at, Kind.STILL, text=finding.still)
    return kept


def _led_at_once_to(received: Event, event: Event) -> bool:
    is_its_call = event.kind is Kind.CALLED and event.caller == received.caller
    return is_its_call and received.at - event.at < SHORTEST_SECONDS


def diagram(events: Sequence[Event]) -> list[str]:
    """The rows of the diagram."""
    callers = list(dict.fromkeys(event.caller for event in events if event.caller))
    connections = sorted({event.connection for event in events if event.connection})
    lanes = [*callers, *(f"connection {number}" for number in connections)]
    whats = [_what(event) for event in events if event.caller]
    width = max([0, *(len(lane) + 2 for lane in lanes), *(len(what) + 4 for what in whats)])
    rows = ["      " + "".join(lane.ljust(width) for lane in lanes).rstrip()]
    before = events[0].at if events else 0.0
    for number, event in enumerate(events, 1):
        if event.at - before >= SHORTEST_SECONDS:
            rows.append(f"      · {event.at - before:.3g} s pass ·")
        before = event.at
        rows.append(f"{number:4}  {_row(event, callers, connections, width)}".rstrip())
    rows[-1] += " ✗"
    return rows


def _row(event: Event, callers: list[str], connections: list[int], width: int) -> str:
    lane = callers.index(event.caller) if event.caller else 0
    target = len(callers) + connections.index(event.connection) if event.connection else lane
    what = _what(event)
    match event.kind:
        case Kind.RECEIVED:
            shaft = "─" * (width * (target - lane) - len(what) - 3)
            return " " * (width * lane) + f"{what} {shaft}▶ ●"
        case Kind.REPLIED:
            return " " * (width * target) + what
        case _ if event.caller:
            return " " * (width * lane) + what
        case _ if event.connection:
            return " " * (width * target) + what
        case _:
            return f"── {what} ──"


_WORDS = {
    Kind.RETURNED: "gets {text}",
    Kind.SUBSCRIBING: "subscribes",
    Kind.HEARD: "hears {text}",
    Kind.RAISED: "fails: {text}",
    Kind.FATED: "is told: {text}",
    Kind.STRAYED: "● sends what nobody asked for",
    Kind.SILENCED: "says nothing any more",
    Kind.NUMBERED: "the client counts {text}",
    Kind.COLLECTED: "collects garbage",
    Kind.CLOSED: "closed by the {text}",
    Kind.HEALED: "all faults stop, all replies are sent",
    Kind.RESTED: "everybody had time enough",
    Kind.STILL: "{text}",
    Kind.CLOSING: "the client is told to close",
    Kind.RELEASING: "gives it back",
    Kind.DRAINING: "the client is told to drain for {text} s",
    Kind.DRAINED: "the client says that it is closed",
    Kind.REFUSED: "dial refused",
    Kind.GIVEN_UP: "dial given up",
}


def _what(event: Event) -> str:
    match event.kind:
        case Kind.CALLED | Kind.PROBED:
            return f"asks for {event.text or event.caller}"
        case Kind.RECEIVED | Kind.GREETED:
            return _short(event.text or f"GET {event.caller}")
        case Kind.REPLIED:
            return f"● {_answer(event, event.text or f'GET {event.caller}')}"
        case Kind.WELCOMED:
            return f"● {'refuses' if event.detail else 'answers'} {_short(event.text)}"
        case Kind.PUBLISHED:
            return f"published: {event.text}{', to nobody' if event.detail == '0' else ''}"
        case Kind.BORROWED:
            return f"cannot borrow: {event.text}" if event.text else "has a connection"
        case Kind.TOLD:
            return f"is told: {event.text or 'the end'}"
        case _:
            text = _short(event.text) if event.kind is Kind.RETURNED else event.text
            return _WORDS.get(event.kind, str(event.kind)).format(text=text)


def _answer(event: Event, command: str) -> str:
    if event.detail:
        return f"refuses {_short(command)}"
    if command.startswith("GET "):
        return f"sends val:{command.removeprefix('GET ')}"
    return f"answers {_short(command)}"


def _short(text: str) -> str:
    """As much of it as a lane has room for."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
