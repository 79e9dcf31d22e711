"""A poolproof driver: reads requests, a JSON object a line, and says what the client did.

Look for TODO. After each step `poolproof driver lint` tells what is still missing.
"""

import asyncio
import base64
import json
import os
import sys

# TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
HELLO = {
    "protocol": 1,
    "client": {"name": "my-client", "version": "0", "language": "Python"},
    "variants": [{"name": "pool", "style": "pool", "features": [], "settings": []}],
}


class Driver:
    async def open(self, host, port, settings):
        """TODO open: make your client, as `self.client`. At most settings["max_size"] connections."""
        raise NotImplementedError("open: not written yet")

    async def call(self, command):
        """TODO call: send the command, a list of strings, and return the reply. Each has its own caller."""
        # If your client blocks, hand it to asyncio.to_thread.
        raise NotImplementedError("call: not written yet")

    async def close(self):
        """TODO close: close your client, and return when it is closed."""
        raise NotImplementedError("close: not written yet")


def kind_of(error):
    """TODO kinds: what the protocol calls your client's errors. "other" is never wrong, only less telling."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"  # works as it is: name the feature "cancel" when your client is in place
    return "other"


async def answer(driver, request):
    match request["do"]:
        case "hello":
            return HELLO
        case "open":
            await driver.open(request["host"], request["port"], request["settings"])
        case "call":
            return {"value": plain(await driver.call(request["command"]))}
        case "close":
            await driver.close()
        case _:  # verbs of features: see the table in the protocol
            return {"ok": False, "kind": "unsupported"}
    return {}


async def serve(driver, request):
    reply = {"id": request["id"], "ok": True}
    try:
        reply |= await answer(driver, request)
    except (Exception, asyncio.CancelledError) as error:
        reply |= {"ok": False, "kind": kind_of(error), "text": " ".join(str(error).split())}
    say(reply)


def plain(value):
    """A reply as JSON has it. Text that is not UTF-8 becomes base64, a map a list of pairs."""
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"b64": base64.b64encode(value).decode()}
        case list():
            return [plain(each) for each in value]
        case dict():
            return [[plain(key), plain(each)] for key, each in value.items()]
    return value


def say(message):
    print(json.dumps(message), flush=True)


async def main():
    driver, tasks = Driver(), {}
    lines = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():  # waits for nothing else: each request is a task
        request = json.loads(line)
        if request["do"] in ("cancel", "bye"):
            if request.get("target") in tasks:
                tasks[request["target"]].cancel()
            say({"id": request["id"], "ok": True})
            if request["do"] == "bye":
                break
        else:
            tasks[request["id"]] = asyncio.create_task(serve(driver, request))
            await asyncio.sleep(0)  # it has begun before it can be cancelled
    os._exit(0)  # even if a call still waits for its reply


asyncio.run(main())
