"""Commands about the server: what it is, what it knows, who may look on, and waiting for replicas."""

from ..command import NO_KEYS, Command, Request
from ..replies import (
    OK,
    Refusal,
    array,
    big_number,
    bulk,
    double,
    integer,
    mapping,
    null,
    simple,
    text_block,
    truth,
    unordered,
)
from ..setup import Condition
from ..waiting import Wait
from .arguments import integer_in, milliseconds_in, text_of

_NO_WAIT_AT_REPLICAS = (
    "ERR WAIT cannot be used with replica instances. Please also note that if a replica is configured to be "
    "writable (which is not the default) writes to replicas are just local and are not propagated."
)


def info(request: Request) -> bytes:
    session = request.session
    role_now = "slave" if session.condition.is_of_a_replica else "master"
    sections = {
        "server": f"redis_version:{request.server.setup.version}\r\nredis_mode:standalone\r\n",
        "clients": f"connected_clients:{len(request.server.sessions)}\r\n",
        "persistence": f"loading:{int(session.condition is Condition.LOADING)}\r\n",
        "replication": f"role:{role_now}\r\nconnected_slaves:0\r\n",
    }
    wanted = {text_of(word).lower() for word in request.words[1:]} or {"default"}
    chosen = sections if wanted & {"default", "all", "everything"} else wanted & {*sections}
    text = "\r\n".join(f"# {name.title()}\r\n{sections[name]}" for name in sections if name in chosen)
    return text_block(session.protocol, text.encode())


def role(request: Request) -> bytes:
    condition = request.session.condition
    if condition.is_of_a_replica:
        state = b"connected" if condition is Condition.READONLY else b"connect"
        return array([bulk(b"slave"), bulk(b"127.0.0.1"), integer(6379), bulk(state), integer(0)])
    return array([bulk(b"master"), integer(0), array([])])


def wait(request: Request) -> bytes | Wait:
    words = request.words
    if request.session.condition.is_of_a_replica:
        raise Refusal(_NO_WAIT_AT_REPLICAS)
    replicas, seconds = integer_in(words[1]), milliseconds_in(words[2])
    if replicas <= 0:
        return integer(0)
    return Wait(words, (), bytes, seconds, integer(0), integer(0))


def time(request: Request) -> bytes:
    seconds, rest = divmod(int(request.server.clock() * 1_000_000), 1_000_000)
    return array([bulk(b"%d" % seconds), bulk(b"%d" % rest)])


def monitor(request: Request) -> bytes:
    session = request.session
    if session.monitors:
        return b""  # as a request.server does, odd as it is
    request.server.monitors[session] = None
    session.monitors = True
    session.changed()
    return OK


def debug(request: Request) -> bytes:
    """Only DEBUG PROTOCOL, which shows one reply of each type."""
    words = request.words
    if len(words) != 3 or words[1].upper() != b"PROTOCOL":
        raise Refusal("ERR unknown subcommand or wrong number of arguments")
    return _example(request.protocol, text_of(words[2]).lower())


def _example(protocol: int, kind: str) -> bytes:
    numbers = [integer(number) for number in range(3)]
    match kind:
        case "string":
            return bulk(b"Hello World")
        case "integer":
            return integer(12345)
        case "double":
            return double(protocol, 3.141)
        case "bignum":
            return big_number(protocol, b"1234567999999999999999999999999999999")
        case "null":
            return null(protocol)
        case "array":
            return array(numbers)
        case "set":
            return unordered(protocol, numbers)
        case "map":
            truths = [truth(protocol, number == 1) for number in range(3)]
            return mapping(protocol, [each for pair in zip(numbers, truths, strict=True) for each in pair])
        case "verbatim":
            return text_block(protocol, b"This is a verbatim\nstring")
        case "true" | "false":
            return truth(protocol, kind == "true")
        case _:
            raise Refusal(
                "ERR Wrong protocol type name. Please use one of the following: "
                "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
            )


# COMMAND


def command(request: Request) -> bytes:
    return array([_described(request.protocol, each) for each in request.server.commands.values()])


def command_count(request: Request) -> bytes:
    return integer(len(request.server.commands))


def command_list(request: Request) -> bytes:
    return array([bulk(each.name.encode()) for each in request.server.commands.values()])


def command_info(request: Request) -> bytes:
    words = request.words
    if len(words) == 2:
        return command(request)
    parts: list[bytes] = []
    for word in words[2:]:
        container, _, second = word.upper().partition(b"|")
        found = request.server.commands.get(container)
        if found is not None and second:
            found = found.subcommands.get(second)
        parts.append(null(request.protocol) if found is None else _described(request.protocol, found))
    return array(parts)


def command_docs(request: Request) -> bytes:
    return mapping(request.protocol, [])


def _described(protocol: int, what: Command) -> bytes:
    subcommands = [_described(protocol, each) for each in what.subcommands.values()]
    return array(
        [
            *(bulk(what.name.encode()), integer(what.arity)),
            unordered(protocol, [simple(flag) for flag in what.flags]),
            *(integer(place) for place in what.keys),
            *(unordered(protocol, []), array([]), array([]), array(subcommands)),
        ]
    )


_FLAGS = "loading stale"

COMMANDS = (
    Command("info", info, -1, _FLAGS),
    Command("role", role, 1, "fast loading noscript stale"),
    Command("wait", wait, 3, "blocking"),
    Command("time", time, 1, "fast loading stale"),
    Command("monitor", monitor, 1, "admin loading noscript stale"),
    Command("debug", debug, -2, "admin loading noscript stale"),
    Command(
        "command",
        command,
        -1,
        _FLAGS,
        NO_KEYS,
        subcommands=(
            Command("command|count", command_count, 2, _FLAGS),
            Command("command|info", command_info, -2, _FLAGS),
            Command("command|docs", command_docs, -2, _FLAGS),
            Command("command|list", command_list, -2, _FLAGS),
        ),
    ),
)
