"""What is promised, as small abstract state machines that are searched exhaustively.

Reading order:

    pool               who holds which connection, and who waits
    full_pool          the same with connections that grow old, and with draining
    multiplexer        whose reply it is
    full_multiplexer   the same with a backlog, bounds, pushes, and replies that come in pieces
    client             both together: blocking work never delays shared work
    combining          who writes and who reads, where threads share a connection
    explore            the search: every state, or the shortest run to a broken one
    starvation         the search for a run in which somebody waits for ever
    liveness           what must never end like that
    faults             the plain machines with one thing done wrong, to see that the searches notice;
                       more of them in faults_full, faults_waiting and faults_combining
    history            checks of what has really happened
    graph              pictures of small state graphs
    tla                the state graph of the same machine in TLA+, compared with ours
    proofs             the machines for any sizes
"""

from .client import Client
from .combining import Combining
from .explore import Action, Counterexample, Exploration, Model, Steps, edges, explore
from .faults import MULTIPLEXER_FAULTS, POOL_FAULTS
from .full_multiplexer import FullMultiplexer
from .full_pool import FullPool
from .multiplexer import Multiplexer
from .pool import Pool
from .starvation import Lasso, Promise, starvation

__all__ = [
    "MULTIPLEXER_FAULTS",
    "POOL_FAULTS",
    "Action",
    "Client",
    "Combining",
    "Counterexample",
    "Exploration",
    "FullMultiplexer",
    "FullPool",
    "Lasso",
    "Model",
    "Multiplexer",
    "Pool",
    "Promise",
    "Steps",
    "edges",
    "explore",
    "starvation",
]
