"""POOL-01 -02 -03: capacity, one borrower per connection, no lost capacity."""

from ..history import Kind, Run
from ..plan import Verb, plan
from .check import Applies, Check, Finding, Rule
from .situations import (
    LOSE_IDLE,
    REFUSE,
    at_every_suspension,
    cancelled_while_dialling,
    happened,
    most_live,
    waited,
)

# POOL-01


def too_many_sockets(run: Run) -> Finding | None:
    """More sockets open at once than the capacity allows."""
    if run.plan.uses({Verb.JAM}):
        return None  # a socket that was closed stays open until what was written has gone
    open_now: set[int] = set()
    for place, event in enumerate(run.history):
        if event.kind is Kind.OPENED:
            open_now.add(event.connection)
        elif event.kind is Kind.CLOSED:
            open_now.discard(event.connection)
        if len(open_now) > run.plan.capacity + run.extra:
            what = f"{len(open_now)} connections are open at once, and the capacity is {run.plan.capacity}"
            return Finding(what, place)
    return None


def _was_full(run: Run) -> bool:
    open_now = most = 0
    for event in run.history:
        open_now += (event.kind is Kind.OPENED) - (event.kind is Kind.CLOSED)
        most = max(most, open_now)
    return most >= run.plan.capacity and most_live(run) > run.plan.capacity


_CAPACITY_CHECKS = (
    Check(
        "POOL-01/crowd",
        (
            plan(
                "call a, call b, call c, call d, call e, settle, answer a, settle, call f, settle", capacity=2
            ),
        ),
        _was_full,
        "more callers than connections, and all connections open",
    ),
    Check(
        "POOL-01/slow-dials",
        (
            plan(
                f"{LOSE_IDLE}, call a, call b, call c, settle, admit, settle, call d, call e, settle, admit",
                capacity=2,
                hold_dials=True,
            ),
        ),
        _was_full,
        "more callers than connections while dials were pending",
    ),
    Check(
        "POOL-01/cancelled-dial",
        (
            plan(
                f"{LOSE_IDLE}, call a, call b, call c, settle, cancel a, settle, call d, settle, admit",
                capacity=2,
                hold_dials=True,
            ),
        ),
        cancelled_while_dialling,
        "a caller was cancelled while a connection was being opened",
    ),
    Check(
        "POOL-01/lost-connections",
        (
            plan(
                "call a, call b, call c, settle, cut a, settle, cancel b, settle, call d, call e, settle",
                capacity=2,
            ),
        ),
        happened(Kind.CLOSED),
        "a connection was lost while callers waited",
    ),
)


# POOL-02


def two_borrowers(run: Run) -> Finding | None:
    """A command arrived on a connection that owed another caller, who was still there, its reply."""
    owed: dict[int, set[str]] = {}
    cancelled: set[str] = set()  # what still arrives of them is no use they make
    for place, event in enumerate(run.history):
        match event.kind:
            case Kind.RECEIVED:
                borrowers = owed.setdefault(event.connection, set())
                for other in borrowers - {event.caller}:
                    what = (
                        f"connection {event.connection} carries GET {event.caller} while {other} is using it"
                    )
                    return Finding(what, place, (other, event.caller))
                if event.caller not in cancelled:
                    borrowers.add(event.caller)
            case Kind.REPLIED | Kind.RETURNED | Kind.RAISED | Kind.CANCELLED:
                cancelled |= {event.caller} if event.kind is Kind.CANCELLED else set()
                for borrowers in owed.values():
                    borrowers.discard(event.caller)
            case _:
                pass
    return None


def _connection_was_reused(run: Run) -> bool:
    users: dict[int, set[str]] = {}
    for event in run.history:
        if event.kind is Kind.RECEIVED:
            users.setdefault(event.connection, set()).add(event.caller)
    return any(len(callers) > 1 for callers in users.values())


_BORROWER_CHECKS = (
    Check(
        "POOL-02/hand-over",
        (
            plan(
                "call a, settle, call b, settle, answer a, settle, call c, settle, answer b, settle, answer c"
            ),
            plan(
                "call a, settle, call b, call c, settle, answer a, settle, call d, settle, answer b, settle",
                capacity=2,
            ),
        ),
        _connection_was_reused,
        "one connection served two callers, one after the other",
    ),
    Check(
        "POOL-02/idle",
        (plan("call a, answer a, settle, call b, settle, call c, settle, answer b, answer c", capacity=2),),
        _connection_was_reused,
        "an idle connection was lent",
    ),
    Check(
        "POOL-02/newcomer",
        at_every_suspension("call a, call b, settle, answer a", "call c, settle, answer b, settle", 8),
        _connection_was_reused,
        "a caller set out while a connection changed hands",
    ),
    Check(
        "POOL-02/cancelled-hand-over",
        at_every_suspension(
            "call a, call b, call c, settle, answer a", "cancel b, settle, call d, settle", 8
        ),
        _connection_was_reused,
        "one connection served two callers, one after the other",
    ),
)


# POOL-03


def lost_capacity(run: Run) -> Finding | None:
    """The capacity probe of the ending: as many callers as the capacity must be served at the same time."""
    end = run.history.first(Kind.COUNTED)
    if end is None:
        return None
    probed = [event.caller for event in run.history if event.kind is Kind.PROBED]
    places = {each: call.received for each, call in run.calls.items()}
    served = [each for each in probed if any(place < end for place, _ in places[each])]
    if len(served) == len(probed):
        return None
    return Finding(
        f"after all faults had stopped, only {len(served)} of {len(probed)} callers could be served at once",
        end,
        still=f"{', '.join(each for each in probed if each not in served)} not served",
    )


_LOST_CAPACITY_CHECKS = (
    Check(
        "POOL-03/refused-dial",
        (
            plan(f"{LOSE_IDLE}, {REFUSE}, {REFUSE}, call a, settle, wait 100"),
            plan(f"{LOSE_IDLE}, {REFUSE}, call a, call b, call c, settle, wait 100", capacity=2),
        ),
        happened(Kind.REFUSED),
        "a dial was refused",
    ),
    Check(
        "POOL-03/cancelled-dial",
        (
            plan(f"{LOSE_IDLE}, call a, settle, cancel a, settle", hold_dials=True),
            plan(f"{LOSE_IDLE}, call a, settle, admit, cancel a, settle", hold_dials=True),
            plan(
                f"{LOSE_IDLE}, call a, call b, settle, cancel a, settle, cancel b, settle",
                capacity=2,
                hold_dials=True,
            ),
        ),
        cancelled_while_dialling,
        "a caller was cancelled while a connection was being opened",
    ),
    Check(
        "POOL-03/cancelled-anywhere",
        at_every_suspension("call a", "cancel a, settle"),
        happened(Kind.CANCELLED),
        "a caller was cancelled at each of its suspensions",
    ),
    Check(
        "POOL-03/cancelled-handshake",
        (plan("stall, call a, settle, cancel a, settle, resume, settle"),),
        happened(Kind.CANCELLED),
        "a caller was cancelled while the handshake was not answered",
    ),
    Check(
        "POOL-03/lost-in-flight",
        (
            plan("call a, settle, cut a, settle"),
            plan("call a, call b, settle, tear a, cut b, settle", capacity=2),
        ),
        happened(Kind.CLOSED),
        "a connection was lost while a reply was owed",
    ),
    Check(
        "POOL-03/lost-while-idle",
        (plan("call a, answer a, settle, drop, settle, call b, answer b, settle"),),
        happened(Kind.CLOSED),
        "the server closed an idle connection",
    ),
    Check(
        "POOL-03/cancelled-hand-over",
        (
            *at_every_suspension("call a, call b, settle, answer a", "cancel b, settle", 8),
            *at_every_suspension(
                "call a, call b, settle, answer a", "cancel b, settle", 8, acquire_timeout_seconds=20
            ),
        ),
        happened(Kind.CANCELLED),
        "a waiting caller was cancelled while a connection was handed to it",
        Applies.WAITING_POOLS,
    ),
    Check(
        "POOL-03/acquire-limit",
        (plan("call a, settle, call b, wait 10, answer a, settle", acquire_timeout_seconds=5),),
        waited,
        "a caller's acquire limit passed",
        Applies.WAITING_POOLS,
    ),
)


RULES = (
    Rule("POOL-01", too_many_sockets, Applies.POOLS, _CAPACITY_CHECKS),
    Rule("POOL-02", two_borrowers, Applies.POOLS, _BORROWER_CHECKS),
    Rule("POOL-03", lost_capacity, Applies.POOLS, _LOST_CAPACITY_CHECKS),
)
