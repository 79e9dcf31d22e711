"""Mutants: the reference with one fault planted, each named after what it breaks, to test the suite itself.

A mutant is a few edits of the reference's source text, applied while the module is imported, so the reference
holds no code for it and a mutant reads like the diff that would have introduced the bug. An edit whose text
no longer occurs exactly once is an error: a mutant cannot rot silently.
"""

from typing import NamedTuple

POOL, MULTIPLEXER = "asyncio pool", "asyncio multiplexer"  # the adapter that shows the fault


class Edit(NamedTuple):
    """In that module of the reference, this text becomes that."""

    module: str
    before: str
    after: str


class Mutant(NamedTuple):
    """A planted fault. `breaks`: the requirement that must notice. `like`: a real bug of the kind."""

    name: str
    variant: str
    breaks: str
    edits: tuple[Edit, ...]
    like: str = ""


# The reference refuses a second command while a reply is owed, and so hides some faults from the wire.
_TWO_COMMANDS_AT_ONCE = Edit(
    "aio_pool",
    "        if self.call is not None:\n            raise Misuse(",
    "        if False:\n            raise Misuse(",
)

MUTANTS = (
    Mutant(
        "one-too-many",
        POOL,
        "POOL-01",
        (Edit("pool", "if self.permits_taken < self.capacity:", "if self.permits_taken <= self.capacity:"),),
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
                "        self.granted[caller] = connection\n        return caller",
                "        self.granted[caller] = connection\n"
                "        self.idle.append(connection)\n"
                "        return caller",
            ),
            _TWO_COMMANDS_AT_ONCE,
        ),
    ),
    Mutant(
        "lent-and-idle",
        POOL,
        "POOL-02",
        (
            Edit("pool", "self.lent[caller] = self.idle.pop()", "self.lent[caller] = self.idle[-1]"),
            _TWO_COMMANDS_AT_ONCE,
        ),
    ),
    Mutant(
        "cancelled-dial-leaks",
        POOL,
        "POOL-03",
        (
            Edit(
                "pool",
                "            self.dialling.remove(caller)\n            return self._permit_freed()",
                "            return None",
            ),
        ),
        "redis/redis-py#3056",
    ),
    Mutant(
        "cancelled-grant-leaks",
        POOL,
        "POOL-03",
        (Edit("pool", "return self._returned(self.granted.pop(caller))", "return None"),),
        "redis/lettuce#3607",
    ),
    Mutant(
        "broken-connection-leaks",
        POOL,
        "POOL-03",
        (
            Edit(
                "pool",
                "            self.broken.remove(connection)\n            return self._permit_freed()",
                "            self.lent[caller] = connection\n            return None",
            ),
        ),
        "redis/go-redis#3625",
    ),
    Mutant(
        "nobody-woken-by-a-loss",
        POOL,
        "POOL-04",
        (
            Edit(
                "pool",
                "        if not self.waiting:\n            return None\n        caller, _",
                "        if self.waiting or not self.waiting:\n            return None\n        caller, _",
            ),
        ),
    ),
    Mutant(
        "nobody-woken-by-a-release",
        POOL,
        "POOL-04",
        (
            Edit(
                "pool",
                "        if not self.waiting:\n            self.idle.append(connection)",
                "        if True:\n            self.idle.append(connection)",
            ),
        ),
    ),
    Mutant(
        "limit-ignored",
        POOL,
        "POOL-07",
        (Edit("aio_pool", "asyncio.timeout(self._acquire_timeout_seconds)", "asyncio.timeout(None)"),),
        "redis/go-redis#1048",
    ),
    Mutant(
        "limit-means-something-else",
        POOL,
        "POOL-07",
        (Edit("aio_pool", "raise AcquireTimeout(", "raise Misuse("),),
    ),
    Mutant(
        "reply-left-behind",
        POOL,
        "CONN-01",
        (
            Edit("aio_pool", "held is not None and held.call is not None", "False"),
            _TWO_COMMANDS_AT_ONCE,
        ),
        "CVE-2023-28859",
    ),
    Mutant(
        "owing-connection-reused",
        POOL,
        "CONN-02",
        (
            Edit("aio_pool", "held is not None and held.call is not None", "False"),
            _TWO_COMMANDS_AT_ONCE,
            Edit("aio_pool", "return None if call.done() else call", "return None"),
        ),
        "redis/redis-py#2665",
    ),
    Mutant(
        "lost-call-not-told",
        POOL,
        "CALL-02",
        (Edit("aio_pool", "if self.call is not None and not self.call.done():", "if False:"),),
        "redis/ioredis#2193",
    ),
    Mutant(
        "shared-calls-not-told",
        MULTIPLEXER,
        "CALL-02",
        (
            Edit(
                "multiplexer",
                "unknown=tuple(call for call in self.in_flight if not call.done())",
                "unknown=()",
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
                "aio_pool",
                '            held.abort(ConnectionLost, "the connection was released before the reply came")',
                "            return",
            ),
        ),
        "redis/redis-py#2665",
    ),
    Mutant(
        "cancellation-closes-the-connection",
        MULTIPLEXER,
        "CALL-03",
        (
            Edit(
                "aio_multiplexer",
                "        step = self._core.send(data, call)",
                "        call.add_done_callback(\n"
                "            lambda call: call.cancelled() and self._wire and self._wire.abort(Closed, '')\n"
                "        )\n"
                "        step = self._core.send(data, call)",
            ),
        ),
        "valkey-io/valkey-glide#4653",
    ),
    Mutant(
        "cancelled-waiter-stays",
        POOL,
        "CALL-04",
        (Edit("pool", "            del self.waiting[caller]", "            pass"),),
        "redis/lettuce#3607",
    ),
    Mutant(
        "newest-first",
        MULTIPLEXER,
        "MUX-01",
        (Edit("multiplexer", "call = self.in_flight.popleft()", "call = self.in_flight.pop()"),),
    ),
    Mutant(
        "no-tombstone",
        MULTIPLEXER,
        "MUX-02",
        (
            Edit(
                "multiplexer",
                "        call = self.in_flight.popleft()\n",
                "        call = self.in_flight.popleft()\n"
                "        while call.done() and self.in_flight:\n"
                "            call = self.in_flight.popleft()\n",
            ),
        ),
        "redis/lettuce#262",
    ),
)
