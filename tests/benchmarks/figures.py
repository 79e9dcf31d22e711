"""Medians over the rounds, ratios within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .cells import ERRORS, Cell, Figures
from .targets import Row


@dataclass(frozen=True)
class Sample:
    """What one process measured; `reason` says why it did not, or what its callers complained of."""

    cell: Cell
    round: int
    figures: Figures
    reason: str = ""
    missing: bool = False  # it can't be run here: there is no use in trying again


@dataclass(frozen=True)
class Measured:
    """A median, and the range in which it lies."""

    median: float
    lowest: float
    highest: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Measured:
        return cls(median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    row: Row
    measured: Measured | None
    reason: str  # why it was not measured, or why it does not count

    @property
    def shortfall(self) -> float | None:
        """By what part of the target it was missed; at most 0 if it was met, None if there is no telling."""
        if self.measured is None or self.reason:
            return None
        if self.row.at_least is not None:
            return 1 - self.measured.median / self.row.at_least
        if self.row.at_most is not None:
            return self.measured.median / self.row.at_most - 1
        return None


class Results:
    """All samples, to be asked."""

    def __init__(self, samples: Sequence[Sample] = ()) -> None:
        self.samples = list(samples)

    def of(self, cell: Cell, figure: str) -> dict[int, float]:
        """One figure of a cell, by round."""
        return {
            sample.round: sample.figures[figure]
            for sample in self.samples
            if sample.cell == cell and figure in sample.figures and not sample.figures.get(ERRORS)
        }

    def measured(self, cell: Cell, figure: str) -> Measured | None:
        values = self.of(cell, figure)
        return Measured.of(list(values.values())) if values else None

    def reason(self, cell: Cell) -> str:
        """Why a cell was not run, or what its callers complained of; empty if all went well."""
        reasons = [sample.reason for sample in self.samples if sample.cell == cell and sample.reason]
        return reasons[0] if reasons else ""

    def outcome(self, row: Row) -> Outcome:
        values = self.of(*row.over)
        if row.under is not None:
            others = self.of(*row.under)
            values = {number: values[number] / others[number] for number in values if others.get(number)}
        reasons = [reason for cell in row.cells if (reason := self.reason(cell))]
        reason = reasons[0] if reasons else "" if values else "interrupted"
        return Outcome(row, Measured.of(list(values.values())) if values else None, reason)
