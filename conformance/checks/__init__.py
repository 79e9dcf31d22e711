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
    ending,
    handshake,
    limits,
    losing,
    multiplexer,
    pool,
    queueing,
    sessions,
    sharing,
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
            *batches.RULES,
            *bounds.RULES,
            *subscriptions.RULES,
            *limits.RULES,
            *handshake.RULES,
            *sessions.RULES,
            *dialling.RULES,
            *waiting.RULES,
            *ending.RULES,
            *losing.RULES,
            *queueing.RULES,
            *sharing.RULES,
            *connection.RULES,
            *call.RULES,
            *multiplexer.RULES,
        ),
        key=lambda rule: (_ORDER.index(rule.requirement.partition("-")[0]), rule.requirement),
    )
}

__all__ = ["RULES", "Applies", "Check", "Finding", "Rule"]
