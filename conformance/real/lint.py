"""Examines a driver: does it keep the rules of the protocol, and is each claim of its `hello` true?

What is asked of the client is as simple as can be: nothing fails, nothing is late. If it goes wrong even so,
the driver is to be looked at first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..history import ErrorKind, History, Kind
from ..plan import Plan, plan
from ..preflight import SIMPLEST
from ..protocol.driver import BYE_SECONDS, Driver
from ..protocol.messages import UNSUPPORTED, DriverFault, Hello, Variant
from ..simulation.blame import AdapterMistake
from .client import remote
from .world import RealWorld

ANSWER_SECONDS = 5.0
LIMIT_SECONDS = 2.0  # plan seconds; the real ones are fewer
PASSWORD, DATABASE = "sesame", 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. problem: what is wrong with it; empty: nothing."""

    what: str
    variant: str = ""
    problem: str = ""


def lint(command: str, time_scale: float = 1.0) -> Iterator[Finding]:
    """Look at everything, one thing after another. If the driver does not say hello there is nothing else."""
    hello: Hello | None = None

    def says_hello(driver: Driver) -> None:
        nonlocal hello
        hello = driver.hello(time_scale)

    yield _look("says hello", command, says_hello)
    if hello is None:
        return
    yield _look("refuses a verb that it does not know", command, _refuses_unknown_verbs)
    yield _look("ends after bye", command, lambda driver: _ends(driver, time_scale, says_bye=True))
    yield _look("ends with its input", command, lambda driver: _ends(driver, time_scale, says_bye=False))
    for variant in hello.variants:
        for trial in _trials(variant):
            yield _look(trial.what, command, _run(trial, hello, variant, time_scale), variant.name)


def _look(what: str, command: str, examine: Callable[[Driver], None], variant: str = "") -> Finding:
    try:
        with Driver(command) as driver:
            examine(driver)
    except (DriverFault, AdapterMistake) as problem:
        return Finding(what, variant, str(problem))
    return Finding(what, variant)


def _refuses_unknown_verbs(driver: Driver) -> None:
    reply = driver.ask("sing", ANSWER_SECONDS, song="a field that it does not know either")
    if reply["ok"] or reply["kind"] != UNSUPPORTED:
        raise DriverFault(f'answered an unknown verb with {reply}, not with "kind": "{UNSUPPORTED}"')


def _ends(driver: Driver, time_scale: float, says_bye: bool) -> None:
    driver.hello(time_scale)
    if not driver.leaves(BYE_SECONDS * time_scale, says_bye):
        raise DriverFault(f"still runs {BYE_SECONDS:g} s later")


@dataclass(frozen=True, slots=True)
class _Trial:
    """A plan, and what must have happened then; `expected` in words."""

    what: str
    plan: Plan
    went_well: Callable[[History], bool]
    expected: str


def _run(trial: _Trial, hello: Hello, variant: Variant, time_scale: float) -> Callable[[Driver], None]:
    def examine(driver: Driver) -> None:
        driver.hello(time_scale)
        history = RealWorld(trial.plan, remote(hello, variant), driver, time_scale).run()
        if not trial.went_well(history):
            raise DriverFault(f"did not: {trial.expected}; {_told(history)}")

    return examine


def _trials(variant: Variant) -> Iterator[_Trial]:
    yield _Trial("is answered", SIMPLEST, _returned("a", "val:a"), 'GET a is answered with "val:a"')
    both = plan("call a, settle, call b, settle, answer a, answer b, settle", capacity=2)
    yield _Trial("reads on while a call waits", both, _both_at_the_server, "b is sent while a waits")
    refused = plan("call a NOSUCHCOMMAND, answer a, settle")
    yield _Trial("passes on errors of the server", refused, _raised("a"), "an unknown command fails")
    again = plan("call a, answer a, settle, close, settle")
    yield _Trial("closes", again, lambda history: not _complaints(history), "close succeeds")
    for feature in sorted(variant.features):
        if feature in _FEATURES:
            yield from _FEATURES[feature]()
    for setting in sorted(variant.settings):
        if setting in _SETTINGS:
            yield from _SETTINGS[setting](variant)


# what must have happened


def _returned(caller: str, value: str) -> Callable[[History], bool]:
    def check(history: History) -> bool:
        return any(
            (event.kind, event.caller, event.text) == (Kind.RETURNED, caller, value) for event in history
        )

    return check


def _raised(caller: str, kind: ErrorKind | None = None) -> Callable[[History], bool]:
    def check(history: History) -> bool:
        told = [event.text for event in _before_healed(history) if _is(event, Kind.RAISED, caller)]
        return bool(told) and (kind is None or told == [kind])

    return check


def _is(event: Any, kind: Kind, caller: str) -> bool:
    return bool(event.kind is kind and event.caller == caller)


def _before_healed(history: History) -> list[Any]:
    return history.events[: history.first(Kind.HEALED)]


def _both_at_the_server(history: History) -> bool:
    received = [history.first(Kind.RECEIVED, caller) for caller in "ab"]
    replied = history.first(Kind.REPLIED)
    return all(place is not None and (replied is None or place < replied) for place in received)


def _complaints(history: History) -> list[str]:
    return [event.text for event in history if event.kind is Kind.UNHANDLED]


def _said(*words: str) -> Callable[[History], bool]:
    """Commands that begin with these words, in any case, were sent."""

    def check(history: History) -> bool:
        sent = [event.text.upper() for event in history if event.kind in (Kind.GREETED, Kind.RECEIVED)]
        return all(any(text.startswith(word) for text in sent) for word in words)

    return check


def _told(history: History) -> str:
    """What its callers were told, in a few words."""
    kinds = Kind.RETURNED, Kind.RAISED, Kind.HEARD, Kind.TOLD
    told = [
        f"{event.caller} {event.kind} {event.text} {event.detail}".strip()
        for event in _before_healed(history)
        if event.kind in kinds
    ]
    return f"its callers were told: {', '.join(told)}" if told else "its callers were told nothing"


# claims


def _cancels() -> Iterator[_Trial]:
    cancelled = plan("call a, settle, cancel a, wait 2")
    yield _Trial("cancel", cancelled, _raised("a", ErrorKind.CANCELLED), "the call fails as cancelled")


def _batches(mode: str, *words: str) -> Callable[[], Iterator[_Trial]]:
    def trials() -> Iterator[_Trial]:
        wanted = _returned("a", "val:a_1, val:a_2")
        expected = f"the values are val:a_1 and val:a_2{', after ' + ' and '.join(words) if words else ''}"
        batch = plan(f"{mode} a 2, answer a, settle, wait 2")
        yield _Trial(mode, batch, lambda history: wanted(history) and _said(*words)(history), expected)

    return trials


def _subscribes() -> Iterator[_Trial]:
    def heard(history: History) -> bool:
        return len([each for each in _before_healed(history) if each.kind is Kind.HEARD]) == 2

    both = plan("listen a, listen b pattern, settle, publish a, publish b, settle, wait 2", capacity=4)
    yield _Trial("subscribe", both, heard, "a channel and a pattern hear one message each")


def _lends() -> Iterator[_Trial]:
    kept = plan("borrow a, settle, use a, settle, answer a, settle, return a, settle, wait 2")
    yield _Trial("lease", kept, _returned("a", "val:a"), "a command on a borrowed connection is answered")


def _counts() -> Iterator[_Trial]:
    numbered = plan("call a, answer a, settle")
    yield _Trial("numbers", numbered, lambda history: history.first(Kind.NUMBERED) is not None, "it counts")


def _drains() -> Iterator[_Trial]:
    drained = plan("call a, settle, drain 10, settle, answer a, settle, wait 2")
    yield _Trial("drain", drained, _returned("a", "val:a"), "what was accepted is answered")


def _forks() -> Iterator[_Trial]:
    forked = plan("call a, answer a, settle, fork b, answer b, settle, wait 2")
    yield _Trial("fork", forked, _returned("b", "val:b"), "the child's command is answered")


def _takes_password(_: Variant) -> Iterator[_Trial]:
    def authenticated(history: History) -> bool:
        return any(event.kind is Kind.GREETED and PASSWORD in event.text for event in history)

    given = plan("call a, answer a, settle, wait 2", password=PASSWORD)
    yield _Trial("password", given, authenticated, "it is sent to the server")


def _takes_database(_: Variant) -> Iterator[_Trial]:
    given = plan("call a, answer a, settle, wait 2", database=DATABASE)
    yield _Trial("database", given, _said(f"SELECT {DATABASE}"), f"SELECT {DATABASE} is sent")


def _takes_command_limit(_: Variant) -> Iterator[_Trial]:
    late = plan("call a, settle, wait 100", command_timeout_seconds=LIMIT_SECONDS)
    limit = _raised("a", ErrorKind.COMMAND_TIMEOUT)
    yield _Trial("command_timeout_ms", late, limit, "a call without a reply fails as timeout.command")


def _takes_acquire_limit(variant: Variant) -> Iterator[_Trial]:
    if variant.shared or not variant.waits:
        return
    full = plan("call a, settle, call b, settle, wait 20", acquire_timeout_seconds=LIMIT_SECONDS)
    limit = _raised("b", ErrorKind.ACQUIRE_TIMEOUT)
    yield _Trial("acquire_timeout_ms", full, limit, "a caller of a full pool fails as timeout.acquire")


_FEATURES: dict[str, Callable[[], Iterator[_Trial]]] = {
    "cancel": _cancels,
    "pipeline": _batches("batch"),
    "transaction": _batches("transaction", "MULTI", "EXEC"),
    "watch": _batches("watch", "WATCH", "MULTI", "EXEC"),
    "subscribe": _subscribes,
    "lease": _lends,
    "numbers": _counts,
    "drain": _drains,
    "fork": _forks,
}
_SETTINGS: dict[str, Callable[[Variant], Iterator[_Trial]]] = {
    "password": _takes_password,
    "database": _takes_database,
    "command_timeout_ms": _takes_command_limit,
    "acquire_timeout_ms": _takes_acquire_limit,
}
