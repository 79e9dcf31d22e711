"""Mutants: the reference with one fault planted, each named after what it breaks, to test the suite itself.

A mutant is a few edits of the reference's source text, applied while the module is imported, so the reference
holds no code for it and a mutant reads like the diff that would have introduced the bug. An edit whose text
no longer occurs exactly once is an error: a mutant cannot rot silently.
"""

from .batches import BATCH_MUTANTS
from .connections import CONNECTION_MUTANTS
from .endings import ENDING_MUTANTS
from .multiplexers import MULTIPLEXER_MUTANTS
from .mutant import Edit, Mutant
from .pools import POOL_MUTANTS
from .shells import SHELL_MUTANTS
from .suite import SUITE_MUTANTS

MUTANTS: tuple[Mutant, ...] = (
    *POOL_MUTANTS,
    *SHELL_MUTANTS,
    *CONNECTION_MUTANTS,
    *ENDING_MUTANTS,
    *MULTIPLEXER_MUTANTS,
    *BATCH_MUTANTS,
    *SUITE_MUTANTS,
)

__all__ = ["MUTANTS", "Edit", "Mutant"]
