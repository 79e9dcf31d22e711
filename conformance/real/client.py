"""The client behind a driver, as the checks see it: an adapter class that declares what the driver declares.

Its methods are never called: what they stand for is done by the driver (`world.py`). That they are there says
what the client offers.
"""

from typing import Any, NoReturn

from ..adapter import Adapter, AnyAdapter
from ..history import ErrorKind
from ..protocol.messages import ClientError, Hello, Variant

SETTINGS: dict[str, str] = {  # of the protocol, and what the suite calls them
    "command_timeout_ms": "command_timeout_seconds",
    "connect_timeout_ms": "connect_timeout_seconds",
    "password": "password",
    "database": "database",
    "idle_timeout_ms": "idle_timeout_seconds",
    "max_lifetime_ms": "max_lifetime_seconds",
    "max_calls": "max_calls",
}
METHODS = {  # what a feature lets a caller do
    "pipeline": ("batch",),
    "transaction": ("transaction",),
    "watch": ("watch",),
    "subscribe": ("subscribe",),
    "numbers": ("numbers",),
    "drain": ("drain",),
    "lease": ("borrow", "use", "give_back"),
}


class Remote(Adapter):
    """A client that a driver speaks for. Subclasses are made by `remote`."""

    driver_variant: Variant
    client_version = ""
    can_be_misused = False  # a message holds no argument that cannot be encoded

    @classmethod
    def can_be_cancelled(cls) -> bool:
        return "cancel" in cls.driver_variant.features

    @staticmethod
    def kind(error: BaseException) -> ErrorKind:
        return ErrorKind(error.kind) if isinstance(error, ClientError) else AnyAdapter.kind(error)

    async def call(self, *command: str) -> NoReturn:
        raise NotImplementedError

    async def close(self) -> NoReturn:
        raise NotImplementedError


def remote(hello: Hello, variant: Variant) -> type[Remote]:
    """The adapter class of that variant."""
    declared: dict[str, Any] = {
        "driver_variant": variant,
        "name": variant.name,
        "shared": variant.shared,
        "extra": variant.extra,
        "waits": variant.waits,
        "forks": "fork" in variant.features,
        "limits_waiting": "acquire_timeout_ms" in variant.settings,
        "takes": frozenset(SETTINGS[each] for each in variant.settings if each in SETTINGS),
        "promises": variant.promises,
        "client_version": hello.version,
    }
    for feature in variant.features & METHODS.keys():
        declared |= dict.fromkeys(METHODS[feature], _done_by_the_driver)
    if "fate" in variant.features:
        declared["fate"] = staticmethod(_fate)
    return type("Remote", (Remote,), declared)


def _done_by_the_driver(*_: object) -> NoReturn:
    raise NotImplementedError


def _fate(error: BaseException) -> str:
    return error.fate if isinstance(error, ClientError) else ""
