"""What a client declares of itself where the requirements leave it a choice; it is then held to that."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promises:
    """None and False: nothing is declared, and what depends on it is not judged.

    retries: how often a command is sent again, at most (CALL-09).
    most_dials: how many dials run at a time, at most (POOL-10).
    backs_off: it pauses before dials, for longer each time, while they fail (LIFE-06).
    cleans_sessions: a connection that is returned is as configured, or closed (CONN-08). A pool that leaves
        the session to its callers does not declare it.
    demands: commands of the handshake that it is configured not to do without (CONN-07): HELLO.
    keeps_messages: for a subscriber that takes none it keeps so many, at most (MUX-09).
    forgets_oldest: then the oldest go; otherwise the subscription ends, and the subscriber is told.
    reopens: a call after its close opens it again (LIFE-04).
    leaves_wrong_role_after: so many answers like READONLY, and a connection is not used again (CONN-09).
    """

    retries: int | None = None
    most_dials: int | None = None
    backs_off: bool = False
    cleans_sessions: bool = False
    leaves_wrong_role_after: int | None = None
    keeps_messages: int | None = None
    forgets_oldest: bool = False
    demands: frozenset[str] = frozenset()
    reopens: bool = False


NONE = Promises()
