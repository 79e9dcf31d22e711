"""The commands for debuggers: `serve`, the witness by itself, and `attach`, for a driver of your own."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import report as reports
from .checks import RULES, Rule
from .command_line import out
from .docket import Unfit
from .plan import BadPlan, Plan
from .protocol.ends import ATTACH
from .protocol.messages import DriverFault
from .real.judge import run_one
from .real.network import HOST
from .real.proxied import NoServer, reachable
from .real.serving import Serving
from .real.session import How
from .replays import read_replay
from .session import CannotRun
from .simulation.blame import AdapterMistake

UNHURRIED = 100.0


def serve_witness(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0: anywhere.")] = 0,
    password: Annotated[str, typer.Option(help="What clients have to say.")] = "",
    hold: Annotated[
        bool, typer.Option("--hold", help="Keep replies to GET back until `answer KEY`.")
    ] = False,
    proxy: Annotated[
        str,
        typer.Option(metavar="URL", help="A real server behind ours, for what the client asks for itself."),
    ] = "",
) -> None:
    """Serve the suite's own server by itself, for a client in your debugger.

    What happens is told as it happens. What you type is done: `answer a` sends the reply to GET a, `cut a`
    closes the connection that owes it, and so on with `tear`, `drop`, `stall`, `resume`, `refuse`, `fault`,
    `strike`, `turn`, `restart` and `publish`, as in a plan. Ends with Ctrl-C.
    """
    try:
        if proxy:
            reachable(proxy)
        serving = _serving(port, password, hold, proxy)
        _tell(f"listening on {HOST}:{serving.port}")
        serving.serve(sys.stdin)
    except NoServer as problem:
        raise CannotRun(str(problem)) from None


def _serving(port: int, password: str, hold: bool, proxy: str) -> Serving:
    try:
        return Serving(port, password, hold, proxy, _tell)
    except OSError as problem:
        raise CannotRun(f"port {port} can't be had: {problem.strerror}") from None


def attach_driver(
    what: Annotated[
        str,
        typer.Argument(
            metavar="CHECK|FILE", help="A check, as `POOL-01/crowd`, or a replay file of `check`."
        ),
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where your driver is waited for.")] = 4000,
    variant: Annotated[str, typer.Option(help="Of the client; the first if none is named.")] = "",
    time_scale: Annotated[
        float, typer.Option(min=0.1, help="Everything may take so much longer.")
    ] = UNHURRIED,
) -> None:
    """Run one plan with a driver that you have started yourself, in a debugger for example.

    Its standard input and output have to be a socket, which any shell can do: in bash,
    `./my-driver 0<>/dev/tcp/127.0.0.1/4000 1>&0`.
    """
    rule, plan = _plan_of(what)
    _tell(f"waiting for your driver: ./my-driver 0<>/dev/tcp/{HOST}/{port} 1>&0")
    try:
        failure = run_one(variant, How(f"{ATTACH}{port}", time_scale), rule, plan)
    except (DriverFault, AdapterMistake, Unfit) as problem:
        raise CannotRun(str(problem)) from None
    if failure is None:
        _tell(f"{rule.requirement} is kept in this plan")
        raise typer.Exit(0)
    out.print(f"[bold]{rule.requirement}[/] {failure.sentence}", highlight=False)
    reports.show_story(failure, out)
    raise typer.Exit(1)


def _plan_of(what: str) -> tuple[Rule, Plan]:
    """The first plan of a check, or that of a replay file. Raises CannotRun."""
    for rule in RULES.values():
        for check in rule.checks:
            if check.name == what:
                return rule, check.plans[0]
    path = Path(what).expanduser()
    if not path.exists():
        raise CannotRun(f"{what} is neither a check (see `poolproof explain POOL-01`) nor a file")
    try:
        data = read_replay(path)
        return RULES[data["requirement"]], Plan.from_data(data["plan"])
    except (BadPlan, OSError, KeyError) as problem:
        raise CannotRun(f"{what} can't be run: {problem}") from None


def _tell(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)
