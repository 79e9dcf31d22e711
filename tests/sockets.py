"""What a TCP socket does in every state it can get into, written once for real and for simulated ones.

A *stage* brings a client's socket into a state; an *operation* is tried on it, and then a few questions show
the state in which it is left. As a program, this prints the outcomes on simulated sockets as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import socket as sockets

Outcomes = dict[str, list[str]]
PIECE = b"*1\r\n"  # of a command that goes on


class Server(Protocol):
    """The server's end of the connection; what it does has reached the client when the method returns."""

    def send(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def close_by_half(self) -> None:
        """It sends no more, and goes on reading."""

    def reset(self) -> None: ...
    def reset_after_write(self) -> None:
        """The client has written to a server that had closed: the reset has come back."""


class Stage(Protocol):
    """A place to play: its own socket and select modules, and sockets that are somewhere."""

    @property
    def socket(self) -> Any: ...
    @property
    def select(self) -> Any: ...
    def fresh(self) -> sockets.socket: ...
    def refused(self) -> sockets.socket:
        """Its dial was refused; nobody has been told yet."""
        ...

    def connected(self) -> tuple[sockets.socket, Server]: ...


def states(stage: Stage) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every state, with a function that makes a socket in it."""

    def after(*acts: Callable[[Any, Server], object]) -> Callable[[], Any]:
        def make() -> Any:
            client, server = stage.connected()
            for act in acts:
                act(client, server)
            return client

        return make

    def data(_: Any, server: Server) -> None:
        server.send(b"abcdef")

    def ended(_: Any, server: Server) -> None:
        server.close()

    def half_ended(_: Any, server: Server) -> None:
        server.close_by_half()

    def reset(_: Any, server: Server) -> None:
        server.reset()

    def written(client: Any, server: Server) -> None:
        client.send(PIECE)
        server.reset_after_write()

    def shut(how: int) -> Callable[[Any, Server], object]:
        return lambda client, _: client.shutdown(how)

    reading, writing, both = stage.socket.SHUT_RD, stage.socket.SHUT_WR, stage.socket.SHUT_RDWR
    yield "fresh", stage.fresh
    yield "refused", stage.refused
    yield "connected", after()
    yield "with data", after(data)
    yield "ended", after(ended)
    yield "ended with data", after(data, ended)
    yield "ended and written to", after(ended, written)
    yield "ended with data and written to", after(data, ended, written)
    yield "ended by half", after(half_ended)
    yield "ended by half with data", after(data, half_ended)
    yield "ended by half, then shut for writing", after(half_ended, shut(writing))
    yield "reset", after(reset)
    yield "shut for reading", after(shut(reading))
    yield "shut for reading with data", after(data, shut(reading))
    yield "ended, then shut for writing", after(data, ended, shut(writing))
    yield "ended, then shut", after(ended, shut(both))
    yield "closed", after(lambda client, _: client.close())
    yield "detached", after(lambda client, _: client.detach())


def operations(stage: Stage) -> dict[str, Callable[[Any], object]]:
    """What is tried."""
    socket = stage.socket

    def events(client: Any) -> object:
        poll = stage.select.poll()
        poll.register(client, stage.select.POLLIN | stage.select.POLLOUT | stage.select.POLLRDHUP)
        return [event for _, event in poll.poll(0)]

    def chosen(client: Any) -> object:
        return [bool(each) for each in stage.select.select([client], [client], [client], 0)]

    def filled(client: Any, flags: int = 0) -> object:
        buffer = bytearray(4)
        return client.recv_into(buffer, 3, flags), bytes(buffer)

    return {
        "recv": lambda client: client.recv(3),
        "recv all": lambda client: client.recv(100),
        "recv_into": filled,
        "peek": lambda client: client.recv(2, socket.MSG_PEEK),
        "peek into": lambda client: filled(client, socket.MSG_PEEK),
        "recv at once": lambda client: client.recv(3, socket.MSG_DONTWAIT),
        "peek at once": lambda client: client.recv(3, socket.MSG_DONTWAIT | socket.MSG_PEEK),
        "readline": lambda client: client.makefile("rb").read(4),
        "send": lambda client: client.send(PIECE),
        "send nothing": lambda client: client.send(b""),
        "sendall": lambda client: client.sendall(PIECE),
        "sendmsg": lambda client: client.sendmsg([PIECE[:2], PIECE[2:]]),
        "poll": events,
        "select": chosen,
        "error": lambda client: client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
        "option": lambda client: client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        "peer": lambda client: bool(client.getpeername()),
        "name": lambda client: len(client.getsockname()),
        "shut for reading": lambda client: client.shutdown(socket.SHUT_RD),
        "shut for writing": lambda client: client.shutdown(socket.SHUT_WR),
        "shut": lambda client: client.shutdown(socket.SHUT_RDWR),
        "close": lambda client: client.close(),
        "descriptor": lambda client: client.fileno() >= 0,
        "detach": lambda client: client.detach() >= 0,
        "blocks": lambda client: (client.gettimeout(), client.getblocking()),
        "limit": lambda client: client.settimeout(-1),
    }


TEN_MILLISECONDS = (0).to_bytes(8, "little") + (10_000).to_bytes(8, "little")
LIMITS: dict[str, Callable[[Any, Any], object]] = {
    "non-blocking": lambda _, client: client.setblocking(False),
    "settimeout": lambda _, client: client.settimeout(0.01),
    "SO_RCVTIMEO": lambda socket, client: client.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVTIMEO, TEN_MILLISECONDS
    ),
}
AFTERWARDS = "poll", "recv at once", "send", "error"


def outcomes(stage: Stage) -> Outcomes:
    """What each operation gives in each state, with each kind of limit, and what is left."""
    found: Outcomes = {}
    tried = operations(stage)
    for state, make in states(stage):
        for name, operation in tried.items():
            for limit, set_limit in LIMITS.items():
                if limit != "non-blocking" and not name.startswith(("recv", "peek", "readline", "send")):
                    continue
                client = make()
                if client.fileno() >= 0:
                    set_limit(stage.socket, client)
                questions = [operation, *(tried[each] for each in AFTERWARDS)]
                found[f"{state}: {name}, {limit}"] = [outcome(each, client) for each in questions]
                client.close()
    return found


def outcome(operation: Callable[[Any], object], client: Any) -> str:
    try:
        return repr(operation(client))
    except (OSError, ValueError) as error:
        return f"{type(error).__name__} {error}"


class Simulated:
    """A stage on simulated sockets. Import it where they are installed; plays in a simulated thread."""

    def __init__(self) -> None:
        import select
        import socket

        self.socket, self.select = socket, select

    def fresh(self) -> Any:
        return self.socket.socket()

    def refused(self) -> Any:
        from poolproof.conformance.simulation.threads.thread import present

        client = self.socket.socket()
        client.setblocking(False)
        assert present.kernel and present.scheduler
        present.kernel.rule(admit=False)
        client.connect_ex(("127.0.0.1", 1))
        present.scheduler.give_way()
        return client

    def connected(self) -> tuple[Any, Server]:
        from poolproof.conformance.simulation.threads.thread import present

        client = self.socket.create_connection(("127.0.0.1", 1))
        assert present.kernel
        number = max(present.kernel.ends)
        return client, SimulatedServer(present.kernel, number)


class SimulatedServer:
    """What comes from it takes its turn before the client goes on."""

    def __init__(self, kernel: Any, number: int) -> None:
        self._kernel, self._end = kernel, kernel.ends[number]

    def send(self, data: bytes) -> None:
        self._end.receive(data)
        self._kernel.scheduler.give_way()

    def close(self) -> None:
        self._end.server_closed()
        self._kernel.scheduler.give_way()

    def close_by_half(self) -> None:
        self._end.server_closed(listens=True)
        self._kernel.scheduler.give_way()

    def reset(self) -> None:
        self._end.server_reset()
        self._kernel.scheduler.give_way()

    def reset_after_write(self) -> None:
        pass


def main() -> None:
    from poolproof.conformance.plan import plan
    from poolproof.conformance.simulation.threads import install
    from poolproof.conformance.simulation.threads.kernel import Kernel
    from poolproof.conformance.simulation.threads.scheduler import Scheduler
    from poolproof.conformance.simulation.threads.thread import present
    from poolproof.conformance.witness import Witness

    def record(*_: object, **__: object) -> None:
        pass

    install.install()
    scheduler = present.scheduler = Scheduler(turn_limit=1_000_000)
    present.kernel = Kernel(plan(""), Witness(record), record, scheduler)
    thread = scheduler.start("all", lambda: print(json.dumps(outcomes(Simulated()))))
    scheduler.pass_time(3_600)
    if error := thread.exception():
        raise error


if __name__ == "__main__":
    main()
