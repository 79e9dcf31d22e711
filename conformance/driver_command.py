"""The commands of `poolproof driver`: begin one, examine one, build those that come with the suite."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from . import building, scaffold
from .command_line import err, out
from .installing import InstallationFailed
from .real.lint import lint
from .session import CannotRun
from .target import DRIVER, resolve

driver_app = typer.Typer(
    no_args_is_help=True,
    help="Drivers are how clients in any language are judged: programs that do what the suite asks for. "
    "`poolproof driver init --lang go` begins one, `lint` examines it, "
    "`poolproof check --driver COMMAND` judges its client.",
)


@driver_app.command("init")
def begin_driver(
    language: Annotated[
        str, typer.Option("--lang", metavar="LANGUAGE", help=f"One of {', '.join(scaffold.languages())}.")
    ],
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where it is written.")] = Path("my-driver"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:
    """Begin a driver: all that the protocol asks for, with marked places for your client."""
    for path in scaffold.write(language, folder, overwrite=force):
        out.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    commands = scaffold.first_commands(language)
    if folder.resolve() != Path.cwd():
        commands[0] = f"cd {shlex.quote(str(folder))} && {commands[0]}"
    out.print("next:")
    for command in commands:
        out.print(f"    {command}", markup=False, highlight=False, soft_wrap=True)


@driver_app.command("lint")
def lint_driver(
    client: Annotated[
        str, typer.Argument(help="One whose driver comes with the suite, as `go-redis`.", show_default=False)
    ] = "",
    driver: Annotated[
        str, typer.Option("--driver", metavar="COMMAND", help="Starts your driver.", show_default=False)
    ] = "",
    time_scale: Annotated[float, typer.Option(min=0.1, help="3 on a busy machine.")] = 1.0,
) -> None:
    """Examine a driver: does it keep the protocol, and is what it claims true? Exit code 1 if not."""
    if bool(client) == bool(driver):
        raise CannotRun("name a client whose driver comes with the suite, or your driver: --driver COMMAND")
    name = client.removeprefix(DRIVER)
    if name and name.partition("==")[0] not in building.recipes():
        raise CannotRun(f"there is no driver of {name}; there are {', '.join(building.recipes())}")
    command = driver or resolve(DRIVER + name).driver
    problems = looked_at = 0
    for finding in lint(command, time_scale):
        looked_at += 1
        problems += bool(finding.problem)
        mark = "[bold red]✗[/]" if finding.problem else "[green]✓[/]"
        where = f"{finding.variant}: " if finding.variant else ""
        out.print(f"{mark} ", end="")
        out.print(f"{where}{finding.what}", markup=False, highlight=False)
        if finding.problem:
            out.print(f"    the driver {finding.problem}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"{looked_at} things looked at, {problems or 'no'} problem{'' if problems == 1 else 's'}")
    raise typer.Exit(1 if problems else 0)


@driver_app.command("build")
def build_drivers(
    names: Annotated[
        list[str] | None, typer.Argument(help="Clients, as `go-redis`; all if none is named.")
    ] = None,
) -> None:
    """Build the drivers that come with the suite, into the cache. One whose tools are missing is skipped."""
    recipes = building.recipes()
    if unknown := set(names or ()) - recipes.keys():
        raise CannotRun(f"there is no driver of {min(unknown)}; there are {', '.join(recipes)}")
    failed = False
    for recipe in (recipes[name] for name in names or recipes):
        if recipe.missing:
            needed = " and ".join(recipe.missing)
            out.print(f"{recipe.client}: skipped, for {needed} is not installed", highlight=False)
            continue
        err.print(f"{recipe.client} {recipe.version} ...", highlight=False)
        try:
            building.built(recipe)
        except InstallationFailed as problem:
            failed = True
            out.print(f"{recipe.client}: ", end="", highlight=False)
            out.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        else:
            out.print(f"{recipe.client} {recipe.version}: ready", highlight=False)
    raise typer.Exit(1 if failed else 0)
