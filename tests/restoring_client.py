"""Adapters of clients that restore a lost subscription, but take their time (for the bridge)."""

import asyncio
from collections.abc import AsyncIterator

import hiredis

from poolproof.conformance.clients.reference_aio import AsyncioMultiplexer

LATER_SECONDS = 3.0  # more than the real world waits when nothing is to be expected
A_LITTLE_LATER_SECONDS = 0.3  # the same, of a message


class Restoring(AsyncioMultiplexer):
    """The reference, but its one subscription has a connection of its own."""

    name = "restoring"
    is_closed = False

    async def subscribe(self, channel: str) -> AsyncIterator[object]:
        while not self.is_closed:
            reader, self.writer = await asyncio.open_connection(self.settings.host, self.settings.port)
            self.writer.write(hiredis.pack_command(("SUBSCRIBE", channel)))
            replies = hiredis.Reader()
            while data := await reader.read(1000):
                replies.feed(data)
                while reply := replies.gets():
                    if reply[0] == b"message":
                        yield reply[2]
            await asyncio.sleep(0 if self.is_closed else LATER_SECONDS)

    async def close(self) -> None:
        self.is_closed = True
        self.writer.close()
        await super().close()


class HearingLate(Restoring):
    """It takes its time with messages, too."""

    name = "hearing late"

    async def subscribe(self, channel: str) -> AsyncIterator[object]:
        async for message in super().subscribe(channel):
            await asyncio.sleep(A_LITTLE_LATER_SECONDS)
            yield message


ADAPTERS = Restoring, HearingLate
