"""CONN-03: what cannot be encoded, or is written in part, leaves wire and bookkeeping in step."""

from ..history import Kind, Run
from ..plan import Verb, plan
from .call import never_settled
from .check import Applies, Check, Finding, Rule
from .connection import wrong_reply
from .situations import cancelled_while_waiting


def out_of_step_with_the_wire(run: Run) -> Finding | None:
    """After a call that could not be encoded, or not be written as a whole, what arrives are no commands, a
    caller is given the reply to another's, or one is given nothing."""
    if not run.plan.garbles:
        return None
    getting = {step.caller for step in run.plan.steps if step.verb is Verb.CALL and not step.text}
    for place, event in enumerate(run.history):
        if event.kind is Kind.GARBAGE:
            return Finding(f"connection {event.connection} carried no whole commands: {event.text}", place)
        if event.kind is Kind.RETURNED and event.caller in getting and not event.text.startswith("val:"):
            return Finding(f"{event.caller} got {event.text!r} in reply to GET {event.caller}", place)
    return wrong_reply(run) or never_settled(run)


def _could_not_be_encoded(run: Run) -> bool:
    """A call with such an argument failed."""
    misusing = {step.caller for step in run.plan.steps if step.is_misuse}
    return any(event.kind is Kind.RAISED and event.caller in misusing for event in run.history)


def _left_in_the_middle(run: Run) -> bool:
    """A caller was cancelled while its command could not be written."""
    return run.plan.uses({Verb.JAM}) and cancelled_while_waiting(run)


_THE_NEXT = "call d, settle, answer d, settle"
_FIRST = "call b, answer b, settle"
_LARGE = "answer a, call a SET k ~"
_FAILED = "a call failed for what cannot be encoded"
_CHECKS = (
    Check(
        "CONN-03/alone",
        (
            plan(f"call a SET k !, settle, call b, settle, answer b, settle, {_THE_NEXT}"),
            plan(f"call b, settle, answer b, settle, call a SET k !, settle, {_THE_NEXT}"),
            plan(f"call a SET k !, call b SET k !, settle, call c SET k !, settle, {_THE_NEXT}"),
        ),
        _could_not_be_encoded,
        _FAILED,
    ),
    Check(
        "CONN-03/among-others",
        tuple(
            plan(f"{others}, {_THE_NEXT}", capacity=capacity)
            for capacity in (1, 2)
            for others in (
                "call b, settle, call a SET k !, settle, call c, settle, answer b, answer c, settle",
                "call b, call a SET k !, call c, settle, answer b, answer c, settle",
                "call a SET k !, call b, call c, settle, answer c, settle, answer b, settle",
                "call b, settle, call a SET k !, call c, run 2, answer b, settle, answer c, settle",
            )
        ),
        _could_not_be_encoded,
        _FAILED,
    ),
    Check(
        "CONN-03/in-a-batch",
        tuple(
            plan(f"{others}, {_THE_NEXT}", capacity=2)
            for verb in ("batch", "transaction", "watch")
            for others in (
                f"{verb} a 3 !, settle, call b, settle, answer b, answer a, settle",
                f"call b, settle, {verb} a 3 !, settle, call c, settle, answer a, answer b, answer c, settle",
                f"call b, settle, answer b, settle, {verb} a 3 !, call c, settle, answer c, answer a, settle",
            )
        ),
        _could_not_be_encoded,
        _FAILED,
    ),
    Check(
        "CONN-03/written-in-part",
        tuple(
            plan(f"{_FIRST}, {others}, settle, {_THE_NEXT}", capacity=capacity)
            for capacity in (1, 2)
            for room in (0, 7, 50_000)
            for others in (
                f"jam {room}, {_LARGE}, settle, cancel a, settle, call c, settle, flow, settle, answer c",
                f"jam {room}, {_LARGE}, settle, cancel a, settle, flow, settle, call c, settle, answer c",
                f"call c, settle, jam {room}, {_LARGE}, settle, cancel a, settle, flow, answer c",
                f"jam {room}, {_LARGE}, call c, settle, cancel a, call e, settle, flow, answer c, answer e",
            )
        ),
        _left_in_the_middle,
        "a caller was cancelled while its command was being written",
    ),
)

RULES = (Rule("CONN-03", out_of_step_with_the_wire, Applies.ALL, _CHECKS),)
