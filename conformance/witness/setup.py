"""How the witness's server is configured, and what a server that is not well answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Module(NamedTuple):
    """An extension that HELLO tells of."""

    name: str
    version: int
    path: str


@dataclass(frozen=True, slots=True)
class Setup:
    """What an operator decides before the server starts.

    passwords: by user. The user `default` needs none unless it is named here.
    lenient: who has not authenticated is served all the same, so that a command sent too early shows as
        executed, not only as refused; `unauthenticated` stands in the history either way.
    unknown: commands that this server is too old to know: `HELLO`, `CLIENT SETINFO`.
    is_cluster: READONLY and ASKING mean something.
    answers_tokens: GET of a key that is not there answers `val:<key>`.
    name, version, modules: what HELLO tells.
    """

    passwords: Mapping[str, str] = field(default_factory=dict[str, str])
    lenient: bool = False
    unknown: frozenset[str] = frozenset()
    is_cluster: bool = False
    answers_tokens: bool = True
    databases: int = 16
    name: str = "redis"
    version: str = "7.4.0"
    modules: tuple[Module, ...] = ()


class Condition(Enum):
    """How well the server is, as a connection sees it; the value is what it answers to what it can't do."""

    WELL = ""
    LOADING = "LOADING Redis is loading the dataset in memory"  # but for what concerns the connection alone
    READONLY = "READONLY You can't write against a read only replica."  # writes
    MASTERDOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    MOVED = "MOVED {slot} 127.0.0.1:6381"  # commands with keys
    OOM = "OOM command not allowed when used memory > 'maxmemory'."  # what needs more memory

    @property
    def is_of_a_replica(self) -> bool:
        return self in (Condition.READONLY, Condition.MASTERDOWN)
