"""Mutants of what goes beyond single calls: batches that come apart, subscriptions that end in silence."""

from .mutant import MULTIPLEXER, POOL, THREADED_MULTIPLEXER, THREADED_POOL, Edit, Mutant

BATCH_MUTANTS = (
    Mutant(
        "batch-sent-one-by-one",
        MULTIPLEXER,
        "CALL-08",
        (
            Edit(
                "aio.multiplexer",
                "        self._send(data, Batch(call, len(every), transaction), len(every))\n",
                "        batch = Batch(call, len(every), transaction)\n"
                "        async def one_by_one() -> None:\n"
                "            for command in every:\n"
                "                self._send(encode(command), batch)\n"
                "                await asyncio.sleep(0)\n"
                "        self._batching = asyncio.get_running_loop().create_task(one_by_one())\n",
            ),
        ),
    ),
    Mutant(
        "threaded-error-ends-the-batch",
        THREADED_POOL,
        "CALL-08",
        (
            Edit(
                "threads.connection",
                "            got += self._replies(self.read())\n",
                "            got += self._replies(self.read())\n"
                "            if any(isinstance(one, ServerError) for one in got):\n"
                "                self.owed = 0\n",
            ),
        ),
        "redis-rs/redis-rs#698",
    ),
    Mutant(
        "transaction-on-another-connection",
        POOL,
        "CALL-08",
        (
            Edit(
                "aio.lease",
                "        return self._batch(commands, transaction=True)\n",
                "        return asyncio.ensure_future(self._elsewhere(commands))\n"
                "\n"
                "    async def _elsewhere(self, commands: Any) -> Any:\n"
                "        async with self._pool.acquire() as other:\n"
                "            return await other._batch(commands, transaction=True)\n",
            ),
        ),
    ),
    Mutant(
        "failed-dial-forgets-subscriptions",
        MULTIPLEXER,
        "MUX-09",
        (
            Edit(
                "aio.multiplexer",
                "        if self._subscriptions.listeners and self._core.dial():\n",
                "        if kind is ConnectFailed:\n"
                "            self._subscriptions.listeners.clear()\n"
                "        if self._subscriptions.listeners and self._core.dial():\n",
            ),
        ),
        "redis/ioredis#85",
    ),
    Mutant(
        "refused-restoration-not-told",
        THREADED_MULTIPLEXER,
        "MUX-09",
        (Edit("threads.calls", "                messages.finish(error)\n", "                pass\n"),),
        "whatyouhide/redix#133",
    ),
    Mutant(
        "reader-waits-for-a-slow-subscriber",
        MULTIPLEXER,
        "MUX-03",
        (
            Edit(
                "aio.wire",
                "                messages.put(message)\n",
                "                if len(messages._kept) < messages._bound:\n"
                "                    messages.put(message)\n"
                "                elif self._transport is not None:\n"
                "                    self._transport.pause_reading()\n",
            ),
        ),
        "redis/lettuce#784",
    ),
    Mutant(
        "threaded-reader-waits-for-a-slow-subscriber",
        THREADED_MULTIPLEXER,
        "MUX-03",
        (
            Edit(
                "threads.calls",
                "        if len(self.kept) < self._bound and self.end is None:\n",
                "        while len(self.kept) >= self._bound and self.end is None:\n"
                "            __import__('time').sleep(1)\n"
                "        if len(self.kept) < self._bound and self.end is None:\n",
            ),
        ),
        "redis/lettuce#784",
    ),
    Mutant(
        "threaded-message-in-pieces-ends-the-connection",
        THREADED_MULTIPLEXER,
        "MUX-09",
        (
            Edit(
                "threads.combining",
                "            unasked |= stream.begun_unasked and stream.protocol == 2\n",
                "            unasked |= stream.begun_unasked\n",
            ),
        ),
    ),
    Mutant(
        "messages-kept-without-end",
        MULTIPLEXER,
        "MUX-09",
        (Edit("aio.messages", "            if len(self._kept) < self._bound:\n", "            if True:\n"),),
    ),
)
