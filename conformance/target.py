"""What the user wants to have judged: `redis-py`, `redis-py==4.5.1`, `module:Adapter`, or a driver.

A driver is named by its client if it comes with the suite (`go-redis`, `go-redis==9.7.0`; `driver:redis-py`
for one that the simulated world knows as well), or else by the command that starts it: `driver:./my-driver`.
"""

from dataclasses import dataclass

from . import building, installing
from .clients import BUILT_IN
from .session import CannotRun

DRIVER = "driver:"


@dataclass(frozen=True, slots=True)
class Target:
    """A client that is ready to be judged.

    name: as the user may write it again, with the version. adapters, folder, driver: see `worker.Job`. note:
    for the user.
    """

    name: str
    adapters: str = ""
    folder: str = ""
    note: str = ""
    driver: str = ""


def resolve(client: str) -> Target:
    """The target; installs the release if that is what was asked for. Raises CannotRun."""
    name, exact, version = client.partition("==")
    known_driver = building.recipes().get(name.removeprefix(DRIVER))
    if known_driver and name not in BUILT_IN:
        return _behind_driver(name, known_driver, version)
    if client.startswith(DRIVER):
        return Target(client, driver=client.removeprefix(DRIVER))
    if ":" in client:
        return Target(client, client)
    if name not in BUILT_IN:
        drivers = (DRIVER + name if name in BUILT_IN else name for name in building.recipes())
        known = ", ".join((*BUILT_IN, *drivers))
        raise CannotRun(
            f"{client!r} is no client that comes with the suite ({known}); "
            "for your own: module:Adapter, or driver:COMMAND"
        )
    built_in = BUILT_IN[name]
    if built_in.distribution is None:
        if exact:
            raise CannotRun(f"{name} comes with the suite and has no other versions")
        return Target(name, built_in.module)
    try:
        note = ""
        if not exact:
            version = built_in.version
        if not version:
            version, note = installing.newest(built_in.distribution)
        installed = installing.install(built_in.distribution, version, built_in.besides)
    except installing.InstallationFailed as reason:
        raise CannotRun(str(reason)) from None
    return Target(f"{name}=={installed.version}", built_in.module, str(installed.folder), note)


def _behind_driver(name: str, recipe: building.Recipe, version: str) -> Target:
    try:
        command = building.built(recipe, version)
    except installing.InstallationFailed as reason:
        raise CannotRun(str(reason)) from None
    return Target(f"{name}=={version or recipe.version}", driver=command)
