"""CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: what a connection wants to be told about keys."""

from collections.abc import Iterable

from ..command import Command, Request, Words
from ..replies import OK, SYNTAX, Refusal, array, bulk, integer, mapping, unordered
from ..session import Session, Tracking
from ..state import Server
from .arguments import integer_in, text_of, truth_in

_OTHER_MODE = (
    "ERR You can't switch {} before disabling tracking for this client, and then re-enabling it with "
    "a different mode."
)


def tracking(request: Request) -> bytes:
    session = request.session
    options, prefixes, redirect = _options(request.server, request.words)
    if not truth_in(request.words[2]):
        session.tracking = None
    else:
        _switch_on(session, options, prefixes, redirect)
        request.server.tracking.is_used = True
    session.changed()
    return OK


def _options(server: Server, words: Words) -> tuple[set[bytes], Words, int]:
    options: set[bytes] = set()
    prefixes: Words = []
    redirect = 0
    rest = iter(words[3:])
    for word in rest:
        match word.upper():
            case b"REDIRECT" if (value := next(rest, None)) is not None:
                if redirect:
                    raise Refusal("ERR A client can only redirect to a single other client")
                redirect = integer_in(value)
                if redirect not in server.sessions:
                    raise Refusal("ERR The client ID you want redirect to does not exist")
            case b"PREFIX" if (value := next(rest, None)) is not None:
                prefixes.append(value)
            case (b"BCAST" | b"OPTIN" | b"OPTOUT" | b"NOLOOP") as option:
                options.add(option)
            case _:
                raise Refusal(SYNTAX)
    return options, prefixes, redirect


def _switch_on(session: Session, options: set[bytes], prefixes: Words, redirect: int) -> None:
    before = session.tracking
    broadcasts = b"BCAST" in options
    if prefixes and not broadcasts:
        raise Refusal("ERR PREFIX option requires BCAST mode to be enabled")
    if before and before.broadcasts != broadcasts:
        raise Refusal(_OTHER_MODE.format("BCAST mode on/off"))
    if broadcasts and {b"OPTIN", b"OPTOUT"} & options:
        raise Refusal("ERR OPTIN and OPTOUT are not compatible with BCAST")
    if {b"OPTIN", b"OPTOUT"} <= options:
        raise Refusal("ERR You can't use both OPTIN and OPTOUT options")
    opts = "in" if b"OPTIN" in options else "out" if b"OPTOUT" in options else ""
    if before and {before.opts, opts} == {"in", "out"}:
        raise Refusal(_OTHER_MODE.format("OPTIN/OPTOUT mode"))
    found = before.prefixes if before else dict[bytes, None]()
    if broadcasts:
        _check_overlaps(found, prefixes)
        found |= dict.fromkeys(prefixes or [b""])
    session.tracking = Tracking(redirect, broadcasts, opts, b"NOLOOP" in options, found)
    session.tracking.is_decided = before is not None and before.is_decided


def _check_overlaps(found: Iterable[bytes], wanted: Words) -> None:
    for place, new in enumerate(wanted):
        others = [("an existing", old) for old in sorted(found)]
        others += [("another provided", other) for other in wanted[place + 1 :]]
        for which, other in others:
            if new.startswith(other) or other.startswith(new):
                what = f"Prefix '{text_of(new)}' overlaps with {which} prefix '{text_of(other)}'"
                raise Refusal(f"ERR {what}. Prefixes for a single client must not overlap.")


def caching(request: Request) -> bytes:
    found = request.session.tracking
    if found is None:
        raise Refusal(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT "
            "mode enabled"
        )
    wanted = truth_in(request.words[2], b"YES", b"NO")
    if wanted and found.opts != "in":
        raise Refusal("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
    if not wanted and found.opts != "out":
        raise Refusal("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    found.is_decided = True
    return OK


def trackinginfo(request: Request) -> bytes:
    session = request.session
    found = session.tracking
    flags = ["off"]
    if found:
        flags = [
            "on",
            *(["bcast"] if found.broadcasts else []),
            *([f"opt{found.opts}"] if found.opts else []),
        ]
        flags += {"in": ["caching-yes"], "out": ["caching-no"]}.get(found.opts, []) * found.is_decided
        flags += [
            *(["noloop"] if found.ignores_own else []),
            *(["broken_redirect"] if found.is_broken else []),
        ]
    prefixes = [bulk(each) for each in sorted(found.prefixes if found else ())]
    parts = [
        *(bulk(b"flags"), unordered(session.protocol, [bulk(each.encode()) for each in flags])),
        *(bulk(b"redirect"), integer(found.redirect if found else -1)),
        *(bulk(b"prefixes"), array(prefixes)),
    ]
    return mapping(session.protocol, parts)


def getredir(request: Request) -> bytes:
    return integer(request.session.tracking.redirect if request.session.tracking else -1)


_FLAGS = "allow_busy loading noscript stale"

SUBCOMMANDS = (
    Command("client|tracking", tracking, -3, "loading noscript stale"),
    Command("client|caching", caching, 3, _FLAGS),
    Command("client|trackinginfo", trackinginfo, 2, "loading noscript stale"),
    Command("client|getredir", getredir, 2, _FLAGS),
)
