"""The machines of models/ for any sizes: their invariants are inductive, as z3 shows.

Reading order:

    unbounded                 a machine in logic, and what has to be shown of it
    combining                 leader and follower; its state and its invariants in combining_state
    pool                      who holds which connection, and who waits; pool_state
    pool_liveness             and that whoever waits is served or gone in the end
    multiplexer               whose reply it is; multiplexer_state
    refutation                why a proof fails, shown by a few callers and connections
    faults_*                  all these machines with one thing done wrong: none may be proved
    finite, bridge, bridge_*  the formulas of the proofs make the steps of the models
    inductive_*, crosshair    single steps once more: other text, other prover, bounded sizes

Each module that proves something offers `prove() -> list[Proved]`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Proved:
    """What became of one claim about one machine.

    `sizes` is "any" or names the bounds; `steps` counts what was decided or compared, such as one for each
    action and one for the initial state; `failures` names those where the claim was not shown to hold.
    """

    machine: str
    claim: str
    method: str
    sizes: str
    steps: int
    seconds: float
    failures: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.steps > 0 and not self.failures
