"""Mutants of the pools around their core, for asyncio and for threads: what becomes of who leaves."""

from .mutant import POOL, THREADED_POOL, Edit, Mutant
from .pools import TWO_COMMANDS_AT_ONCE

_KEEPS_WHAT_OWES = Edit("aio.pool", "(loan[0].calls or not loan[0].session.clean)", "False")

SHELL_MUTANTS = (
    Mutant(
        "limit-ignored",
        POOL,
        "POOL-07",
        (Edit("aio.pool", "asyncio.timeout(_none(self._acquire_limit))", "asyncio.timeout(None)"),),
        "redis/go-redis#1048",
    ),
    Mutant(
        "limit-means-something-else",
        POOL,
        "POOL-07",
        (Edit("shell", "return AcquireTimeout(", "return Misuse("),),
    ),
    Mutant(
        "reply-left-behind",
        POOL,
        "CONN-01",
        (
            _KEEPS_WHAT_OWES,
            TWO_COMMANDS_AT_ONCE,
            Edit(
                "aio.stream",
                "        calls = self.calls\n",
                "        calls = self.calls\n"
                "        while calls and calls[0].done():\n"
                "            calls.popleft()\n",
            ),
        ),
        "CVE-2023-28859",
    ),
    Mutant(
        "owing-connection-reused",
        POOL,
        "CONN-02",
        (_KEEPS_WHAT_OWES, TWO_COMMANDS_AT_ONCE),
        "redis/redis-py#2665",
    ),
    Mutant(
        "lost-call-not-told",
        POOL,
        "CALL-02",
        (
            Edit(
                "aio.stream",
                "            if not call.done():\n"
                "                call.set_exception(self.error(Fate.UNKNOWN))",
                "            pass",
            ),
        ),
        "redis/ioredis#2193",
    ),
    Mutant(
        "cancelled-call-keeps-its-connection",
        POOL,
        "CALL-03",
        (
            Edit(
                "aio.pool",
                '            loan[0].abort(ConnectionLost, f"closed, as {loan[0].leftover()}")',
                "            return",
            ),
        ),
        "redis/redis-py#2665",
    ),
    Mutant(
        "only-an-error-gives-up",
        POOL,
        "CALL-04",
        (
            Edit(
                "aio.pool",
                "        except BaseException as error:\n            now =",
                "        except Exception as error:\n            now =",
            ),
        ),
        "redis/lettuce#3607",
    ),
    Mutant(
        "threaded-owing-connection-reused",
        THREADED_POOL,
        "CONN-02",
        (
            Edit(
                "threads.pool",
                "(loan[0].owed or not loan[0].session.clean or loan[0].end is not None)",
                "False",
            ),
            Edit(
                "threads.connection",
                "        if self.owed:\n            raise Misuse(",
                "        if False:\n            raise Misuse(",
            ),
        ),
        "redis/redis-py#1128",
    ),
    Mutant(
        "threaded-second-release-robs-the-next",
        THREADED_POOL,
        "POOL-08",
        (
            Edit(
                "threads.pool",
                "            loan = core.lent.get(lease)\n",
                "            known = self.__dict__.setdefault('known', {})\n"
                "            if lease not in core.lent:\n"
                "                had, lent = known.get(lease), core.lent\n"
                "                lease = next((one for one in lent if lent[one][0] is had), lease)\n"
                "            if (loan := core.lent.get(lease)) is not None:\n"
                "                known[lease] = loan[0]\n",
            ),
        ),
    ),
    Mutant(
        "threaded-release-wakes-nobody",
        THREADED_POOL,
        "POOL-04",
        (Edit("threads.pool", "            waiter._sleeper.wake()", "            pass"),),
    ),
    Mutant(
        "threaded-limit-ignored",
        THREADED_POOL,
        "POOL-07",
        (Edit("threads.pool", "lease._sleeper.sleep(deadline - monotonic())", "lease._sleeper.sleep(inf)"),),
        "redis/go-redis#1048",
    ),
    Mutant(
        "threaded-only-an-error-gives-up",
        THREADED_POOL,
        "CALL-04",
        (
            Edit(
                "threads.pool",
                "        except BaseException:\n            self._give_up(lease)  # closes a race",
                "        except Exception:\n            self._give_up(lease)  # closes a race",
            ),
        ),
        "redis/lettuce#3607",
    ),
    Mutant(
        "threaded-dial-given-up-leaks",
        THREADED_POOL,
        "POOL-03",
        (
            Edit(
                "threads.pool",
                "            elif lease in core.waiting or lease in core.granted or lease in core.dialling:",
                "            elif lease in core.waiting or lease in core.granted:",
            ),
        ),
        "redis/redis-py#4298",
    ),
)
