"""What the adapters of the reference have in common."""

from typing import Any

from poolproof.reference import (
    AcquireTimeout,
    Closed,
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Overflow,
    PoolproofError,
    ProtocolError,
    ServerError,
    Settings,
    aio,
    threads,
)

from ..adapter import AnyAdapter, Numbers
from ..adapter import Settings as RunSettings
from ..history import ErrorKind
from ..plan import OPTIONAL_SETTINGS
from ..promises import Promises

_KINDS: dict[type[BaseException], ErrorKind] = {
    AcquireTimeout: ErrorKind.ACQUIRE_TIMEOUT,
    CommandTimeout: ErrorKind.COMMAND_TIMEOUT,
    Closed: ErrorKind.CLOSED,
    ConnectFailed: ErrorKind.REFUSED,
    ConnectionLost: ErrorKind.LOST,
    Overflow: ErrorKind.EXHAUSTED,
    ProtocolError: ErrorKind.PROTOCOL,
    ServerError: ErrorKind.SERVER,
}


COMMON = frozenset(OPTIONAL_SETTINGS[:4])
AGES = frozenset({"idle_timeout_seconds", "max_lifetime_seconds"})
POOL_PROMISES = Promises(retries=0, most_dials=4, cleans_sessions=True, leaves_wrong_role_after=1)
MESSAGES_KEPT = 8  # for each subscriber
MULTIPLEXER_PROMISES = Promises(retries=0, backs_off=True, keeps_messages=MESSAGES_KEPT)


class Reference(AnyAdapter):
    takes = COMMON

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return _KINDS.get(type(error)) or AnyAdapter.kind(error)

    @staticmethod
    def fate(error: BaseException) -> str:
        return error.fate.value if isinstance(error, PoolproofError) and error.fate else ""

    @property
    def server(self) -> Settings:
        given = self.settings
        return Settings(
            host=given.host,
            port=given.port,
            password=given.password or None,
            database=given.database,
            connect_timeout_seconds=given.connect_timeout_seconds or 10.0,
        )


def numbers_of(pool: aio.Pool | threads.Pool) -> Numbers:
    told = pool.metrics()
    count = told["db.client.connection.count"]
    return Numbers(count["idle"], count["used"], told["db.client.connection.pending_requests"])


def bounds_of(settings: RunSettings) -> dict[str, Any]:
    return {"max_in_flight": settings.max_calls, "max_backlog": 0} if settings.max_calls else {}
