"""What else the machine was doing: with a busy neighbour, ranges are wide and medians less sure."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Neighbours:
    """Processor time of everybody but us, from now on."""

    def __init__(self, server_process_id: int) -> None:
        self._server = Path(f"/proc/{server_process_id}/stat")
        self._began = time.monotonic()
        self._before = self._others()

    def cores(self) -> float:
        """How many cores they have kept busy, on average."""
        return max(0.0, self._others() - self._before) / (time.monotonic() - self._began)

    def _others(self) -> float:
        ours = sum(
            sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return _busy_seconds() - ours - self._servers_seconds()

    def _servers_seconds(self) -> float:  # it still runs, so it is not among our children yet
        fields = self._server.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _busy_seconds() -> float:
    """Of all cores since the system was started: all but idle, and waiting for a disk."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _, _, interrupts, soft, stolen = map(int, first.split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / TICKS_A_SECOND
