"""Mutants of the pool's core: capacity that is lost, lent twice, or waited for in vain."""

from .mutant import POOL, THREADED_POOL, Edit, Mutant

# The reference refuses a second command while a reply is owed, and so hides some faults from the wire.
TWO_COMMANDS_AT_ONCE = Edit(
    "aio.connection",
    "        if self.calls:\n            raise Misuse(\n                "
    '"this connection owes a reply: await it; if it was cancelled, release the connection"',
    "        if False:\n            raise Misuse(\n                "
    '"this connection owes a reply: await it; if it was cancelled, release the connection"',
)

POOL_MUTANTS = (
    Mutant(
        "one-too-many",
        POOL,
        "POOL-01",
        (
            Edit(
                "pool",
                "return self.permits_taken < self.limits.max_size",
                "return self.permits_taken <= self.limits.max_size",
            ),
        ),
    ),
    Mutant(
        "dials-not-counted",
        POOL,
        "POOL-01",
        (
            Edit(
                "pool",
                "return len(self.idle) + len(self.granted) + len(self.dialling) + len(self.lent)",
                "return len(self.idle) + len(self.granted) + len(self.lent)",
            ),
        ),
        "redis/go-redis#2885",
    ),
    Mutant(
        "handed-over-and-idle",
        POOL,
        "POOL-02",
        (
            Edit(
                "pool",
                "            self.granted[caller] = connection\n            return caller",
                "            self.granted[caller] = connection\n"
                "            self.idle.put(connection, now)\n"
                "            return caller",
            ),
            TWO_COMMANDS_AT_ONCE,
        ),
    ),
    Mutant(
        "lent-and-idle",
        POOL,
        "POOL-02",
        (Edit("pool", "= idle.shelf.pop()", "= idle.shelf[-1]"), TWO_COMMANDS_AT_ONCE),
    ),
    Mutant(
        "released-twice-and-idle-twice",
        POOL,
        "POOL-08",
        (
            Edit(
                "pool",
                "if (loan := self.lent.pop(caller, None)) is None:",
                "gone = self.__dict__.setdefault('gone', {})\n"
                "        if (loan := self.lent.pop(caller, None) or gone.get(caller)) is None:",
            ),
            Edit(
                "pool",
                "        connection, since = loan\n",
                "        connection, since = gone[caller] = loan\n",
            ),
            TWO_COMMANDS_AT_ONCE,
        ),
        "keksworks/klite#80",
    ),
    Mutant(
        "cancelled-dial-leaks",
        POOL,
        "POOL-03",
        (
            Edit(
                "pool",
                "            self.dialling.remove(caller)\n            return self._dial_next()",
                "            return None",
            ),
        ),
        "redis/redis-py#3056",
    ),
    Mutant(
        "cancelled-grant-leaks",
        POOL,
        "POOL-03",
        (Edit("pool", "return self._returned(self.granted.pop(caller), now)", "return None"),),
        "redis/lettuce#3607",
    ),
    Mutant(
        "broken-connection-leaks",
        POOL,
        "POOL-03",
        (
            Edit(
                "pool",
                "        connection, since = loan\n",
                "        connection, since = loan\n"
                "        if connection in self.broken:\n"
                "            self.lent[caller] = loan\n"
                "            return None\n",
            ),
        ),
        "redis/go-redis#3625",
    ),
    Mutant(
        "dead-connection-stays-idle",
        POOL,
        "POOL-03",
        (
            Edit(
                "pool",
                "        if connection in self.idle:\n            self.idle.forget(connection)",
                "        if connection in self.idle:\n            return",
            ),
        ),
        "vert-x3/vertx-redis-client#226",
    ),
    Mutant(
        "nobody-dials-after-a-loss",
        POOL,
        "POOL-04",
        (
            Edit(
                "pool",
                "            self.idle.put(connection, now)\n"
                "            return None\n"
                "        return self._dial_next()",
                "            self.idle.put(connection, now)\n            return None\n        return None",
            ),
        ),
    ),
    Mutant(
        "nobody-dials-after-a-failed-dial",
        POOL,
        "POOL-04",
        (
            Edit(
                "pool",
                "            self.dialling.remove(caller)\n            return self._dial_next()",
                "            self.dialling.remove(caller)\n            return None",
            ),
        ),
    ),
    Mutant(
        "nobody-dials-after-a-dial",
        POOL,
        "POOL-04",
        (
            Edit("shell", "max_dialling: int = 4", "max_dialling: int = 1"),
            Edit(
                "pool",
                "        self.idle.begin(connection, now, random)\n        return self._dial_next()",
                "        self.idle.begin(connection, now, random)\n        return None",
            ),
        ),
    ),
    Mutant(
        "nobody-woken-by-a-release",
        POOL,
        "POOL-04",
        (Edit("pool", "        elif self.waiting:\n", "        elif False:\n"),),
    ),
    Mutant(
        "cancelled-waiter-stays",
        POOL,
        "CALL-04",
        (Edit("pool", "            del self.waiting[caller]", "            pass"),),
        "redis/lettuce#3607",
    ),
    Mutant(
        "close-forgets-who-waits",
        POOL,
        "CALL-02",
        (Edit("pool", "Closing((*self.waiting, *self.dialling),", "Closing((*self.dialling,),"),),
        "redis/node-redis#3397",
    ),
    Mutant(
        "newest-waiter-first",
        POOL,
        "POOL-05",
        (
            Edit(
                "pool",
                "popitem(last=False)\n            self.granted",
                "popitem(last=True)\n            self.granted",
            ),
        ),
    ),
    Mutant(
        "threaded-newest-waiter-first",
        THREADED_POOL,
        "POOL-06",
        (
            Edit(
                "pool",
                "popitem(last=False)\n            self.granted",
                "popitem(last=True)\n            self.granted",
            ),
        ),
        "pgagroal/pgagroal#1006",
    ),
    Mutant(
        "a-dial-keeps-others-waiting",
        POOL,
        "POOL-09",
        (Edit("pool", "        elif self.waiting:\n", "        elif self.waiting and not self.dialling:\n"),),
        "redis/redis-py#2997",
    ),
    Mutant(
        "everybody-dials",
        POOL,
        "POOL-10",
        (
            Edit(
                "pool",
                "self.permits_taken < self.limits.max_size and len(self.dialling) < self.limits.max_dialling",
                "self.permits_taken < self.limits.max_size",
            ),
        ),
        "envoyproxy/ratelimit#1018",
    ),
    Mutant(
        "numbers-drift",
        POOL,
        "OBS-01",
        (Edit("metrics", '"idle": len(core.idle),', '"idle": core.use_time.count,'),),
    ),
)
