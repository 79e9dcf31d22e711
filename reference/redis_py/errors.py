"""Errors that are redis-py's and ours: whoever catches either is told."""

from __future__ import annotations

from redis import exceptions as redis

from .. import errors
from ..errors import PoolproofError


class AcquireTimeout(errors.AcquireTimeout, redis.MaxConnectionsError):
    """No connection within `timeout` (POOL-07); also a `redis.ConnectionError`."""


class Closed(errors.Closed, redis.ConnectionError):
    """The pool was closed (LIFE-04); also a `redis.ConnectionError`."""


class ConnectFailed(errors.ConnectFailed, redis.ConnectionError):
    """No connection could be opened; the cause is chained, and if it is redis-py's, this is of its class."""


class Misuse(errors.Misuse, redis.RedisError):
    """The caller broke the contract; also a `redis.RedisError`."""


def connect_failed(cause: Exception) -> PoolproofError:
    """A dial has failed."""
    if isinstance(cause, PoolproofError):
        return cause
    if type(cause) not in _kinds:
        _kinds[type(cause)] = _both(type(cause))
    return _kinds[type(cause)](str(cause))


def in_redis_words(error: PoolproofError) -> PoolproofError:
    """The same error as one of redis-py's."""
    for kind, ours in (
        (AcquireTimeout, errors.AcquireTimeout),
        (Closed, errors.Closed),
        (Misuse, errors.Misuse),
    ):
        if type(error) is ours:
            return kind(str(error), error.fate)
    return error


_kinds: dict[type[Exception], type[PoolproofError]] = {}  # of failed dials, as they were needed


def _both(kind: type[Exception]) -> type[PoolproofError]:
    if not issubclass(kind, redis.ConnectionError | redis.TimeoutError | redis.ResponseError):
        return ConnectFailed
    if issubclass(kind, redis.AuthenticationError | redis.AuthorizationError):
        return type("AuthenticationFailed", (errors.AuthenticationFailed, ConnectFailed, kind), {})
    return (
        ConnectFailed if issubclass(ConnectFailed, kind) else type("ConnectFailed", (ConnectFailed, kind), {})
    )
