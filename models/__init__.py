"""What is promised, as small abstract state machines that are searched exhaustively.

Reading order:

    pool          who holds which connection, and who waits
    multiplexer   whose reply it is
    explore       the search: every state, or the shortest run to a broken one
    faults        both machines with one thing done wrong, to see that the search notices
"""

from .explore import Action, Counterexample, Exploration, Model, Steps, edges, explore
from .faults import MULTIPLEXER_FAULTS, POOL_FAULTS
from .multiplexer import Multiplexer
from .pool import Pool

__all__ = [
    "MULTIPLEXER_FAULTS",
    "POOL_FAULTS",
    "Action",
    "Counterexample",
    "Exploration",
    "Model",
    "Multiplexer",
    "Pool",
    "Steps",
    "edges",
    "explore",
]
