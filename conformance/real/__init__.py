"""The real world: a client in its own process, behind a driver, and the witness on a port of this machine.

    plan --> world.py --- requests ---> driver --- the client under test ---+
                |                                                           |
                +------ witness <------ network.py (loopback) <-------------+

The plans, the witness, the histories and the oracles are those of the simulated world. Time is real, and
nothing is in the suite's hands but what the witness does and when; a plan is followed as far as that goes.
"""
