"""A driver for a client of a few lines: each call has a connection of its own, of which there are so many.

    python -m tests.small_driver [FAULT]

With a fault it is one of the broken drivers that `poolproof driver lint` has to tell, or one with a habit.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
LATER_SECONDS = 0.3  # more than the real world waits when nothing is to be expected
VARIANT = {"name": "only", "style": "pool", "features": ["cancel"], "settings": ["password"]}


class ServerError(Exception):
    pass


class Client:
    def __init__(self, host: str, port: int, settings: dict[str, Any]) -> None:
        self.address, self.password = (host, port), settings.get("password")
        self.room = asyncio.Semaphore(settings["max_size"])
        self.is_closed = False
        self.writers: list[asyncio.StreamWriter] = []

    async def call(self, *command: str) -> str:
        async with self.room:
            if self.is_closed:
                raise ConnectionError("the client is closed")
            reader, writer = await asyncio.open_connection(*self.address)
            self.writers.append(writer)
            try:
                if self.password and FAULT != "ignores-the-password":
                    await self.ask(reader, writer, "AUTH", self.password)
                return await self.ask(reader, writer, *command)
            finally:
                if FAULT != "closes-later":
                    writer.close()

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *command: str) -> str:
        words = [f"${len(word)}\r\n{word}\r\n" for word in command]
        writer.write(f"*{len(words)}\r\n{''.join(words)}".encode())
        line = (await reader.readline()).decode().rstrip()
        if not line:
            raise ConnectionError("the connection ended")
        if line[0] == "-":
            raise ServerError(line[1:])
        return line[1:] if line[0] == "+" else (await reader.readexactly(int(line[1:]) + 2))[:-2].decode()


client: Client
tasks: dict[int, asyncio.Task[None]] = {}


def say(**message: Any) -> None:
    end = "" if FAULT == "no-end-of-line" else "\n"
    if FAULT == "bad-json" and "value" in message:
        os.write(1, b"{'value': 'val:a'}\n")
        return
    if FAULT == "wrong-id" and "value" in message:
        message["id"] += 1000
    if FAULT == "no-reply" and "value" in message:
        return
    os.write(1, (json.dumps(message) + end).encode())
    if FAULT == "second-reply" and "value" in message:
        os.write(1, (json.dumps(message) + end).encode())


async def serve(request: dict[str, Any]) -> None:
    global client
    number, verb = request["id"], request["do"]
    try:
        match verb:
            case "hello":
                if FAULT == "silent":
                    return
                variant = VARIANT | ({"style": "tree"} if FAULT == "unknown-style" else {})
                say(
                    id=number,
                    ok=True,
                    protocol=1,
                    client={"name": "small", "version": "1"},
                    variants=[variant],
                )
            case "open":
                client = Client(request["host"], request["port"], request["settings"])
                say(id=number, ok=True)
            case "call":
                if FAULT == "crash":
                    sys.exit("the driver met something unforeseen")
                value = await client.call(*request["command"])
                say(id=number, ok=True, value=None if FAULT == "wrong-value" else value)
            case "cancel":
                if FAULT != "ignores-cancel":
                    tasks[request["target"]].cancel()
                say(id=number, ok=True)
            case "close":
                say(id=number, ok=True)
                if FAULT == "closes-later":
                    client.is_closed = True
                    await asyncio.sleep(LATER_SECONDS)
                    for writer in client.writers:
                        writer.close()
            case "bye":
                say(id=number, ok=True)
                if FAULT != "stays":
                    os._exit(0)
            case _ if FAULT == "knows-all-verbs":
                say(id=number, ok=True)
            case _:
                say(id=number, ok=False, kind="unsupported")
    except asyncio.CancelledError:
        say(id=number, ok=False, kind="cancelled")
    except ServerError as error:
        kind = "mysterious" if FAULT == "unknown-kind" else "server"
        say(id=number, ok=False, kind=kind, text=str(error))
    except (OSError, asyncio.IncompleteReadError) as error:
        say(id=number, ok=False, kind="conn_lost", text=str(error))


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        task = tasks[request["id"]] = loop.create_task(serve(request))
        if FAULT == "one-at-a-time":
            await task
    if FAULT == "stays":
        time.sleep(60)


asyncio.run(main())
