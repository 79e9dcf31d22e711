"""An interrupt (Ctrl-C, a limit set by a signal) costs its caller the call, and the others nothing.

It strikes wherever a thread waits, or is about to: for a lock, or for the network. That is promised. A
signal's handler can strike between any two statements as well, inside the core too, and then not everything
can be made good: what cannot is listed here, place by place, and nothing else may break.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest

from . import interrupts_in_threads as programs
from .thread_schedules import Edit, Found, Program, explore_apart, search_apart

DRAIN_SECONDS = 20.0

POOL_USES: list[tuple[Program, tuple[Any, ...]]] = [
    (programs.pool_is_used, ("execute", "ab", 1, True)),
    (programs.pool_is_used, ("execute", "ab", 1, False)),
    (programs.pool_is_used, ("batch", "ab", 1, True)),
    (programs.pool_is_used, ("transaction", "ab", 1, True)),
    (programs.pool_is_used, ("message", "ab", 1, True)),
    (programs.pool_has_trouble, ("limit", "ab")),
    (programs.pool_has_trouble, ("refused", "ab")),
    (programs.pool_has_trouble, ("lost", "ab")),
    (programs.pool_has_trouble, ("old", "ab")),
    (programs.pool_has_trouble, ("checked", "ab")),
    (programs.pool_is_closed, ("ab", 0.0)),
    (programs.pool_is_closed, ("ab", DRAIN_SECONDS)),
]
MULTIPLEXER_USES: list[tuple[Program, tuple[Any, ...]]] = [
    (programs.multiplexer_is_used, ("execute", "ab", True)),
    (programs.multiplexer_is_used, ("execute", "ab", False)),
    (programs.multiplexer_is_used, ("idempotent", "ab", True)),
    (programs.multiplexer_is_used, ("batch", "ab", True)),
    (programs.multiplexer_is_used, ("transaction", "ab", True)),
    (programs.multiplexer_is_used, ("subscribe", "ab", True)),
    (programs.multiplexer_is_lost, ("ab",)),
    (programs.multiplexer_is_listened_to, ("ab",)),
    (programs.multiplexer_is_closed, ("ab", 0.0)),
    (programs.multiplexer_is_closed, ("ab", DRAIN_SECONDS)),
]


@pytest.mark.parametrize(("program", "arguments"), POOL_USES)
def test_call_04_an_interrupt_at_any_lock_costs_the_pool_nothing(program: Program, arguments: Any) -> None:
    assert explore_apart(program, *arguments, budget=1) >= 20


@pytest.mark.parametrize(("program", "arguments"), MULTIPLEXER_USES)
def test_call_03_an_interrupt_at_any_lock_costs_the_others_nothing(program: Program, arguments: Any) -> None:
    assert explore_apart(program, *arguments, budget=1) >= 40


def test_call_04_an_interrupt_and_a_switch_cost_the_pool_nothing() -> None:
    assert explore_apart(programs.pool_is_used, "execute", "ab", 1, True, budget=2) >= 500


def test_call_03_an_interrupt_and_a_switch_cost_the_others_nothing() -> None:
    assert explore_apart(programs.multiplexer_is_used, "execute", "a", True, budget=2) >= 1_000


# Between statements.

UNPROTECTED_POOL = {
    # Between `acquire` and the `with`, and between its end and `release`, a lease belongs to nobody.
    *("acquire", "__enter__", "__exit__", "release"),
    # In the core: a connection, or a waiter, that is on its way from one book to the other is in neither. The
    # place is free again; the waiter waits until its limit, and the socket until garbage is collected.
    *("resume", "lost", "record", "old", "_returned", "_dial_next", "_forget", "__contains__"),
    # While it closes: who was sent away and has not been woken waits until its limit.
    *("close", "abort", "wake"),
    # A dial that is over is remembered until the pool is closed.
    "_dial",
}
UNPROTECTED_MULTIPLEXER = {
    "send",  # in the core: the bound is off by the replies of one command
    "_listen",  # a listener who has gone is taken for one that waits, until it comes again or closes
    "close",  # of a stream that is forgotten: the interpreter drops what is raised there
}


def broken_places(program: Program, arguments: tuple[Any, ...], *planted: Edit) -> set[str]:
    """The functions of the reference in which an interrupt before a statement breaks what the program claims."""  # noqa: E501
    found = search_apart(program, *arguments, budget=1, statements=True, every=True, planted=planted)
    assert found["runs"] >= 300
    places = [re.search(r"is interrupted at \S+ (\S+)", failure) for failure in found["failures"]]
    assert all(places), [failure for failure in found["failures"] if "is interrupted at" not in failure]
    return {place[1] for place in places if place}


@pytest.mark.parametrize(("program", "arguments"), [POOL_USES[0], POOL_USES[6], POOL_USES[7], POOL_USES[10]])
def test_what_an_interrupt_between_statements_of_the_pool_breaks_is_known(
    program: Program, arguments: Any
) -> None:
    assert broken_places(program, arguments) <= UNPROTECTED_POOL


@pytest.mark.parametrize(("program", "arguments"), [MULTIPLEXER_USES[place] for place in (0, 1, 6, 7, 8)])
def test_what_an_interrupt_between_statements_of_the_multiplexer_breaks_is_known(
    program: Program, arguments: Any
) -> None:
    assert broken_places(program, arguments) <= UNPROTECTED_MULTIPLEXER


# Faults.


class Fault(NamedTuple):
    """An edit of the reference, and the program that fails by it. `statements`: an interrupt at a lock won't do."""  # noqa: E501

    program: Program
    arguments: tuple[Any, ...]
    edit: Edit
    statements: bool = False


POOL_FAULTS = {
    "who is interrupted while it waits stays in the queue": Fault(
        programs.pool_is_used,
        ("execute", "ab", 1, True),
        Edit(
            "threads.pool",
            "        except BaseException:\n            self._give_up(lease)  # closes",
            "        except PoolproofError:\n            self._give_up(lease)  # closes",
        ),
    ),
    "a release that is interrupted does not take place": Fault(
        programs.pool_is_used,
        ("execute", "ab", 1, True),
        Edit(
            "threads.pool",
            "                self._give_up(lease)  # interrupted",
            "                pass  # interrupted",
        ),
    ),
    "giving up is interrupted, and not gone through with": Fault(
        programs.pool_has_trouble,
        ("refused", "ab"),
        Edit("threads.pool", "            self._let_go(lease)\n            raise\n", "            raise\n"),
    ),
    "the place of a dial is given away before its socket is closed": Fault(
        programs.pool_is_used,
        ("execute", "ab", 1, False),
        Edit(
            "threads.pool",
            "            connection.close()  # before its place goes to the next (POOL-01)\n",
            "",
        ),
    ),
    "an interrupted command leaves its reply to the next borrower": Fault(
        programs.pool_is_used,
        ("execute", "ab", 1, True),
        Edit(
            "threads.connection",
            "        self.owed = replies  # before",
            "        replies, self.owed = 1, 0  # before",
        ),
    ),
}
MULTIPLEXER_FAULTS = {
    "who is interrupted looks after nobody": Fault(
        programs.multiplexer_is_used,
        ("execute", "ab", True),
        Edit(
            "threads.combining",
            "                self._sweep()\n            self._last_look()\n            raise\n",
            "                pass\n            raise\n",
        ),
    ),
    "an interrupted reader wakes nobody whom it has settled": Fault(
        programs.multiplexer_is_used,
        ("execute", "ab", True),
        Edit(
            "threads.combining",
            "        for sleeper in (*self._accepted, *self._listening):\n            sleeper.wake()\n",
            "",
        ),
        statements=True,
    ),
    "calls that were in nobody's queue are forgotten": Fault(
        programs.multiplexer_is_lost,
        ("ab",),
        Edit("threads.combining", "self._fail(Ended(unknown=astray)", "self._fail(Ended()"),
        statements=True,
    ),
    "a role is kept by who was interrupted": Fault(
        programs.multiplexer_is_used,
        ("execute", "ab", True),
        Edit("threads.combining", "                role.release()\n", "                pass\n"),
        statements=True,
    ),
    "replies that an interrupted reader had taken are lost": Fault(
        programs.multiplexer_is_used,
        ("execute", "ab", True),
        Edit(
            "threads.combining",
            "            if not isinstance(error, PoolproofError) and stream.took:\n",
            "            if False:\n",
        ),
        statements=True,
    ),
    "a listener who has gone is said to listen": Fault(
        programs.multiplexer_is_listened_to,
        ("ab",),
        Edit(
            "threads.subscription", "            multiplexer._listening.discard(messages)", "            pass"
        ),
    ),
    "a close that is interrupted leaves calls asleep": Fault(
        programs.multiplexer_is_closed,
        ("ab", 0.0),
        Edit("threads.multiplexer", "                self._sweep()\n", "                pass\n"),
        statements=True,
    ),
}
FAULTS = {**POOL_FAULTS, **MULTIPLEXER_FAULTS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    program, arguments, edit, statements = FAULTS[name]
    known = UNPROTECTED_POOL if name in POOL_FAULTS else UNPROTECTED_MULTIPLEXER
    if statements:
        assert not broken_places(program, arguments, edit) <= known
    else:
        with pytest.raises(Found):
            explore_apart(program, *arguments, budget=1, planted=[edit])
