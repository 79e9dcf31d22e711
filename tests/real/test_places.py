"""Servers behind TLS and behind a socket file, and who is not the server that it ought to be."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from poolproof.reference import ConnectFailed, ConnectionLost, Fate, ServerError

from .server import Eyes, Server
from .shells import Shell, assert_all_capacity_is_there, closing, outcome
from .tls import Certificates, tls_server

both = pytest.mark.parametrize("kind", ["pool", "multiplexer", "client"])
LARGE = b"\x00\r\n$-1\r\n" * 100_000


@dataclass
class Secured:
    """A server that speaks TLS, and the certificates around it."""

    server: Server
    port: int
    certificates: Certificates

    def url(self, host: str = "localhost", authority: Path | None = None, **options: str) -> str:
        options["ssl_ca_certs"] = str(authority or self.certificates.authority)
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"rediss://{host}:{self.port}?{query}"


@pytest.fixture(scope="module")
def secured(server_program: str) -> Iterator[Secured]:
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(Path(folder))
        with tls_server(server_program, Path(folder), certificates) as (server, port):
            yield Secured(server, port, certificates)


@pytest.fixture
def eyes(secured: Secured) -> Iterator[Eyes]:
    """They see that no connection is left in the end."""
    with secured.server.eyes() as opened:
        yield opened
        opened.until_clients(0)


@both
def test_large_values_go_both_ways_over_tls(secured: Secured, eyes: Eyes, shell: Shell, kind: str) -> None:
    with closing(getattr(shell, kind)(secured.url())) as service:
        assert service.execute("SET", "large", LARGE) in ("OK", b"OK")
        assert service.execute("GET", "large") == LARGE
        assert eyes.ask("STRLEN", "large") == len(LARGE)


def test_mux_01_many_callers_share_one_connection_over_tls(
    secured: Secured, eyes: Eyes, shell: Shell
) -> None:
    """One thread reads while another one writes, which OpenSSL by itself does not allow."""

    def asks(multiplexer: Any, caller: int) -> bool:
        tokens = [f"{caller}:{number}:{'x' * (number % 7 * 1000)}" for number in range(40)]
        return all(multiplexer.execute("ECHO", token) == token.encode() for token in tokens)

    with closing(shell.multiplexer(secured.url())) as multiplexer:
        calls = [shell.calling(asks, multiplexer, caller) for caller in range(16)]
        assert all(outcome(call) for call in calls)
        assert len(eyes.clients()) == 1


@both
@pytest.mark.parametrize(
    ("host", "authority", "options", "reason"),
    [
        ("localhost", "stranger", {}, "certificate verify failed"),
        ("127.0.0.1", "authority", {}, "IP address mismatch"),
    ],
    ids=["unknown authority", "wrong host"],
)
def test_conn_06_a_server_that_cannot_prove_who_it_is_gets_no_command(
    secured: Secured,
    eyes: Eyes,
    shell: Shell,
    kind: str,
    host: str,
    authority: str,
    options: dict[str, str],
    reason: str,
) -> None:
    url = secured.url(host, getattr(secured.certificates, authority), **options)
    with closing(getattr(shell, kind)(url)) as service:
        with pytest.raises(ConnectFailed, match=reason) as failed:
            service.execute("SET", "stolen", "yes")
        assert failed.value.fate is Fate.NOT_SENT
    assert eyes.ask("GET", "stolen") is None


@both
def test_a_url_can_waive_the_proof(secured: Secured, eyes: Eyes, shell: Shell, kind: str) -> None:
    assert eyes.clients() == []
    with closing(getattr(shell, kind)(secured.url("127.0.0.1", ssl_cert_reqs="none"))) as service:
        assert service.execute("ECHO", "hello") == b"hello"


@both
def test_conn_06_who_does_not_speak_tls_is_told_in_time(
    secured: Secured, eyes: Eyes, shell: Shell, kind: str
) -> None:
    assert eyes.clients() == []
    url = f"redis://localhost:{secured.port}?connect_timeout_seconds=5"
    with (
        closing(getattr(shell, kind)(url)) as service,
        pytest.raises(ConnectFailed, match=f"no connection to localhost:{secured.port}"),
    ):
        service.execute("PING")


def test_pool_12_a_connection_over_tls_that_was_killed_while_idle_is_replaced_unnoticed(
    secured: Secured, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.pool(secured.url(), max_size=1)) as pool:
        pool.execute("PING")
        eyes.kill()
        eyes.until_clients(0)
        assert_all_capacity_is_there_soon(pool)


def assert_all_capacity_is_there_soon(pool: Any) -> None:
    """A relay may take its time to pass on that the server has closed."""
    for _ in range(100):
        try:
            return assert_all_capacity_is_there(pool, 1)
        except ConnectionLost:
            pass
    raise AssertionError("the dead connection was never replaced")


@both
def test_a_socket_file_is_as_good_as_a_port(server: Server, shell: Shell, kind: str) -> None:
    with closing(getattr(shell, kind)(f"unix://{server.path}?db=3")) as service, server.eyes() as eyes:
        assert service.execute("SET", "large", LARGE) in ("OK", b"OK")
        assert service.execute("GET", "large") == LARGE
        (client,) = eyes.clients()
        assert str(server.path) in client["addr"] and client["db"] == "3"


@both
def test_life_01_a_socket_file_that_is_not_there_is_told_as_such(
    server: Server, shell: Shell, kind: str
) -> None:
    with (
        closing(getattr(shell, kind)(f"unix://{server.path}.not")) as service,
        pytest.raises(ConnectFailed, match=r"no connection to unix:.*socket\.not: .*No such file") as failed,
    ):
        service.execute("PING")
    assert not isinstance(failed.value, ServerError)
