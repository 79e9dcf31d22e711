"""Mutants of how things end: closes, outages, losses, fates, and limits of age and number."""

from .mutant import MULTIPLEXER, POOL, THREADED_MULTIPLEXER, THREADED_POOL, Edit, Mutant

ENDING_MUTANTS = (
    Mutant(
        "unreachable-is-waited-for",
        POOL,
        "LIFE-01",
        (
            Edit(
                "aio.pool",
                "        await connection.connect()\n",
                "        while True:\n"
                "            try:\n"
                "                await connection.connect()\n"
                "                break\n"
                "            except ConnectFailed:\n"
                "                await asyncio.sleep(1)\n"
                "                connection = self._new_connection()\n",
            ),
            Edit(
                "shell",
                "acquire_timeout_seconds: float | None = 20.0",
                "acquire_timeout_seconds: float | None = None",
            ),
        ),
    ),
    Mutant(
        "close-keeps-what-is-lent",
        POOL,
        "LIFE-02",
        (Edit("pool", "(*held, *self.granted.values())", "(*self.granted.values(),)"),),
    ),
    Mutant(
        "close-forgets-the-dial",
        MULTIPLEXER,
        "LIFE-02",
        (Edit("aio.multiplexer", "            self._dialling.cancel()\n", "            pass\n"),),
    ),
    Mutant(
        "drain-forgets-the-queue",
        POOL,
        "LIFE-03",
        (
            Edit(
                "pool",
                "return not (self.waiting or self.granted or self.dialling or self.lent)",
                "return not self.lent",
            ),
        ),
        "redis/node-redis#3152",
    ),
    Mutant(
        "drain-waits-for-who-failed",
        MULTIPLEXER,
        "LIFE-03",
        (
            Edit(
                "aio.multiplexer",
                "            call.set_exception(call_ended(kind, reason, Fate.NOT_SENT))\n"
                "        self._look_if_drained()\n",
                "            call.set_exception(call_ended(kind, reason, Fate.NOT_SENT))\n",
            ),
        ),
        "redis/node-redis#3398",
    ),
    Mutant(
        "drain-has-no-limit",
        THREADED_POOL,
        "LIFE-03",
        (Edit("threads.pool", "self._emptied.wait(drain_timeout_seconds)", "self._emptied.wait()"),),
        "redis/lettuce#2278",
    ),
    Mutant(
        "drain-lets-calls-in",
        MULTIPLEXER,
        "LIFE-03",
        (Edit("multiplexer", "if link is CLOSED or self.draining:", "if link is CLOSED:"),),
    ),
    Mutant(
        "drain-is-a-close",
        THREADED_MULTIPLEXER,
        "LIFE-03",
        (Edit("threads.multiplexer", "if drain_timeout_seconds and not empty:", "if False:"),),
    ),
    Mutant(
        "close-is-not-final",
        MULTIPLEXER,
        "LIFE-04",
        (Edit("multiplexer", "if link is CLOSED or self.draining:", "if False:"),),
    ),
    Mutant(
        "one-loss-is-the-end",
        MULTIPLEXER,
        "LIFE-05",
        (Edit("multiplexer", "        return self._end(DOWN)", "        return self._end(CLOSED)"),),
    ),
    Mutant(
        "dials-without-a-pause",
        MULTIPLEXER,
        "LIFE-06",
        (Edit("marks", "longest = self.FIRST_SECONDS * 2.0 **", "longest = self.FIRST_SECONDS * 1.0 **"),),
    ),
    Mutant(
        "reset-is-not-told",
        MULTIPLEXER,
        "MUX-06",
        (
            Edit(
                "aio.stream",
                "self.abort(ConnectionLost, f\"the connection was lost: {exc or 'closed'}\")",
                "pass",
            ),
        ),
    ),
    Mutant(
        "dead-connection-is-lent",
        POOL,
        "POOL-12",
        (Edit("aio.connection", "        self._lost(self)\n", ""),),
        "vert-x3/vertx-redis-client#226",
    ),
    Mutant(
        "threaded-dead-connection-is-lent",
        THREADED_POOL,
        "POOL-12",
        (Edit("threads.connection", "        return self.end is None\n", "        return True\n"),),
        "redis/redis-py#4128",
    ),
    Mutant(
        "lost-call-is-said-not-to-be-sent",
        POOL,
        "CALL-06",
        (
            Edit(
                "aio.stream",
                "call.set_exception(self.error(Fate.UNKNOWN))",
                "call.set_exception(self.error(Fate.NOT_SENT))",
            ),
        ),
    ),
    Mutant(
        "shared-loss-is-said-not-to-be-sent",
        MULTIPLEXER,
        "CALL-06",
        (
            Edit(
                "aio.multiplexer",
                "call.set_exception(call_ended(kind, reason, Fate.UNKNOWN))",
                "call.set_exception(call_ended(kind, reason, Fate.NOT_SENT))",
            ),
        ),
    ),
    Mutant(
        "expired-connection-is-lent",
        POOL,
        "POOL-11",
        (
            Edit("pool", "        if now >= idle.next_look:\n", "        if False:\n"),
            Edit("aio.pool", "        core.idle.discard_expired(now)\n", ""),
        ),
    ),
    Mutant(
        "threaded-lifetime-is-ignored",
        THREADED_POOL,
        "POOL-11",
        (Edit("idle", "        if self._limits.lifetime_seconds < inf:\n", "        if False:\n"),),
    ),
    Mutant(
        "no-bound-on-what-waits",
        MULTIPLEXER,
        "MUX-05",
        (
            Edit(
                "multiplexer",
                "        if in_flight + backlogged + replies > self.bound:\n",
                "        if False:\n",
            ),
        ),
    ),
    Mutant(
        "a-child-uses-what-it-inherits",
        THREADED_POOL,
        "LIFE-07",
        (Edit("ownership", "    os.register_at_fork(after_in_child=_forget_all)", "    pass"),),
        "redis/redis-py#234",
    ),
    Mutant(
        "a-child-ends-what-it-inherits",
        THREADED_MULTIPLEXER,
        "LIFE-07",
        (
            Edit(
                "threads.stream",
                "            disown(self._socket.fileno())",
                "            self._socket.shutdown(socket.SHUT_RDWR)",
            ),
        ),
        "redis/redis-py#863",
    ),
)
