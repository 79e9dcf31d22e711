"""valkey-py for asyncio: a waiter cancelled in the step in which it is woken takes the wake-up with it.

The cause is CPython's asyncio.Condition up to 3.11 (python/cpython#112202).
"""

import asyncio
import sys

import valkey.asyncio


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1_000):
        writer.write(b"+OK\r\n" * data.count(b"*"))


async def starves(port: int, steps: int) -> bool:
    pool = valkey.asyncio.BlockingConnectionPool(host="127.0.0.1", port=port, max_connections=1, timeout=None)
    lent = await pool.get_connection("_")
    b, c = asyncio.create_task(pool.get_connection("_")), asyncio.create_task(pool.get_connection("_"))
    await asyncio.sleep(0.05)
    release = asyncio.create_task(pool.release(lent))
    for _ in range(steps):
        await asyncio.sleep(0)
    b.cancel()
    await asyncio.wait({release, c}, timeout=1)
    served = c.done()
    print(f"b cancelled {steps} steps after the release: {'c was served' if served else 'c waits for ever'}")
    c.cancel()
    return not served and b.cancelled()


async def main() -> bool:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return any([await starves(port, steps) for steps in range(4)])


sys.exit(2 * asyncio.run(main()))
