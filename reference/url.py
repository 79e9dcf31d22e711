"""Where the server is and how to greet it: a URL becomes `Settings`.

    redis://user:password@host:6379/3?client_name=billing&connect_timeout_seconds=2
    rediss://host?ssl_ca_certs=/etc/ca.pem&ssl_certfile=/etc/me.pem&ssl_keyfile=/etc/me.key        over TLS
    unix://user:password@/run/redis.sock?db=3

valkey:// and valkeys:// mean redis:// and rediss://. Everything may be left out but the scheme. More options:
`protocol`, `resp3_demanded`, and as in redis-py `ssl_check_hostname` and `ssl_cert_reqs`. One that is unknown
is an error, for a misspelt limit would be none. No message, `str` or `repr` shows a password: in a URL that
cannot be read it may be anywhere, so nothing of such a URL is told, nor is an error chained that quotes it.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from .errors import Misuse

Credentials: TypeAlias = tuple[str | None, str]  # user, None for the default one, and password
Provider: TypeAlias = Callable[[], Credentials | Awaitable[Credentials]]
ValueT = TypeVar("ValueT")

TRUTH: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What it takes to connect; its `str` is the address, for messages. `Misuse` if it contradicts itself."""

    host: str = "127.0.0.1"
    port: int = 6379
    path: str | None = None  # of a Unix socket, instead of host and port
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    credentials: Provider | None = field(default=None, repr=False)  # asked at every dial; awaitable: asyncio
    database: int = 0
    client_name: str | None = None
    protocol: int = 3  # 3: RESP3, or RESP2 where the server knows no better; 2: RESP2
    resp3_demanded: bool = False  # a server without RESP3 is refused
    connect_timeout_seconds: float = 10.0  # from connecting to the last reply of the handshake

    def __post_init__(self) -> None:
        named = self.username is not None or self.password is not None
        for contradicted, demand in (
            (self.database < 0, "database is 0 or more"),
            (self.protocol not in (2, 3), "protocol is 2 or 3"),
            (self.resp3_demanded and self.protocol == 2, "resp3_demanded goes with protocol 3"),
            (not 0 < self.connect_timeout_seconds < float("inf"), "connect_timeout_seconds is above 0"),
            (named and self.password is None, "a user name takes a password, if an empty one: user:@host"),
            (named and self.credentials is not None, "credentials take the place of username and password"),
        ):
            if contradicted:
                raise Misuse(f"settings for {self}: {demand}")

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @staticmethod
    def of(url_or_settings: str | Settings) -> Settings:
        """The settings a URL stands for, its certificate files read; `Misuse` says what to write instead."""
        if isinstance(url_or_settings, Settings):
            return url_or_settings
        if (split := _split(url_or_settings)) is None:  # here the context has no error that quotes the URL
            raise Misuse(
                "this URL cannot be read: write redis://user:password@host:6379/0?option=value, each option"
                " once, and within names and values %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %"
            )
        return _settings(*split)


class _Options(dict[str, str]):
    """The query of a URL; each option is taken out by who reads it."""

    def read(self, name: str, kind: Callable[[str], ValueT], default: str) -> ValueT:
        try:
            return kind(self.pop(name, default))
        except (ValueError, KeyError):
            raise Misuse(f"this URL has a bad {name}: write {name}={default}, or leave it out") from None


def _split(url: str) -> tuple[SplitResult, _Options] | None:
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
        _ = parts.port, unquote(url, errors="strict")  # either may raise
    except ValueError:
        return None
    misplaced = "@" in parts.path + parts.query or "#" in url or " " in url or not url.isprintable()
    if misplaced or "://" not in url or len(dict(options)) < len(options):
        return None
    return parts, _Options(options)


def _settings(parts: SplitResult, options: _Options) -> Settings:
    if parts.scheme not in ("redis", "rediss", "valkey", "valkeys", "unix"):
        raise Misuse("this URL has an unknown scheme: write redis://, rediss:// (TLS) or unix:// (a socket)")
    socket, path = parts.scheme == "unix", unquote(parts.path)
    if socket and (parts.hostname or not path):
        raise Misuse("this URL of a socket has a host, or no path: write unix:///run/redis.sock")
    if not socket and (database := path.strip("/")) and options.setdefault("db", database) != database:
        raise Misuse("this URL names two databases: write host/3 or host?db=3")
    username = unquote(parts.username or "") or None  # only a user that is named has an empty password
    password = parts.password if username else parts.password or None
    settings = Settings(
        host=unquote(parts.hostname or "127.0.0.1"),
        port=6379 if parts.port is None else parts.port,
        path=path if socket else None,
        tls=_tls(options) if parts.scheme in ("rediss", "valkeys") else None,
        username=username,
        password=password and unquote(password),
        database=options.read("db", int, "0"),
        client_name=options.pop("client_name", None),
        protocol=options.read("protocol", int, "3"),
        resp3_demanded=options.read("resp3_demanded", TRUTH.__getitem__, "no"),
        connect_timeout_seconds=options.read("connect_timeout_seconds", float, "10"),
    )
    if options:
        raise Misuse(f"unknown option {min(options)!r} in this URL (ssl_... needs rediss://): leave it out")
    return settings


def _tls(options: _Options) -> ssl.SSLContext:
    verified = options.read("ssl_cert_reqs", {"required": True, "none": False}.__getitem__, "required")
    named = options.read("ssl_check_hostname", TRUTH.__getitem__, "yes")
    try:
        context = ssl.create_default_context(cafile=options.pop("ssl_ca_certs", None))
        if certificate := options.pop("ssl_certfile", None):
            key = options.pop("ssl_keyfile", None)
            context.load_cert_chain(certificate, key, password="")  # else OpenSSL would ask the terminal
    except (OSError, ValueError) as error:
        raise Misuse(f"ssl_ca_certs, ssl_certfile, ssl_keyfile are unencrypted PEM files: {error}") from error
    context.check_hostname = verified and named
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    return context
