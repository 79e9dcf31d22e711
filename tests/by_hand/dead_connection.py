"""redis-py for asyncio, RESP3: a connection that was closed while it was idle is lent to the next caller."""

import asyncio
import sys

import redis.asyncio


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(10_000):
        for command in data.split(b"*")[1:]:
            writer.write(b"%1\r\n$5\r\nproto\r\n:3\r\n" if b"HELLO" in command else b"+right\r\n")
        if b"first" in data:
            break
    writer.close()


async def main() -> bool:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = redis.asyncio.ConnectionPool(host="127.0.0.1", port=port, protocol=3)
    client = redis.asyncio.Redis(connection_pool=pool)
    await client.execute_command("GET", "first")
    await asyncio.sleep(0.5)
    try:
        print("GET second:", await client.execute_command("GET", "second"))
    except redis.ConnectionError as error:
        print("GET second:", error)
        return True
    return False


sys.exit(2 * asyncio.run(main()))
