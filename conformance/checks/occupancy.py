"""Who uses which connection, and who waits, as time passes: does anybody wait while there is room?"""

from typing import NamedTuple

from ..history import Call, Event, Kind, Run

LONG_ENOUGH_SECONDS = 60.0  # of rest, in virtual time; more than any client's own pauses between retries


class Waiting(NamedTuple):
    """A caller left waiting although only `busy` connections were in use and none was being opened."""

    caller: str
    seconds: float
    busy: int
    place: int


class _Connection:
    """A connection that the server knows: the caller that uses it, and how many replies are owed on it."""

    def __init__(self) -> None:
        self.user = ""
        self.owed_to_callers = 0
        self.owed_to_client = 0


class _Occupancy:
    """What the pool's connections and callers are up to, kept up to date event by event."""

    def __init__(self) -> None:
        self.connections: dict[int, _Connection] = {}
        self.dialling: set[int] = set()
        self.waiting: list[str] = []

    def see(self, event: Event) -> None:
        match event.kind:
            case Kind.DIALLED:
                self.dialling.add(event.connection)
            case Kind.OPENED | Kind.REFUSED | Kind.GIVEN_UP:
                self.dialling.discard(event.connection)
                if event.kind is Kind.OPENED:
                    self.connections[event.connection] = _Connection()
            case Kind.CLOSED:
                self.connections.pop(event.connection, None)
            case Kind.CALLED:
                self.waiting.append(event.caller)
            case Kind.RETURNED | Kind.RAISED:
                self._leave(event.caller)
            case Kind.RECEIVED | Kind.REPLIED | Kind.GREETED | Kind.WELCOMED:
                self._see_traffic(event)
            case _:
                pass

    def _leave(self, caller: str) -> None:
        if caller in self.waiting:
            self.waiting.remove(caller)
        for connection in self.connections.values():
            if connection.user == caller:
                connection.user = ""

    def _see_traffic(self, event: Event) -> None:
        connection = self.connections.get(event.connection)
        if connection is None:
            return
        match event.kind:
            case Kind.RECEIVED:
                self._leave(event.caller)
                connection.user = event.caller
                connection.owed_to_callers += 1
            case Kind.REPLIED:
                connection.owed_to_callers -= 1
            case Kind.GREETED:
                connection.owed_to_client += 1
            case _:
                connection.owed_to_client -= 1

    def opening(self) -> bool:
        """Whether a connection is under way: nobody can say for whom, so all who wait may wait for it."""
        return bool(self.dialling) or any(each.owed_to_client for each in self.connections.values())

    def busy(self, count_hostages: bool) -> int:
        """Connections in use; a hostage is one that only owes a reply to a caller who has gone."""
        return sum(
            bool(each.user or (count_hostages and each.owed_to_callers)) for each in self.connections.values()
        )


def _waited_long(call: Call, run: Run) -> bool:
    """Whether the caller took that long to be served or to leave; only then is there more to see."""
    ends = [place for place, _ in call.received[:1]] + [call.settled or len(run.history) - 1]
    return (
        run.history.events[min(ends)].at - run.history.events[call.called].at
        >= LONG_ENOUGH_SECONDS * run.patience
    )


def left_waiting(run: Run, count_hostages: bool = True) -> Waiting | None:
    """The first caller that waits LONG_ENOUGH_SECONDS while fewer connections than the capacity are busy
    and none is being opened.

    Only for pools that let callers wait, and only where the caller may wait that long.
    """
    if run.shared or not run.waits or run.plan.lends or run.plan.acquire_timeout_seconds is not None:
        return None
    if not any(_waited_long(call, run) for call in run.calls.values()):
        return None
    occupancy = _Occupancy()
    since = 0.0
    for place, event in enumerate(run.history):
        rest = event.at - since
        if rest >= LONG_ENOUGH_SECONDS * run.patience and occupancy.waiting and not occupancy.opening():
            busy = occupancy.busy(count_hostages)
            if busy < run.plan.capacity:
                return Waiting(occupancy.waiting[0], rest, busy, place)
        occupancy.see(event)
        since = event.at
    return None
