"""redis-py, RESP3: a reply that nobody asked for, sent while nothing was owed, answers the next caller."""

import socket
import sys
import threading
import time

import redis


def serve(connection: socket.socket) -> None:
    while data := connection.recv(10_000):
        for command in data.split(b"*")[1:]:
            if b"HELLO" in command:
                connection.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n")
            else:
                connection.sendall(b"+right\r\n")
        if b"first" in data:
            time.sleep(0.1)
            connection.sendall(b"+stray\r\n")


def accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(listener,), daemon=True).start()
client = redis.Redis(host="127.0.0.1", port=listener.getsockname()[1], protocol=3)
client.execute_command("GET", "first")
time.sleep(0.5)
told = client.execute_command("GET", "second")
print("GET second:", told)
sys.exit(2 * (told != b"right"))
