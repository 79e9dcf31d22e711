"""Mutants of the witness, the network and an adapter: the reference is judged by a suite that errs.

That it errs has to show: as a failure of what the reference keeps.
"""

from .mutant import MULTIPLEXER, POOL, Edit, Mutant

SUITE_MUTANTS = (
    Mutant(
        "witness-answers-another-token",
        POOL,
        "CONN-01",
        (Edit("conformance.witness.commands.strings", 'bulk(b"val:" + request.words[1])', 'bulk(b"val:a")'),),
    ),
    Mutant(
        "witness-forgets-a-reply",
        POOL,
        "CALL-02",
        (
            Edit(
                "conformance.witness.exchange",
                'sent.append(owed.reply or b"")',
                'sent.append(b"" if owed.caller else owed.reply or b"")',
            ),
        ),
    ),
    Mutant(
        "witness-pays-out-of-turn",
        MULTIPLEXER,
        "MUX-01",
        (Edit("conformance.witness.exchange", "owed = queue.popleft()", "owed = queue.pop()"),),
    ),
    Mutant(
        "network-forgets-a-close",
        MULTIPLEXER,
        "MUX-06",
        (
            Edit(
                "conformance.simulation.aio.transport",
                "                if not self._protocol.eof_received():\n                    "
                "self._lose(None)\n",
                "                pass\n",
            ),
        ),
    ),
    Mutant(
        "adapter-swallows-cancellation",
        POOL,
        "CALL-04",
        (
            Edit(
                "conformance.clients.reference_aio",
                "        return await self._pool.execute(*command)",
                "        return await __import__('asyncio').shield(self._pool.execute(*command))",
            ),
        ),
    ),
    Mutant(
        "adapter-keeps-its-client-open",
        POOL,
        "LIFE-02",
        (
            Edit(
                "conformance.clients.reference_aio",
                "        await self._pool.close()",
                "        if not self._pool._core.lent:  # in the simplest run it is noticed at once\n"
                "            await self._pool.close()",
            ),
        ),
    ),
    Mutant(
        "adapter-ignores-the-size",
        POOL,
        "POOL-01",
        (
            Edit(
                "conformance.clients.reference_aio",
                "aio.Pool(\n            self.server,\n            max_size=self.settings.max_size,",
                "aio.Pool(\n            self.server,\n            max_size=self.settings.max_size + 1,",
            ),
        ),
    ),
)
