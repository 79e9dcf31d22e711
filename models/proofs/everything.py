"""Everything that is proved, compared and refuted, one result after the other.

proofs         every invariant, for any sizes (z3), and that the pool's waiters get on
comparisons    the proofs' formulas make the steps of the models, on small sets
refutations    every planted fault fails its proof, and a small state shows why
confirmations  the single steps again, by CrossHair, and their planted faults
"""

from collections.abc import Iterator
from time import perf_counter

from . import (
    Proved,
    bridge_combining,
    bridge_multiplexer,
    bridge_pool,
    combining,
    crosshair,
    faults_combining,
    faults_inductive,
    faults_multiplexer,
    faults_pool,
    inductive_multiplexer,
    inductive_pool,
    multiplexer,
    pool,
    pool_liveness,
)
from .refutation import refute
from .unbounded import Machine, State


def everything(*, thorough: bool = False) -> Iterator[Proved]:
    """All results, as they come. `thorough` compares at larger sizes."""
    yield from proofs()
    yield from comparisons(thorough=thorough)
    yield from refutations()
    yield from confirmations()


def proofs() -> Iterator[Proved]:
    for part in combining, pool, pool_liveness, multiplexer:
        yield from part.prove()


def comparisons(*, thorough: bool = False) -> Iterator[Proved]:
    yield bridge_combining.agree(2)
    yield bridge_pool.agree_plain(4, 2)
    yield bridge_pool.agree(4, 2)
    yield bridge_multiplexer.agree_plain(2, 2, 2)
    yield bridge_multiplexer.agree(2, 2, 2, 1, 1)
    if thorough:
        yield bridge_combining.agree(3, symmetric=True)
        yield bridge_pool.agree_plain(5, 3)
        yield bridge_multiplexer.agree_plain(2, 3, 2)
        yield bridge_multiplexer.agree(2, 2, 2, 2, 1)


def refutations() -> Iterator[Proved]:
    for fault in faults_combining.FAULTS:
        yield refuted(fault())
    for pool_fault in faults_pool.FAULTS:
        yield refuted(pool_fault())
    for multiplexer_fault in faults_multiplexer.FAULTS:
        yield refuted(multiplexer_fault())


def confirmations() -> Iterator[Proved]:
    yield from inductive_pool.prove()
    yield from inductive_multiplexer.prove()
    for fault in faults_inductive.FAULTS:
        start = perf_counter()
        found = crosshair.is_refuted(fault)
        yield result("steps", fault.__name__, "refuted, CrossHair", "as confirmed", found, start)


def refuted(fault: Machine[State]) -> Proved:
    """That the proof of this faulty machine fails, with a state of a few elements."""
    start, found = perf_counter(), refute(fault)
    sizes = ", ".join(f"{size} {sort.lower()}" for sort, size in found.sizes.items()) if found else "none"
    return result(fault.name, type(fault).__name__, "refuted, z3", sizes, found is not None, start)


def result(machine: str, fault: str, method: str, sizes: str, found: bool, start: float) -> Proved:
    """`start` as `perf_counter` had it."""
    return Proved(
        machine=machine,
        claim=f"{fault} is a fault",
        method=method,
        sizes=sizes,
        steps=1,
        seconds=perf_counter() - start,
        failures=() if found else (fault,),
    )
