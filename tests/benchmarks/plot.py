"""One picture: commands per second over the number of callers, asyncio on the left, threads on the right.

The background is transparent and no colour is very light or very dark, so that it can be read on a white page
and on a black one.
"""

# pyright: reportUnknownMemberType=false
# matplotlib does not say what its keyword arguments are.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .cells import COMMANDS
from .figures import Results
from .peers import peer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#7d8590"
COMMON = [count * power for power in (1_000, 10_000, 100_000) for count in (1, 2, 5)]  # on the upright axis
PANELS = {
    "asyncio, one process": (
        (1, 10, 100, 1_000, 10_000),
        {
            "asyncio-ceiling": ("asyncio alone, no I/O", INK),
            "asyncio-multiplexer": ("poolproof multiplexer", "#2f81f7"),
            "asyncio-pool": ("poolproof pool", "#1a9e8f"),
            "asyncio-glide": ("valkey-glide", "#b07d00"),
            "asyncio-redis-py": ("redis-py", "#e5534b"),
            "asyncio-coredis": ("coredis", "#a371f7"),
        },
    ),
    "threads, one process": (
        (1, 8, 64),
        {
            "threads-raw": ("raw sockets, no client", INK),
            "threads-multiplexer": ("poolproof multiplexer", "#2f81f7"),
            "threads-pool": ("poolproof pool", "#1a9e8f"),
            "threads-glide": ("valkey-glide", "#b07d00"),
            "threads-redis-py": ("redis-py", "#e5534b"),
        },
    ),
}


def draw(results: Results, caption: str, path: Path) -> None:
    """Writes the picture in the format that the name asks for; `NotRun` if matplotlib is not installed."""
    peer("matplotlib").use("agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "poolproof", "font.size": 10})
    figure, panels = pyplot.subplots(1, 2, figsize=(11, 4.6), width_ratios=(5, 4))
    for axes, (title, (callers, subjects)) in zip(panels, PANELS.items(), strict=True):
        _frame(axes, title, callers)
        ends = [
            end
            for subject, (label, colour) in subjects.items()
            if (end := _curve(axes, results, subject, label, colour)) is not None
        ]
        _label(axes, ends)
    panels[0].set_ylabel("GET commands per second", color=INK)
    figure.text(0.01, 0.01, caption, color=INK, fontsize=7.5)
    figure.subplots_adjust(left=0.075, right=0.86, top=0.92, bottom=0.17, wspace=0.56)
    figure.savefig(path, transparent=True, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)


End = tuple[float, float, str, str]  # where a curve ends; its label and colour


def _curve(axes: Axes, results: Results, subject: str, label: str, colour: str) -> End | None:
    points: dict[int, float] = {}
    for cell in {sample.cell for sample in results.samples if sample.cell.subject == subject}:
        measured = results.measured(cell, COMMANDS)
        if measured is not None and cell.connections is None:
            points[cell.callers] = measured.median
    if not points:
        return None
    callers = sorted(points)
    style = "--" if colour == INK else "-"
    axes.plot(callers, [points[count] for count in callers], style, color=colour, marker="o", markersize=4)
    return callers[-1], points[callers[-1]], label, colour


def _label(axes: Axes, ends: list[End]) -> None:
    """Writes each curve's name beside its end, one above the other where they would touch."""
    bottom, top = axes.get_ylim()
    apart = (top / bottom) ** (1 / 20)  # a line of text, as a factor on the logarithmic axis
    lowest = 0.0
    for x, y, label, colour in sorted(ends, key=lambda end: end[1]):
        lowest = max(y, lowest * apart)
        axes.annotate(
            label, (x, y), (x * 1.25, lowest), color=colour, va="center", fontsize=9, annotation_clip=False
        )


def _frame(axes: Axes, title: str, callers: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.set_xlabel("callers at a time", color=INK)
    axes.grid(True, color=INK, alpha=0.25, linewidth=0.6)
    axes.tick_params(which="both", colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xlim(callers[0] / 1.2, callers[-1] * 1.2)
    axes.set_xticks(callers, [f"{count:,}" for count in callers])
    axes.set_yticks(COMMON, [f"{count / 1_000:,.0f}k" for count in COMMON])
    axes.minorticks_off()
