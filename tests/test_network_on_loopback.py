"""The sockets in front of the witness tell what happened first, first."""

from __future__ import annotations

import socket
from selectors import DefaultSelector

from poolproof.conformance.history import Kind
from poolproof.conformance.plan import Plan
from poolproof.conformance.real.network import HOST, Network
from poolproof.conformance.witness import Witness


def test_what_a_client_closed_before_it_dialled_is_told_before_the_dial() -> None:
    told: list[tuple[Kind, int]] = []

    def record(kind: Kind, caller: str = "", connection: int = 0, text: str = "", detail: str = "") -> None:
        assert caller == detail == "" and text in ("", "client")
        told.append((kind, connection))

    with DefaultSelector() as selector:
        network = Network(Plan(()), Witness(record), record, selector)
        first = socket.create_connection((HOST, network.port))
        network.accept()
        first.close()
        with socket.create_connection((HOST, network.port)):
            network.accept()  # though nobody has looked at the first one since
        network.close()
    assert told[:5] == [
        (Kind.DIALLED, 1),
        (Kind.OPENED, 1),
        (Kind.CLOSED, 1),
        (Kind.DIALLED, 2),
        (Kind.OPENED, 2),
    ]
