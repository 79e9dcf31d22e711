"""The arguments and options of `check`, `baseline` and `replay`."""

from typing import Annotated

import typer

from . import building
from .clients import BUILT_IN

CLIENT_HELP = (
    "`redis-py` (newest release), `redis-py==4.5.1`, or your own: `module:Adapter`. "
    f"With the suite come {', '.join(BUILT_IN)}; in the real world {', '.join(building.recipes())}."
)
REAL_WORLD = "In the real world, for a client behind a driver"

Client = Annotated[str, typer.Argument(help=CLIENT_HELP, show_default=False)]
Selection = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REQUIREMENT...]", help="Only these, as `CONN-01` or `POOL`; all if none is named."
    ),
]
Seed = Annotated[int, typer.Option(help="Chooses the storms; the same seed gives the same report.")]
Storms = Annotated[int, typer.Option(min=0, help="Generated plans for each variant.")]
DriverCommand = Annotated[
    str,
    typer.Option(
        "--driver",
        metavar="COMMAND",
        help="Starts your driver.",
        rich_help_panel=REAL_WORLD,
        show_default=False,
    ),
]
TimeScale = Annotated[
    float,
    typer.Option(
        min=0.1, help="Everything may take so much longer: 3 on a busy machine.", rich_help_panel=REAL_WORLD
    ),
]
Confirm = Annotated[
    int,
    typer.Option(
        min=0, help="How often a plan that broke something is run again.", rich_help_panel=REAL_WORLD
    ),
]
Proxy = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="A real server behind ours: it answers what the client asks for itself (HELLO, INFO, ...).",
        rich_help_panel=REAL_WORLD,
        show_default=False,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        min=0,
        help="Checks at a time; 0: up to 12, fewer of runtimes that are slow to start.",
        rich_help_panel=REAL_WORLD,
    ),
]
Thorough = Annotated[
    bool, typer.Option("--thorough", help="All plans, not a few of each kind.", rich_help_panel=REAL_WORLD)
]
