"""What the suite checks, a file for each family; read `check.py` first, then `pool.py`.

`RULES` maps each requirement that can be judged to its oracle and its directed plans, in the order of the
specification.
"""

from . import (
    batches,
    bounds,
    call,
    connection,
    dialling,
    draining,
    encoding,
    ending,
    forking,
    handshake,
    limits,
    losing,
    multiplexer,
    ordering,
    pool,
    queueing,
    reconnecting,
    releasing,
    sessions,
    sharing,
    slowness,
    subscriptions,
    waiting,
)
from .check import Applies, Check, Finding, Rule

_ORDER = "POOL", "CONN", "CALL", "MUX", "LIFE", "OBS"

RULES: dict[str, Rule] = {
    rule.requirement: rule
    for rule in sorted(
        (
            *pool.RULES,
            *releasing.RULES,
            *batches.RULES,
            *bounds.RULES,
            *subscriptions.RULES,
            *limits.RULES,
            *handshake.RULES,
            *sessions.RULES,
            *dialling.RULES,
            *waiting.RULES,
            *ending.RULES,
            *draining.RULES,
            *forking.RULES,
            *losing.RULES,
            *queueing.RULES,
            *sharing.RULES,
            *connection.RULES,
            *encoding.RULES,
            *call.RULES,
            *ordering.RULES,
            *multiplexer.RULES,
            *reconnecting.RULES,
            *slowness.RULES,
        ),
        key=lambda rule: (_ORDER.index(rule.requirement.partition("-")[0]), rule.requirement),
    )
}

__all__ = ["RULES", "Applies", "Check", "Finding", "Rule"]
