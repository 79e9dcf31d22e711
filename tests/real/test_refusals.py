"""The server refuses a connection; the caller hears why, in time, and nothing of the capacity is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from poolproof.reference import AuthenticationFailed, ConnectFailed, Fate, HandshakeFailed, Settings

from .server import Eyes, Server
from .shells import Shell, assert_all_capacity_is_there, closing

both = pytest.mark.parametrize("kind", ["pool", "multiplexer", "client"])


@contextlib.contextmanager
def room_for(eyes: Eyes, clients: int) -> Iterator[None]:
    """The server takes so many clients, the test's eyes among them."""
    before = eyes.ask("CONFIG", "GET", "maxclients")
    assert isinstance(before, list) and isinstance(before[1], bytes)
    eyes.ask("CONFIG", "SET", "maxclients", clients)
    try:
        yield
    finally:
        eyes.ask("CONFIG", "SET", "maxclients", before[1])


@both
def test_conn_06_a_full_server_is_told_as_what_it_is(
    server: Server, eyes: Eyes, shell: Shell, kind: str
) -> None:
    with closing(getattr(shell, kind)(server.url())) as service, room_for(eyes, 1):
        with pytest.raises(HandshakeFailed, match="no room for one more client") as refused:
            service.execute("PING")
        assert refused.value.fate is Fate.NOT_SENT


def test_pool_03_a_server_that_was_full_costs_no_capacity(server: Server, eyes: Eyes, shell: Shell) -> None:
    with closing(shell.pool(server.url(), max_size=4)) as pool:
        with room_for(eyes, 3):
            held = [pool.acquire() for _ in range(2)]
            for _ in range(4):
                with pytest.raises(HandshakeFailed, match="maxclients"):
                    pool.acquire()
            for lease in held:
                pool.release(lease)
        assert_all_capacity_is_there(pool, 4)


def test_life_05_a_multiplexer_serves_once_a_full_server_has_room(
    server: Server, eyes: Eyes, shell: Shell
) -> None:
    with closing(shell.multiplexer(server.url())) as multiplexer:
        with room_for(eyes, 1), pytest.raises(HandshakeFailed):
            multiplexer.execute("PING")
        assert multiplexer.execute("ECHO", "after") == b"after"


@pytest.fixture
def user(eyes: Eyes) -> Iterator[str]:
    """One who may do everything; the password is `secret`."""
    eyes.ask("ACL", "SETUSER", "alice", "on", ">secret", "~*", "&*", "+@all")
    yield "alice"
    eyes.ask("ACL", "DELUSER", "alice")


@both
def test_conn_06_a_wrong_password_is_refused_without_showing_it(
    server: Server, user: str, shell: Shell, kind: str
) -> None:
    url = server.url().replace("redis://", f"redis://{user}:guessed@")
    with closing(getattr(shell, kind)(url)) as service:
        with pytest.raises(AuthenticationFailed, match="refused user or password") as refused:
            service.execute("PING")
        assert "guessed" not in str(refused.value)


@both
def test_conn_05_commands_are_sent_as_the_user_of_the_url(
    server: Server, user: str, shell: Shell, kind: str
) -> None:
    url = server.url().replace("redis://", f"redis://{user}:secret@")
    with closing(getattr(shell, kind)(url)) as service:
        assert service.execute("ACL", "WHOAMI") == b"alice"


def settings(server: Server, provider: Any) -> Settings:
    return Settings(port=server.port, credentials=provider)


@both
def test_conn_05_a_credential_provider_is_asked_for_each_connection(
    server: Server, eyes: Eyes, user: str, shell: Shell, kind: str
) -> None:
    given = [(user, "secret"), (user, "guessed"), (user, "secret")]
    with closing(getattr(shell, kind)(settings(server, lambda: given.pop(0)))) as service:
        assert service.execute("ACL", "WHOAMI") == b"alice"
        eyes.kill()
        shell.take_in()
        with pytest.raises(AuthenticationFailed):
            service.execute("ACL", "WHOAMI")
        assert service.execute("ACL", "WHOAMI") == b"alice"


@both
def test_conn_06_a_credential_provider_that_fails_costs_nothing_but_the_call(
    server: Server, eyes: Eyes, user: str, shell: Shell, kind: str
) -> None:
    answers: list[Any] = [(user, "secret"), LookupError("the vault is sealed")]

    def provider() -> tuple[str, str]:
        if isinstance(answer := answers.pop(), Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    options = {} if kind == "multiplexer" else {"max_size": 1}
    with closing(getattr(shell, kind)(settings(server, provider), **options)) as service:
        with pytest.raises(ConnectFailed, match="the vault is sealed"):
            service.execute("PING")
        eyes.until_clients(0)
        assert service.execute("ACL", "WHOAMI") == b"alice"


@both
def test_conn_05_a_user_without_a_right_gets_the_servers_refusal_as_a_reply(
    server: Server, eyes: Eyes, user: str, shell: Shell, kind: str
) -> None:
    eyes.ask("ACL", "SETUSER", user, "-flushall")
    url = server.url().replace("redis://", f"redis://{user}:secret@")
    with closing(getattr(shell, kind)(url)) as service:
        with pytest.raises(Exception, match="NOPERM") as refused:
            service.execute("FLUSHALL")
        assert refused.value.fate is Fate.EXECUTED  # type: ignore[attr-defined]
        assert service.execute("ECHO", "after") == b"after"
