"""What redis-py and valkey-py have in common: the latter began as a copy of the former."""

from inspect import Parameter, signature
from typing import Any, ClassVar

from ..adapter import AnyAdapter
from ..history import ErrorKind
from ..plan import OPTIONAL_SETTINGS
from ..promises import Promises

MESSAGES = {
    "No connection available": ErrorKind.ACQUIRE_TIMEOUT,
    "Too many connections": ErrorKind.EXHAUSTED,
    "Connection refused": ErrorKind.REFUSED,
    "Error 111": ErrorKind.REFUSED,
    "Timeout connecting": ErrorKind.REFUSED,
}
DEMANDING_RESP3 = Promises(reopens=True, demands=frozenset({"HELLO"}))


def kind_of(error: BaseException, library: Any) -> ErrorKind:
    """What an error of that package means."""
    if isinstance(error, library.ConnectionError | library.TimeoutError):
        found = [kind for text, kind in MESSAGES.items() if text in str(error)]
        silent = isinstance(error, library.TimeoutError)
        return found[0] if found else ErrorKind.COMMAND_TIMEOUT if silent else ErrorKind.LOST
    if isinstance(error, library.ResponseError):
        return ErrorKind.SERVER
    if isinstance(error, library.InvalidResponse):
        return ErrorKind.PROTOCOL
    return AnyAdapter.kind(error)


def purpose(pool: Any) -> tuple[str, ...]:
    """What `get_connection` has to be given: older releases want to know for which command it is."""
    first = next(iter(signature(pool.get_connection).parameters.values()), None)
    asks = first and first.kind is Parameter.POSITIONAL_OR_KEYWORD and first.default is Parameter.empty
    return ("GET",) if asks else ()


class RedisLike(AnyAdapter):
    """A client over a pool. The classes differ from release to release, and are not typed.

    protocol: of RESP; None: the release knows no choice.
    """

    client_class: ClassVar[Any]
    pool_class: ClassVar[Any]
    protocol: ClassVar[int | None] = 2
    takes = frozenset(OPTIONAL_SETTINGS[:4])
    promises = Promises(reopens=True)

    def pool_options(self) -> dict[str, Any]:
        """For any pool."""
        given = self.settings
        options: dict[str, Any] = {
            "host": given.host,
            "port": given.port,
            "db": given.database,
            "password": given.password or None,
            "max_connections": given.max_size,
            "socket_timeout": given.command_timeout_seconds,
        }
        options |= {"protocol": self.protocol} if self.protocol else {}
        options |= {"timeout": given.acquire_timeout_seconds} if self.waits else {}
        connecting = given.connect_timeout_seconds
        return options | ({"socket_connect_timeout": connecting} if connecting else {})
