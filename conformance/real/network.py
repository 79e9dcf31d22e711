"""Loopback sockets in front of the witness.

What happened first must be told first, or a client would be accused of what it never did: of a new connection
beside one that it had closed before, say. Therefore what has come in on connections is taken in before a new
one is accepted, and both before the driver is listened to: what a client did on the wire before it spoke is
there by then.

A dial cannot be refused by closing the port, for then nobody would see it. It is accepted and reset at once;
one that is held is accepted, and the witness reads nothing that comes on it until it is admitted.
"""

import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector

from ..history import Record
from ..plan import Plan
from ..simulation.network import Network as AnyNetwork
from ..witness import Effect, Witness

HOST = "127.0.0.1"
RECEIVED_AT_ONCE = 65536
_RESET = struct.pack("ii", 1, 0)  # close without a farewell


class Outcome:
    """What becomes of a dial."""

    def __init__(self, network: "Network", connection: "Connection") -> None:
        self._network = network
        self._connection = connection
        self._is_done = False

    def done(self) -> bool:
        return self._is_done

    def give_up(self) -> None:
        """The client wants it no more."""
        self._is_done = True

    def set_result(self, result: None, /) -> None:  # noqa: ARG002
        self._is_done = True
        self._network.admit(self._connection)

    def set_exception(self, error: Exception, /) -> None:
        self._is_done = True
        self._network.refuse(self._connection, error)


class Connection:
    """The server's side of a connection, from its dial on."""

    def __init__(self, network: "Network", sock: socket.socket) -> None:
        self._network = network
        self.socket = sock
        self.outcome = Outcome(network, self)
        self.dial = network.dial(self.outcome)
        self.early = b""  # came before the dial was admitted
        self.unsent: deque[bytes] = deque()
        self._afterwards: Callable[[], None] | None = None  # when all is sent

    @property
    def number(self) -> int:
        return self.dial.connection

    def receive(self, data: bytes) -> None:
        """What the witness sends, in pieces if the plan wants it so."""
        size = self._network.chunk_bytes or len(data)
        self.unsent.extend(data[start : start + size] for start in range(0, len(data), size))
        self.send()

    def server_closed(self, listens: bool = False) -> None:
        self._afterwards = self._fall_silent if listens else self._end
        self.send()

    def server_reset(self) -> None:
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._network.forget(self)

    def has_room(self) -> None:
        self._network.watch(self)

    def send(self) -> None:
        """Hand over what can be handed over now, a piece at a time; then close, if that is what is left."""
        try:
            while self.unsent:
                sent = self.socket.send(self.unsent[0])
                if sent < len(self.unsent[0]):
                    self.unsent[0] = self.unsent[0][sent:]
                    return
                self.unsent.popleft()
                if self._network.chunk_bytes:
                    break  # the rest with the next turn, lest the pieces be put together again
        except BlockingIOError:
            return
        except OSError:
            self.unsent.clear()  # the client has gone, as we are about to read
        finally:
            self._network.watch(self)
        if self._afterwards and not self.unsent:
            self._afterwards()

    def _fall_silent(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def _end(self) -> None:
        self._network.forget(self)


class Network(AnyNetwork[Connection]):
    """All dials and connections of one run. `news` counts whatever came in."""

    def __init__(
        self, plan: Plan, witness: Witness, record: Record, selector: BaseSelector, port: int = 0
    ) -> None:
        super().__init__(plan, witness, record)
        self.news = 0
        self._selector = selector
        self._connections: dict[int, Connection] = {}
        self._listener = socket.create_server((HOST, port), backlog=512)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        selector.register(self._listener, EVENT_READ, self)

    # the world's side

    @property
    def holds_dials(self) -> bool:
        """A dial waits until the plan rules on it."""
        return any(not each.outcome.done() for each in self._connections.values())

    @property
    def is_sending(self) -> bool:
        return any(each.unsent for each in self._connections.values())

    def rule(self, admit: bool) -> None:
        super().rule(admit)
        self._decide()

    def hold(self, dials: bool) -> None:
        super().hold(dials)
        self._decide()

    def carry(self, effects: Iterable[Effect]) -> None:
        effects = list(effects)
        self.news += len(effects)
        super().carry(effects)

    def take_in(self, ready: Iterable[Connection]) -> None:
        """What came on these connections, or can be sent on them."""
        for connection in ready:
            if connection.number not in self._connections:
                continue
            if connection.unsent:
                connection.send()
            self._read(connection)

    def accept(self) -> None:
        """Clients that knock. What they did before they knocked has come, and is taken in first."""
        fresh: list[socket.socket] = []
        while True:
            try:
                fresh.append(self._listener.accept()[0])
            except BlockingIOError:
                break
            except ConnectionAbortedError:
                continue  # it has gone already
        self.take_in(list(self._connections.values()))
        for sock in fresh:
            self.news += 1
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            self._connections[connection.number] = connection
            self._selector.register(sock, EVENT_READ, connection)
        self._decide()

    def close(self) -> None:
        """End all that is left."""
        for connection in list(self._connections.values()):
            self.forget(connection)
        self._selector.unregister(self._listener)
        self._listener.close()

    # the connections' side

    def admit(self, connection: Connection) -> None:
        self.connect(connection.dial, connection)
        if connection.early:
            self.write(connection.number, connection.early)
            connection.early = b""

    def refuse(self, connection: Connection, error: Exception) -> None:
        self.failed(connection.dial, error)
        connection.server_reset()

    def forget(self, connection: Connection) -> None:
        """It is closed on our side."""
        if self._connections.pop(connection.number, None):
            self.ends.pop(connection.number, None)
            if connection.socket in self._selector.get_map():
                self._selector.unregister(connection.socket)
            connection.socket.close()

    def watch(self, connection: Connection) -> None:
        """Ask to be told when there is more to read, unless we don't; and when what is left can be sent."""
        if connection.number in self._connections:
            reading = EVENT_READ if self.room(connection.number) else 0
            wanted = reading | (EVENT_WRITE if connection.unsent else 0)
            key = self._selector.get_map().get(connection.socket)
            if key and not wanted:
                self._selector.unregister(connection.socket)
            elif key and key.events != wanted:
                self._selector.modify(connection.socket, wanted, connection)
            elif not key and wanted:
                self._selector.register(connection.socket, wanted, connection)

    # inside

    def _decide(self) -> None:
        for decide in self.ruled_dials():
            decide()

    def _read(self, connection: Connection) -> None:
        while connection.number in self._connections:
            if not (room := self.room(connection.number)):
                self.watch(connection)
                return
            try:
                data = connection.socket.recv(min(room, RECEIVED_AT_ONCE))
            except BlockingIOError:
                return
            except OSError:
                data = b""  # reset by the client
            self.news += 1
            if not data:
                self._client_left(connection)
            elif connection.number in self.ends:
                self.write(connection.number, data)
            else:
                connection.early += data

    def _client_left(self, connection: Connection) -> None:
        if not connection.outcome.done():
            connection.outcome.give_up()
            self.failed(connection.dial, ConnectionAbortedError())
        elif connection.number in self.ends:
            self.hang_up(connection.number)
        self.forget(connection)
