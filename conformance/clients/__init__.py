"""The adapters that come with the suite; each is also an example of how to write one.

A module offers its adapters as `ADAPTERS`, one for each variant of the client. Nothing here imports a client:
an adapter's module is imported by the worker that judges it, where the client's release comes first on the
path.
"""

from typing import NamedTuple


class BuiltIn(NamedTuple):
    """Where an adapter is, and which distribution it needs (none: the client comes with the suite)."""

    module: str
    distribution: str | None


BUILT_IN = {
    "reference": BuiltIn("poolproof.conformance.clients.reference", None),
    "redis-py": BuiltIn("poolproof.conformance.clients.redis_py", "redis"),
}
