"""Releases with known bugs are flagged for them, and the releases without are not: see field_bugs.toml.

These are the real releases, installed once into the cache. A bug that the suite's own plans come across is
looked for with those; one that takes a particular moment has a plan of its own, found by hand. Where what
goes wrong begins with the caller, or with an unusual configuration, the variant is one of those below.

Each release runs once, in a process of its own, whose program is this module: so it imports no pytest.
"""

import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from poolproof.conformance.adapter import AnyAdapter, Command, Strength
from poolproof.conformance.checks import RULES
from poolproof.conformance.judge import Judge, replay
from poolproof.conformance.plan import plan
from poolproof.conformance.simulation.aio import clock
from poolproof.conformance.target import resolve
from poolproof.conformance.verdict import Failure

from .command_line import poolproof

if TYPE_CHECKING:
    import pytest

MOST_EVENTS = 12  # of a counterexample that is still easy to read
BUGS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("field_bugs.toml").read_text())


class Case(NamedTuple):
    """One release, as one variant, and one bug that it has or has not."""

    bug: str
    client: str
    variant: str
    is_bad: bool

    @property
    def in_threads(self) -> bool:
        return "threads" in self.variant or VARIANTS.get(self.variant, ("",))[0].startswith("Threaded")

    def __str__(self) -> str:
        return f"{self.bug}-{self.client}-{self.variant.replace(', ', '-')}"


def cases() -> Iterator[Case]:
    for name, bug in BUGS.items():
        if "unreachable" in bug or sys.version_info >= tuple(bug.get("python_before", [4])):
            continue
        for is_bad, versions in ((True, bug["bad"]), (False, bug.get("good", []))):
            for version in versions:
                client, _, number = version.rpartition("==")
                for variant in bug["variants"]:
                    yield Case(name, f"{client or bug['client']}=={number}", variant, is_bad)
        for control in bug.get("controls", []):
            yield from (Case(name, f"{bug['client']}=={each}", control, False) for each in bug["bad"])


def pytest_generate_tests(metafunc: "pytest.Metafunc") -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", list(cases()), ids=str)
    if "sound" in metafunc.fixturenames:
        metafunc.parametrize("sound", ["redis-py==4.3.4", "redis-py==4.5.5"])


def test_a_field_bug_is_found_where_it_is_and_nowhere_else(case: Case) -> None:
    failure = found(case.client, case.in_threads)[str(case)]
    if not case.is_bad:
        assert failure is None, failure.sentence
        return
    assert failure is not None
    assert len(failure.events) <= MOST_EVENTS
    story = " ".join([failure.sentence, *(f"{event.text} {event.detail}" for event in failure.events)])
    assert BUGS[case.bug]["says"] in story


def test_no_false_alarm_in_storms_on_releases_without_such_bugs(sound: str) -> None:
    done = poolproof("check", sound, "CONN-01", "CONN-02", "CALL-03", "POOL-01", "POOL-02", "--storms", "50")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_out_of_reach_has_a_reason_and_what_is_not_has_versions() -> None:
    for bug in BUGS.values():
        assert bug["what"]
        assert bug.get("unreachable") or (bug["bad"] and bug["variants"] and bug["says"])


@cache
def found(client: str, in_threads: bool) -> dict[str, Failure | None]:
    """What came of each case with that release."""
    target = resolve(client)
    done = subprocess.run(
        [sys.executable, "-m", __name__, client, target.folder, target.adapters, "threads" * in_threads],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {name: Failure.from_data(data) if data else None for name, data in failures.items()}


def main() -> None:
    """Run all cases of one release, in one world."""
    client, folder, module_name, threads = sys.argv[1:]
    warnings.simplefilter("ignore")
    clock.install()
    if threads:
        import_module("poolproof.conformance.simulation.threads.world")
        import_module("poolproof.conformance.simulation.threads.install").install()
    sys.path.insert(0, folder)
    module = import_module(module_name)
    ours = [case for case in cases() if case.client == client and case.in_threads == bool(threads)]
    adapters = {case.variant: _adapter(module, case.variant) for case in ours}
    gc.collect()
    gc.freeze()
    gc.disable()
    random.seed(1)
    print(json.dumps({str(case): _failure(case, adapters[case.variant]) for case in ours}))


def _adapter(module: Any, variant: str) -> type[AnyAdapter]:
    if variant not in VARIANTS:
        adapters: tuple[type[AnyAdapter], ...] = module.ADAPTERS
        return next(each for each in adapters if each.variant() == variant)
    pool, members = VARIANTS[variant]
    return type("Adapter", (getattr(module, pool),), members | {"name": variant})


def _failure(case: Case, adapter: type[AnyAdapter]) -> dict[str, Any] | None:
    """How the case breaks the requirement, by the row's own plan or else the suite's."""
    bug = BUGS[case.bug]
    rule = RULES[bug["requirement"]]
    if "steps" in bug:
        failure = replay(adapter, rule, plan(bug["steps"], **bug.get("settings", {})))
    else:
        (judgement,) = Judge(adapter, seed=1, storms=0, progress=lambda _: None).judge([rule])
        assert str(judgement.verdict) in ("pass", "fail"), judgement.what
        failure = judgement.failure
    return failure.to_data() if failure else None


# Callers that do what they should not, and configurations that few have. Each is a variant of the plain pool.


async def _open_a_single_connection(self: Any) -> None:
    self._pool = self.pool_class(**self.pool_options())
    make = import_module("redis.asyncio").Redis
    self._redis = make(connection_pool=self._pool, single_connection_client=True)


async def _call_on_a_subscription(self: Any, *command: str) -> object:
    subscription = self._redis.pubsub()
    try:
        await subscription.execute_command(*command)
        return await subscription.parse_response()
    finally:
        await (subscription.aclose() if hasattr(subscription, "aclose") else subscription.close())


class _NotAtFirst:
    """Credentials that one has to wait for, or that can't be had the first time."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._is_asked_again = False

    def get_credentials(self) -> tuple[str]:
        if not self._is_asked_again:
            self._is_asked_again = True
            raise RuntimeError("there are no credentials yet")
        return (self._password,)

    async def get_credentials_async(self) -> tuple[str]:
        await asyncio.sleep(1)
        return (self._password,)


def _options_with_credentials(self: Any) -> dict[str, Any]:
    options: dict[str, Any] = self.__class__.__base__.pool_options(self)
    return options | {"password": None, "credential_provider": _NotAtFirst(options["password"])}


def _open_with_a_cache(self: Any) -> None:
    options = self.pool_options() | {"health_check_interval": self.health_check_seconds}
    options["cache_config"] = import_module("redis.cache").CacheConfig()
    parsers = import_module("redis._parsers")
    if not hasattr(parsers._HiredisParser, "set_invalidation_push_handler"):
        options["parser_class"] = parsers._RESP3Parser
    self._pool = self.pool_class(**options)
    self._redis = import_module("redis").Redis(connection_pool=self._pool)


def _call_through_the_cache(self: Any, *command: str) -> object:
    return self._redis.execute_command(*command, keys=command[1:2])


def _call_and_release_twice(self: Any, *command: str) -> object:
    with self._redis.client() as lease:
        connection, reply = lease.connection, lease.execute_command(*command)
    self._pool.release(connection)
    return reply


def _call_and_release_elsewhere(self: Any, *command: str) -> object:
    """Callers take turns at two pools; `a` gives its connection to the other one as well."""
    if not hasattr(self, "pools"):
        self.pools = [self._pool, self.pool_class(**self.pool_options())]
    self.pools.reverse()
    make = self._redis.__class__
    with make(connection_pool=self.pools[0]).client() as lease:
        connection, reply = lease.connection, lease.execute_command(*command)
    if command[-1] == "a":
        self.pools[1].release(connection)
    return reply


def _watch_and_disconnect(self: Any, *commands: Command) -> object:
    with self._redis.pipeline() as pipeline:
        pipeline.watch(commands[0][1])
        pipeline.multi()
        for command in commands:
            pipeline.execute_command(*command)
        self._pool.disconnect()
        return pipeline.execute()


_CACHE = {"protocol": 3, "open": _open_with_a_cache, "call": _call_through_the_cache}
_SINGLE = {"shared": True, "limits_waiting": False, "open": _open_a_single_connection}
_TWICE = {"call": _call_and_release_twice}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "single connection": ("ConnectionPool", _SINGLE),
    "subscription": ("ConnectionPool", {"call": _call_on_a_subscription}),
    "credentials": ("ConnectionPool", {"pool_options": _options_with_credentials}),
    "credentials in threads": ("ThreadedConnectionPool", {"pool_options": _options_with_credentials}),
    "signals": ("ThreadedConnectionPool", {"interrupted_at": Strength.STATEMENT}),
    "cache": ("ThreadedConnectionPool", _CACHE | {"health_check_seconds": 0}),
    "cache and health checks": ("ThreadedConnectionPool", _CACHE | {"health_check_seconds": 5}),
    "released twice": ("ThreadedConnectionPool", _TWICE),
    "released twice, blocking": ("ThreadedBlockingConnectionPool", _TWICE),
    "released elsewhere": ("ThreadedConnectionPool", {"call": _call_and_release_elsewhere}),
    "disconnected": ("ThreadedConnectionPool", {"watch": _watch_and_disconnect}),
}


if __name__ == "__main__":
    main()
