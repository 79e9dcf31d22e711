"""Mutants of connections: their handshake, their limits, their session, and their end."""

from .mutant import MULTIPLEXER, POOL, THREADED_MULTIPLEXER, THREADED_POOL, Edit, Mutant
from .pools import TWO_COMMANDS_AT_ONCE

CONNECTION_MUTANTS = (
    Mutant(
        "command-limit-ignored",
        POOL,
        "CALL-01",
        (Edit("aio.pool", "                connection.expire()", "                pass"),),
    ),
    Mutant(
        "shared-command-limit-ignored",
        MULTIPLEXER,
        "CALL-01",
        (
            Edit(
                "aio.multiplexer",
                "self._fail(overdue, CommandTimeout,",
                "self._fail(Ended(), CommandTimeout,",
            ),
        ),
    ),
    Mutant(
        "threaded-command-limit-ignored",
        THREADED_MULTIPLEXER,
        "CALL-01",
        (
            Edit(
                "threads.combining",
                "        deadline = monotonic() + self._limit_seconds\n",
                "        deadline = inf\n",
            ),
        ),
    ),
    Mutant(
        "command-limit-halved",
        POOL,
        "CALL-01",
        (Edit("aio.connection", "time() + self._limit_seconds +", "time() + self._limit_seconds / 2 +"),),
    ),
    Mutant(
        "command-limit-without-a-kind",
        POOL,
        "CALL-01",
        (Edit("aio.connection", "call_ended(CommandTimeout, reason", "call_ended(Misuse, reason"),),
    ),
    Mutant(
        "lost-command-is-sent-again",
        POOL,
        "CALL-05",
        (
            Edit(
                "aio.pool",
                "        async with self.acquire() as connection:\n            return await "
                "connection.execute(*command)",
                "        try:\n"
                "            async with self.acquire() as connection:\n"
                "                return await connection.execute(*command)\n"
                "        except ConnectionLost:\n"
                "            async with self.acquire() as connection:\n"
                "                return await connection.execute(*command)",
            ),
        ),
        "redis/redis-py#261",
    ),
    Mutant(
        "all-commands-are-idempotent",
        MULTIPLEXER,
        "CALL-05",
        (Edit("aio.multiplexer", "        if not idempotent:\n", "        if False:\n"),),
    ),
    Mutant(
        "retries-have-no-end",
        POOL,
        "CALL-09",
        (
            Edit(
                "aio.pool",
                "        async with self.acquire() as connection:\n            return await "
                "connection.execute(*command)",
                "        while True:\n"
                "            await asyncio.sleep(1)\n"
                "            try:\n"
                "                async with self.acquire() as connection:\n"
                "                    return await connection.execute(*command)\n"
                "            except ConnectionLost:\n"
                "                pass",
            ),
        ),
    ),
    Mutant(
        "counted-before-it-is-encoded",
        MULTIPLEXER,
        "CONN-03",
        (
            Edit(
                "aio.multiplexer",
                "        data = encode(command)\n",
                "        try:\n"
                "            data = encode(command)\n"
                "        except Exception:\n"
                "            if self._core.link is UP:\n"
                "                self._core.in_flight.append(asyncio.get_running_loop().create_future())\n"
                "            raise\n",
            ),
        ),
        "redis/lettuce#1029",
    ),
    Mutant(
        "threaded-written-before-it-is-encoded",
        THREADED_POOL,
        "CONN-03",
        (
            Edit(
                "threads.connection",
                "        data = encode(command)\n",
                "        self.write(b'*%d\\r\\n' % len(command))\n        data = encode(command)[4:]\n",
            ),
        ),
        "redis/lettuce#2012",
    ),
    Mutant(
        "threaded-interrupted-write-is-kept",
        THREADED_POOL,
        "CONN-03",
        (
            Edit(
                "threads.stream",
                '            self.abort(ConnectionLost, "a write was interrupted")\n',
                "            pass\n",
            ),
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
    ),
    Mutant(
        "stray-reply-is-kept",
        POOL,
        "CONN-04",
        (Edit("aio.stream", "        if len(calls) < len(replies):\n", "        if False:\n"),),
        "redis/lettuce#512",
    ),
    Mutant(
        "database-not-selected",
        POOL,
        "CONN-05",
        (Edit("handshake", '[("SELECT", database)] if database else []', "[]"),),
        "redis/ioredis#42",
    ),
    Mutant(
        "commands-before-the-login-is-answered",
        POOL,
        "CONN-05",
        (
            Edit(
                "aio.stream",
                "await self._shake_hands()",
                "self.shaking = self.loop.create_task(self._shake_hands())\n                await "
                "asyncio.sleep(0)",
            ),
            TWO_COMMANDS_AT_ONCE,
        ),
        "redis/node-redis#1043",
    ),
    Mutant(
        "rejected-login-does-not-matter",
        THREADED_POOL,
        "CONN-05",
        (Edit("handshake", '{"AUTH", "SELECT"} | ', "set[str]() | "),),
    ),
    Mutant(
        "connect-limit-ignored",
        POOL,
        "CONN-06",
        (Edit("aio.stream", "async with asyncio.timeout(limit):", "async with asyncio.timeout(None):"),),
        "redis-rs/redis-rs#343",
    ),
    Mutant(
        "failed-handshake-keeps-its-socket",
        POOL,
        "CONN-06",
        (
            Edit(
                "aio.stream",
                "            self.abort(type(error), str(error))\n            raise\n",
                "            raise\n",
            ),
        ),
    ),
    Mutant(
        "optional-step-insisted-on",
        POOL,
        "CONN-07",
        (Edit("handshake", '{"AUTH", "SELECT"} | ', '{"AUTH", "SELECT", "CLIENT"} | '),),
    ),
    Mutant(
        "session-left-to-the-next",
        POOL,
        "CONN-08",
        (Edit("aio.pool", "(loan[0].calls or not loan[0].session.clean)", "loan[0].calls"),),
        "redis/jedis#429",
    ),
    Mutant(
        "threaded-session-left-to-the-next",
        THREADED_POOL,
        "CONN-08",
        (Edit("threads.pool", "or not loan[0].session.clean ", ""),),
        "redis/jedis#429",
    ),
    Mutant(
        "demoted-server-is-kept",
        POOL,
        "CONN-09",
        (Edit("session", '{"READONLY", "LOADING", "MASTERDOWN"}', '{"LOADING"}'),),
        "envoyproxy/ratelimit#1191",
    ),
    Mutant(
        "silence-is-not-noticed",
        MULTIPLEXER,
        "CONN-10",
        (
            Edit(
                "aio.multiplexer",
                "if silent and self._wire is not None:",
                "if False and self._wire is not None:",
            ),
        ),
    ),
)
