"""The witness: the suite's own Redis server, which sees every connection and every command.

This is its core: bytes in; bytes to send, connections to close, and history events out. It does no I/O and
has no clock of its own, so the simulated network and real sockets can stand before it alike. Its replies are
byte for byte those of a real server, errors included (tests compare them with Valkey's); only what it tells
of itself is its own.

Reading order:

    witness.py         what the network tells it, and what the plan has it do: keep back, cut, refuse, ...
    exchange.py        commands in, replies out, in turn (with peer.py, gate.py, faults.py, effects.py)
    processing.py      what a server looks at before it carries a command out
    calling.py         carrying out, and whom that wakes (waiting.py)
    behind.py          what a real server behind the witness answers instead
    session.py         what the server remembers of a connection
    state.py           what else it holds: keyspace.py, tracking.py, setup.py
    commands/          the commands (command.py: what is known of one)
    replies.py, command_reader.py, glob.py    bytes, and patterns
"""

from .behind import Behind
from .effects import Close, Effect, HalfClose, Reset, Send
from .faults import BadFault, Fault, Harm
from .setup import Condition, Module, Setup
from .witness import Witness

__all__ = [
    "BadFault",
    "Behind",
    "Close",
    "Condition",
    "Effect",
    "Fault",
    "HalfClose",
    "Harm",
    "Module",
    "Reset",
    "Send",
    "Setup",
    "Witness",
]
