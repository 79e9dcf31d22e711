"""The adapters that come with the suite; each is also an example of how to write one.

A module offers its adapters as `ADAPTERS`, one for each variant of the client. Nothing here imports a client:
an adapter's module is imported by the worker that judges it, where the client's release comes first on the
path.
"""

from typing import NamedTuple


class BuiltIn(NamedTuple):
    """Where an adapter is, and what has to be installed for it.

    distribution: what the package index calls the client; none: it comes with the suite.
    version: the release that is meant where none is named; empty: the newest.
    besides: what the client needs and does not say.
    """

    module: str
    distribution: str | None
    version: str = ""
    besides: tuple[str, ...] = ()


BUILT_IN = {
    "reference": BuiltIn("poolproof.conformance.clients.reference", None),
    "redis-py": BuiltIn("poolproof.conformance.clients.redis_py", "redis"),
    "redis-py-bridge": BuiltIn("poolproof.conformance.clients.redis_py_bridge", "redis"),
    "valkey-py": BuiltIn("poolproof.conformance.clients.valkey_py", "valkey"),
    "coredis": BuiltIn("poolproof.conformance.clients.coredis", "coredis"),
    "aioredis": BuiltIn("poolproof.conformance.clients.aioredis", "aioredis", version="1.3.1"),
    "yaaredis": BuiltIn("poolproof.conformance.clients.yaaredis", "yaaredis", besides=("setuptools<81",)),
}
