"""POOL-09, POOL-10, LIFE-06: dials that are slow, many, or in vain."""

from ..history import Event, Kind, Run
from ..plan import BATCH_VERBS, Verb, plan
from .check import Applies, Check, Finding, Rule, timed
from .situations import LOSE_IDLE, happened
from .waiting import GRACE_SECONDS

# POOL-09


@timed
def delayed_by_a_dial(run: Run) -> Finding | None:
    """While a dial of somebody else is slow, a caller waits beside a free connection, or has been
    answered and cannot go on."""
    plan = run.plan
    if run.shared or not run.waits or plan.acquire_timeout_seconds is not None:
        return None
    if plan.lends or plan.uses(BATCH_VERBS | {Verb.FREEZE}):
        return None
    scene = _Scene()
    for place, event in enumerate(run.history):
        if event.kind is Kind.HEALED:
            return None
        if scene.is_slow(event.at):
            if beside := scene.waiting_beside(event.at):
                names = " and ".join(beside)
                what = f"{names} were left waiting beside a free connection during a dial"
                return Finding(what, place, still=f"{names} still wait")
            if stuck := scene.stuck(event.at):
                what = f"{stuck} has been answered, and cannot go on during the dial of somebody else"
                return Finding(what, place, still=f"{stuck} is not back")
        scene.see(event)
    return None


class _Scene:
    """Who uses which connection, who waits, what is being opened, and since when."""

    def __init__(self) -> None:
        self._users: dict[int, str] = {}  # of the connections that are ready; empty: free
        self._opening: dict[int, float] = {}
        self._waiting: dict[str, float] = {}
        self._answered: dict[str, float] = {}
        self._owing: dict[int, int] = {}  # replies to the client itself
        self._free_since = 0.0

    def is_slow(self, now: float) -> bool:
        return any(now - since > GRACE_SECONDS for since in self._opening.values())

    def waiting_beside(self, now: float) -> list[str]:
        """Callers that wait, if there are more of them than dials, and a connection is free."""
        callers = [caller for caller, since in self._waiting.items() if now - since > GRACE_SECONDS]
        free = any(not user and not self._owing.get(number) for number, user in self._users.items())
        free = free and now - self._free_since > GRACE_SECONDS
        return callers if free and len(callers) > len(self._opening) else []

    def stuck(self, now: float) -> str:
        return next((caller for caller, at in self._answered.items() if now - at > GRACE_SECONDS), "")

    def see(self, event: Event) -> None:
        had_none_free = "" not in self._users.values()
        match event.kind:
            case Kind.CALLED:
                self._waiting[event.caller] = event.at
            case Kind.DIALLED:
                self._opening[event.connection] = event.at
            case Kind.RECEIVED:
                self._waiting.pop(event.caller, None)
                self._opening.pop(event.connection, None)
                self._users[event.connection] = event.caller
            case Kind.GREETED | Kind.WELCOMED:
                change = 1 if event.kind is Kind.GREETED else -1
                self._owing[event.connection] = self._owing.get(event.connection, 0) + change
            case Kind.REPLIED:
                self._answered[event.caller] = event.at
            case Kind.RETURNED | Kind.RAISED:
                self._leave(event)
            case Kind.CLOSED | Kind.REFUSED | Kind.GIVEN_UP:
                self._users.pop(event.connection, None)
                self._opening.pop(event.connection, None)
            case _:
                pass
        if had_none_free:
            self._free_since = event.at

    def _leave(self, event: Event) -> None:
        """A connection is free after a reply, and gone after an error."""
        self._waiting.pop(event.caller, None)
        self._answered.pop(event.caller, None)
        for number, user in list(self._users.items()):
            if user == event.caller and event.kind is Kind.RETURNED:
                self._users[number] = ""
            elif user == event.caller:
                del self._users[number]


def _dial_was_slow(run: Run) -> bool:
    began: dict[int, float] = {}
    for event in run.history:
        if event.kind is Kind.DIALLED:
            began[event.connection] = event.at
        elif event.kind is Kind.RECEIVED and event.at - began.get(event.connection, event.at) > GRACE_SECONDS:
            return True
    return False


_SLOW_DIAL_CHECKS = (
    Check(
        "POOL-09/handshake",
        (
            plan(
                "call a, settle, stall, call b, settle, call c, settle, wait 3, answer a, settle, wait 3, "
                "answer c, settle, wait 3, resume, settle, answer b, settle",
                capacity=2,
            ),
            plan(
                "call a, settle, stall, call b, settle, wait 3, answer a, settle, call c, answer c, wait 3, "
                "call d, answer d, wait 3, resume, settle, answer b, settle",
                capacity=2,
            ),
            plan(
                "call a, settle, fault delay step=1 amount=30, call b, settle, answer a, settle, call c, "
                "answer c, "
                "wait 5, call d, answer d, wait 30, answer b, settle",
                capacity=2,
            ),
        ),
        _dial_was_slow,
        "a dial was slow",
    ),
    Check(
        "POOL-09/dial",
        (
            plan(
                f"{LOSE_IDLE}, call a, admit, settle, call b, settle, answer a, settle, call c, answer "
                "c, wait 3, "
                "call d, answer d, wait 3, admit, settle, answer b, settle",
                capacity=2,
                hold_dials=True,
            ),
        ),
        _dial_was_slow,
        "a dial was slow",
    ),
)


# POOL-10


def too_many_dials(run: Run) -> Finding | None:
    """More dials at a time than declared."""
    if run.promises.most_dials is None:
        return None
    opening: set[int] = set()
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.DIALLED:
                opening.add(event.connection)
                if len(opening) > run.promises.most_dials:
                    what = (
                        f"{len(opening)} dials were under way, and no more than {run.promises.most_dials} "
                        "are declared"
                    )
                    return Finding(what, place)
            case Kind.RECEIVED | Kind.REFUSED | Kind.GIVEN_UP | Kind.CLOSED | Kind.OPENED:
                opening.discard(event.connection)
            case _:
                pass
    return None


_CROWD = ", ".join(f"call {name}" for name in "abcdefghijkl")
_MANY_DIALS_CHECKS = (
    Check(
        "POOL-10/crowd",
        (
            plan(
                f"{LOSE_IDLE}, {_CROWD}, settle, wait 2, admit, settle, admit, settle, wait 2",
                capacity=12,
                hold_dials=True,
            ),
            plan(f"{_CROWD}, settle, refuse, refuse, refuse, wait 10", capacity=12, hold_dials=True),
        ),
        happened(Kind.DIALLED),
        "a dial was made",
    ),
)


# LIFE-06

OUTAGE_DIALS = 12
_OUTAGE = ", ".join(["refuse"] * 400)
_STEADY = ", ".join(f"call c{number}, wait 0.05" for number in range(400))


def impatient(run: Run) -> Finding | None:
    """Dials in an outage that come no more slowly in the end than in the beginning, though callers call."""
    if not run.promises.backs_off:
        return None
    at: list[float] = []
    for place, event in enumerate(run.history):
        if event.kind is Kind.OPENED:
            at = []
        if event.kind is not Kind.REFUSED:
            continue
        at.append(event.at)
        if len(at) == OUTAGE_DIALS:
            first, last = at[4] - at[0], at[-1] - at[-5]
            if last < 2 * first:
                what = f"{OUTAGE_DIALS} dials were refused one after another, the last five in {last:.3g} s"
                return Finding(f"{what} and the first five in {first:.3g} s", place)
    return None


_OUTAGE_CHECKS = (
    Check(
        "LIFE-06/steady-calls",
        (plan(f"{LOSE_IDLE}, {_OUTAGE}, {_STEADY}"),),
        happened(Kind.REFUSED),
        "a dial was refused",
    ),
)

RULES = (
    Rule("POOL-09", delayed_by_a_dial, Applies.WAITING_POOLS, _SLOW_DIAL_CHECKS),
    Rule("POOL-10", too_many_dials, Applies.DECLARED_DIALS, _MANY_DIALS_CHECKS),
    Rule("LIFE-06", impatient, Applies.DECLARED_PAUSES, _OUTAGE_CHECKS),
)
