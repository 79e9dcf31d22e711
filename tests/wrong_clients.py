"""Clients for the tests of the command line: one is correct, the others are wrong, each in its way."""
# ruff: noqa: ARG002, ARG004

import asyncio
import os
import signal
import sys

from poolproof.conformance.adapter import Adapter


class Correct(Adapter):
    """One connection a call, of which only max_size exist at a time."""

    async def open(self):
        self.room = asyncio.Semaphore(self.settings.max_size)

    async def call(self, *command):
        async with asyncio.timeout(self.settings.acquire_timeout_seconds):
            await self.room.acquire()
        try:
            reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
            try:
                writer.write(self.encode(command))
                size = int((await reader.readline())[1:])
                return (await reader.readexactly(size + 2))[:-2]
            finally:
                writer.close()
        finally:
            self.room.release()

    def encode(self, command):
        words = [b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in command]
        return b"*%d\r\n" % len(words) + b"".join(words)

    async def close(self):
        pass


class Endless(Correct):
    async def call(self, *command):
        while True:
            pass


class Restless(Correct):
    async def call(self, *command):
        while True:
            await asyncio.sleep(0)


class Garbage(Correct):
    def encode(self, command):
        return b"\x16\x03\x01 no command\r\n"


class Mistaken(Correct):
    async def call(self, *command):
        return self.nothing


class Forgetful(Correct):
    takes = frozenset({"password"})


class Crashing(Correct):
    async def call(self, *command):
        os.kill(os.getpid(), signal.SIGSEGV)


class Blind(Correct):
    @staticmethod
    def kind(error):
        raise ValueError("no idea")


class Sockets(Correct):
    async def call(self, *command):
        await asyncio.get_running_loop().sock_connect(None, (self.settings.host, self.settings.port))


class Leaving(Correct):
    async def call(self, *command):
        sys.exit(7)


class Printing(Correct):
    async def call(self, *command):
        print("hello")
        return await super().call(*command)


class Mute(Correct):
    async def call(self, *command):
        await super().call(*command)


class Borrowing(Correct):
    async def call(self, *command):
        await self.room.acquire()
        reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        writer.write(self.encode(command))
        await reader.readline()
        reply = (await reader.readline())[:-2]
        writer.close()
        return reply


class Open(Correct):
    async def call(self, *command):
        self.reader, self.writer = await asyncio.open_connection(self.settings.host, self.settings.port)
        self.writer.write(self.encode(command))
        await self.reader.readline()
        return (await self.reader.readline())[:-2]


class Leaking(Correct):
    async def call(self, *command):
        self.watching = asyncio.create_task(self.watch_over())
        return await super().call(*command)

    async def watch_over(self):
        while True:
            await asyncio.sleep(10)


class NoAdapter:
    pass
