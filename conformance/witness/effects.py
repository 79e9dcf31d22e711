"""What the witness wants done on the network. Effects are carried out in order.

A network that cannot tell the ways of ending apart may take whatever is no `Send` for a `Close`.
"""

from typing import NamedTuple


class Send(NamedTuple):
    """These bytes go to that connection."""

    connection: int
    data: bytes


class Close(NamedTuple):
    """That connection is closed by the server, after what was sent before."""

    connection: int


class HalfClose(NamedTuple):
    """The server will send nothing more on that connection, and goes on reading."""

    connection: int


class Reset(NamedTuple):
    """That connection is reset: what was sent before and has not been read is lost."""

    connection: int


Effect = Send | Close | HalfClose | Reset
