"""Mutants: the reference with one fault planted, each named after what it breaks, to test the suite itself.

A mutant is a few edits of the reference's source text, applied while the module is imported, so the reference
holds no code for it and a mutant reads like the diff that would have introduced the bug. An edit whose text
no longer occurs exactly once is an error: a mutant cannot rot silently.
"""

from .mutant import Edit, Mutant
from .mutants_of_multiplexers import MULTIPLEXER_MUTANTS
from .mutants_of_pools import POOL_MUTANTS
from .mutants_of_shells import SHELL_MUTANTS

MUTANTS: tuple[Mutant, ...] = (*POOL_MUTANTS, *SHELL_MUTANTS, *MULTIPLEXER_MUTANTS)

__all__ = ["MUTANTS", "Edit", "Mutant"]
