"""Mutants of the multiplexer, its core and its shells: replies out of step, and callers that nobody tells."""

from .mutant import MULTIPLEXER, THREADED_MULTIPLEXER, Edit, Mutant

_CALLS = "        calls = [pop() for _ in range(min(replies, len(self.in_flight)))]\n"

MULTIPLEXER_MUTANTS = (
    Mutant(
        "shared-calls-not-told",
        MULTIPLEXER,
        "CALL-02",
        (Edit("multiplexer", "Ended(_waiting(self.in_flight), ", "Ended((), "),),
        "redis/ioredis#2193",
    ),
    Mutant(
        "backlog-not-told",
        MULTIPLEXER,
        "CALL-02",
        (Edit("multiplexer", "_waiting(call for _, call, _ in self.backlog))", "())"),),
    ),
    Mutant(
        "failed-dial-not-told",
        MULTIPLEXER,
        "CALL-02",
        (
            Edit(
                "aio.multiplexer",
                "            self._lost(epoch, type(error), str(error))",
                "            pass",
            ),
        ),
        "redis/node-redis#932",
    ),
    Mutant(
        "cancellation-closes-the-connection",
        MULTIPLEXER,
        "CALL-03",
        (
            Edit(
                "aio.multiplexer",
                "        step = self._core.send(data, call)\n",
                "        call.add_done_callback(\n"
                "            lambda call: call.cancelled() and self._wire and self._wire.abort(Closed, '')\n"
                "        )\n"
                "        step = self._core.send(data, call)\n",
            ),
        ),
        "valkey-io/valkey-glide#4653",
    ),
    Mutant(
        "newest-first",
        MULTIPLEXER,
        "MUX-01",
        (Edit("multiplexer", "pop = self.in_flight.popleft", "pop = self.in_flight.pop"),),
    ),
    Mutant(
        "lost-calls-stay-in-flight",
        MULTIPLEXER,
        "MUX-01",
        (Edit("multiplexer", "        self.in_flight.clear()\n", ""),),
    ),
    Mutant(
        "no-tombstone",
        MULTIPLEXER,
        "MUX-02",
        (
            Edit(
                "multiplexer",
                _CALLS,
                "        while self.in_flight and self.in_flight[0].done():\n"
                "            self.in_flight.popleft()\n" + _CALLS,
            ),
        ),
        "redis/lettuce#262",
    ),
    Mutant(
        "cancelled-call-is-settled",
        MULTIPLEXER,
        "CALL-03",
        (
            Edit(
                "aio.stream",
                "            if call.done():\n                continue  # its caller is gone\n",
                "",
            ),
        ),
        "valkey-io/valkey-glide#4653",
    ),
    Mutant(
        "backlog-is-overtaken",
        MULTIPLEXER,
        "CALL-07",
        (
            Edit(
                "multiplexer",
                "        self.backlog.append((data, call, replies))\n",
                "        is_free = link is UP and not in_flight  # a way past what waits for its flush\n"
                "        put = self.backlog.appendleft if is_free else self.backlog.append\n"
                "        put((data, call, replies))\n",
            ),
            Edit(
                "aio.multiplexer",
                "            self._flush()\n\n    def _topics",
                "            self._loop.call_soon(self._loop.call_soon, self._flush)\n\n    def _topics",
            ),
        ),
        "StackExchange/StackExchange.Redis#1880",
    ),
    Mutant(
        "newest-of-the-backlog-first",
        MULTIPLEXER,
        "CALL-07",
        (
            Edit(
                "multiplexer",
                "data, call, replies = backlog.popleft()",
                "data, call, replies = backlog.pop()",
            ),
        ),
    ),
    Mutant(
        "no-last-look",
        THREADED_MULTIPLEXER,
        "CALL-02",
        (
            Edit(
                "threads.combining",
                "if (core.in_flight or core.backlog or self._listening) and busy.acquire(False):",
                "if False and busy.acquire(False):",
            ),
        ),
    ),
    Mutant(
        "interrupted-call-loses-its-place",
        THREADED_MULTIPLEXER,
        "MUX-02",
        (
            Edit(
                "threads.combining",
                "            call.served = True  # nobody waits for it any more\n",
                "            call.served = True\n"
                "            if entry in self._core.in_flight:\n"
                "                self._core.in_flight.remove(entry)\n",
            ),
        ),
        "redis/lettuce#262",
    ),
    Mutant(
        "blocking-command-shares",
        MULTIPLEXER,
        "MUX-04",
        (Edit("aio.multiplexer", "if route(command) is not SHARED:", "if False:"),),
    ),
    Mutant(
        "session-is-shared",
        THREADED_MULTIPLEXER,
        "MUX-10",
        (Edit("threads.multiplexer", "if route(command) is not SHARED:", "if False:"),),
    ),
    Mutant(
        "restored-behind-the-backlog",
        MULTIPLEXER,
        "MUX-07",
        (
            Edit(
                "multiplexer",
                "            for data, call in reversed(restoring):\n"
                "                self.backlog.appendleft((data, call, 1))\n",
                "            self.backlog.extend((data, call, 1) for data, call in restoring)\n",
            ),
        ),
    ),
    Mutant(
        "each-attempt-adds-its-steps",
        MULTIPLEXER,
        "MUX-07",
        (
            Edit(
                "aio.multiplexer",
                "        return list(self._subscriptions.listeners)\n",
                "        return list(self._subscriptions.listeners) * (self._core.epoch - 1)\n",
            ),
        ),
        "redis/lettuce#1255",
    ),
    Mutant(
        "threaded-newest-of-the-backlog-first",
        THREADED_MULTIPLEXER,
        "MUX-07",
        (
            Edit(
                "multiplexer",
                "data, call, replies = backlog.popleft()",
                "data, call, replies = backlog.pop()",
            ),
        ),
    ),
    Mutant(
        "push-completes-a-call",
        MULTIPLEXER,
        "MUX-08",
        (Edit("aio.stream", "if reply.__class__ is Push:", "if False:"),),
        "redis/hiredis#825",
    ),
)
