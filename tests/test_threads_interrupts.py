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

Use = tuple[Program, tuple[Any, ...]]
POOL_USES: list[Use] = [
    (programs.pool_is_used, ("execute", "aVb", True)),
    (programs.pool_is_used, ("execute", "Vab", False)),
    (programs.pool_is_used, ("batch", "Va", True)),
    (programs.pool_is_used, ("transaction", "Va", True)),
    (programs.pool_is_used, ("message", "Va", True)),
    (programs.pool_has_trouble, ("limit", "aVb")),
    (programs.pool_has_trouble, ("refused", "Vab")),
    (programs.pool_has_trouble, ("lost", "aVb")),
    (programs.pool_has_trouble, ("old", "Vab")),
    (programs.pool_has_trouble, ("checked", "Vab")),
    (programs.pool_is_closed, ("abV", 0.0)),
    (programs.pool_is_closed, ("abV", DRAIN_SECONDS)),
]
MULTIPLEXER_USES: list[Use] = [
    (programs.multiplexer_is_used, ("execute", "Vab", True)),
    (programs.multiplexer_is_used, ("execute", "aVb", True)),
    (programs.multiplexer_is_used, ("execute", "Vab", False)),
    (programs.multiplexer_is_used, ("idempotent", "Va", True)),
    (programs.multiplexer_is_used, ("batch", "Va", True)),
    (programs.multiplexer_is_used, ("transaction", "Va", True)),
    (programs.multiplexer_is_used, ("subscribe", "Va", True)),
    (programs.multiplexer_is_lost, ("Vab",)),
    (programs.multiplexer_is_listened_to, ("Vab",)),
    (programs.multiplexer_is_closed, ("abV", 0.0)),
    (programs.multiplexer_is_closed, ("abV", DRAIN_SECONDS)),
]


@pytest.mark.parametrize(("program", "arguments"), POOL_USES)
def test_call_04_an_interrupt_at_any_lock_costs_the_pool_nothing(program: Program, arguments: Any) -> None:
    assert explore_apart(program, *arguments, budget=1) >= 20


@pytest.mark.parametrize(("program", "arguments"), MULTIPLEXER_USES)
def test_call_03_an_interrupt_at_any_lock_costs_the_others_nothing(program: Program, arguments: Any) -> None:
    assert explore_apart(program, *arguments, budget=1) >= 10


def test_call_04_an_interrupt_and_a_switch_cost_the_pool_nothing() -> None:
    assert explore_apart(programs.pool_is_used, "execute", "aVb", True, budget=2) >= 500


def test_call_03_an_interrupt_and_a_switch_cost_the_others_nothing() -> None:
    assert explore_apart(programs.multiplexer_is_used, "execute", "Va", True, budget=2) >= 800


# Between statements.

UNPROTECTED_POOL = {
    # Between `acquire` and the `with`, and between its end and `release`, a lease belongs to nobody.
    *("acquire", "__enter__", "__exit__", "release"),
    # In the core a connection, or a waiter, that is on its way from one book to the other is in neither. The
    # place is free again; the waiter waits until its limit, and the socket until garbage is collected.
    *(
        "resume",
        "lost",
        "record",
        "old",
        "forget",
        "_returned",
        "_replace",
        "_dial_next",
        "_forget",
        "__contains__",
    ),
    # While it closes: who was sent away and has not been woken waits until its limit.
    *("close", "abort", "wake"),
    # Twice in trouble: an error was being dealt with when the interrupt came.
    "_give_up",
    # A dial that is over is remembered until the pool is closed.
    "_dial",
}
UNPROTECTED_MULTIPLEXER = {
    "send",  # in the core: the bound is off by the replies of one command
    "_listen",  # a listener who has gone is taken for one that waits, until it comes again or closes
    "close",  # of a stream that is forgotten: the interpreter drops what is raised there
}


def broken_places(use: Use, *planted: Edit) -> set[str]:
    """The functions of the reference in which an interrupt before a statement breaks what the program claims."""  # noqa: E501
    program, arguments = use
    found = search_apart(program, *arguments, budget=1, statements=True, every=True, planted=planted)
    assert found["runs"] >= 200
    places = [re.search(r"is interrupted at \S+ (\S+)", failure) for failure in found["failures"]]
    assert all(places), [failure for failure in found["failures"] if "is interrupted at" not in failure]
    return {place[1] for place in places if place}


@pytest.mark.parametrize("use", [POOL_USES[0], POOL_USES[6], POOL_USES[10]])
def test_what_an_interrupt_between_statements_of_the_pool_breaks_is_known(use: Use) -> None:
    assert broken_places(use) <= UNPROTECTED_POOL


@pytest.mark.parametrize("use", [MULTIPLEXER_USES[each] for each in (0, 7, 8, 9)])
def test_what_an_interrupt_between_statements_of_the_multiplexer_breaks_is_known(use: Use) -> None:
    assert broken_places(use) <= UNPROTECTED_MULTIPLEXER


# Faults.

LET_GO = "            self._give_up(lease)  # closes a race: what it was given meanwhile is passed on\n"
SWEPT = """        self._fail(Ended(unknown=astray), ConnectionLost, "who read or wrote for all was interrupted")
        for sleeper in (*self._accepted, *self._listening):
"""  # noqa: E501
LOOKED_AFTER = """            if not isinstance(error, PoolproofError):
                self._sweep()
            self._last_look()
            raise
        finally:
            self._accepted"""


class Fault(NamedTuple):
    """An edit of the reference, and who is broken by it, even by an interrupt at a lock; else by `statements`."""  # noqa: E501

    use: Use
    edit: Edit
    statements: bool = False


def fault(use: Use, module: str, before: str, after: str, statements: bool = False) -> Fault:
    return Fault(use, Edit(f"threads.{module}", before, after), statements)


FAULTS = {
    "who is interrupted while it waits stays in the queue": fault(
        POOL_USES[0],
        "pool",
        f"        except BaseException:\n{LET_GO}",
        f"        except PoolproofError:\n{LET_GO}",
    ),
    "a release that is interrupted does not take place": fault(
        POOL_USES[0],
        "pool",
        "                self._give_up(lease)  # interrupted",
        "                pass  # interrupted",
    ),
    "giving up is interrupted, and not gone through with": fault(
        POOL_USES[6], "pool", "            self._let_go(lease)\n            raise\n", "            raise\n"
    ),
    "a connection that owes a reply is given to the next": fault(
        POOL_USES[0], "pool", "(loan[0].owed or not ", "(not "
    ),
    "who is interrupted looks after nobody": fault(
        MULTIPLEXER_USES[0],
        "combining",
        LOOKED_AFTER,
        "            raise\n        finally:\n            self._accepted",
    ),
    "a listener who has gone is said to listen": fault(
        MULTIPLEXER_USES[8],
        "subscription",
        "            multiplexer._listening.discard(messages)",
        "            pass",
    ),
    "an interrupted reader wakes nobody whom it has settled": fault(
        (programs.multiplexer_is_used, ("execute", "Va", True)),
        "combining",
        SWEPT,
        "        for sleeper in self._listening:\n",
        statements=True,
    ),
    "calls that were in nobody's queue are forgotten": fault(
        MULTIPLEXER_USES[7],
        "combining",
        "self._fail(Ended(unknown=astray)",
        "self._fail(Ended()",
        statements=True,
    ),
    "a role is kept by who was interrupted": fault(
        (programs.multiplexer_is_used, ("execute", "Va", True)),
        "combining",
        "                role.release()\n",
        "                pass\n",
        statements=True,
    ),
    "replies that an interrupted reader had taken are lost": fault(
        (programs.multiplexer_is_used, ("execute", "Va", True)),
        "combining",
        "            if not isinstance(error, PoolproofError) and stream.took:\n",
        "            if False:\n",
        statements=True,
    ),
    "a close that is interrupted leaves calls asleep": fault(
        MULTIPLEXER_USES[9],
        "multiplexer",
        "                self._sweep()\n",
        "                pass\n",
        statements=True,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str) -> None:
    use, edit, statements = FAULTS[name]
    if statements:
        assert not broken_places(use, edit) <= UNPROTECTED_MULTIPLEXER
    else:
        with pytest.raises(Found):
            explore_apart(use[0], *use[1], budget=1, planted=[edit])
