"""Everything that makes us sure, run in one go, with a table of who has checked what.

Each claim about a machine is checked by several methods that have little in common, so that what one of them
overlooks is seen by another:

    search       our own search of the models: every state at small sizes
    TLC          the same machines in TLA+, searched by somebody else's program; both graphs are compared
    z3           the invariants are inductive, for any number of callers, connections and requests
    CrossHair    the models' own Python text, step by step, for all states at small sizes
    tests        the reference's code in lockstep with the models, and in every order of its callbacks

Reading order:

    run             a row of evidence
    machines        what there is to be sure about
    searches        first opinion
    configuration   what TLC is told
    tlc             how it is run
    second_opinion  the TLA+ texts
    provers         third opinion
    code            from the models to the code
    jobs            all of it, in parallel
    table           what a person reads
    command         `poolproof proofs`
"""

from .jobs import assure
from .run import Run
from .table import show

__all__ = ["Run", "assure", "show"]
