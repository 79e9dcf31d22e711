"""Commands about the connection itself: who it speaks for, which protocol, which database."""

from ..command import Command, Request
from ..replies import NO_INTEGER, OK, SYNTAX, Refusal, array, bulk, integer, mapping, simple
from ..session import DEFAULT_USER, Session
from ..state import Server
from .arguments import integer_in, name_in, text_of

_WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled."
_HELLO_NEEDS_AUTH = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the "
    "same time"
)
_NO_PASSWORD_IS_SET = (
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
    "configuration is correct?"
)


def hello(request: Request) -> bytes:
    words, session, server = request.words, request.session, request.server
    protocol, user, name = request.protocol, session.user, session.name
    if len(words) > 1:
        protocol = integer_in(words[1], "ERR Protocol version is not an integer or out of range")
        if protocol not in (2, 3):
            raise Refusal("NOPROTO unsupported protocol version")
    place = 2
    while place < len(words):
        match words[place].upper(), len(words) - place - 1:
            case b"AUTH", left if left >= 2:
                user, password = text_of(words[place + 1]), text_of(words[place + 2])
                if not server.has_password(user, password):
                    raise Refusal(_WRONG_PASSWORD)
                place += 3
            case b"SETNAME", left if left >= 1:
                name = name_in(words[place + 1], "Client names")
                place += 2
            case _:
                raise Refusal(f"ERR Syntax error in HELLO option '{text_of(words[place])}'")
    if user is None and not server.setup.lenient:
        raise Refusal(_HELLO_NEEDS_AUTH)
    session.user, session.protocol, session.name = user, protocol, name
    session.changed()
    return _greeting(server, session)


def _greeting(server: Server, session: Session) -> bytes:
    protocol, setup = session.protocol, server.setup
    modules = [
        mapping(
            protocol,
            [
                *(bulk(b"name"), bulk(each.name.encode())),
                *(bulk(b"ver"), integer(each.version)),
                *(bulk(b"path"), bulk(each.path.encode())),
                *(bulk(b"args"), array([])),
            ],
        )
        for each in setup.modules
    ]
    fields = [
        *(bulk(b"server"), bulk(setup.name.encode())),
        *(bulk(b"version"), bulk(setup.version.encode())),
        *(bulk(b"proto"), integer(protocol)),
        *(bulk(b"id"), integer(session.number)),
        *(bulk(b"mode"), bulk(b"cluster" if setup.is_cluster else b"standalone")),
        *(bulk(b"role"), bulk(b"replica" if session.condition.is_of_a_replica else b"master")),
        *(bulk(b"modules"), array(modules)),
    ]
    return mapping(protocol, fields)


def auth(request: Request) -> bytes:
    words = request.words
    if len(words) > 3:
        raise Refusal(SYNTAX)
    if len(words) == 2 and DEFAULT_USER not in request.server.setup.passwords:
        raise Refusal(_NO_PASSWORD_IS_SET)
    user = text_of(words[1]) if len(words) == 3 else DEFAULT_USER
    if not request.server.has_password(user, text_of(words[-1])):
        raise Refusal(_WRONG_PASSWORD)
    request.session.user = user
    request.session.changed()
    return OK


def select(request: Request) -> bytes:
    number = integer_in(request.words[1], NO_INTEGER)
    if not 0 <= number < request.server.setup.databases:
        raise Refusal("ERR DB index is out of range")
    request.session.keys = request.server.database(number)
    request.session.changed()
    return OK


def reset(request: Request) -> bytes:
    session, server = request.session, request.server
    session.user = server.initial_user()
    server.monitors.pop(session, None)
    session.reset(server.database(0))
    return simple("RESET")


def quit_(request: Request) -> bytes:
    request.session.is_leaving = True
    return OK


def ping(request: Request) -> bytes:
    words = request.words
    if len(words) > 2:
        raise Refusal("ERR wrong number of arguments for 'ping' command")
    if request.session.is_subscribed and request.session.protocol == 2:
        return array([bulk(b"pong"), bulk(words[1] if len(words) > 1 else b"")])
    return bulk(words[1]) if len(words) > 1 else b"+PONG\r\n"


def echo(request: Request) -> bytes:
    return bulk(request.words[1])


def readonly(request: Request) -> bytes:
    request.session.reads_replicas = True
    request.session.changed()
    return OK


def readwrite(request: Request) -> bytes:
    request.session.reads_replicas = False
    request.session.changed()
    return OK


def asking(request: Request) -> bytes:
    if not request.server.setup.is_cluster:
        raise Refusal("ERR This instance has cluster support disabled")
    request.session.asks = True
    request.session.changed()
    return OK


_ALWAYS = "allow_busy fast loading no_auth noscript stale"

COMMANDS = (
    Command("hello", hello, -1, _ALWAYS),
    Command("auth", auth, -2, _ALWAYS),
    Command("select", select, 2, "allow_busy fast loading stale"),
    Command("reset", reset, 1, _ALWAYS),
    Command("quit", quit_, -1, _ALWAYS),
    Command("ping", ping, -1, "fast"),
    Command("echo", echo, 2, "fast loading stale"),
    Command("readonly", readonly, 1, "fast loading stale"),
    Command("readwrite", readwrite, 1, "fast loading stale"),
    Command("asking", asking, 1, "fast"),
)
