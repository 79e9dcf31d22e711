"""What a driver says, checked against the schema of the protocol, and what its `hello` declares."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match  # pyright: ignore[reportUnknownVariableType]

from ..promises import Promises

PROTOCOL = 1
LONGEST_LINE = 16 * 2**20  # bytes
UNSUPPORTED = "unsupported"

Message = dict[str, Any]


class DriverFault(Exception):
    """The driver, not the client, is at fault; the message says what it did."""


class DriverEnded(DriverFault):
    """Its process ended, or it does not listen any more: the client may have done that."""


class ClientError(Exception):
    """A caller was told of an error: its kind, and if the client says so, the fate of the command."""

    def __init__(self, kind: str, text: str = "", fate: str = "") -> None:
        super().__init__(text or kind)
        self.kind = kind
        self.fate = fate


class Variant(NamedTuple):
    """One way to use the client, as its driver declares it."""

    name: str
    shared: bool
    features: frozenset[str]
    settings: frozenset[str]
    waits: bool
    extra: int
    promises: Promises


@dataclass(frozen=True, slots=True)
class Hello:
    """The driver's first reply."""

    client: str
    version: str
    language: str
    runtime: str
    variants: tuple[Variant, ...]

    @property
    def title(self) -> str:
        """The client, its version, and where it runs."""
        where = ", ".join(word for word in (self.language, self.runtime) if word)
        return f"{self.client} {self.version}" + (f" ({where})" if where else "")

    def variant(self, name: str) -> Variant:
        """Raises LookupError."""
        for each in self.variants:
            if each.name == name:
                return each
        raise LookupError(name)


def read_line(line: bytes) -> Message:
    """The message in that line: a reply or an event. Raises DriverFault."""
    shown = line.decode(errors="replace").rstrip()[:200]
    try:
        message = json.loads(line)
    except ValueError:
        raise DriverFault(f"wrote a line that is no JSON: {shown}") from None
    if not isinstance(message, dict):
        raise DriverFault(f"wrote a line that is no JSON object: {shown}")
    message = cast(Message, message)
    name = "event" if "event" in message else "done" if message.get("ok") is True else "error"
    _check(name, message, shown)
    return message


def check_reply(verb: str, reply: Message) -> None:
    """Whether it holds all that is the answer to that verb. Raises DriverFault."""
    if reply["ok"] and verb in _schema()["$defs"]:
        _check(verb, reply, json.dumps(reply)[:200])


def read_hello(reply: Message) -> Hello:
    """What the driver declares. Raises DriverFault."""
    check_reply("hello", reply)
    client: dict[str, str] = reply["client"]
    variants = tuple(_variant(each) for each in reply["variants"])
    if len({each.name for each in variants}) < len(variants):
        raise DriverFault("declared two variants of the same name")
    language, runtime = client.get("language", ""), client.get("runtime", "")
    return Hello(client["name"], client["version"], language, runtime, variants)


def value_of(value: Any) -> object:
    """A value as Python has it."""
    match value:
        case list():
            return [value_of(each) for each in cast(Iterable[Any], value)]
        case {"b64": text}:
            return base64.b64decode(text)
        case {"error": text}:
            return ClientError("server", text)
        case _:
            return value


def _variant(data: Mapping[str, Any]) -> Variant:
    promises = dict(data.get("promises", {}))
    promises["demands"] = frozenset(promises.get("demands", ()))
    assert promises.keys() <= {each.name for each in fields(Promises)}
    return Variant(
        data["name"],
        data["style"] == "multiplexer",
        frozenset(data.get("features", ())),
        frozenset(data.get("settings", ())),
        data.get("waits", True),
        data.get("extra_connections", 0),
        Promises(**promises),
    )


def _check(name: str, message: Message, shown: str) -> None:
    problem = cast(Any, best_match(_validator(name).iter_errors(message)))
    if problem is not None:
        place = ".".join(map(str, problem.absolute_path))
        raise DriverFault(f"wrote {shown}, where {place + ': ' if place else ''}{problem.message}")


@cache
def _schema() -> Message:
    text = resources.files("poolproof.conformance.protocol").joinpath("schema.json").read_text()
    return cast(Message, json.loads(text))


@cache
def _validator(name: str) -> Any:  # the package is not fully typed
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _schema()["$defs"]})
