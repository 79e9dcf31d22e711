"""Threads in a crowd: each asks for tokens of its own, and has to come to an end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from poolproof.reference import PoolproofError

from .shells import PATIENCE_SECONDS


class Crowd:
    """So many threads, which make so many calls each. `counts` says what came of them."""

    def __init__(self, execute: Callable[[str, str], object], threads: int, calls: int) -> None:
        self.counts: Counter[str] = Counter()
        self._execute = execute
        self._calls = calls
        self._threads = [
            threading.Thread(target=self._ask, args=(caller,), daemon=True) for caller in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        """Somebody has calls to make."""
        return any(thread.is_alive() for thread in self._threads)

    def come_to_an_end(self) -> Counter[str]:
        """Everybody is through; fails if a call does not end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        left = sum(thread.is_alive() for thread in self._threads)
        assert not left, f"{left} calls do not end"
        return self.counts

    def _ask(self, caller: int) -> None:
        for number in range(self._calls):
            token = f"{caller}:{number}"
            try:
                right = self._execute("ECHO", token) == token.encode()
                self.counts["right" if right else "wrong"] += 1
            except PoolproofError as error:
                self.counts[type(error).__name__] += 1
