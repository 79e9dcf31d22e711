"""The steps that the server and the network take; those of the client's side are in `stage.py`."""

from typing import Any

from ..plan import Step, Verb
from ..witness import Condition, Fault, Witness
from .network import Network


class ServerSide:
    """Carries out what a plan, or somebody at a keyboard, wants of the witness and the network."""

    def __init__(self, witness: Witness, network: Network[Any]) -> None:
        self._witness = witness
        self._network = network
        self._published = 0

    def perform(self, step: Step) -> bool:
        """Do it; False if it is none of its steps."""
        carry, witness = self._network.carry, self._witness
        match step.verb:
            case Verb.ANSWER:
                carry(witness.answer(step.caller))
            case Verb.CUT | Verb.TEAR:
                carry(witness.cut(step.caller, after_half=step.verb is Verb.TEAR))
            case Verb.DROP:
                carry(witness.drop())
            case Verb.STALL | Verb.RESUME:
                carry(witness.stall(step.verb is Verb.STALL))
            case Verb.JAM | Verb.FLOW:
                self._network.jam(int(step.amount) if step.verb is Verb.JAM else None)
            case Verb.ADMIT | Verb.REFUSE:
                self._network.rule(admit=step.verb is Verb.ADMIT)
            case Verb.FAULT:
                witness.arm(Fault.parse(step.text))
            case Verb.STRIKE:
                carry(witness.strike(Fault.parse(step.text)))
            case Verb.TURN:
                condition, _, whom = step.text.partition(" ")
                witness.turn(Condition[condition], spares_new=whom != "all")
            case Verb.RESTART:
                carry(witness.restart())
            case Verb.PUBLISH:
                self.publish(step.caller, int(step.text or 1))
            case _:
                return False
        return True

    def publish(self, channel: str, count: int = 1) -> None:
        """So many messages, each with a number of its own."""
        for _ in range(count):
            self._published += 1
            self._network.carry(self._witness.publish(channel, f"news:{self._published}"))
